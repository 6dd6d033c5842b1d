use super::{At, Digest, Hmac, Part, Provider, Scheme, Syntax, TimeUnit};

/// [WorkOS](https://workos.com/docs/events/data-syncing/webhooks): users, sessions, directories.
///
/// The time is in milliseconds, and signed as it is written. Pairs are read by name, with or without a space after the
/// comma, and only `v1` counts; WorkOS' own libraries read them by position and never look at the name. A future time is
/// refused as an old one is.
pub const WORKOS: Provider = Provider::new(
    "workos",
    Scheme::Hmac(
        Hmac::new(Digest::Sha256)
            .over(&[Part::Timestamp, Part::Text("."), Part::Body])
            .signature(
                At::Header("workos-signature"),
                Syntax::Pairs { separator: ',', signature: "v1", spaces: true },
            )
            .timestamp(At::SignaturePair("t"), TimeUnit::Millis),
    ),
)
.docs("https://workos.com/docs/events/data-syncing/webhooks")
.tolerance(180, 180)
.label(At::Json("/id"))
.identity(&[At::Json("/id")])
.kind(At::Json("/event"))
.time(At::Json("/created_at"), TimeUnit::Rfc3339)
.payload(At::FirstOf(&[At::Json("/data"), At::Json("")]));
