//! Whether a provider's data holds up.

use bytes::Bytes;
use http::Request;
use time::{Duration, OffsetDateTime};

#[cfg(not(feature = "asymmetric"))]
use super::signed::signed_expect;
use super::{
    fill::Draft,
    forge,
    handshake::handshakes,
    signed::{Signed, needs_form, signed},
    tokens,
};
#[cfg(feature = "asymmetric")]
use super::{
    foreign,
    keys::{certificates, equip, public_key, token_keys},
};
#[cfg(feature = "asymmetric")]
use crate::provider::PublicKey;
use crate::{
    Error, ErrorKind, Event, Field, Provider, Secret, Tolerance, Verifier, VerifierBuilder,
    provider::{At, Batch, Custom, Part, Proof, Scheme},
    verify::edit,
};

/// Good for every [`KeyForm`](crate::provider::KeyForm): it is text, hexadecimal digits and base64 all in one.
pub(super) const SECRET: &str = "5ca1ab1e0ddba11c0ffee0decade0facade0feedbeef0defaced0cafebabe0ad";
pub(super) const OTHER: &str = "0ddba11c0ffee0decade0facade0feedbeef0defaced0cafebabe0ad5ca1ab1e";
pub(super) const VERIFY_TOKEN: &str = "verify-token";
/// Who asks to send in a handshake, and which topic one is about.
pub(super) const ORIGIN: &str = "sender.example";
pub(super) const TOPIC: &str = "https://example.com/topic";
pub(super) const PUBLIC_KEY: &str = "public-key";
pub(super) const BASE: &str = "https://example.com";

/// Whether a provider's data holds up: for a test of your own provider, as this crate tests its own.
///
/// It signs requests by each of the provider's schemes and judges them. What was signed must be accepted. Another
/// secret, a change to anything that is signed, and a proof that is missing, doubled, cut short, made longer, written
/// otherwise or made with another hash must be refused, for the right reason. So must timestamps that are no numbers or
/// out of the window. Where several signatures can be sent, the right one counts wherever it stands. An event's identity
/// must be the same whenever it is read and whenever it is sent again, and that of the next event must be another.
/// Handshakes bring no event. Whatever is not signed may change, and [`covers`](crate::Verified::covers) must say so.
///
/// It proves that the data is consistent, not that it is what the provider does: add recorded requests for that.
///
/// ```
/// inhook::testing::check_provider(&inhook::provider::STRIPE);
/// ```
///
/// # Panics
/// If it does not hold up; the message says where.
pub fn check_provider(provider: &Provider) {
    verifier(provider, &[SECRET], Tolerance::Provider);
    for secret in ["", " ", "\t\r\n"] {
        let built = builder(provider).secret(secret).build();
        assert_eq!(
            built.err().map(|e| e.kind()),
            Some(ErrorKind::InvalidSecret),
            "provider `{}`: secret {secret:?}",
            provider.name
        );
    }
    for scheme in provider.schemes() {
        let check = Check::new(provider, scheme);
        check.bodies();
        check.secrets();
        forge::parts(&check);
        forge::proof(&check);
        forge::times(&check);
        tokens::check(&check);
        check.window();
        check.identity();
        #[cfg(feature = "asymmetric")]
        foreign::keys(&check);
    }
    check_handshakes(provider);
}

/// One scheme of a provider on trial.
pub(super) struct Check<'p> {
    pub(super) provider: &'p Provider,
    pub(super) scheme: Scheme,
    pub(super) now: OffsetDateTime,
    pub(super) verifier: Verifier,
}

impl<'p> Check<'p> {
    fn new(provider: &'p Provider, scheme: &Scheme) -> Self {
        let verifier = verifier(provider, &[SECRET], Tolerance::Provider);
        Self { provider, scheme: *scheme, now: NOW, verifier }
    }

    /// A request that is accepted.
    pub(super) fn signed(&self, body: impl Into<Bytes>) -> Signed {
        signed(self.provider, SECRET, body).scheme(self.scheme).at(self.now)
    }

    /// One with a body that has whatever the scheme reads from it.
    pub(super) fn sample(&self) -> Signed {
        self.signed(self.sample_body())
    }

    pub(super) fn sample_body(&self) -> String {
        let envelope = &self.provider.envelope;
        if let Scheme::Custom(Custom { sample: Some(sample), .. }) = self.scheme {
            return sample.to_owned();
        }
        #[cfg(feature = "asymmetric")]
        if let Scheme::PublicKey(PublicKey { sign: Some((_, sample)), .. }) = self.scheme {
            return sample.to_owned();
        }
        match envelope.batch {
            _ if needs_form(self.provider, &self.scheme) && envelope.form_json.is_none() => "a=1&b=2".to_owned(),
            Batch::One | Batch::Lines | Batch::CloudEvents => r#"{"sample":1}"#.to_owned(),
            Batch::List("") => r#"[{"sample":1}]"#.to_owned(),
            Batch::List(at) => edit("", at, |_| Some(r#"[{"sample":1}]"#.to_owned())).unwrap_or_default(),
        }
    }

    #[track_caller]
    pub(super) fn accepts(&self, request: &Request<Bytes>, what: &str) {
        if let Err(error) = self.verifier.authenticate_at(request, self.now) {
            self.fail(what, &format!("is refused: {error:?}"));
        }
    }

    #[track_caller]
    pub(super) fn refuses(&self, request: &Request<Bytes>, why: &[ErrorKind], what: &str) {
        self.judge(&self.verifier, request, why, what);
    }

    #[track_caller]
    pub(super) fn judge(&self, verifier: &Verifier, request: &Request<Bytes>, why: &[ErrorKind], what: &str) {
        let found = verifier.authenticate_at(request, self.now);
        match found.map_err(|e: Error| e.kind()) {
            Ok(_) => self.fail(what, "is accepted"),
            Err(kind) if !why.contains(&kind) => self.fail(what, &format!("is {kind}, which should be one of {why:?}")),
            Err(_) => {}
        }
    }

    #[track_caller]
    #[expect(clippy::panic, reason = "a finding")]
    pub(super) fn fail(&self, what: &str, found: &str) -> ! {
        panic!("provider `{}`: {what} {found}", self.provider.name)
    }

    pub(super) fn parts(&self) -> &'static [Part] {
        self.scheme.covers().0
    }

    /// Where the scheme reads its proof, timestamp and id.
    fn places(&self) -> [At; 3] {
        match self.scheme.template() {
            Some(hmac) => [hmac.signature, hmac.timestamp.map_or(At::Nowhere, |(at, _)| at), hmac.id],
            None => [self.scheme.place(), At::Nowhere, At::Nowhere],
        }
    }

    pub(super) fn reads_body(&self) -> bool {
        self.places().iter().any(|at| matches!(at, At::Json(_) | At::Number(_) | At::Form(_)))
    }

    /// Whatever the body is, if it is one that the provider could send.
    fn bodies(&self) {
        if self.scheme.template().is_none() && !matches!(self.scheme, Scheme::Token(_)) {
            return self.accepts(&self.sample().build(), "a sample");
        }
        let objects: [&[u8]; 4] =
            [b"{}", "{\"ü\":\"\u{1F980}\"}".as_bytes(), b"{\r\n \"a\" : 1.0\r\n}\r\n", b"{\"a\":\"\\/\"}"];
        let others: [&[u8]; 5] = [b"", b"\n", b"\xef\xbb\xbf{}", b"\xff\x00\x01 binary \x7f\r\n", b"null"];
        let forms: [&[u8]; 5] = [b"", b"a=1", b"b=%2F&a=+&a=%c3%bc&=&c", b"%ff=%00", b"a&a&b=="];
        let bodies: Vec<&[u8]> = match (needs_form(self.provider, &self.scheme), self.reads_body()) {
            (true, _) => forms.into(),
            (false, true) => objects.into(),
            (false, false) => objects.into_iter().chain(others).collect(),
        };
        let empty = |body: &&[u8]| body.is_empty() && self.provider.needs_body;
        let bodies = bodies.into_iter().filter(|body| !empty(body));
        let large = format!(r#"{{"large":"{}"}}"#, "x".repeat(100_000));
        for body in bodies.chain([large.as_bytes()].into_iter().filter(|_| !needs_form(self.provider, &self.scheme))) {
            let start = String::from_utf8_lossy(body.get(..40).unwrap_or(body)).into_owned();
            let request = self.signed(body.to_vec()).build();
            self.accepts(&request, &format!("a signed body {start:?}"));
        }
        let target = self.parts().iter().any(|p| matches!(p, Part::Url | Part::Path | Part::Query | Part::Method))
            || self.places().iter().any(|at| matches!(at, At::Query(_)));
        let request = self.sample().build();
        let found = self.verifier.authenticate_at((request.headers(), request.body()), self.now);
        match found.map_err(|e| e.kind()) {
            Err(ErrorKind::MissingTarget) if target => {}
            Ok(_) if !target => {}
            other => self.fail("without method and URL, a request", &format!("is {other:?}")),
        }
    }

    /// Which secret signed is known; one that did not is worth nothing.
    fn secrets(&self) {
        let build = |secrets: &[&str]| verifier(self.provider, secrets, Tolerance::Provider);
        let request = self.sample().build();
        if self.scheme.fetches() {
            let forged = self.sample().secret(OTHER).build();
            return self.refuses(&forged, &[ErrorKind::BadSignature], "a request signed with another key");
        }
        self.judge(&build(&[OTHER]), &request, &[ErrorKind::BadSignature], "a request signed with another secret");
        for (secrets, which) in [([SECRET, OTHER], 0), ([OTHER, SECRET], 1)] {
            let verifier = build(&secrets);
            let found = verifier.authenticate_at(&request, self.now).ok().and_then(|v| v.which_secret());
            if found != Some(which) {
                self.fail("the secret that signed", &format!("is number {found:?} and should be {which}"));
            }
        }
        let rotation = self.sample().second_secret(OTHER).build();
        self.accepts(&rotation, "a request signed with a second secret too");
        if forge::lists(&self.scheme)
            && let Err(error) = build(&[OTHER]).authenticate_at(&rotation, self.now)
        {
            self.fail("a second signature", &format!("is refused: {error:?}"));
        }
    }

    /// Both ends of the provider's window are inside.
    fn window(&self) {
        let (Some(hmac), Some(past)) = (self.scheme.template(), self.provider.past) else { return };
        if hmac.timestamp.is_none() {
            return;
        }
        let second = Duration::SECOND;
        let sample = self.sample();
        let oldest = if self.provider.past_is_inclusive { self.now - past } else { self.now - past + second };
        for at in [oldest, self.now + self.provider.future] {
            self.accepts(&sample.clone().at(at).build(), "a timestamp at the tolerance's end");
        }
        let stale = sample.clone().at(oldest - second).build();
        self.refuses(&stale, &[ErrorKind::StaleTimestamp], "a timestamp older than the tolerance");
        let early = sample.at(self.now + self.provider.future + second).build();
        self.refuses(&early, &[ErrorKind::FutureTimestamp], "a timestamp beyond the tolerance");
    }

    fn identity(&self) {
        if self.provider.envelope.identity.is_empty() {
            return;
        }
        let (one, two) = (self.sample(), self.sample());
        let first = self.event(&one, "1700000000", self.now);
        let again = self.event(&one, "1700000000", self.now);
        let retry = self.event(&one, "1700000000", self.now + Duration::seconds(60));
        let next = self.event(&two, "1800000001", self.now);
        let Some(id) = first.id() else {
            self.fail("an event with all of its identity's places filled", "has no identity")
        };
        if again.id().as_ref() != Some(&id) {
            self.fail("an identity", "is another when it is read again");
        }
        if retry.id().as_ref() != Some(&id) {
            self.fail("an identity", "is another when the event is sent again with a later timestamp");
        }
        if next.id().as_ref() == Some(&id) {
            self.fail("an identity", "is the next event's too");
        }
    }

    /// The first event of a request that has `value` wherever an identity is read.
    fn event(&self, signed: &Signed, value: &str, at: OffsetDateTime) -> Event {
        let mut draft = signed.draft(&self.scheme, http::Method::POST);
        self.provider.envelope.identity.iter().for_each(|at| fill(&mut draft, *at, value));
        let request = signed.clone().at(at).sign(draft, signed.signer(&self.scheme));
        let found = self.verifier.authenticate_at(&request, self.now.max(at)).and_then(|v| v.delivery());
        match found.map(|delivery| delivery.into_events().into_iter().next()) {
            Ok(Some(event)) => event,
            Ok(None) => self.fail("a sample request", "brings no event"),
            Err(error) => self.fail("a sample request", &format!("cannot be read: {error:?}")),
        }
    }

    pub(super) fn covers(&self, field: Field) -> bool {
        let request = self.sample().build();
        self.verifier.authenticate_at(&request, self.now).is_ok_and(|verified| verified.covers(field))
    }
}

/// What a fresh id or a default has filled already is left as it is, as a retry leaves it.
fn fill(draft: &mut Draft<'_>, at: At, value: &str) {
    match at {
        At::Header(_) | At::SignedId => {}
        At::Day(inner) | At::Optional(inner) => fill(draft, *inner, value),
        At::Joined(all, _) => all.iter().for_each(|at| fill(draft, *at, value)),
        At::FirstOf(all) => {
            if let Some(first) = all.first() {
                fill(draft, *first, value);
            }
        }
        at => {
            draft.put(at, value);
        }
    }
}

/// A verifier that takes what [`signed`](super::signed) makes with this secret, at `https://example.com`: with the public
/// key that goes with it, or the certificates and their root, for a provider that signs with a private key; with
/// `public-key`, `verify-token` and whatever [`signed`](super::signed) says that a request is meant for.
///
/// ```
/// use inhook::{provider::TWILIO, testing::{signed, verifier_for}};
///
/// verifier_for(&TWILIO, "secret").verify(&signed(&TWILIO, "secret", "SmsSid=1&SmsStatus=sent").build())?;
/// # Ok::<(), inhook::Error>(())
/// ```
///
/// # Panics
/// For a secret that the provider cannot use, and for mistakes in its data.
pub fn verifier_for(provider: &Provider, secret: &str) -> Verifier {
    verifier(provider, &[secret], Tolerance::Provider)
}

/// With whatever any provider needs besides its secret.
pub(super) fn builder(provider: &Provider) -> VerifierBuilder {
    let builder = Verifier::builder(provider).public_base(BASE).verify_token(VERIFY_TOKEN).public_key(PUBLIC_KEY);
    let builder = builder.allow_origin(ORIGIN).topic(TOPIC);
    #[cfg(feature = "asymmetric")]
    return equip(provider, builder);
    #[cfg(not(feature = "asymmetric"))]
    provider.expects.iter().fold(builder, |builder, name| builder.expect(*name, signed_expect(name)))
}

/// What a verifier is told, so that it takes what is signed with this secret.
pub(super) fn told(provider: &Provider, secret: &str) -> Secret {
    #[cfg(feature = "asymmetric")]
    return public_key(provider, secret).into();
    #[cfg(not(feature = "asymmetric"))]
    {
        let _only_its_own = provider;
        secret.into()
    }
}

/// Knows the certificates that signed requests name.
fn teach(provider: &Provider, secret: &str, verifier: Verifier) -> Result<Verifier, Error> {
    #[cfg(feature = "asymmetric")]
    for (id, material) in certificates(provider, secret).iter().chain(token_keys(provider, secret).iter()) {
        // For as long as a suite runs, by whichever clock.
        verifier.learn_at(id, material.clone(), NOW.max(OffsetDateTime::now_utc()))?;
    }
    let _nothing_without_the_feature = (provider, secret);
    Ok(verifier)
}

const NOW: OffsetDateTime = match OffsetDateTime::from_unix_timestamp(1_800_000_000) {
    Ok(now) => now,
    Err(_) => OffsetDateTime::UNIX_EPOCH,
};

pub(super) fn verifier(provider: &Provider, secrets: &[&str], tolerance: Tolerance) -> Verifier {
    let builder = builder(provider).tolerance(tolerance);
    let builder = match provider.schemes().all(Scheme::fetches) {
        true => builder,
        false => secrets.iter().fold(builder, |builder, secret| builder.secret(told(provider, secret))),
    };
    let first = secrets.first().copied().unwrap_or_default();
    match builder.build().and_then(|verifier| teach(provider, first, verifier)) {
        Ok(verifier) => verifier,
        Err(error) => wrong_data(provider, &error),
    }
}

#[expect(clippy::panic, reason = "a finding")]
fn wrong_data(provider: &Provider, error: &Error) -> ! {
    panic!("provider `{}`: no verifier can be built: {error:?}", provider.name)
}

/// A handshake is answered and brings no event, and only who may ask is answered.
fn check_handshakes(provider: &Provider) {
    let verifier = verifier(provider, &[SECRET], Tolerance::Provider);
    for (data, (request, forged)) in
        provider.handshakes.iter().zip(handshakes(provider, SECRET).into_iter().zip(handshakes(provider, OTHER)))
    {
        let delivery = verifier.verify(&request);
        let answered = delivery.is_ok_and(|d| d.reply().is_some() && d.events().is_empty());
        assert!(answered, "provider `{}`: a handshake is not answered: {data:?}", provider.name);
        if data.proof == Proof::Scheme {
            assert!(verifier.verify(&forged).is_err(), "provider `{}`: a forged handshake: {data:?}", provider.name);
        }
        if matches!(data.proof, Proof::Origin(_) | Proof::Topic { known: true, .. }) {
            let untold = Verifier::builder(provider).secret(SECRET).public_base(BASE).public_key(PUBLIC_KEY).build();
            let refused = untold.is_ok_and(|verifier| verifier.verify(&request).is_err());
            assert!(refused, "provider `{}`: anybody's handshake is answered: {data:?}", provider.name);
        }
    }
}
