use super::{At, Batch, Digest, Handshake, Hmac, Provider, Retries, Scheme, Syntax, TimeUnit};

const SECRET: &str = "x-hook-secret";

/// **Each webhook has a secret of its own**, which comes once: in the `X-Hook-Secret` header of the handshake, while the
/// call that creates the webhook is still waiting. The handshake is answered here; the secret has to be read off it by
/// whoever creates webhooks. Nobody signs the handshake, and it is worth nothing to a stranger: the answer says what the
/// request said.
///
/// [Asana](https://developers.asana.com/docs/webhooks-guide). The kind is what changed and how, such as `task.changed`.
///
/// Events have no id. They say that something changed and not what it is now, so two that are alike to the millisecond
/// are one. Every eight hours a request comes without events.
pub const ASANA: Provider = Provider::new(
    "asana",
    Scheme::Hmac(Hmac::new(Digest::Sha256).signature(At::Header("x-hook-signature"), Syntax::Bare)),
)
.docs("https://developers.asana.com/docs/webhooks-guide")
.accepts(&["application/json"])
.batch(Batch::List("/events"))
.identity(&[At::Json("/created_at"), At::Json("/resource/gid"), At::Json("/action"), At::PayloadDigest])
.kind(At::Joined(&[At::Json("/resource/resource_type"), At::Json("/action")], "."))
.time(At::Json("/created_at"), TimeUnit::Rfc3339)
.handshakes(&[Handshake::post_with(At::Header(SECRET)).unsigned().echo_header(SECRET, At::Header(SECRET))])
.deadline(10)
.retries(Retries::Hours(24));
