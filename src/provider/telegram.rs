use super::{At, Provider, Retries, Scheme, TimeUnit, StaticToken};

/// **Nothing is signed**: the `secret_token` of `setWebhook` comes as a static token. It proves who sent, not what.
///
/// [Telegram](https://core.telegram.org/bots/api#setwebhook) Bot API. The kind is the name of the member that an update
/// has beside its id, such as `message` or `callback_query`.
///
/// An update's id is the same on every try, and counts up. What an answer's body says is carried out as a call of the
/// Bot API. Updates wait for a day; an endpoint that answers 410 for long is dropped.
pub const TELEGRAM: Provider =
    Provider::new("telegram", Scheme::Token(StaticToken::bare(At::Header("x-telegram-bot-api-secret-token"))))
        .docs("https://core.telegram.org/bots/api#setwebhook")
        .accepts(&["application/json"])
        .label(At::Json("/update_id"))
        .identity(&[At::Json("/update_id")])
        .kind(At::NameOf(&[
            "/message",
            "/edited_message",
            "/channel_post",
            "/edited_channel_post",
            "/business_connection",
            "/business_message",
            "/edited_business_message",
            "/deleted_business_messages",
            "/message_reaction",
            "/message_reaction_count",
            "/inline_query",
            "/chosen_inline_result",
            "/callback_query",
            "/shipping_query",
            "/pre_checkout_query",
            "/purchased_paid_media",
            "/poll",
            "/poll_answer",
            "/my_chat_member",
            "/chat_member",
            "/chat_join_request",
            "/chat_boost",
            "/removed_chat_boost",
        ]))
        .time(
            At::FirstOf(&[
                At::Json("/message/date"),
                At::Json("/edited_message/edit_date"),
                At::Json("/channel_post/date"),
                At::Json("/edited_channel_post/edit_date"),
            ]),
            TimeUnit::Seconds,
        )
        .retries(Retries::Hours(24));
