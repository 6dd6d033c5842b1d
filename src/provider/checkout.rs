use super::{At, Digest, Hmac, Provider, Retries, Scheme, Syntax, TimeUnit};

/// [Checkout.com](https://www.checkout.com/docs/developer-resources/webhooks): payments, disputes.
///
/// The key is the one that is set with the webhook's action in a workflow. Amounts do not survive parsing and writing
/// again, Checkout.com warns: the body is judged as it came. Eight more tries within 30 hours, in any order.
pub const CHECKOUT: Provider = Provider::new(
    "checkout",
    Scheme::Hmac(Hmac::new(Digest::Sha256).signature(At::Header("cko-signature"), Syntax::Bare)),
)
.docs("https://www.checkout.com/docs/developer-resources/webhooks")
.accepts(&["application/json"])
.label(At::Json("/id"))
.identity(&[At::Json("/id")])
.kind(At::Json("/type"))
.time(At::Json("/created_on"), TimeUnit::Rfc3339)
.payload(At::FirstOf(&[At::Json("/data"), At::Json("")]))
.deadline(10)
.retries(Retries::Hours(31));
