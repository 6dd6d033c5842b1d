use super::{At, Provider, Scheme, StaticToken, TimeUnit};

/// **Nothing is signed**: a static token is all that comes, in a header of its own. It proves who sent, not what.
/// Notifications have no id.
///
/// [Cloudflare](https://developers.cloudflare.com/notifications/get-started/configure-webhooks/) Notifications to a
/// generic webhook with a secret. The kind is the [alert's
/// type](https://developers.cloudflare.com/notifications/reference/webhook-payload-schema/), such as
/// `health_check_status_notification`, the label what its start and its end share. Not every notification says a type,
/// the one that tries the address among them: give those to `otherwise`.
pub const CLOUDFLARE: Provider =
    Provider::new("cloudflare", Scheme::Token(StaticToken::bare(At::Header("cf-webhook-auth"))))
        .docs("https://developers.cloudflare.com/notifications/get-started/configure-webhooks/")
        .accepts(&["application/json"])
        .label(At::Json("/alert_correlation_id"))
        .kind(At::Json("/alert_type"))
        .time(At::Json("/ts"), TimeUnit::Seconds);
