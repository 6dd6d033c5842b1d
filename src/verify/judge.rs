//! Who made a request: each way of proving it, tried with every secret.

use std::borrow::Cow;

use http::Method;
use memchr::{memchr, memmem};

use super::{
    Verifier, each,
    keys::Key,
    mac::{self, Mac, TokenHash},
    message::Message,
    scheme::Scheme,
    signature,
    stamp::{Now, Stamp},
};
use crate::{
    Error, ErrorKind, Incoming,
    provider::{
        self, At, Custom, Encoding, Exhibit, Handshake, Hmac, Made, Proof, StaticToken, TokenForm, Verb, When,
        locate::{self, Named, Spot},
    },
};

/// What is known of a request once it is believed.
#[derive(Clone, Copy, Default)]
pub(super) struct Judged {
    pub(super) scheme: usize,
    pub(super) which: Option<usize>,
    /// By a key, which vouches for what it signed.
    pub(super) proved: bool,
    pub(super) stamp: Option<Stamp>,
    pub(super) handshake: Option<&'static Handshake>,
}

impl Verifier {
    /// Believes it, or says why not.
    #[inline(always)]
    pub(super) fn decide(&self, request: &Incoming<'_>, now: Now<'_>) -> Result<Judged, Error> {
        let handshake = self.own_handshake(request, false)?;
        match handshake.map(|h| h.proof) {
            Some(Proof::None) => Ok(Judged { handshake, ..Judged::default() }),
            Some(Proof::VerifyToken(at)) => {
                let claimed = locate::find(at, request, false)?.ok_or(locate::missing())?;
                let known = self.0.verify_token.as_ref().ok_or(REFUSED)?;
                if known.is(&TokenHash::of(&claimed)) {
                    Ok(Judged { handshake, ..Judged::default() })
                } else {
                    Err(REFUSED)
                }
            }
            Some(proof @ (Proof::Origin(_) | Proof::Topic { .. })) => {
                self.permit(proof, request).map(|()| Judged { handshake, ..Judged::default() })
            }
            _ => self.judge(request, now).or_else(|refused| self.judge_handshake(request, refused)),
        }
    }

    /// A handshake that is proved otherwise than events are, if the request looks like one. Those that show in a body are
    /// looked for only after the secrets have refused it: nothing of a genuine event is read before that is known.
    pub(super) fn own_handshake(
        &self,
        request: &Incoming<'_>,
        refused: bool,
    ) -> Result<Option<&'static Handshake>, Error> {
        let method = request.target.map_or(&Method::POST, |(method, _)| method);
        let find = |at| match locate::find(at, request, false) {
            // Where nobody can look, it does not stand: events are judged by their own proof.
            Err(e) if matches!(e.kind(), ErrorKind::MissingTarget | ErrorKind::MalformedBody) => Ok(None),
            found => found,
        };
        let says = |at, text: &str| Ok::<_, Error>(find(at)?.is_some_and(|t| *t == *text.as_bytes()));
        for handshake in self.0.provider.handshakes {
            let other = handshake.proof == Proof::Scheme || handshake.when.is_in_body() != refused;
            if other || verb(handshake.method) != *method {
                continue;
            }
            let asked = match handshake.when {
                When::Always => true,
                When::Has(at) => find(at)?.is_some(),
                When::Is(at, text) => says(at, text)?,
            };
            let also = match handshake.also {
                Some((at, text)) => says(at, text)?,
                None => true,
            };
            if asked && also {
                return Ok(Some(handshake));
            }
        }
        Ok(None)
    }

    /// Whether what the secrets refused is a handshake all the same: one that nobody signs, or with a key of its own.
    fn judge_handshake(&self, request: &Incoming<'_>, refused: Error) -> Result<Judged, Error> {
        let Ok(Some(handshake)) = self.own_handshake(request, true) else { return Err(refused) };
        if handshake.proof == Proof::None {
            return Ok(Judged { handshake: Some(handshake), ..Judged::default() });
        }
        let key = self.0.handshake_keys.iter().find(|(text, _)| Proof::Key(text) == handshake.proof);
        let Some((_, key)) = key else { return Err(refused) };
        let Some(scheme @ Scheme { data: provider::Scheme::Hmac(hmac), .. }) = self.0.schemes.first() else {
            return Err(refused);
        };
        let (place, first) = scheme.first(request)?.ok_or(locate::missing())?;
        let proofs = Proofs { first: &first, others: scheme.after(place, request)? };
        let (message, _) = self.read(request, hmac, scheme, &first)?;
        match which_key(hmac, std::slice::from_ref(key), &message, &proofs)? {
            Some(_) => Ok(Judged { handshake: Some(handshake), ..Judged::default() }),
            None => Err(refused),
        }
    }

    /// Whether these headers are there, each once and as text.
    pub(super) fn has(request: &Incoming<'_>, names: &[Named]) -> Result<(), Error> {
        for named in names {
            let value = locate::header(request, &named.name, false)?.filter(|value| !value.is_empty());
            if str::from_utf8(value.ok_or_else(|| named.missing())?).is_err() {
                return Err(Error::new(ErrorKind::MalformedHeader, "it is no text"));
            }
        }
        Ok(())
    }

    /// Whether what a key or token proved bears what every event does; a handshake brings none.
    pub(super) fn has_borne(&self, request: &Incoming<'_>, judged: &Judged) -> Result<(), Error> {
        if judged.proved || judged.which.is_some() { Self::has(request, &self.0.plan.borne) } else { Ok(()) }
    }

    #[inline(always)]
    pub(super) fn judge(&self, request: &Incoming<'_>, now: Now<'_>) -> Result<Judged, Error> {
        Self::has(request, &self.0.plan.required)?;
        // Whoever signed one must not be taken to have signed the other: their messages can be alike.
        let by_get = self.0.by_get;
        if self.0.provider.by_get && request.target.is_some_and(|(method, _)| (*method == Method::GET) != by_get) {
            return Err(Error::new(ErrorKind::Method, ""));
        }
        if by_get && !request.body.as_bytes().is_empty() {
            return Err(Error::new(ErrorKind::MalformedBody, "what comes by GET has none"));
        }
        if self.0.provider.needs_body && !by_get && request.body.as_bytes().is_empty() {
            return Err(Error::new(ErrorKind::MalformedBody, "there is none"));
        }
        let mut unreadable = None;
        for (at, scheme) in self.0.schemes.iter().enumerate() {
            let (place, proof) = match scheme.first(request) {
                Ok(Some(found)) => found,
                Ok(None) => continue,
                Err(e) if e.kind() == ErrorKind::MalformedBody => {
                    unreadable = unreadable.or(Some(scheme));
                    continue;
                }
                Err(e) => return Err(e),
            };
            let judged = match &scheme.data {
                provider::Scheme::Hmac(hmac) => {
                    let proofs = Proofs { first: &proof, others: scheme.after(place, request)? };
                    return Ok(Judged { scheme: at, ..self.judge_hmac(request, hmac, scheme, &proofs, now)? });
                }
                provider::Scheme::Token(token) => judge_token(request, &proof, token, scheme)?,
                #[cfg(feature = "http-signatures")]
                provider::Scheme::HttpSignature(data) => self.judge_http(request, data, scheme, now)?,
                provider::Scheme::Jwt(jwt) => self.judge_jwt(request, jwt, scheme, (place, &proof), now)?,
                provider::Scheme::Custom(custom) => self.judge_custom(request, custom, scheme, now)?,
                #[cfg(feature = "asymmetric")]
                provider::Scheme::PublicKey(public) => {
                    let proofs = Proofs { first: &proof, others: scheme.after(place, request)? };
                    self.judge_public(request, public, scheme, &proofs, now)?
                }
            };
            return Ok(Judged { scheme: at, ..judged });
        }
        // Found anew: an error that is carried along costs every request.
        match unreadable.map(|scheme| scheme.first(request)) {
            Some(Err(e)) => Err(e),
            _ => Err(self.unsigned()),
        }
    }

    /// Nothing stands where its signature could.
    pub(super) fn unsigned(&self) -> Error {
        let first = self.0.schemes.first().and_then(|scheme| scheme.places.first());
        first.map_or(locate::missing(), Spot::missing)
    }

    #[inline(always)]
    fn judge_hmac(
        &self,
        request: &Incoming<'_>,
        hmac: &Hmac,
        scheme: &Scheme,
        proofs: &Proofs<'_>,
        now: Now<'_>,
    ) -> Result<Judged, Error> {
        let (message, stamp) = self.read(request, hmac, scheme, proofs.first)?;
        let Some(which) = which_key(hmac, &scheme.keys, &message, proofs)? else { return Err(REFUSED) };
        // A time in a body that is signed as a whole: nothing of such a body is read before its signature holds.
        let stamp = match hmac.timestamp {
            Some((_, unit)) if stamp.is_none() => {
                let text = signature::need(&scheme.timestamp, request, hmac.syntax, proofs.first)?;
                Some(Stamp::parse(&text, unit)?)
            }
            _ => stamp,
        };
        self.judge_time(stamp, now)?;
        Ok(Judged { which: Some(which), proved: true, stamp, ..Judged::default() })
    }

    /// Judged last: a time is only worth something once it is known who wrote it.
    #[inline]
    pub(super) fn judge_time(&self, stamp: Option<Stamp>, now: Now<'_>) -> Result<(), Error> {
        match (stamp, self.0.tolerance) {
            (Some(stamp), Some((past, future))) => stamp.judge(now, past, future, self.0.provider.past_is_inclusive),
            _ => Ok(()),
        }
    }

    fn judge_custom(
        &self,
        request: &Incoming<'_>,
        custom: &Custom,
        scheme: &Scheme,
        now: Now<'_>,
    ) -> Result<Judged, Error> {
        let mut found = None;
        for (which, key) in scheme.keys.iter().enumerate() {
            let Key::Mac(mac) = key else { continue };
            let made = |parts: &[&[u8]], encoding, claimed: &[&[u8]]| {
                let tag = tag_of(mac, parts);
                // All are looked at, so that it does not show which was right.
                claimed.iter().fold(false, |any, claimed| any | signature::is_of(&tag, encoding, claimed))
            };
            let genuine = (custom.judge)(&self.exhibit(request, which, &made))?;
            if let Some(genuine) = genuine.filter(|_| found.is_none()) {
                found = Some((which, genuine));
            }
        }
        let Some((which, genuine)) = found else { return Err(REFUSED) };
        let stamp = genuine.time.map(|(text, unit)| Stamp::parse(&text, unit)).transpose()?;
        self.judge_time(stamp, now)?;
        Ok(Judged { which: Some(which), proved: true, stamp, ..Judged::default() })
    }

    pub(super) fn exhibit<'a>(&'a self, request: &'a Incoming<'a>, which: usize, made: &'a Made<'a>) -> Exhibit<'a> {
        let (base, public_key) = (self.0.base.as_deref(), self.0.public_key.as_deref());
        Exhibit { request, base, which, public_key, made }
    }

    /// What the signature is over, and when it says that it was made.
    #[inline(always)]
    pub(super) fn read<'a>(
        &'a self,
        request: &'a Incoming<'a>,
        hmac: &Hmac,
        scheme: &Scheme,
        signature: &'a [u8],
    ) -> Result<(Message<'a>, Option<Stamp>), Error> {
        let (mut timestamp, mut stamp, mut id) = (None, None, None);
        if let Some((_, unit)) = hmac.timestamp.filter(|_| scheme.stamped) {
            let text = signature::need(&scheme.timestamp, request, hmac.syntax, signature)?;
            stamp = Some(Stamp::parse(&text, unit)?);
            timestamp = Some(text);
        }
        if hmac.id != At::Nowhere {
            let text = signature::need(&scheme.id, request, hmac.syntax, signature)?;
            unambiguous(&scheme.separators, &text)?;
            id = Some(text);
        }
        let expected = &self.0.expected;
        Ok((Message { request, base: self.0.base.as_deref(), timestamp, id, expected }, stamp))
    }
}

fn judge_token(request: &Incoming<'_>, claimed: &[u8], token: &StaticToken, scheme: &Scheme) -> Result<Judged, Error> {
    const MALFORMED: Error = Error::new(ErrorKind::MalformedHeader, "it is no credential of this scheme");
    let after = |name: &str| {
        let (scheme, rest) = claimed.split_at_checked(name.len()).ok_or(MALFORMED)?;
        let rest = rest.strip_prefix(b" ").ok_or(MALFORMED)?.trim_ascii();
        if scheme.eq_ignore_ascii_case(name.as_bytes()) { Ok(rest) } else { Err(MALFORMED) }
    };
    let hash = match token.form {
        TokenForm::Each { list, field } => {
            let which = each::in_each(request, scheme, list, field)?.ok_or(REFUSED)?;
            return Ok(Judged { which: Some(which), ..Judged::default() });
        }
        TokenForm::Bare => TokenHash::of(claimed),
        TokenForm::Bearer => TokenHash::of(after("bearer")?),
        TokenForm::Basic => {
            let decoded = data_encoding::BASE64.decode(after("basic")?).map_err(|_| MALFORMED)?;
            TokenHash::of(&decoded)
        }
    };
    let which = scheme.knows(&hash);
    match which {
        Some(_) => Ok(Judged { which, proved: true, ..Judged::default() }),
        None => Err(REFUSED),
    }
}

pub(super) const REFUSED: Error = Error::new(ErrorKind::BadSignature, "");

/// Where signatures stand: nearly always in one place.
pub(super) struct Proofs<'a> {
    pub(super) first: &'a [u8],
    pub(super) others: Vec<Cow<'a, [u8]>>,
}

impl Proofs<'_> {
    pub(super) fn texts(&self) -> impl Iterator<Item = &[u8]> {
        std::iter::once(self.first).chain(self.others.iter().map(|text| &**text))
    }
}

/// Which of `keys` made one of the signatures. Every key is tried on every one.
#[inline(always)]
fn which_key(hmac: &Hmac, keys: &[Key], message: &Message<'_>, proofs: &Proofs<'_>) -> Result<Option<usize>, Error> {
    let (mut which, mut any) = (None, false);
    for (at, key) in keys.iter().enumerate() {
        let Key::Mac(mac) = key else { continue };
        let mut fed = Ok(());
        let tag = mac.tag(|mac| fed = message.feed(hmac.parts, mac));
        fed?;
        for text in proofs.texts() {
            for claimed in signature::candidates(hmac.syntax, text) {
                any = true;
                if signature::is_of(&tag, hmac.encoding, claimed) && which.is_none() {
                    which = Some(at);
                }
            }
        }
    }
    if any {
        Ok(which)
    } else {
        Err(Error::new(ErrorKind::MalformedHeader, "no signature of this scheme stands in it"))
    }
}

pub(super) fn tag_of(mac: &Mac, parts: &[&[u8]]) -> mac::Tag {
    mac.tag(|mac| parts.iter().for_each(|part| mac.update(part)))
}

/// An HMAC by one key over `parts`, as text; empty for a key that makes none.
pub(super) fn tag_text(key: Option<&Key>, parts: &[&[u8]], encoding: Encoding) -> String {
    match key {
        Some(Key::Mac(mac)) => signature::encode(encoding, tag_of(mac, parts).as_bytes()),
        _ => String::new(),
    }
}

/// `id.time.body` can be cut in two ways if the id may hold a dot: an id never holds what parts it from the next part.
fn unambiguous(separators: &[&[u8]], id: &[u8]) -> Result<(), Error> {
    let holds = |separator: &&[u8]| match *separator {
        [byte] => memchr(*byte, id).is_some(),
        bytes => memmem::find(id, bytes).is_some(),
    };
    if separators.iter().any(holds) {
        return Err(Error::new(ErrorKind::MalformedHeader, "the id holds the separator"));
    }
    Ok(())
}

pub(super) const fn verb(verb: Verb) -> Method {
    match verb {
        Verb::Get => Method::GET,
        Verb::Head => Method::HEAD,
        Verb::Options => Method::OPTIONS,
        Verb::Post => Method::POST,
    }
}
