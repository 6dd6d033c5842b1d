use super::{At, Digest, Hmac, Part, Provider, Retries, Scheme, Syntax, TimeUnit};

/// [Paddle](https://developer.paddle.com/webhooks/signature-verification) Billing: subscriptions, transactions.
///
/// The key is the secret's whole text, `pdl_ntfset_` included. While it is rotated several `h1` come, of which one that
/// holds is enough; elements of other names are passed over. Paddle's libraries give a signature five seconds, which
/// asks for a clock that is kept right. A future time is refused as an old one is, which its library for Node leaves
/// out.
pub const PADDLE: Provider = Provider::new(
    "paddle",
    Scheme::Hmac(
        Hmac::new(Digest::Sha256)
            .over(&[Part::Timestamp, Part::Text(":"), Part::Body])
            .signature(
                At::Header("paddle-signature"),
                Syntax::Pairs { separator: ';', signature: "h1", spaces: false },
            )
            .timestamp(At::SignaturePair("ts"), TimeUnit::Seconds),
    ),
)
.docs("https://developer.paddle.com/webhooks/signature-verification")
.accepts(&["application/json"])
.tolerance(5, 5)
.label(At::Json("/event_id"))
.identity(&[At::Json("/event_id")])
.kind(At::Json("/event_type"))
.time(At::Json("/occurred_at"), TimeUnit::Rfc3339)
.payload(At::FirstOf(&[At::Json("/data"), At::Json("")]))
.deadline(5)
.retries(Retries::Hours(72));
