use super::{At, Batch, Digest, Encoding, Hmac, Provider, Scheme, Syntax, TimeUnit};

/// [LINE](https://developers.line.biz/en/docs/messaging-api/receiving-messages/) Messaging API; the secret is the channel
/// secret.
///
/// One request brings a batch, each event with an id that stays the same when it is delivered again (which LINE does
/// only where the console says so, and then out of order). The console's check of an address sends no events at all.
pub const LINE: Provider = Provider::new(
    "line",
    Scheme::Hmac(
        Hmac::new(Digest::Sha256)
            .signature(At::Header("x-line-signature"), Syntax::Bare)
            .encoding(Encoding::Base64),
    ),
)
.docs("https://developers.line.biz/en/docs/messaging-api/receiving-messages/")
.accepts(&["application/json"])
.batch(Batch::List("/events"))
.label(At::Json("/webhookEventId"))
.identity(&[At::Json("/webhookEventId")])
.kind(At::Json("/type"))
.time(At::Json("/timestamp"), TimeUnit::Millis);
