use super::{At, Digest, Hmac, Provider, Retries, Scheme, Syntax, TimeUnit};

const ID: At = At::Header("x-razorpay-event-id");

/// [Razorpay](https://razorpay.com/docs/webhooks/validate-test/): payments, orders, subscriptions.
///
/// Only the body is signed; the event's id is a header, the same on every try. So the identity is the id and the
/// payload's digest.
///
/// After the secret was changed, tries of older events still come with the old one: keep both for a day. After 24 hours
/// of failure Razorpay disables the webhook.
pub const RAZORPAY: Provider = Provider::new(
    "razorpay",
    Scheme::Hmac(Hmac::new(Digest::Sha256).signature(At::Header("x-razorpay-signature"), Syntax::Bare)),
)
.docs("https://razorpay.com/docs/webhooks/validate-test/")
.accepts(&["application/json"])
.label(ID)
.identity(&[ID, At::PayloadDigest])
.kind(At::Json("/event"))
.time(At::Json("/created_at"), TimeUnit::Seconds)
.payload(At::FirstOf(&[At::Json("/payload"), At::Json("")]))
.deadline(5)
.retries(Retries::Hours(24));
