use super::{At, Digest, Hmac, Provider, Retries, Scheme, Syntax};

/// [Sumsub](https://docs.sumsub.com/docs/webhooks): applicants and transactions. The kind is the type, such as
/// `applicantReviewed`, the label the applicant's id.
///
/// The hash is SHA-256, which webhooks have unless another was chosen in the dashboard: the header that names one,
/// `x-payload-digest-alg`, is never looked at, since a sender must not choose.
///
/// No request has an id of its own that is said to stay. Type and time, with the payload's digest, make one: a webhook
/// that is sent again is the same. It is tried four times more within a day.
pub const SUMSUB: Provider = Provider::new(
    "sumsub",
    Scheme::Hmac(Hmac::new(Digest::Sha256).signature(At::Header("x-payload-digest"), Syntax::Bare)),
)
.docs("https://docs.sumsub.com/docs/webhook-manager")
.accepts(&["application/json"])
.needs_body()
.label(At::Json("/applicantId"))
.identity(&[At::Json("/type"), At::Json("/createdAtMs"), At::PayloadDigest])
.kind(At::Json("/type"))
.retries(Retries::Hours(25));
