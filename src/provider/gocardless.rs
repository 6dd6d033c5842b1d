use super::{At, Batch, Digest, Hmac, Provider, Scheme, Syntax, TimeUnit};

/// [GoCardless](https://developer.gocardless.com/api-reference/#appendix-webhooks): payments, mandates, payouts. The
/// kind is resource and action, such as `payments.confirmed`.
///
/// One request brings several events, which need have nothing in common, each with an id of its own; what GoCardless
/// shows is the id of the request. A request whose signature does not hold is answered 498, as GoCardless asks.
pub const GOCARDLESS: Provider = Provider::new(
    "gocardless",
    Scheme::Hmac(Hmac::new(Digest::Sha256).signature(At::Header("webhook-signature"), Syntax::Bare)),
)
.docs("https://developer.gocardless.com/api-reference/#appendix-webhooks")
.accepts(&["application/json"])
.batch(Batch::List("/events"))
.label(At::Document("/meta/webhook_id"))
.identity(&[At::Json("/id")])
.kind(At::Joined(&[At::Json("/resource_type"), At::Json("/action")], "."))
.time(At::Json("/created_at"), TimeUnit::Rfc3339)
.refused(498)
.deadline(10);
