use super::{At, Digest, Hmac, Part, Provider, Retries, Scheme, Syntax, TimeUnit};

/// [Ghost](https://ghost.org/docs/webhooks/), with a secret. It has no kinds: give each event an address of its own.
///
/// The body comes first in what is signed, and the time behind it with nothing between them: as the body is one JSON
/// object, a digit of the time cannot pass for its end.
///
/// **What happened is said nowhere** but in the address that it was registered with, and there is no id: the same post
/// can be edited and published in two requests with one body. Ghost [posts
/// once](https://github.com/TryGhost/Ghost/blob/HEAD/ghost/core/core/server/services/webhooks/webhook-trigger.js): the
/// retries that it asks its HTTP client for are made of no POST. An endpoint that answers 410 is dropped.
pub const GHOST: Provider = Provider::new(
    "ghost",
    Scheme::Hmac(
        Hmac::new(Digest::Sha256)
            .over(&[Part::Body, Part::Timestamp])
            .signature(
                At::Header("x-ghost-signature"),
                Syntax::Pairs { separator: ',', signature: "sha256", spaces: true },
            )
            .timestamp(At::SignaturePair("t"), TimeUnit::Millis),
    ),
)
.docs("https://ghost.org/docs/webhooks/")
.accepts(&["application/json"])
.tolerance(300, 300)
.version(At::Header("content-version"))
.deadline(2)
.retries(Retries::Never);
