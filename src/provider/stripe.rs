use super::{At, Digest, Hmac, Part, Provider, Retries, Scheme, Syntax, TimeUnit};

/// [Stripe](https://docs.stripe.com/webhooks/signature): snapshot events and thin events.
///
/// One constant for both shapes: snapshot events (`/data/object` is the payload) and thin ones (the whole event is).
///
/// The key is the secret's whole text, `whsec_` included: not decoded, unlike Standard Webhooks' secrets of the same
/// prefix. `v0` signatures are made for tests and never count. Each try is signed anew, so a short tolerance refuses
/// no genuine retry. A future time is refused as an old one is, which Stripe's own libraries for Node and Python leave
/// out. Stripe publishes no deadline; events can be resent by hand for 30 days.
pub const STRIPE: Provider = Provider::new(
    "stripe",
    Scheme::Hmac(
        Hmac::new(Digest::Sha256)
            .over(&[Part::Timestamp, Part::Text("."), Part::Body])
            .signature(
                At::Header("stripe-signature"),
                Syntax::Pairs { separator: ',', signature: "v1", spaces: false },
            )
            .timestamp(At::SignaturePair("t"), TimeUnit::Seconds)
            .repeated_lines(),
    ),
)
.docs("https://docs.stripe.com/webhooks/signature")
.accepts(&["application/json"])
.tolerance(300, 300)
.label(At::Json("/id"))
.identity(&[At::Json("/id")])
.kind(At::Json("/type"))
.time(At::Json("/created"), TimeUnit::Seconds)
.payload(At::FirstOf(&[At::Json("/data/object"), At::Json("")]))
.version(At::Json("/api_version"))
.deadline(10)
.retries(Retries::Hours(72));
