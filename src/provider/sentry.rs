use super::{At, Digest, Hmac, Provider, Scheme, Syntax};

/// [Sentry](https://docs.sentry.io/organization/integrations/integration-platform/webhooks/): webhooks of an integration.
/// The kind is the resource with the action, such as `issue.created`.
///
/// Only the body is signed. Resource, time and request id are headers that anybody who saw one delivery can change, and
/// the request id is made anew for every try: it is a label. Nothing in the body names the event, and the same can
/// happen to an issue twice, so nothing here makes two requests the same: say
/// [`key_by`](crate::Builder::key_by) for the resources that have an id of their own.
///
/// The signature is over the body as it is sent; Sentry's own sample writes the JSON anew, which changes it at times.
pub const SENTRY: Provider = Provider::new(
    "sentry",
    Scheme::Hmac(Hmac::new(Digest::Sha256).signature(At::Header("sentry-hook-signature"), Syntax::Bare)),
)
.docs("https://docs.sentry.io/organization/integrations/integration-platform/webhooks/")
.label(At::Header("request-id"))
.kind(At::Joined(&[At::Header("sentry-hook-resource"), At::Json("/action")], "."));
