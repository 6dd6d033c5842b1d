use super::{Algorithm, At, KeyForm, Part, Provider, PublicKey, Retries, Scheme, Syntax};

/// [Adobe Commerce](https://developer.adobe.com/commerce/extensibility/webhooks/signature-verification/) (Magento)
/// webhooks. Its secret is the public key from the settings, in PEM.
///
/// Signatures are off until a key pair is made in the shop's settings. What is signed is the body's base64, not the body.
///
/// The shop waits for the answer, which says what it is to do: a list of operations as JSON, from
/// [`Answer::json`](crate::Answer::json), or "go on" where a handler says nothing. It asks once and says neither which
/// event it is nor of which kind, so give them to [`otherwise`](crate::Handlers::otherwise), an address for each.
pub const ADOBE_COMMERCE: Provider = Provider::new(
    "adobe_commerce",
    Scheme::PublicKey(
        PublicKey::new(&[Algorithm::RsaPkcs1Sha256])
            .key(KeyForm::Pem)
            .over(&[Part::BodyBase64])
            .signature(At::Header("x-adobe-commerce-webhook-signature"), Syntax::Bare),
    ),
)
.docs("https://developer.adobe.com/commerce/extensibility/webhooks/signature-verification/")
.success_json(r#"[{"op":"success"}]"#)
.deadline(5)
.retries(Retries::Never);
