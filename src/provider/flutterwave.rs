use super::{At, Digest, Encoding, Hmac, Provider, Scheme, Syntax, TimeUnit};

const ID: At = At::FirstOf(&[At::Json("/webhook_id"), At::Json("/id")]);

/// [Flutterwave](https://developer.flutterwave.com/docs/webhooks), version 4: charges, transfers.
///
/// Version 4 of its API only; version 3 sent the secret itself and signed nothing. Whether the webhook's id is another
/// for each event is not documented, so type and payload count too. Flutterwave advises to ask the API for the
/// transaction before anything is given for it.
pub const FLUTTERWAVE: Provider = Provider::new(
    "flutterwave",
    Scheme::Hmac(
        Hmac::new(Digest::Sha256)
            .signature(At::Header("flutterwave-signature"), Syntax::Bare)
            .encoding(Encoding::Base64),
    ),
)
.docs("https://developer.flutterwave.com/docs/webhooks")
.accepts(&["application/json"])
.label(ID)
.identity(&[ID, At::Json("/type"), At::PayloadDigest])
.kind(At::Json("/type"))
.time(At::Json("/timestamp"), TimeUnit::Millis)
.payload(At::FirstOf(&[At::Json("/data"), At::Json("")]));
