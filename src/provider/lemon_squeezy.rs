use super::{At, Digest, Hmac, Provider, Retries, Scheme, Syntax, TimeUnit};

/// [Lemon Squeezy](https://docs.lemonsqueezy.com/help/webhooks/signing-requests): orders, subscriptions, license keys.
///
/// Only the body is signed. Whether `meta.webhook_id` names the event is not documented, so it is a label: what happened
/// to which object, and the object as it is then, are the identity. Three more tries, minutes apart at most; only a 200
/// will do.
pub const LEMON_SQUEEZY: Provider = Provider::new(
    "lemon_squeezy",
    Scheme::Hmac(Hmac::new(Digest::Sha256).signature(At::Header("x-signature"), Syntax::Bare)),
)
.docs("https://docs.lemonsqueezy.com/help/webhooks/signing-requests")
.accepts(&["application/json"])
.label(At::Json("/meta/webhook_id"))
.identity(&[At::Json("/meta/event_name"), At::Json("/data/type"), At::Json("/data/id"), At::PayloadDigest])
.kind(At::Json("/meta/event_name"))
.time(At::Json("/data/attributes/updated_at"), TimeUnit::Rfc3339)
.payload(At::FirstOf(&[At::Json("/data"), At::Json("")]))
.retries(Retries::Hours(1));
