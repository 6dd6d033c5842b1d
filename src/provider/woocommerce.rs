use super::{At, Digest, Encoding, Hmac, KeyForm, Provider, Retries, Scheme, Syntax};

const DELIVERY: At = At::Header("x-wc-webhook-delivery-id");

/// [WooCommerce](https://woocommerce.com/document/webhooks/). The kind is the topic, such as `order.created`.
///
/// Only the body is signed: topic, source and ids are headers that anybody who saw one delivery can change. The secret
/// is used as WordPress reads it, with `&amp;` and its kin unescaped, so it may be given as the form shows it or as it
/// is stored.
///
/// A delivery's id is made of the webhook's id and the second, so that two deliveries can share one: the identity is
/// the id and the payload's digest. Nothing is ever sent again, and a webhook is disabled after more than five failures
/// in a row. When one is saved WooCommerce posts an unsigned `webhook_id=…`; that is refused, of which its page tells,
/// and deliveries come all the same.
pub const WOOCOMMERCE: Provider = Provider::new(
    "woocommerce",
    Scheme::Hmac(
        Hmac::new(Digest::Sha256)
            .key(KeyForm::HtmlText)
            .signature(At::Header("x-wc-webhook-signature"), Syntax::Bare)
            .encoding(Encoding::Base64),
    ),
)
.docs("https://woocommerce.com/document/webhooks/")
.label(DELIVERY)
.identity(&[DELIVERY, At::PayloadDigest])
.kind(At::Header("x-wc-webhook-topic"))
.deadline(60)
.retries(Retries::Never);
