use super::{At, Jwt, JwtAlgorithm, JwtClaim, JwtKeys, Provider, Scheme};

const KEYS: &str = "https://connect-install-keys.atlassian.com/";

/// [Atlassian Connect](https://developer.atlassian.com/cloud/jira/platform/security-for-connect-apps/#validating-installation-lifecycle-requests):
/// the `installed` and `uninstalled` of an app. What to [expect](crate::VerifierBuilder::expect)
/// is the `audience`, the app's base URL.
///
/// What an app built on Connect is told of being installed is signed by a key of Atlassian's, for the secret is only just
/// on its way. Whoever has a site of their own can get such a token, so that it counts only for the client key that it
/// names: one that claims another's in the body is refused.
///
/// No part of such an event makes it the same as another, and an `uninstalled` may come twice for good reasons: none is
/// made up.
pub const ATLASSIAN_CONNECT_INSTALL: Provider = Provider::new(
    "atlassian_connect_install",
    Scheme::Jwt(Jwt::new(JwtAlgorithm::Rs256).behind("JWT").keys(JwtKeys::Each(KEYS)).claims(&[
        JwtClaim::Expected("aud", "audience"),
        JwtClaim::Same("iss", At::Json("/clientKey")),
        JwtClaim::Expires,
        JwtClaim::UrlHash("qsh"),
    ])),
)
.docs("https://developer.atlassian.com/cloud/jira/platform/security-for-connect-apps/#validating-installation-lifecycle-requests")
.expects(&["audience"])
.accepts(&["application/json"])
.kind(At::Json("/eventType"));
