use super::{At, Digest, Encoding, Hmac, Part, Provider, Retries, Scheme, Syntax, TimeUnit};

/// [Square](https://developer.squareup.com/docs/webhooks/step3validate): payments, orders, customers.
///
/// The signature covers the notification URL as it was entered at Square, so it has to be configured, and the body. The
/// older SHA-1 header, `x-square-signature`, is never looked at. Nothing signed has a time, so nothing expires.
///
/// `event_id` is what Square itself says to recognise a repeated event by. Nothing comes without a body.
pub const SQUARE: Provider = Provider::new(
    "square",
    Scheme::Hmac(
        Hmac::new(Digest::Sha256)
            .over(&[Part::Url, Part::Body])
            .signature(At::Header("x-square-hmacsha256-signature"), Syntax::Bare)
            .encoding(Encoding::Base64),
    ),
)
.docs("https://developer.squareup.com/docs/webhooks/step3validate")
.accepts(&["application/json"])
.needs_body()
.label(At::Json("/event_id"))
.identity(&[At::Json("/event_id")])
.kind(At::Json("/type"))
.time(At::Json("/created_at"), TimeUnit::Rfc3339)
.payload(At::FirstOf(&[At::Json("/data"), At::Json("")]))
.deadline(10)
.retries(Retries::Hours(72));
