use super::{At, Digest, Hmac, Provider, Scheme, Syntax, TimeUnit};

/// [CircleCI](https://circleci.com/docs/guides/integration/outbound-webhooks/): workflows and jobs that are completed.
///
/// A list of signatures, each behind its version; only `v1` is known. Nothing that is signed says when it was sent, so
/// nothing expires. Without a secret nothing is signed: set one.
pub const CIRCLECI: Provider = Provider::new(
    "circleci",
    Scheme::Hmac(
        Hmac::new(Digest::Sha256)
            .signature(At::Header("circleci-signature"), Syntax::List { separator: ',', prefix: "v1=" }),
    ),
)
.docs("https://circleci.com/docs/guides/integration/outbound-webhooks/")
.accepts(&["application/json"])
.label(At::Json("/id"))
.identity(&[At::Json("/id")])
.kind(At::Json("/type"))
.time(At::Json("/happened_at"), TimeUnit::Rfc3339)
.deadline(10);
