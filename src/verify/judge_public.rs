//! Judging by public keys: those that a verifier was told, and those that it learns.

use super::{
    Verifier,
    judge::{Judged, Proofs, REFUSED},
    keys::Key,
    learn::Learned,
    public_key::{self, Statement},
    scheme::Scheme,
    signature,
    stamp::{Now, Stamp},
};
use crate::{
    Error, ErrorKind, Incoming, KeyId,
    provider::{Algorithm, Claim, Encoding, Keys, PublicKey, Syntax, locate},
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
        now: Now<'_>,
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
        let address = || Ok(built.certificate.find(request, false)?.ok_or(locate::missing())?.into_owned());
        let case = Case { algorithm, said: &said, address: &address, signatures };
        let which = self.prove(scheme, built, &case, now)?;
        self.judge_time(stamp, now)?;
        Ok(Judged { which, proved: true, stamp, ..Judged::default() })
    }

    /// A request of which a function reads what was signed.
    fn judge_claim(
        &self,
        request: &Incoming<'_>,
        scheme: &PublicKey,
        built: &Scheme,
        now: Now<'_>,
    ) -> Result<Judged, Error> {
        let read = scheme.read.ok_or(REFUSED)?;
        let Claim { algorithm, key, message, signature, time, meant_for, .. } =
            (read.0)(&self.exhibit(request, 0, &|_, _, _| false))?;
        if !scheme.algorithms.contains(&algorithm) {
            return Err(Error::new(ErrorKind::WrongAlgorithm, "this algorithm is not taken"));
        }
        if signature.is_empty() || signature.len() > LONGEST {
            return Err(REFUSED);
        }
        let said = || {
            Statement::of(algorithm, |to| {
                to.update(&message);
                Ok::<_, Error>(())
            })
        };
        let address = || Ok(key.clone().into_bytes());
        let case = Case { algorithm, said: &said, address: &address, signatures: vec![signature] };
        let which = self.prove(scheme, built, &case, now)?;
        if let Some((name, value)) = meant_for
            && !self.0.expected.iter().any(|(n, v)| n == name && *v == value)
        {
            return Err(Error::new(ErrorKind::Unexpected, "it is meant for somebody else"));
        }
        let stamp = time.map(|(text, unit)| Stamp::parse(&text, unit)).transpose()?;
        self.judge_time(stamp, now)?;
        Ok(Judged { which, proved: true, stamp, ..Judged::default() })
    }

    /// Which of the verifier's keys made it; `None` for one that was learned.
    fn prove(&self, scheme: &PublicKey, built: &Scheme, case: &Case<'_>, now: Now<'_>) -> Result<Option<usize>, Error> {
        let data = match &scheme.keys {
            Keys::Told(_) => {
                let said = (case.said)()?;
                let made = |key: &Key| matches!(key, Key::Public(key) if case.is_made_by(key, &said));
                return built.keys.iter().position(made).map(Some).ok_or(REFUSED);
            }
            Keys::Fetched(data) => data,
        };
        const FOREIGN: Error =
            Error::new(ErrorKind::KeyUntrusted, "the certificate's address is not one of the provider's");
        let address = String::from_utf8((case.address)()?).map_err(|_| FOREIGN)?;
        if !data.pinned.has(&address) {
            return Err(FOREIGN);
        }
        let now = now.date();
        let Some(learned) = self.0.ring.get(&address, None, now) else {
            return Err(Error::needs_key(KeyId::new(address)));
        };
        let Learned::Certificate(believed) = &*learned;
        let key = believed.key(case.algorithm).ok_or(REFUSED)?;
        if case.is_made_by(key, &(case.said)()?) { Ok(None) } else { Err(REFUSED) }
    }
}

/// What is claimed: that one of these signatures is by one algorithm over this.
struct Case<'c> {
    algorithm: Algorithm,
    said: &'c dyn Fn() -> Result<Statement, Error>,
    /// Where the key is, if requests say so.
    address: &'c dyn Fn() -> Result<Vec<u8>, Error>,
    signatures: Vec<Vec<u8>>,
}

impl Case<'_> {
    fn is_made_by(&self, key: &public_key::PublicKey, said: &Statement) -> bool {
        self.signatures.iter().any(|signature| key.signed(said, signature))
    }
}

/// The bytes of each signature of this scheme; none is a refusal.
fn signatures(syntax: Syntax, encoding: Encoding, proofs: &Proofs<'_>) -> Result<Vec<Vec<u8>>, Error> {
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
