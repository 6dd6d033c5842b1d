use super::{At, Digest, Hmac, Part, Provider, Retries, Scheme, StaticToken, Syntax, TimeUnit};

const fn provider(name: &'static str, scheme: Scheme) -> Provider {
    Provider::new(name, scheme)
        .docs("https://www.revenuecat.com/docs/integrations/webhooks")
        .accepts(&["application/json"])
        .label(At::Json("/event/id"))
        .identity(&[At::Json("/event/id")])
        .kind(At::Json("/event/type"))
        .time(At::Json("/event/event_timestamp_ms"), TimeUnit::Millis)
        .payload(At::FirstOf(&[At::Json("/event"), At::Json("")]))
        .version(At::Json("/api_version"))
        .deadline(60)
        .retries(Retries::Hours(3))
}

/// **Nothing is signed**: the authorization header's value that was set in the dashboard is sent with every request. It
/// proves who sent, not what. The secret is the whole value, `Bearer` and all if it was entered so. RevenueCat signs if
/// it is told to: prefer [`REVENUECAT_SIGNED`].
///
/// [RevenueCat](https://www.revenuecat.com/docs/integrations/webhooks): purchases and subscriptions.
/// The kind is the type, such as `RENEWAL`.
///
/// Only 200 is success. Five tries follow within three hours, with the same event id.
pub const REVENUECAT: Provider =
    provider("revenuecat", Scheme::Token(StaticToken::bare(At::Header("authorization"))));

/// [RevenueCat](https://www.revenuecat.com/docs/integrations/webhooks#webhook-signature-verification-hmac) where signing
/// was switched on for the webhook. The kind is the type, such as `RENEWAL`.
///
/// The key is the signing secret's text; an authorization header beside the signature is not looked at. Each try is
/// signed anew and has the same event id, and its time is good for five minutes either way. RevenueCat forgets the old
/// secret at once where it is rotated.
pub const REVENUECAT_SIGNED: Provider = provider(
    "revenuecat_signed",
    Scheme::Hmac(
        Hmac::new(Digest::Sha256)
            .over(&[Part::Timestamp, Part::Text("."), Part::Body])
            .signature(
                At::Header("x-revenuecat-webhook-signature"),
                Syntax::Pairs { separator: ',', signature: "v1", spaces: false },
            )
            .timestamp(At::SignaturePair("t"), TimeUnit::Seconds),
    ),
)
.tolerance(300, 300);
