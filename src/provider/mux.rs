use super::{At, Digest, Hmac, Part, Provider, Scheme, Syntax, TimeUnit};

/// [Mux](https://www.mux.com/docs/core/verify-webhook-signatures): assets, live streams, uploads.
///
/// A future time is refused as an old one is, which Mux' own library leaves out. The body counts the attempts, so that
/// only its `data` stays the same from one to the next.
pub const MUX: Provider = Provider::new(
    "mux",
    Scheme::Hmac(
        Hmac::new(Digest::Sha256)
            .over(&[Part::Timestamp, Part::Text("."), Part::Body])
            .signature(
                At::Header("mux-signature"),
                Syntax::Pairs { separator: ',', signature: "v1", spaces: false },
            )
            .timestamp(At::SignaturePair("t"), TimeUnit::Seconds),
    ),
)
.docs("https://www.mux.com/docs/core/verify-webhook-signatures")
.tolerance(300, 300)
.label(At::Json("/id"))
.identity(&[At::Json("/id")])
.kind(At::Json("/type"))
.time(At::Json("/created_at"), TimeUnit::Rfc3339)
.payload(At::FirstOf(&[At::Json("/data"), At::Json("")]));
