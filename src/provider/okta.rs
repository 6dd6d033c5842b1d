use super::{At, Batch, Handshake, Provider, Retries, Scheme, TimeUnit, StaticToken};

const CHALLENGE: At = At::Header("x-okta-verification-challenge");

/// **Nothing is signed**: a static token is all that Okta sends, in whatever `Authorization` header was configured there.
/// It proves who sent, not what.
///
/// [Okta](https://developer.okta.com/docs/concepts/event-hooks/) event hooks.
///
/// One request brings a batch, each event with a `uuid` of its own. The endpoint is verified once by a GET, which must
/// bear the token too. At most one retry, and none after a 4xx.
pub const OKTA: Provider = Provider::new("okta", Scheme::Token(StaticToken::bare(At::Header("authorization"))))
    .docs("https://developer.okta.com/docs/concepts/event-hooks/")
    .accepts(&["application/json"])
    .batch(Batch::List("/data/events"))
    .label(At::Document("/eventId"))
    .identity(&[At::Json("/uuid")])
    .kind(At::Json("/eventType"))
    .time(At::Json("/published"), TimeUnit::Rfc3339)
    .version(At::Document("/eventTypeVersion"))
    .handshakes(&[Handshake::get(CHALLENGE).echo_json("verification", CHALLENGE)])
    .deadline(3)
    .retries(Retries::Hours(1));
