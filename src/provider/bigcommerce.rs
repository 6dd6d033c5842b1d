use super::{At, Digest, Encoding, Hmac, Part, Provider, Retries, Scheme, Syntax, TimeUnit};

/// [BigCommerce](https://github.com/bigcommerce/docs/blob/HEAD/docs/integrations/webhooks/https-webhook-overview.mdx).
/// The kind is the scope, such as `store/order/statusUpdated`.
///
/// Standard Webhooks' message and headers; the key is the text of the app's client secret, never decoded, with no
/// `whsec_` before it. The signed id makes the event: the body's `hash` is that of what it says, which two changes of
/// one order share.
///
/// Bodies say which object has changed, not how. After two days of failure the webhook is deactivated, and an address
/// that answers too few of many requests is left alone for three minutes.
pub const BIGCOMMERCE: Provider = Provider::new(
    "bigcommerce",
    Scheme::Hmac(
        Hmac::new(Digest::Sha256)
            .over(&[Part::Id, Part::Text("."), Part::Timestamp, Part::Text("."), Part::Body])
            .signature(At::Header("webhook-signature"), Syntax::List { separator: ' ', prefix: "v1," })
            .encoding(Encoding::Base64)
            .timestamp(At::Header("webhook-timestamp"), TimeUnit::Seconds)
            .id(At::Header("webhook-id")),
    ),
)
.docs("https://github.com/bigcommerce/docs/blob/HEAD/docs/integrations/webhooks/https-webhook-overview.mdx")
.accepts(&["application/json"])
.tolerance(300, 300)
.label(At::SignedId)
.identity(&[At::SignedId])
.kind(At::Json("/scope"))
.time(At::Json("/created_at"), TimeUnit::Seconds)
.retries(Retries::Hours(49));
