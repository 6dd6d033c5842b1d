use super::{At, Digest, Hmac, Part, Provider, Scheme, Syntax, TimeUnit};

const RESOURCE: At = At::Json("/payload/uri");

/// [Calendly](https://developer.calendly.com/api-docs/4c305798a61d3-webhook-signatures): webhook subscriptions.
///
/// An event has no id: it is told by what happened, to which resource, and when, all of which is signed. The resource's
/// address is the label. A future time is refused as an old one is, of which Calendly says nothing.
pub const CALENDLY: Provider = Provider::new(
    "calendly",
    Scheme::Hmac(
        Hmac::new(Digest::Sha256)
            .over(&[Part::Timestamp, Part::Text("."), Part::Body])
            .signature(
                At::Header("calendly-webhook-signature"),
                Syntax::Pairs { separator: ',', signature: "v1", spaces: false },
            )
            .timestamp(At::SignaturePair("t"), TimeUnit::Seconds),
    ),
)
.docs("https://developer.calendly.com/api-docs/4c305798a61d3-webhook-signatures")
.tolerance(180, 180)
.label(RESOURCE)
.identity(&[At::Json("/event"), RESOURCE, At::Json("/created_at")])
.kind(At::Json("/event"))
.time(At::Json("/created_at"), TimeUnit::Rfc3339)
.payload(At::FirstOf(&[At::Json("/payload"), At::Json("")]));
