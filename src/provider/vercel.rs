use super::{At, Digest, Hmac, Provider, Scheme, Syntax, TimeUnit};

/// [Vercel](https://vercel.com/docs/webhooks): webhooks of accounts and integrations.
///
/// SHA-1 is all that Vercel offers. Nothing that is signed says when it was sent, so nothing expires. Log drains sign
/// under the same header and bring lists, which are not read here.
pub const VERCEL: Provider = Provider::new(
    "vercel",
    Scheme::Hmac(Hmac::new(Digest::Sha1).signature(At::Header("x-vercel-signature"), Syntax::Bare)),
)
.docs("https://vercel.com/docs/webhooks")
.label(At::Json("/id"))
.identity(&[At::Json("/id")])
.kind(At::Json("/type"))
.time(At::Json("/createdAt"), TimeUnit::Millis)
.payload(At::FirstOf(&[At::Json("/payload"), At::Json("")]));
