use super::{At, JwtClaim, Jwt, JwtAlgorithm, Provider, Scheme, TimeUnit};

const ID: At = At::Json("/id");
const STATE: At = At::Json("/state");
const UPDATED: At = At::Json("/updated_at");

/// [Netlify](https://docs.netlify.com/deploy/deploy-notifications/#payload-signature): deploy notifications and form
/// submissions. The secret is the JWS secret token. The kind is the deploy's `state`, such as `ready`.
///
/// The token names the body's hash and nothing of when: without an expiry, whoever saw a request can send it again, and
/// only the identity makes it a duplicate. Netlify signs nothing unless a secret was entered for the notification.
///
/// A deploy goes through several states, each of which is an event of its own; it bears the same `updated_at` when it is
/// sent again.
pub const NETLIFY: Provider = Provider::new(
    "netlify",
    Scheme::Jwt(
        Jwt::new(JwtAlgorithm::Hs256)
            .at(At::Header("x-webhook-signature"))
            .claims(&[JwtClaim::OneOf("iss", &["netlify"]), JwtClaim::BodyHash("sha256")]),
    ),
)
.docs("https://docs.netlify.com/deploy/deploy-notifications/#payload-signature")
.label(ID)
.identity(&[ID, At::Optional(&STATE), At::Optional(&UPDATED)])
.kind(STATE)
.time(UPDATED, TimeUnit::Rfc3339);
