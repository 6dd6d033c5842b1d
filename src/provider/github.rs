use super::{At, Digest, Hmac, Provider, Retries, Scheme, Syntax};

const EVENT: At = At::Header("x-github-event");
const DELIVERY: At = At::Header("x-github-delivery");

/// [GitHub](https://docs.github.com/en/webhooks/using-webhooks/validating-webhook-deliveries): JSON, and forms with a
/// `payload` field. The kind is the event's name with its action, such as `issues.opened`.
///
/// Only the body is signed: event name and delivery id are headers that anybody who saw one delivery can change. So the
/// identity is the id and the payload's digest, and a handler that must be sure of the kind looks at the payload.
///
/// The older SHA-1 header is never looked at. GitHub sends each event once; a redelivery by hand bears the same id.
pub const GITHUB: Provider = Provider::new(
    "github",
    Scheme::Hmac(
        Hmac::new(Digest::Sha256).signature(At::Header("x-hub-signature-256"), Syntax::Prefixed("sha256=")),
    ),
)
.docs("https://docs.github.com/en/webhooks/using-webhooks/validating-webhook-deliveries")
.accepts(&["application/json", "application/x-www-form-urlencoded"])
.form_json("payload")
.bears(&["x-github-event", "x-github-delivery"])
.needs_body()
.label(DELIVERY)
.identity(&[DELIVERY, At::PayloadDigest])
.kind(At::FirstOf(&[At::Joined(&[EVENT, At::Json("/action")], "."), EVENT]))
.deadline(10)
.retries(Retries::Never);
