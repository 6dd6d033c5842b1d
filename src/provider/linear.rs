use super::{At, Digest, Hmac, Provider, Retries, Scheme, Syntax, TimeUnit};

const DELIVERY: At = At::Header("linear-delivery");

/// [Linear](https://linear.app/developers/webhooks): issues, comments, projects. The kind is the `type`, such as `Issue`;
/// what was done to it is the payload's `action`.
///
/// The time that counts is `webhookTimestamp` in the signed body, in milliseconds; the header of a like name is not
/// signed and never looked at. A body without it is refused.
///
/// The delivery's id and the event's name are headers, unsigned; the body has `type` and `action`, and of those the
/// kind is `type`. The time of sending stands in the body, so the identity is the delivery's id with what the body says
/// of the event itself, and two tries may differ in their bytes.
pub const LINEAR: Provider = Provider::new(
    "linear",
    Scheme::Hmac(
        Hmac::new(Digest::Sha256)
            .signature(At::Header("linear-signature"), Syntax::Bare)
            .timestamp(At::Number("/webhookTimestamp"), TimeUnit::Millis),
    ),
)
.docs("https://linear.app/developers/webhooks")
.accepts(&["application/json"])
.tolerance(60, 60)
.label(DELIVERY)
.identity(&[
    DELIVERY,
    At::Json("/type"),
    At::Json("/action"),
    At::Json("/createdAt"),
    At::Optional(&At::Json("/data/id")),
])
.unstable_payload()
.kind(At::Json("/type"))
.time(At::Json("/createdAt"), TimeUnit::Rfc3339)
.deadline(5)
.retries(Retries::Hours(8));
