use super::{At, Digest, Hmac, Provider, Scheme, Syntax, TimeUnit};

const KIND: At = At::Json("/triggerEvent");
const TIME: At = At::Json("/createdAt");

/// [Cal.com](https://cal.com/docs/developing/guides/automation/webhooks). The kind is the trigger, such as
/// `BOOKING_CREATED`.
///
/// A webhook without a secret is sent with a fixed text in place of a signature, which is refused like any other text.
/// Events have no id: kind, time in milliseconds and the payload's digest together are one. A payload template replaces
/// all of that, and may make a form of it; such an event has no identity.
pub const CALCOM: Provider = Provider::new(
    "calcom",
    Scheme::Hmac(Hmac::new(Digest::Sha256).signature(At::Header("x-cal-signature-256"), Syntax::Bare)),
)
.docs("https://cal.com/docs/developing/guides/automation/webhooks")
.accepts(&["application/json", "application/x-www-form-urlencoded"])
.label(At::Json("/payload/uid"))
.identity(&[KIND, TIME, At::PayloadDigest])
.kind(KIND)
.time(TIME, TimeUnit::Rfc3339)
.payload(At::FirstOf(&[At::Json("/payload"), At::Json("")]));
