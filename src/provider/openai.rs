use super::{At, Digest, Encoding, Hmac, KeyForm, Part, Provider, Scheme, Syntax, TimeUnit};

/// [OpenAI](https://platform.openai.com/docs/guides/webhooks): responses, batches, fine-tuning.
///
/// Standard Webhooks, but for the secret: behind `whsec_` it is base64, and without that its text is the key. The
/// signature needs its `v1,`, which OpenAI's own libraries let be left out. The signed header's id makes the event, and
/// stays the same on every retry; the id in the body is what people look up.
pub const OPENAI: Provider = Provider::new(
    "openai",
    Scheme::Hmac(
        Hmac::new(Digest::Sha256)
            .key(KeyForm::Base64AfterOrText("whsec_"))
            .over(&[Part::Id, Part::Text("."), Part::Timestamp, Part::Text("."), Part::Body])
            .signature(At::Header("webhook-signature"), Syntax::List { separator: ' ', prefix: "v1," })
            .encoding(Encoding::Base64)
            .timestamp(At::Header("webhook-timestamp"), TimeUnit::Seconds)
            .id(At::Header("webhook-id")),
    ),
)
.docs("https://platform.openai.com/docs/guides/webhooks")
.accepts(&["application/json"])
.tolerance(300, 300)
.label(At::Json("/id"))
.identity(&[At::SignedId])
.kind(At::Json("/type"))
.time(At::Json("/created_at"), TimeUnit::Seconds)
.payload(At::FirstOf(&[At::Json("/data"), At::Json("")]));
