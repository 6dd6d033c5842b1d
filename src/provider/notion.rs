use super::{At, Attempt, Digest, Handshake, Hmac, Provider, Scheme, Syntax, TimeUnit};

/// [Notion](https://developers.notion.com/reference/webhooks): pages, data sources, comments.
///
/// The secret is the `verification_token` that Notion sends to the address once, when a subscription is made. That request
/// is answered here and brings nothing; the token has to be read off it and entered at Notion by whoever makes
/// subscriptions, and given to the verifier. Nobody but its own token signs it, so it is worth nothing to a stranger: the
/// answer says nothing.
///
/// Nothing expires. The body counts the attempts, so its digest is another on each. An event says that something changed,
/// not what it is now.
pub const NOTION: Provider = Provider::new(
    "notion",
    Scheme::Hmac(Hmac::new(Digest::Sha256).signature(At::Header("x-notion-signature"), Syntax::Prefixed("sha256="))),
)
.docs("https://developers.notion.com/reference/webhooks")
.accepts(&["application/json"])
.label(At::Json("/id"))
.identity(&[At::Json("/id")])
.kind(At::Json("/type"))
.time(At::Json("/timestamp"), TimeUnit::Rfc3339)
.unstable_payload()
.attempt(Attempt::Count(At::Json("/attempt_number")))
.handshakes(&[Handshake::post_with(At::Json("/verification_token")).unsigned()]);
