use super::{At, Provider, Retries, Scheme, StaticToken, TimeUnit};

/// **Nothing is signed**: the authorization header's value that was set in the dashboard is sent with every request. It
/// proves who sent, not what. The secret is the whole value, `Bearer` and all if it was entered so.
///
/// [RevenueCat](https://www.revenuecat.com/docs/integrations/webhooks): purchases and subscriptions. Nothing is signed.
/// The kind is the type, such as `RENEWAL`.
///
/// Only 200 is success. Five tries follow within three hours, with the same event id.
pub const REVENUECAT: Provider =
    Provider::new("revenuecat", Scheme::Token(StaticToken::bare(At::Header("authorization"))))
        .docs("https://www.revenuecat.com/docs/integrations/webhooks")
        .accepts(&["application/json"])
        .label(At::Json("/event/id"))
        .identity(&[At::Json("/event/id")])
        .kind(At::Json("/event/type"))
        .time(At::Json("/event/event_timestamp_ms"), TimeUnit::Millis)
        .payload(At::FirstOf(&[At::Json("/event"), At::Json("")]))
        .version(At::Json("/api_version"))
        .deadline(60)
        .retries(Retries::Hours(3));
