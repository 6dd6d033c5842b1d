use super::{At, Attempt, Digest, Handshake, Hmac, Provider, Scheme, Syntax, TimeUnit};

/// [Intercom](https://developers.intercom.com/docs/webhooks/webhook-notifications) notifications; the secret is the app's
/// client secret. The kind is the topic, such as `conversation.user.replied`, or `ping` for a test.
///
/// SHA-1 is all that Intercom offers. Nothing that is signed tells a replay but the notification's id, which is the same
/// on every try. The address is asked with HEAD when it is saved.
pub const INTERCOM: Provider = Provider::new(
    "intercom",
    Scheme::Hmac(Hmac::new(Digest::Sha1).signature(At::Header("x-hub-signature"), Syntax::Prefixed("sha1="))),
)
.docs("https://developers.intercom.com/docs/webhooks/webhook-notifications")
.accepts(&["application/json"])
.label(At::Json("/id"))
.identity(&[At::Json("/id")])
.kind(At::Json("/topic"))
.time(At::Json("/created_at"), TimeUnit::Seconds)
.payload(At::FirstOf(&[At::Json("/data/item"), At::Json("")]))
.attempt(Attempt::Count(At::Json("/delivery_attempts")))
.handshakes(&[Handshake::head()])
.deadline(5);
