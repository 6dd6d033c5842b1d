use super::{At, Attempt, Digest, Hmac, Provider, Retries, Scheme, Syntax, TimeUnit};

/// [Coinbase Commerce](https://docs.cdp.coinbase.com/commerce/api-arcitecture/webhooks-overview): charges.
///
/// The event's id stands within `event`; the id beside it is the delivery's. Which try it is stands in the body too, so
/// tries differ, signature and all, outside the payload.
pub const COINBASE_COMMERCE: Provider = Provider::new(
    "coinbase_commerce",
    Scheme::Hmac(Hmac::new(Digest::Sha256).signature(At::Header("x-cc-webhook-signature"), Syntax::Bare)),
)
.docs("https://docs.cdp.coinbase.com/commerce/api-arcitecture/webhooks-overview")
.accepts(&["application/json"])
.label(At::Json("/event/id"))
.identity(&[At::Json("/event/id")])
.kind(At::Json("/event/type"))
.time(At::Json("/event/created_at"), TimeUnit::Rfc3339)
.payload(At::FirstOf(&[At::Json("/event/data"), At::Json("")]))
.version(At::Json("/event/api_version"))
.attempt(Attempt::Count(At::Json("/attempt_number")))
.retries(Retries::Hours(72));
