use super::{At, Provider, Scheme, StaticToken};

/// **Nothing is signed**: a static token is all that comes, in a header of its own. It proves who sent, not what.
/// Notifications have no id.
///
/// [Cloudflare](https://developers.cloudflare.com/notifications/get-started/configure-webhooks/) Notifications to a
/// generic webhook with a secret.
pub const CLOUDFLARE: Provider =
    Provider::new("cloudflare", Scheme::Token(StaticToken::bare(At::Header("cf-webhook-auth"))))
        .docs("https://developers.cloudflare.com/notifications/get-started/configure-webhooks/")
        .accepts(&["application/json"]);
