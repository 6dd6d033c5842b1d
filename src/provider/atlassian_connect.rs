//! Apps built on Connect: the token stands behind `JWT`, not `Bearer`, or in the query, and vouches for method, path and
//! query by their hash; the body is vouched for by nothing. Each installation has a client key and a secret of its own,
//! both of which come with its `installed` event: choose them by tenant. Atlassian no longer takes in new Connect apps.
//!
//! Installing is signed by a key of Atlassian's instead, for the secret is only just on its way. Whoever has a site of
//! their own can get such a token, so that it counts only for the client key that it names: one that claims another's in
//! the body is refused. No part of such an event makes it the same as another, and an `uninstalled` may come twice for
//! good reasons: none is made up.

use super::{At, Attempt, JwtClaim, Jwt, JwtAlgorithm, JwtKeys, Provider, Retries, Scheme, TimeUnit};

const DELIVERY: At = At::Header("x-atlassian-webhook-identifier");
const KEYS: &str = "https://connect-install-keys.atlassian.com/";

/// [Atlassian Connect](https://developer.atlassian.com/cloud/jira/platform/understanding-jwt-for-connect-apps/): the
/// webhooks of an app, Jira's and Confluence's. The secret is the installation's shared secret; what to
/// [expect](crate::VerifierBuilder::expect) is its `client_key`. The kind is `webhookEvent`, such as `jira:issue_updated`.
pub const ATLASSIAN_CONNECT: Provider = Provider::new(
    "atlassian_connect",
    Scheme::Jwt(
        Jwt::new(JwtAlgorithm::Hs256)
            .behind("JWT")
            .or_at(&[At::Query("jwt")])
            .claims(&[JwtClaim::Expected("iss", "client_key"), JwtClaim::Expires, JwtClaim::UrlHash("qsh")]),
    ),
)
.docs("https://developer.atlassian.com/cloud/jira/platform/understanding-jwt-for-connect-apps/")
.expects(&["client_key"])
.label(DELIVERY)
.identity(&[DELIVERY, At::PayloadDigest])
.kind(At::Json("/webhookEvent"))
.time(At::Json("/timestamp"), TimeUnit::Millis)
.attempt(Attempt::Retry(At::Header("x-atlassian-webhook-retry")))
.retries(Retries::Hours(2));

/// [Atlassian Connect](https://developer.atlassian.com/cloud/jira/platform/security-for-connect-apps/#validating-installation-lifecycle-requests):
/// the `installed` and `uninstalled` of an app. What to [expect](crate::VerifierBuilder::expect)
/// is the `audience`, the app's base URL.
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
