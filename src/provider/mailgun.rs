use super::{At, Digest, Hmac, Part, Provider, Retries, Scheme, Syntax, TimeUnit};

const fn scheme(signature: At, timestamp: At, token: At) -> Scheme {
    Scheme::Hmac(
        Hmac::new(Digest::Sha256)
            .over(&[Part::Timestamp, Part::Id])
            .signature(signature, Syntax::Bare)
            .timestamp(timestamp, TimeUnit::Seconds)
            .id(token),
    )
}

const TIME: At = At::Json("/event-data/timestamp");
const ID: At = At::Json("/event-data/id");

/// **The signature covers neither the event nor its id**, only a time and a token that stand beside it in the body. So
/// the token is a nonce: it is good for one event, and a second event under it is refused.
///
/// [Mailgun](https://documentation.mailgun.com/docs/mailgun/user-manual/webhooks/securing-webhooks): JSON webhooks,
/// and the forms of routes and of legacy webhooks.
///
/// An event's id is unique within a day, so day and id are the identity. Legacy forms have no id; their token is all
/// there is, which tells a retry only if Mailgun sends it with the token of the first try (it does not say). Retries
/// last 8 hours, hence the wide tolerance. Multipart forms need the feature `multipart`. Routes
/// have no kind: give them to `otherwise`.
pub const MAILGUN: Provider = Provider::new(
    "mailgun",
    scheme(At::Json("/signature/signature"), At::Json("/signature/timestamp"), At::Json("/signature/token")),
)
.or(scheme(At::Form("signature"), At::Form("timestamp"), At::Form("token")))
.docs("https://documentation.mailgun.com/docs/mailgun/user-manual/webhooks/securing-webhooks")
.accepts(&["application/json", "application/x-www-form-urlencoded", "multipart/form-data"])
.tolerance(12 * 3600, 300)
.label(At::FirstOf(&[ID, At::Form("Message-Id")]))
.identity(&[At::FirstOf(&[At::Joined(&[At::Day(&TIME), ID], " "), At::SignedId])])
.nonce(At::SignedId)
.kind(At::FirstOf(&[At::Json("/event-data/event"), At::Form("event")]))
.time(At::FirstOf(&[TIME, At::Form("timestamp")]), TimeUnit::Seconds)
.payload(At::FirstOf(&[At::Json("/event-data"), At::Json("")]))
.retries(Retries::Hours(8));
