use super::{At, Challenge, Digest, Encoding, Handshake, Hmac, Provider, Scheme, Syntax};

const CRC: At = At::Query("crc_token");
const ID: At = At::FirstOf(&[At::Json("/data/event_uuid"), At::Json("/event_uuid")]);

/// Longer than any token that X sends.
const LONGEST: usize = 256;

/// [X](https://docs.x.com/x-api/webhooks/introduction), once Twitter. The kind is the type of an Activity API event, such as
/// `post.create`, or the name of the list that an Account Activity event brings, such as `tweet_create_events`.
///
/// The body is signed and nothing else, and nothing expires. The secret is the application's OAuth 2.0 client secret,
/// and that of an older application its consumer secret: each signs in a header of its own, and one that holds is
/// enough. Where an application has both, say the client secret first, for X is
/// [answered](https://github.com/xdevplatform/docs/blob/HEAD/x-api/webhooks/introduction.mdx) with it.
///
/// Time and again X asks for the signature of a text of its own choice, by a GET that nobody signs. Events are signed in the
/// same way with the same key, so whoever asks could have one signed: what is no plain token is not answered, for no event
/// is one.
///
/// Events of the Activity API have an id. Those of the older Account Activity API have none: say what makes them the same
/// with a key of your own.
pub const X: Provider = Provider::new(
    "x",
    Scheme::Hmac(
        Hmac::new(Digest::Sha256)
            .signature(At::Header("x-twitter-webhooks-signature-oauth2"), Syntax::Prefixed("sha256="))
            .or_at(&[At::Header("x-twitter-webhooks-signature")])
            .encoding(Encoding::Base64),
    ),
)
.docs("https://docs.x.com/x-api/webhooks/introduction")
.accepts(&["application/json"])
.label(ID)
.identity(&[ID])
.kind(At::FirstOf(&[
    At::Json("/data/event_type"),
    At::Json("/event_type"),
    At::NameOf(&[
        "/tweet_create_events",
        "/tweet_delete_events",
        "/favorite_events",
        "/follow_events",
        "/unfollow_events",
        "/block_events",
        "/unblock_events",
        "/mute_events",
        "/unmute_events",
        "/direct_message_events",
        "/direct_message_indicate_typing_events",
        "/direct_message_mark_read_events",
        "/user_event",
    ]),
]))
.handshakes(&[Handshake::get(CRC).unsigned().answer_json(&[CRC], answer)])
.deadline(10);

fn answer(challenge: &Challenge<'_>) -> Option<String> {
    let token = challenge.text(CRC)?;
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"-_.~+/".contains(&b);
    if token.len() > LONGEST || !token.trim_end_matches('=').bytes().all(plain) {
        return None;
    }
    let response = format!("sha256={}", challenge.tag(&token, Encoding::Base64));
    Some(serde_json::json!({ "response_token": response }).to_string())
}
