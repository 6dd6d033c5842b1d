use super::{At, Digest, Hmac, Provider, Scheme, Syntax, TimeUnit};

/// [Mollie](https://docs.mollie.com/reference/webhooks-new), next generation: payment links, profiles, balances.
///
/// Next-generation webhooks only. Classic ones, a form that holds an `id`, are not signed and have no constant here:
/// they are refused, and what they say has to be asked from the API anyway. Mollie's own validators answer `false`, not
/// an error, where the signature is missing; here that is an error as any other.
///
/// The signature comes with its prefix or without. The id is the event's only where a type stands beside it: a bare
/// object, which has none, has no identity.
pub const MOLLIE: Provider = Provider::new(
    "mollie",
    Scheme::Hmac(
        Hmac::new(Digest::Sha256).signature(At::Header("x-mollie-signature"), Syntax::PrefixedOrBare("sha256=")),
    ),
)
.docs("https://docs.mollie.com/reference/webhooks-new")
.accepts(&["application/json"])
.label(At::Json("/id"))
.identity(&[At::Json("/id"), At::Json("/type")])
.kind(At::Json("/type"))
.time(At::Json("/createdAt"), TimeUnit::Rfc3339)
.deadline(15);
