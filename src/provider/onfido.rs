use super::{At, Digest, Hmac, Provider, Scheme, Syntax, TimeUnit};

/// [Onfido](https://documentation.onfido.com/api/latest/#webhooks). The kind is the action, such as `check.completed`.
///
/// Events have no id, and the same may happen to one check twice: nothing tells a retry.
pub const ONFIDO: Provider = Provider::new(
    "onfido",
    Scheme::Hmac(Hmac::new(Digest::Sha256).signature(At::Header("x-sha2-signature"), Syntax::Bare)),
)
.docs("https://documentation.onfido.com/api/latest/#webhooks")
.accepts(&["application/json"])
.label(At::Json("/payload/object/id"))
.kind(At::Json("/payload/action"))
.time(At::Json("/payload/object/completed_at_iso8601"), TimeUnit::Rfc3339)
.payload(At::FirstOf(&[At::Json("/payload"), At::Json("")]));
