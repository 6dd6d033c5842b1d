use super::{At, Attempt, JwtClaim, Jwt, JwtAlgorithm, Provider, Retries, Scheme, TimeUnit};

const DELIVERY: At = At::Header("x-atlassian-webhook-identifier");

/// [Atlassian Connect](https://developer.atlassian.com/cloud/jira/platform/understanding-jwt-for-connect-apps/): the
/// webhooks of an app, Jira's and Confluence's. The secret is the installation's shared secret; what to
/// [expect](crate::VerifierBuilder::expect) is its `client_key`. The kind is `webhookEvent`, such as `jira:issue_updated`.
///
/// Apps built on Connect: the token stands behind `JWT`, not `Bearer`, or in the query, and vouches for method, path and
/// query by their hash; the body is vouched for by nothing. Each installation has a client key and a secret of its own,
/// both of which come with its `installed` event: choose them by tenant. Atlassian no
/// longer takes in new Connect apps.
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
