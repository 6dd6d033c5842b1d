use super::{At, Batch, Provider, Retries, Scheme, StaticToken, TimeUnit};

/// **Nothing is signed**: user name and password of HTTP's basic authentication, put into the webhook's address, are
/// all that Brevo sends. They prove who sent, not what. The secret is both with a colon between them. Where a bearer
/// token was set, change the [scheme](super::Provider::scheme).
///
/// [Brevo](https://developers.brevo.com/docs/transactional-webhooks): transactional and marketing mail. Nothing is
/// signed. The kind is the event, such as `delivered`, the label the message's id.
///
/// Any other failure than 429 [discards the event](https://developers.brevo.com/docs/retry-mechanism), so that is what is
/// answered where it is to come again: four times within some eleven hours. `id` is the webhook's: message, event and the
/// payload's digest make an event. What is about no message has no identity. A batched webhook brings a list.
pub const BREVO: Provider = Provider::new("brevo", Scheme::Token(StaticToken::basic()))
    .docs("https://developers.brevo.com/docs/secured-webhooks")
    .accepts(&["application/json"])
    .batch(Batch::Lines)
    .label(At::Json("/message-id"))
    .identity(&[At::Json("/message-id"), At::Json("/event"), At::PayloadDigest])
    .kind(At::Json("/event"))
    .time(At::Json("/ts_event"), TimeUnit::Seconds)
    .again(429)
    .retries(Retries::Hours(12));
