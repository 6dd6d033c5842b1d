use super::{At, Digest, Encoding, Hmac, Provider, Retries, Scheme, Syntax, TimeUnit};

const DELIVERY: At = At::Header("x-shopify-webhook-id");

/// [Shopify](https://shopify.dev/docs/apps/build/webhooks/verify-deliveries): webhooks over HTTPS.
///
/// Only the body is signed, with a secret that all shops of an app share: topic, shop and ids are headers that
/// anybody who saw one delivery can change. The identity is the delivery's id, which stays the same on a retry, and the
/// payload's digest. A shop is only worth trust once it was found in the payload or read back from the API.
pub const SHOPIFY: Provider = Provider::new(
    "shopify",
    Scheme::Hmac(
        Hmac::new(Digest::Sha256)
            .signature(At::Header("x-shopify-hmac-sha256"), Syntax::Bare)
            .encoding(Encoding::Base64),
    ),
)
.docs("https://shopify.dev/docs/apps/build/webhooks/verify-deliveries")
.accepts(&["application/json", "application/xml", "text/xml"])
.requires(&["x-shopify-topic", "x-shopify-shop-domain", "x-shopify-webhook-id"])
.needs_body()
.label(DELIVERY)
.identity(&[DELIVERY, At::PayloadDigest])
.kind(At::Header("x-shopify-topic"))
.time(At::Header("x-shopify-triggered-at"), TimeUnit::Rfc3339)
.version(At::Header("x-shopify-api-version"))
.deadline(5)
.retries(Retries::Hours(4));
