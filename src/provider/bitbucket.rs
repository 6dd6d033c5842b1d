use super::{At, Attempt, Digest, Hmac, Provider, Retries, Scheme, Syntax};

const REQUEST: At = At::Header("x-request-uuid");

/// [Bitbucket Cloud](https://support.atlassian.com/bitbucket-cloud/docs/manage-webhooks/). The kind is the event's key,
/// such as `repo:push`.
///
/// Only the body is signed, with SHA-256 under a header's name that means SHA-1 elsewhere; the prefix pins the hash.
/// Event and ids are headers that anybody who saw one delivery can change: the identity is the request's UUID, of which
/// there can be several attempts, and the payload's digest. Without a secret nothing is signed: set one.
///
/// A 5xx is tried twice more, at once. What is larger than 256 KB is never sent.
pub const BITBUCKET: Provider = Provider::new(
    "bitbucket",
    Scheme::Hmac(Hmac::new(Digest::Sha256).signature(At::Header("x-hub-signature"), Syntax::Prefixed("sha256="))),
)
.docs("https://support.atlassian.com/bitbucket-cloud/docs/manage-webhooks/")
.accepts(&["application/json"])
.label(REQUEST)
.identity(&[REQUEST, At::PayloadDigest])
.kind(At::Header("x-event-key"))
.attempt(Attempt::Count(At::Header("x-attempt-number")))
.deadline(10)
.retries(Retries::Hours(1));
