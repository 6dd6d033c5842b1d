use super::{At, Attempt, Digest, Encoding, Hmac, Provider, Scheme, Syntax, TimeUnit};

/// [DocuSign](https://developers.docusign.com/docs/platform/webhooks/connect/validate) Connect with HMAC and JSON.
///
/// One signature header for each active key, numbered as the keys are at DocuSign; any that holds is enough, and the
/// first ten are looked at. The key's text is used as it is, though it looks like base64. Only JSON is read, not the
/// older XML.
///
/// There is no id of the event's own: envelope, recipient, event and the time that DocuSign generated it are the
/// identity. `retryCount` changes from try to try, outside the payload.
pub const DOCUSIGN: Provider = Provider::new(
    "docusign",
    Scheme::Hmac(
        Hmac::new(Digest::Sha256)
            .signature(At::Header("x-docusign-signature-1"), Syntax::Bare)
            .or_at(&[
                At::Header("x-docusign-signature-2"),
                At::Header("x-docusign-signature-3"),
                At::Header("x-docusign-signature-4"),
                At::Header("x-docusign-signature-5"),
                At::Header("x-docusign-signature-6"),
                At::Header("x-docusign-signature-7"),
                At::Header("x-docusign-signature-8"),
                At::Header("x-docusign-signature-9"),
                At::Header("x-docusign-signature-10"),
            ])
            .encoding(Encoding::Base64),
    ),
)
.docs("https://developers.docusign.com/docs/platform/webhooks/connect/validate")
.accepts(&["application/json"])
.label(At::Json("/data/envelopeId"))
.identity(&[
    At::Json("/data/envelopeId"),
    At::Optional(&At::Json("/data/recipientId")),
    At::Json("/event"),
    At::Json("/generatedDateTime"),
])
.kind(At::Json("/event"))
.time(At::Json("/generatedDateTime"), TimeUnit::Rfc3339)
.payload(At::FirstOf(&[At::Json("/data"), At::Json("")]))
.version(At::Json("/apiVersion"))
.attempt(Attempt::Retry(At::Json("/retryCount")));
