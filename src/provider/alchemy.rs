use super::{At, Digest, Hmac, Provider, Scheme, Syntax, TimeUnit};

/// [Alchemy](https://www.alchemy.com/docs/reference/notify-api-quickstart) Notify. The kind is the webhook's type, such as
/// `ADDRESS_ACTIVITY`.
///
/// The key is the signing key's whole text, `whsec_` included: not decoded, unlike Standard Webhooks' secrets of the same
/// prefix. Each webhook has one of its own. Nothing expires.
pub const ALCHEMY: Provider = Provider::new(
    "alchemy",
    Scheme::Hmac(Hmac::new(Digest::Sha256).signature(At::Header("x-alchemy-signature"), Syntax::Bare)),
)
.docs("https://www.alchemy.com/docs/reference/notify-api-quickstart")
.accepts(&["application/json"])
.label(At::Json("/id"))
.identity(&[At::Json("/id")])
.kind(At::Json("/type"))
.time(At::Json("/createdAt"), TimeUnit::Rfc3339)
.payload(At::FirstOf(&[At::Json("/event"), At::Json("")]));
