use super::{At, JwtClaim, Jwt, JwtAlgorithm, JwtKeys, Provider, Retries, Scheme};

/// [Atlassian Forge](https://developer.atlassian.com/platform/forge/remote/essentials/): events and scheduled triggers
/// of an app, sent to its own server. What to [expect](crate::VerifierBuilder::expect) is the `audience`, the app's
/// id: `ari:cloud:ecosystem::app/…`. The kind is `eventType`, such as `avi:jira:updated:issue`.
///
/// Apps built on Forge that have their events sent to a server of their own ("Forge Remote"). The token says which app
/// and which installation it is for and vouches for nothing of the body; the two OAuth tokens beside it are not handed
/// on. Every app's tokens are signed by the same keys, so the audience is what tells yours from another's. Nothing is
/// known to be the same on each try.
pub const ATLASSIAN_FORGE: Provider = Provider::new(
    "atlassian_forge",
    Scheme::Jwt(
        Jwt::new(JwtAlgorithm::Rs256)
            .keys(JwtKeys::Set("https://forge.cdn.prod.atlassian-dev.net/.well-known/jwks.json"))
            .claims(&[
                JwtClaim::OneOf("iss", &["forge/invocation-token"]),
                JwtClaim::Expected("aud", "audience"),
                JwtClaim::Expires,
            ]),
    ),
)
.docs("https://developer.atlassian.com/platform/forge/remote/essentials/")
.expects(&["audience"])
.kind(At::Json("/eventType"))
.deadline(5)
.retries(Retries::Hours(2));
