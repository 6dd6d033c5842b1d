use super::{
    Algorithm, At, Encoding, KeyForm, Part, Provider, PublicKey, STANDARD_WEBHOOKS, Scheme, Syntax, TimeUnit,
};

/// What all of this family sign alike, each with headers of its own name.
pub(super) const fn scheme(id: &'static str, timestamp: &'static str, signature: &'static str) -> Scheme {
    Scheme::PublicKey(
        PublicKey::new(&[Algorithm::Ed25519])
            .key(KeyForm::Base64After("whpk_"))
            .over(&[Part::Id, Part::Text("."), Part::Timestamp, Part::Text("."), Part::Body])
            .signature(At::Header(signature), Syntax::List { separator: ' ', prefix: "v1a," })
            .encoding(Encoding::Base64)
            .timestamp(At::Header(timestamp), TimeUnit::Seconds)
            .id(At::Header(id)),
    )
}

pub(super) const UNBRANDED: Scheme = scheme("webhook-id", "webhook-timestamp", "webhook-signature");

/// [Standard Webhooks](https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md),
/// asymmetric. Its secret is the sender's public key, `whpk_…`.
///
/// The asymmetric version: signatures of version `v1a` (Ed25519) count and nothing else does, so a `v1` made with the
/// public key as if it were a secret is worth nothing. Keys are base64 behind `whpk_`. All else is as in
/// [`STANDARD_WEBHOOKS`](super::STANDARD_WEBHOOKS).
pub const STANDARD_WEBHOOKS_V1A: Provider = STANDARD_WEBHOOKS.named("standard_webhooks_v1a").scheme(UNBRANDED);
