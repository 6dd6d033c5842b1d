use super::{At, Batch, Digest, Hmac, Part, Provider, Scheme, Syntax};

/// [Klaviyo](https://developers.klaviyo.com/en/docs/system-webhooks) system webhooks: batches. The kind is the topic, such
/// as `event:klaviyo.opened_email`.
///
/// The body comes first in what is signed, and the time behind it, as HTTP writes dates: no tolerance judges it. The id
/// in a header is the webhook's, not the event's. Webhooks of flows are not signed, and are not these.
pub const KLAVIYO: Provider = Provider::new(
    "klaviyo",
    Scheme::Hmac(
        Hmac::new(Digest::Sha256)
            .over(&[Part::Body, Part::Header("klaviyo-timestamp")])
            .signature(At::Header("klaviyo-signature"), Syntax::Bare),
    ),
)
.docs("https://developers.klaviyo.com/en/docs/system-webhooks")
.accepts(&["application/json"])
.batch(Batch::List("/data"))
.label(At::Json("/external_id"))
.identity(&[At::Json("/topic"), At::Json("/external_id")])
.kind(At::Json("/topic"))
.payload(At::FirstOf(&[At::Json("/payload"), At::Json("")]));
