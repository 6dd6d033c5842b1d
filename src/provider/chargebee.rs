use super::{At, Provider, Scheme, TimeUnit, StaticToken};

/// **Nothing is signed**: user name and password of HTTP's basic authentication are all that Chargebee sends. They prove
/// who sent, not what.
///
/// [Chargebee](https://www.chargebee.com/docs/2.0/webhook_settings.html): subscriptions, invoices, customers. Nothing is
/// signed.
///
/// The secret is both with a colon between them. An event that was configured to be sent without them is refused.
pub const CHARGEBEE: Provider = Provider::new("chargebee", Scheme::Token(StaticToken::basic()))
    .docs("https://www.chargebee.com/docs/2.0/webhook_settings.html")
    .accepts(&["application/json"])
    .label(At::Json("/id"))
    .identity(&[At::Json("/id")])
    .kind(At::Json("/event_type"))
    .time(At::Json("/occurred_at"), TimeUnit::Seconds)
    .payload(At::FirstOf(&[At::Json("/content"), At::Json("")]))
    .version(At::Json("/api_version"));
