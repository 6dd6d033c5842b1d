use super::{Algorithm, At, KeyForm, Part, Provider, PublicKey, Retries, Scheme, Syntax, TimeUnit};

/// [Wise](https://docs.wise.com/features/webhooks-notifications/event-handling). Its secret is the published public key,
/// in PEM.
///
/// Signed by one key for all customers, which Wise publishes: one for production and another for the sandbox. The
/// signature covers the body and no time, and a delivery's id is an unsigned header: an event is told by its subscription,
/// its type and its data, which says when it happened.
pub const WISE: Provider = Provider::new(
    "wise",
    Scheme::PublicKey(
        PublicKey::new(&[Algorithm::RsaPkcs1Sha256])
            .key(KeyForm::Pem)
            .over(&[Part::Body])
            .signature(At::Header("x-signature-sha256"), Syntax::Bare),
    ),
)
.docs("https://docs.wise.com/features/webhooks-notifications/event-handling")
.label(At::Header("x-delivery-id"))
.identity(&[At::Json("/subscription_id"), At::Json("/event_type"), At::PayloadDigest])
.kind(At::Json("/event_type"))
.time(At::Json("/data/occurred_at"), TimeUnit::Rfc3339)
.payload(At::Json("/data"))
.version(At::Json("/schema_version"))
.deadline(5)
.retries(Retries::Hours(14 * 24));
