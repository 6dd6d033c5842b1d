use super::{At, Digest, Hmac, KeyForm, Provider, Scheme, Syntax, TimeUnit};

/// **A ping only**: it says that a base has changed, and what has is fetched with a cursor. So two that are alike to the
/// millisecond are one. Each webhook has a secret of its own, in base64 (`macSecretBase64`).
///
/// [Airtable](https://airtable.com/developers/web/api/webhooks-overview) notification pings.
pub const AIRTABLE: Provider = Provider::new(
    "airtable",
    Scheme::Hmac(
        Hmac::new(Digest::Sha256)
            .key(KeyForm::Base64)
            .signature(At::Header("x-airtable-content-mac"), Syntax::Prefixed("hmac-sha256=")),
    ),
)
.docs("https://airtable.com/developers/web/api/webhooks-overview")
.accepts(&["application/json"])
.identity(&[At::Json("/webhook/id"), At::Json("/timestamp")])
.time(At::Json("/timestamp"), TimeUnit::Rfc3339);
