use super::{At, Digest, Encoding, Hmac, KeyForm, Part, Provider, Retries, Scheme, Syntax, TimeUnit};

/// What all of this family sign alike, each with headers of its own name.
pub(super) const fn scheme(id: &'static str, timestamp: &'static str, signature: &'static str) -> Scheme {
    Scheme::Hmac(
        Hmac::new(Digest::Sha256)
            .key(KeyForm::Base64After("whsec_"))
            .over(&[Part::Id, Part::Text("."), Part::Timestamp, Part::Text("."), Part::Body])
            .signature(At::Header(signature), Syntax::List { separator: ' ', prefix: "v1," })
            .encoding(Encoding::Base64)
            .timestamp(At::Header(timestamp), TimeUnit::Seconds)
            .id(At::Header(id)),
    )
}

pub(super) const UNBRANDED: Scheme = scheme("webhook-id", "webhook-timestamp", "webhook-signature");

/// [Standard Webhooks](https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md),
/// symmetric, with the body that it recommends: `type`, `timestamp` and whatever else.
///
/// Signatures of version `v1` (HMAC); `v1a` (Ed25519) and whatever comes later are passed over. Secrets are base64
/// behind `whsec_`, which may be left out. An id with a dot in it is refused: `id.timestamp.body` could be cut in two
/// ways. The id stays the same on every retry, the timestamp is that of the try.
///
/// Several services send it: give each its own [name](Provider::named) where their receivers share a store.
pub const STANDARD_WEBHOOKS: Provider = Provider::new("standard_webhooks", UNBRANDED)
    .docs("https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md")
    .tolerance(300, 300)
    .label(At::SignedId)
    .identity(&[At::SignedId])
    .kind(At::Json("/type"))
    .time(At::Json("/timestamp"), TimeUnit::Rfc3339)
    .deadline(15)
    .retries(Retries::Hours(76));
