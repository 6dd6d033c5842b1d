//! Finding mistakes in a provider's data before the first request does.

use super::{
    At, Attempt, Batch, Handshake, Hmac, Jwt, JwtAlgorithm, JwtClaim, JwtKeys, Part, Proof, Provider, Retries, Scheme,
    Syntax, TokenForm, When,
};
#[cfg(feature = "asymmetric")]
use super::{Keys, PublicKey};

type Found = Result<(), &'static str>;

impl Provider {
    /// What is wrong with the data, if anything.
    pub(crate) fn check(&self) -> Found {
        let lower = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_';
        ensure(!self.name.is_empty() && self.name.bytes().all(lower), "a provider's name is lower-case snake case")?;
        for scheme in self.schemes() {
            match scheme {
                Scheme::Hmac(hmac) => hmac.check()?,
                Scheme::Token(token) => {
                    ensure(proves(token.at), "a token stands in a header, a query parameter or a field")?;
                    token.at.check()?;
                    if let (TokenForm::Each { list, field }, At::Json(first)) = (token.form, token.at) {
                        let found = first.strip_prefix(list).and_then(|rest| rest.strip_prefix("/0"));
                        ensure(!list.is_empty() && found == Some(field), "the first token is not the first item's")?;
                    }
                }
                Scheme::Jwt(jwt) => {
                    jwt.check()?;
                    let known = jwt.expects().all(|name| self.expects.contains(&name));
                    ensure(known, "what a token must name is among what the provider expects")?;
                    let aged = self.past.is_none() || jwt.claims.contains(&JwtClaim::Issued);
                    ensure(aged, "a tolerance judges the age of a token that says when it was issued")?;
                }
                #[cfg(feature = "http-signatures")]
                Scheme::HttpSignature(scheme) => scheme.check()?,
                #[cfg(feature = "asymmetric")]
                Scheme::PublicKey(scheme) => self.check_public(scheme)?,
                Scheme::Custom(custom) => {
                    for at in [custom.at].iter().chain(custom.others) {
                        ensure(proves(*at), "a signature stands in a header, a query parameter or a field")?;
                        at.check()?;
                    }
                }
            }
        }
        // Those of other sorts say when by what only a request shows.
        let timed = |scheme: &Scheme| match scheme {
            Scheme::Hmac(hmac) => hmac.timestamp.is_some(),
            Scheme::Token(_) => false,
            _ => true,
        };
        let aged = self.past.is_none() || self.schemes().any(timed);
        ensure(aged, "a tolerance judges nothing: say `timestamp`, and sign it as `Part::Timestamp`")?;
        let signs_query = |scheme: &Scheme| {
            let (parts, _) = scheme.covers();
            parts.is_empty() || parts.iter().any(|part| matches!(part, Part::Url | Part::Query))
        };
        ensure(!self.by_get || self.schemes().all(signs_query), "what comes by GET is the query, which is not signed")?;
        let e = &self.envelope;
        let attempt = match e.attempt {
            Attempt::Unknown => At::Nowhere,
            Attempt::Count(at) | Attempt::Retry(at) => at,
        };
        for at in [e.label, e.nonce, e.kind, e.time, e.payload, e.version, attempt].iter().chain(e.identity) {
            at.check()?;
        }
        let digest = |at: &At| *at == At::PayloadDigest;
        let (last, others) = e.identity.split_last().map_or((None, e.identity), |(last, others)| (Some(last), others));
        ensure(!others.iter().any(digest), "a payload's digest is the last part of an identity")?;
        ensure(!(others.is_empty() && last.is_some_and(digest)), "two genuine events can have one payload")?;
        if let Batch::List(pointer) = e.batch {
            At::Json(pointer).check()?;
        }
        ensure(
            matches!(e.payload, At::Json(_) | At::Inner(_) | At::FirstOf(_)),
            "a payload is a part of the event's JSON",
        )?;
        self.headers().try_for_each(|name| At::Header(name).check())?;
        self.handshakes.iter().try_for_each(Handshake::check)?;
        for status in [self.success, self.refused].into_iter().chain(self.again) {
            ensure(http::StatusCode::from_u16(status).is_ok(), "a status is a number from 100 to 999")?;
        }
        ensure((200..300).contains(&self.success) && self.refused >= 400, "success is 2xx and a refusal is not")?;
        let comes_back = self.retries != Retries::Never;
        ensure(
            self.again.is_none_or(|again| again >= 400 && comes_back),
            "what brings an event back is no success, and something does",
        )?;
        let outlives = e.nonce != At::Nowhere && self.past.is_some_and(|past| past >= self.remember);
        ensure(!outlives, "a token that is good once is remembered for longer than it is taken")?;
        if let Retries::Hours(hours) = self.retries {
            ensure(
                u64::from(hours) * 3600 <= self.remember.as_secs(),
                "events are remembered as long as they come again",
            )?;
        }
        Ok(())
    }

    #[cfg(feature = "asymmetric")]
    fn check_public(&self, scheme: &PublicKey) -> Found {
        let fetched = matches!(scheme.keys, Keys::Fetched(_));
        if let Some((at, name)) = scheme.named {
            ensure(proves(at) && !name.is_empty(), "an algorithm's name stands in a header or a field")?;
            at.check()?;
        }
        if let Keys::Fetched(certificates) = &scheme.keys {
            ensure(proves(certificates.at), "a certificate's address stands in a header or a field")?;
            certificates.at.check()?;
            ensure(!certificates.names.is_empty(), "a certificate bears a name")?;
            ensure(certificates.pinned.has(certificates.example), "an example is one of the addresses")?;
        }
        if scheme.read.is_none() {
            ensure(scheme.algorithms.len() == 1, "which of several algorithms it was is read by a function")?;
            return scheme.template.check();
        }
        ensure(!scheme.algorithms.is_empty(), "some algorithm is taken")?;
        ensure(fetched || scheme.algorithms.len() == 1, "a key that is told is of one kind")?;
        ensure(proves(scheme.template.signature), "a signature stands in a header, a query parameter or a field")?;
        scheme.template.signature.check()
    }

    pub(crate) fn schemes(&self) -> impl Iterator<Item = &Scheme> {
        self.schemes.iter().flatten()
    }
}

impl Hmac {
    fn check(&self) -> Found {
        ensure(!self.parts.contains(&Part::Token), "what a token says is signed by the token")?;
        ensure(proves(self.signature), "a signature stands in a header, a query parameter or a field")?;
        self.signature.check()?;
        self.others.iter().try_for_each(At::check)?;
        ensure(!self.parts.is_empty(), "something must be signed")?;
        let signs = |part| self.parts.contains(&part);
        ensure(signs(Part::Timestamp) <= self.timestamp.is_some(), "the signed timestamp stands nowhere")?;
        let in_body = |at| matches!(at, At::Json(_) | At::Number(_)) && signs(Part::Body);
        let signed = self.timestamp.is_none_or(|(at, _)| signs(Part::Timestamp) || in_body(at));
        ensure(signed, "a timestamp that is not signed proves nothing")?;
        ensure(signs(Part::Id) == (self.id != At::Nowhere), "a signed id is in the template and in the request")?;
        let itself = match self.signature {
            At::Json(_) | At::Form(_) => signs(Part::Body) || signs(Part::BodyBase64) || signs(Part::SortedForm),
            At::Query(_) => signs(Part::Query) || signs(Part::Url),
            At::Header(name) => signs(Part::Header(name)),
            _ => false,
        };
        ensure(!itself, "no signature can be over itself")?;
        for at in [self.timestamp.map_or(At::Nowhere, |(at, _)| at), self.id] {
            let pair = matches!((at, self.syntax), (At::SignaturePair(_), Syntax::Pairs { .. }));
            let first = at == At::SignatureTime;
            let number = matches!(at, At::Number(_));
            ensure(
                at == At::Nowhere || pair || first || number || proves(at),
                "what is signed stands in a header, a pair or a field",
            )?;
            at.check()?;
        }
        let first = self.timestamp.is_some_and(|(at, _)| at == At::SignatureTime);
        let after = matches!(self.syntax, Syntax::AfterTime { .. });
        ensure(first == after && self.id != At::SignatureTime, "what stands before the signatures is the signed time")?;
        self.parts.iter().try_for_each(|part| match part {
            Part::Header(name) => At::Header(name).check(),
            _ => Ok(()),
        })
    }
}

#[cfg(feature = "http-signatures")]
impl super::HttpSignature {
    fn check(&self) -> Found {
        ensure(!self.parts.is_empty(), "something must be signed")?;
        self.parts.iter().try_for_each(|part| match part {
            Part::Header(name) => At::Header(name).check(),
            Part::Body | Part::Method | Part::Path | Part::Query | Part::Url => Ok(()),
            _ => ensure(false, "a component is method, address, a header, or the body by its digest"),
        })
    }
}

impl Jwt {
    fn check(&self) -> Found {
        for at in [self.at].iter().chain(self.others) {
            ensure(proves(*at), "a token stands in a header, a query parameter or a field")?;
            at.check()?;
            let in_body = matches!(at, At::Json(_) | At::Number(_) | At::Form(_));
            ensure(
                !in_body || !self.covers().contains(&Part::Body),
                "no token can hold the hash of the body it is in",
            )?;
        }
        let bound = |claim: &JwtClaim| matches!(claim, JwtClaim::BodyHash(_) | JwtClaim::UrlHash(_));
        ensure(!self.is_the_event || !self.claims.iter().any(bound), "a token that is the event binds nothing else")?;
        let hmac = self.algorithm == JwtAlgorithm::Hs256;
        ensure(hmac == (self.keys == JwtKeys::Secret), "a secret is for HMACs, and HMACs are by the secret")?;
        ensure(self.keys != JwtKeys::Unsaid, "nobody says where the keys are")?;
        let bounded = |claim: &JwtClaim| matches!(claim, JwtClaim::Expires | JwtClaim::Issued | JwtClaim::BodyHash(_));
        ensure(self.claims.iter().any(bounded), "a token that never ends and binds nothing is a static one")
    }
}

impl Handshake {
    fn check(&self) -> Found {
        let late = self.when.is_in_body();
        let by_none_or_key = matches!(self.proof, Proof::Scheme | Proof::None | Proof::Key(_));
        ensure(
            !late || by_none_or_key,
            "a handshake that shows in the body is proved as events are, by a key, or not",
        )?;
        let by_key = matches!(self.proof, Proof::Key(_));
        ensure(late || !by_key, "a handshake with a key of its own shows in the body")?;
        match self.when {
            When::Always => Ok(()),
            When::Has(at) | When::Is(at, _) => at.check(),
        }
    }
}

impl At {
    fn check(&self) -> Found {
        match self {
            Self::Header(name) => ensure(
                http::HeaderName::from_bytes(name.as_bytes()).is_ok_and(|n| n.as_str() == *name),
                "a header is named in lower case",
            ),
            Self::Json(pointer) | Self::Number(pointer) | Self::Document(pointer) | Self::Inner(pointer) => {
                ensure(pointer.is_empty() || pointer.starts_with('/'), "a JSON pointer starts with a slash")?;
                ensure(!pointer.contains('~'), "a JSON pointer's escapes are not read")
            }
            Self::Attribute(name) => ensure(
                !name.is_empty() && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit()),
                "an attribute is named in lower case",
            ),
            Self::NameOf(pointers) => pointers.iter().try_for_each(|pointer| Self::Json(pointer).check()),
            Self::Day(at) | Self::Optional(at) | Self::Made(at, _) => at.check(),
            Self::FirstOf(all) | Self::Joined(all, _) => {
                ensure(!all.contains(&Self::PayloadDigest), "a payload's digest is a part of its own")?;
                all.iter().try_for_each(Self::check)
            }
            _ => Ok(()),
        }
    }
}

/// Where a proof may stand: in one place.
fn proves(at: At) -> bool {
    matches!(at, At::Header(_) | At::Query(_) | At::Json(_) | At::Form(_))
}

fn ensure(holds: bool, otherwise: &'static str) -> Found {
    if holds { Ok(()) } else { Err(otherwise) }
}
