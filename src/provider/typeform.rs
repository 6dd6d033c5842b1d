use super::{At, Digest, Encoding, Hmac, Provider, Retries, Scheme, Syntax, TimeUnit};

/// [Typeform](https://www.typeform.com/developers/webhooks/secure-your-webhooks/): responses to forms.
///
/// Base64 behind a prefix that stands before hexadecimal digits elsewhere. Without a secret nothing is signed: set one.
/// A 404 or 410 disables the webhook at once; 408, 423, 429 and 503 are tried again for ten hours, others for shorter:
/// a failure is answered 503.
pub const TYPEFORM: Provider = Provider::new(
    "typeform",
    Scheme::Hmac(
        Hmac::new(Digest::Sha256)
            .signature(At::Header("typeform-signature"), Syntax::Prefixed("sha256="))
            .encoding(Encoding::Base64),
    ),
)
.docs("https://www.typeform.com/developers/webhooks/secure-your-webhooks/")
.label(At::Json("/event_id"))
.identity(&[At::Json("/event_id")])
.kind(At::Json("/event_type"))
.time(At::Json("/form_response/submitted_at"), TimeUnit::Rfc3339)
.payload(At::FirstOf(&[At::Json("/form_response"), At::Json("")]))
.deadline(30)
.again(503)
.retries(Retries::Hours(12));
