use super::{At, Digest, Encoding, Hmac, KeyForm, Provider, Scheme, Syntax, TimeUnit};

const ID: At = At::FirstOf(&[
    At::Json("/data/id"),
    At::Json("/data/accountHolder/id"),
    At::Json("/data/balanceAccount/id"),
    At::Json("/data/paymentInstrument/id"),
]);

/// [Adyen](https://docs.adyen.com/development-resources/webhooks/secure-webhooks/verify-hmac-signatures) for platforms,
/// and whatever else it signs with a `HmacSignature` header.
///
/// Webhooks of Adyen's that sign the body in a header: Balance Platform, transfers, Management. Payment notifications
/// sign otherwise: see [`ADYEN`](super::ADYEN). The key is hexadecimal digits, of which the bytes are used.
///
/// There is no id of the event's own. What the event is about, its type and the payload's digest make the identity: an
/// object that changes brings another payload.
pub const ADYEN_PLATFORM: Provider = Provider::new(
    "adyen_platform",
    Scheme::Hmac(
        Hmac::new(Digest::Sha256)
            .key(KeyForm::Hex)
            .signature(At::Header("hmacsignature"), Syntax::Bare)
            .encoding(Encoding::Base64),
    ),
)
.docs("https://docs.adyen.com/development-resources/webhooks/secure-webhooks/verify-hmac-signatures")
.accepts(&["application/json"])
.label(ID)
.identity(&[At::Json("/type"), ID, At::PayloadDigest])
.kind(At::Json("/type"))
.time(At::Json("/timestamp"), TimeUnit::Rfc3339)
.payload(At::FirstOf(&[At::Json("/data"), At::Json("")]))
.deadline(10);
