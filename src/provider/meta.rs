use super::{At, Batch, Digest, Handshake, Hmac, Provider, Scheme, Syntax, TimeUnit};

/// What Meta's platforms share: WhatsApp signs and shakes hands in the same way.
pub(super) const fn platform(name: &'static str) -> Provider {
    const CHALLENGE: At = At::Query("hub.challenge");
    const HANDSHAKES: &[Handshake] = &[Handshake::get(CHALLENGE)
        .and(At::Query("hub.mode"), "subscribe")
        .verify_token(At::Query("hub.verify_token"))
        .echo_text(CHALLENGE)];
    Provider::new(
        name,
        Scheme::Hmac(
            Hmac::new(Digest::Sha256).signature(At::Header("x-hub-signature-256"), Syntax::Prefixed("sha256=")),
        ),
    )
    .accepts(&["application/json"])
    .batch(Batch::List("/entry"))
    .handshakes(HANDSHAKES)
}

/// [Meta](https://developers.facebook.com/docs/graph-api/webhooks/getting-started/): Facebook pages, Messenger,
/// Instagram. The kind is the subscribed object, such as `page`; the secret is the app secret.
///
/// One request brings a batch of entries, one for each page, account or user. Meta escapes what is not ASCII before it
/// signs, and sends the same escaped bytes: a body that a proxy has decoded and written anew no longer verifies. The
/// older SHA-1 header is never looked at.
///
/// An entry's id is the page's. Only messages and postbacks have an id of their own, with which a deleted message tells
/// of itself again; for all other entries there is no identity, so say what makes them the same with a key of your own.
pub const META: Provider = platform("meta")
    .docs("https://developers.facebook.com/docs/graph-api/webhooks/getting-started/")
    .label(At::Json("/id"))
    .identity(&[
        At::Json("/id"),
        At::FirstOf(&[At::Json("/messaging/0/message/mid"), At::Json("/messaging/0/postback/mid")]),
        At::Optional(&At::Json("/messaging/0/message/is_deleted")),
        // An entry brings one message. Should it ever bring more, it is not taken for the first one alone.
        At::Optional(&At::Json("/messaging/1/message/mid")),
    ])
    .kind(At::Document("/object"))
    .time(At::Json("/messaging/0/timestamp"), TimeUnit::Millis);
