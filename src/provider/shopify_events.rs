use super::{At, Digest, Encoding, Hmac, Provider, Retries, Scheme, Syntax, TimeUnit};

const DELIVERY: At = At::Header("shopify-webhook-id");

/// [Shopify Events](https://shopify.dev/docs/apps/build/events/verify-deliveries), a preview of what follows its webhooks.
///
/// Signed as Shopify's [webhooks](super::SHOPIFY) are, under headers of other names: the body and nothing else, with a
/// secret that all shops of an app share. Topic, shop and ids are headers that anybody who saw one delivery can change,
/// and are worth as little. One event may come once for each subscription, each a delivery with an id of its own.
pub const SHOPIFY_EVENTS: Provider = Provider::new(
    "shopify_events",
    Scheme::Hmac(
        Hmac::new(Digest::Sha256)
            .signature(At::Header("shopify-hmac-sha256"), Syntax::Bare)
            .encoding(Encoding::Base64),
    ),
)
.docs("https://shopify.dev/docs/apps/build/events/verify-deliveries")
.accepts(&["application/json"])
.requires(&["shopify-topic", "shopify-shop-domain", "shopify-api-version", "shopify-webhook-id", "shopify-event-id"])
.needs_body()
.label(DELIVERY)
.identity(&[DELIVERY, At::PayloadDigest])
.kind(At::Header("shopify-topic"))
.time(At::Header("shopify-triggered-at"), TimeUnit::Rfc3339)
.version(At::Header("shopify-api-version"))
.deadline(5)
.retries(Retries::Hours(4));
