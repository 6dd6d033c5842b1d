use super::{At, Digest, Hmac, Provider, Retries, Scheme, Syntax, TimeUnit};

/// [PagerDuty](https://developer.pagerduty.com/docs/verifying-webhook-signatures): webhooks of version 3.
///
/// Several signatures stand in one header while a secret is changed. Nothing that is signed says when it was sent, so
/// nothing expires. The id in the headers is not signed; that of the event is.
///
/// A request is tried again after a timeout, a 429 or a 5xx; any other refusal drops the event, and three dropped in a
/// row disable the webhook for a day.
pub const PAGERDUTY: Provider = Provider::new(
    "pagerduty",
    Scheme::Hmac(
        Hmac::new(Digest::Sha256)
            .signature(At::Header("x-pagerduty-signature"), Syntax::List { separator: ',', prefix: "v1=" }),
    ),
)
.docs("https://developer.pagerduty.com/docs/verifying-webhook-signatures")
.label(At::Json("/event/id"))
.identity(&[At::Json("/event/id")])
.kind(At::Json("/event/event_type"))
.time(At::Json("/event/occurred_at"), TimeUnit::Rfc3339)
.payload(At::FirstOf(&[At::Json("/event"), At::Json("")]))
.deadline(5)
.retries(Retries::Hours(48));
