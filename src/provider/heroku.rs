use super::{At, Digest, Encoding, Hmac, Provider, Scheme, Syntax, TimeUnit};

/// [Heroku](https://devcenter.heroku.com/articles/app-webhooks) app webhooks. The kind is what changed and how, such as
/// `api:release.create`.
///
/// Signed only if the subscription has a secret. The event's id is the same for every webhook and every try; those of
/// delivery and attempt, beside it in the body, are not.
pub const HEROKU: Provider = Provider::new(
    "heroku",
    Scheme::Hmac(
        Hmac::new(Digest::Sha256)
            .signature(At::Header("heroku-webhook-hmac-sha256"), Syntax::Bare)
            .encoding(Encoding::Base64),
    ),
)
.docs("https://devcenter.heroku.com/articles/app-webhooks")
.accepts(&["application/json"])
.label(At::Json("/id"))
.identity(&[At::Json("/id")])
.kind(At::Joined(&[At::Json("/webhook_metadata/event/include"), At::Json("/action")], "."))
.time(At::Json("/created_at"), TimeUnit::Rfc3339)
.payload(At::FirstOf(&[At::Json("/data"), At::Json("")]))
.version(At::Json("/version"));
