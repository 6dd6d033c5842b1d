//! Each mistake that data can hold is found when a verifier is built, and said.

use inhook::provider::{Custom, Jwt, JwtAlgorithm, JwtClaim};

use super::*;

const TIMED_PARTS: &[Part] = &[Part::Timestamp, Part::Body];
const TIMED: Hmac = BODY.over(TIMED_PARTS).timestamp(SIGNED_AT, TimeUnit::Seconds);
const ID: At = At::Json("/id");

fn found(provider: Provider) -> Result<(), String> {
    let built = Verifier::builder(&provider).secret("secret").build();
    built.map(drop).map_err(|e| {
        assert_eq!(e.kind(), ErrorKind::Config, "{e}");
        e.to_string()
    })
}

#[test]
fn of_a_scheme() {
    const JWT: Jwt = Jwt::new(JwtAlgorithm::Hs256).claims(&[JwtClaim::Expires]);
    let custom = |at| Scheme::Custom(Custom::new(at, Digest::Sha256, |_| Ok(None)));
    let alone = |scheme| Provider::new("acme", scheme);
    for (provider, finding) in [
        (Provider::new("Acme", Scheme::Hmac(BODY)), "lower-case snake case"),
        (Provider::new("", Scheme::Hmac(BODY)), "lower-case snake case"),
        (token(StaticToken::bare(At::SignedId)), "a token stands in"),
        (token(StaticToken::bare(At::Header("X-Token"))), "a header is named in lower case"),
        (alone(Scheme::Jwt(JWT)).tolerance(300, 300), "says when it was issued"),
        (alone(custom(At::Nowhere)), "a signature stands in"),
        (hmac(BODY.over(&[Part::Token])), "signed by the token"),
        (hmac(BODY.over(&[])), "something must be signed"),
        (hmac(BODY.over(TIMED_PARTS)), "the signed timestamp stands nowhere"),
        (hmac(BODY.timestamp(SIGNED_AT, TimeUnit::Seconds)), "not signed proves nothing"),
        (hmac(BODY.over(&[Part::Id]).timestamp(At::Json("/t"), TimeUnit::Seconds)), "not signed proves nothing"),
        (hmac(BODY.over(&[Part::Id, Part::Body])), "a signed id is in the template and in the request"),
        (hmac(BODY.id(At::Header("x-id"))), "a signed id is in the template and in the request"),
        (hmac(BODY.over(&[Part::Body, Part::Header("x-signature")])), "over itself"),
        (hmac(BODY.signature(At::Query("s"), Syntax::Bare).over(&[Part::Query])), "over itself"),
        (hmac(BODY.signature(At::Form("s"), Syntax::Bare).over(&[Part::SortedForm])), "over itself"),
        (hmac(BODY.signature(At::Form("s"), Syntax::Bare).over(&[Part::BodyBase64])), "over itself"),
        (hmac(TIMED.timestamp(At::SignedId, TimeUnit::Seconds)), "what is signed stands in"),
        (hmac(TIMED.timestamp(At::SignaturePair("t"), TimeUnit::Seconds)), "what is signed stands in"),
        (hmac(BODY.over(&[Part::Header("X-Other"), Part::Body])), "a header is named in lower case"),
    ] {
        assert!(found(provider).is_err_and(|said| said.contains(finding)), "{finding}: {:?}", found(provider));
    }
    for sound in [hmac(BODY), hmac(TIMED), hmac(TIMED).tolerance(300, 0), alone(Scheme::Jwt(JWT))] {
        assert_eq!(found(sound), Ok(()));
    }
}

#[test]
fn of_an_envelope() {
    const LATE: &[Handshake] = &[Handshake::get(At::Query("c")).signed_with("known")];
    const TOKEN: &[Handshake] = &[Handshake::post(At::Json("/type"), "hello").verify_token(At::Json("/token"))];
    const ODD: &[Handshake] = &[Handshake::post(At::Json("type"), "hello")];
    let sound = hmac(BODY);
    for (provider, finding) in [
        (sound.identity(&[At::PayloadDigest, ID]), "the last part of an identity"),
        (sound.identity(&[At::PayloadDigest]), "two genuine events can have one payload"),
        (sound.identity(&[At::FirstOf(&[At::PayloadDigest, ID])]), "a part of its own"),
        (sound.payload(At::Header("x-payload")), "a part of the event's JSON"),
        (sound.success(99), "a number from 100 to 999"),
        (sound.success(302), "success is 2xx"),
        (sound.refused(204), "a refusal is not"),
        (sound.kind(At::Json("kind")), "starts with a slash"),
        (sound.kind(At::Json("/a~1b")), "escapes are not read"),
        (sound.batch(Batch::List("events")), "starts with a slash"),
        (sound.requires(&["X-Acme"]), "named in lower case"),
        (sound.bears(&["x acme"]), "named in lower case"),
        (sound.attempt(Attempt::Count(At::Header("X-Try"))), "named in lower case"),
        (sound.handshakes(LATE), "shows in the body"),
        (sound.handshakes(TOKEN), "proved as events are"),
        (sound.handshakes(ODD), "starts with a slash"),
    ] {
        assert!(found(provider).is_err_and(|said| said.contains(finding)), "{finding}: {:?}", found(provider));
    }
    assert_eq!(found(sound.identity(&[ID, At::PayloadDigest]).payload(At::Inner("/text")).success(299)), Ok(()));
}

/// A replay must not be taken that nobody remembers any more, and what comes again is remembered for as long.
#[test]
fn of_what_is_forgotten_too_early() {
    const DAY: u64 = 86_400;
    let token =
        |past| found(hmac(TIMED).nonce(At::Json("/nonce")).remember(2).retries(Retries::Never).tolerance(past, 0));
    assert_eq!(token(2 * DAY - 1), Ok(()));
    for past in [2 * DAY, 2 * DAY + 1] {
        assert!(token(past).unwrap_err().contains("remembered for longer than it is taken"), "{past}");
    }
    let retried = |hours| found(hmac(BODY).remember(2).retries(Retries::Hours(hours)));
    assert_eq!(retried(48), Ok(()));
    assert!(retried(49).unwrap_err().contains("remembered as long as they come again"));
}
