use super::{At, Attempt, Digest, Hmac, Provider, Retries, Scheme, Syntax, TimeUnit};

const DELIVERY: At = At::Header("x-atlassian-webhook-identifier");

/// [Jira](https://developer.atlassian.com/cloud/jira/platform/webhooks/): an administrator's webhooks. The kind is
/// `webhookEvent`, such as `jira:issue_updated`.
///
/// Only the body is signed, with SHA-256 under a header's name that means SHA-1 elsewhere; the prefix pins the hash, and
/// whatever other hash Jira may name one day is refused until it is known here. The delivery's identifier is a header
/// that stays the same on a retry and is unique within one Jira site, so the identity is the identifier and the
/// payload's digest. Without a secret nothing is signed: set one.
///
/// These are the webhooks that an administrator makes. Those of apps (Connect, OAuth, Forge) bear tokens instead.
pub const JIRA: Provider = Provider::new(
    "jira",
    Scheme::Hmac(Hmac::new(Digest::Sha256).signature(At::Header("x-hub-signature"), Syntax::Prefixed("sha256="))),
)
.docs("https://developer.atlassian.com/cloud/jira/platform/webhooks/")
.label(DELIVERY)
.identity(&[DELIVERY, At::PayloadDigest])
.kind(At::Json("/webhookEvent"))
.time(At::Json("/timestamp"), TimeUnit::Millis)
.attempt(Attempt::Retry(At::Header("x-atlassian-webhook-retry")))
.retries(Retries::Hours(2));
