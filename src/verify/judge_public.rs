//! Judging by public keys: those that a verifier was told, and those that it learns.

use time::OffsetDateTime;

use super::{
    Verifier,
    build::{Key, Scheme},
    certificate::Believed,
    judge::{Judged, Proofs, REFUSED},
    learn::Learned,
    public_key::Statement,
    signature,
    stamp::{Now, Stamp},
};
use crate::{
    Error, ErrorKind, Incoming, KeyId,
    provider::{
        Certificates, Claim, Keys, PublicKey,
        locate::{self},
    },
};

/// The longest signature, of an RSA key of 8,192 bits, in bytes.
const LONGEST: usize = 1024;
/// How many signatures are tried: each costs as much as hundreds of hashes, and no sender needs so many.
const MOST: usize = 16;

impl Verifier {
    pub(super) fn judge_public(
        &self,
        request: &Incoming<'_>,
        scheme: &PublicKey,
        built: &Scheme,
        proofs: &Proofs<'_>,
        now: Now,
    ) -> Result<Judged, Error> {
        if let Some((at, name)) = scheme.named {
            let said = locate::find(at, request, false)?.ok_or(locate::missing())?;
            if *said != *name.as_bytes() {
                return Err(Error::new(ErrorKind::WrongAlgorithm, "the provider signs with another one"));
            }
        }
        if scheme.read.is_some() {
            return self.judge_claim(request, scheme, built, now);
        }
        let template = &scheme.template;
        let [algorithm] = *scheme.algorithms else { return Err(REFUSED) };
        let (message, stamp) = self.read(request, template, built, proofs.first)?;
        let signatures = signatures(template.syntax, template.encoding, proofs)?;
        let said = || Statement::of(algorithm, |to| message.feed(template.parts, to));
        let which = match &scheme.keys {
            Keys::Told(_) => {
                let said = said()?;
                let made = |key: &Key| matches!(key, Key::Public(key) if signatures.iter().any(|signature| key.signed(&said, signature)));
                Some(built.keys.iter().position(made).ok_or(REFUSED)?)
            }
            Keys::Fetched(data) => {
                let address = built.certificate.find(request, false)?.ok_or(locate::missing())?;
                let made = self.by_certificate(data, &String::from_utf8_lossy(&address), now, |believed| {
                    let key = believed.key(algorithm).ok_or(REFUSED)?;
                    let said = said()?;
                    Ok(signatures.iter().any(|signature| key.signed(&said, signature)))
                })?;
                if !made {
                    return Err(REFUSED);
                }
                None
            }
        };
        self.judge_time(stamp, now)?;
        Ok(Judged { which, proved: true, stamp, ..Judged::default() })
    }

    /// A request of which a function reads what was signed.
    fn judge_claim(
        &self,
        request: &Incoming<'_>,
        scheme: &PublicKey,
        built: &Scheme,
        now: Now,
    ) -> Result<Judged, Error> {
        let read = scheme.read.ok_or(REFUSED)?;
        let Claim { algorithm, key, message, signature, time, meant_for, .. } =
            (read.0)(&self.exhibit(request, 0, &|_, _, _| false))?;
        if !scheme.algorithms.contains(&algorithm) {
            return Err(Error::new(ErrorKind::WrongAlgorithm, "this algorithm is not taken"));
        }
        if signature.len() > LONGEST {
            return Err(REFUSED);
        }
        let said = || {
            Statement::of(algorithm, |to| {
                to.update(&message);
                Ok::<_, Error>(())
            })
        };
        let which = match &scheme.keys {
            Keys::Told(_) => {
                let said = said()?;
                let made = |key: &Key| matches!(key, Key::Public(key) if key.signed(&said, &signature));
                Some(built.keys.iter().position(made).ok_or(REFUSED)?)
            }
            Keys::Fetched(data) => {
                let made = self.by_certificate(data, &key, now, |believed| {
                    Ok(believed.key(algorithm).ok_or(REFUSED)?.signed(&said()?, &signature))
                })?;
                if !made {
                    return Err(REFUSED);
                }
                None
            }
        };
        if let Some((name, value)) = meant_for
            && !self.0.expected.iter().any(|(n, v)| n == name && *v == value)
        {
            return Err(Error::new(ErrorKind::Unexpected, "it is meant for somebody else"));
        }
        let stamp = time.map(|(text, unit)| Stamp::parse(&text, unit)).transpose()?;
        self.judge_time(stamp, now)?;
        Ok(Judged { which, proved: true, stamp, ..Judged::default() })
    }

    /// What is made of the certificate at this address, if the address is the provider's and the certificate is known.
    fn by_certificate<T>(
        &self,
        data: &Certificates,
        address: &str,
        now: Now,
        judge: impl FnOnce(&Believed) -> Result<T, Error>,
    ) -> Result<T, Error> {
        if !data.pinned.has(address) {
            return Err(Error::new(ErrorKind::KeyUntrusted, "the certificate's address is not one of the provider's"));
        }
        let now = match now {
            Now::Machine => OffsetDateTime::now_utc(),
            Now::At(at) => at,
        };
        let learned = self.0.ring.get(address, None, now).ok_or_else(|| Error::needs_key(KeyId::new(address)))?;
        let Learned::Certificate(believed) = &*learned;
        judge(believed)
    }
}

/// The bytes of each signature of this scheme; none is a refusal.
fn signatures(
    syntax: crate::provider::Syntax,
    encoding: crate::provider::Encoding,
    proofs: &Proofs<'_>,
) -> Result<Vec<Vec<u8>>, Error> {
    let mut any = false;
    let mut signatures = Vec::new();
    for text in proofs.texts() {
        for candidate in signature::candidates(syntax, text) {
            any = true;
            signatures.extend(signature::decode(encoding, candidate, LONGEST));
        }
    }
    if !any {
        return Err(Error::new(ErrorKind::MalformedHeader, "no signature of this scheme stands in it"));
    }
    match signatures.len() {
        0 => Err(REFUSED),
        1..=MOST => Ok(signatures),
        _ => Err(Error::new(ErrorKind::MalformedHeader, "there are too many signatures")),
    }
}
