//! The request with its proof written as it should be.

use http::HeaderName;

use super::{
    super::{keys, mac, scheme::Scheme},
    Examiner, Rewritten, Trial, proof,
};
use crate::{
    diagnosis::Writing,
    provider::{self, Digest},
};

impl Examiner<'_> {
    /// The request with whatever in `text` could be its proof written as it should be.
    pub(super) fn rewritten(&self, scheme: &Scheme, trial: &Trial, header: &str, text: &[u8]) -> Vec<Rewritten> {
        let Ok(name) = HeaderName::from_bytes(header.as_bytes()) else { return Vec::new() };
        let with = |mut trial: Trial, value| {
            trial.headers.insert(name.clone(), value);
            trial
        };
        let mut all = Vec::new();
        if let provider::Scheme::Token(token) = &scheme.data {
            let values = proof::tokens(text).into_iter().filter_map(|text| proof::borne(token, &text));
            all.extend(values.map(|value| (None, Writing::Around, with(trial.clone(), value))));
        }
        if let provider::Scheme::Hmac(hmac) = &scheme.data {
            for digest in [hmac.digest, Digest::Sha256, Digest::Sha1, Digest::Sha512] {
                let len = mac::length(digest);
                for (writing, signature) in proof::loosely(text, &(len..=len)) {
                    let value = proof::rightly(hmac, text, &signature);
                    let Some((trial, value)) = self.with_hash(scheme, trial, digest).zip(value) else { continue };
                    let hashes = (digest != hmac.digest).then_some((digest, hmac.digest));
                    all.push((hashes, proof::told(writing, hmac.encoding), with(trial, value)));
                }
            }
        }
        #[cfg(feature = "asymmetric")]
        if let provider::Scheme::PublicKey(provider::PublicKey { template, algorithms: [algorithm], .. }) = &scheme.data
        {
            for (writing, signature) in proof::loosely(text, &proof::lengths(*algorithm)) {
                let Some(value) = proof::rightly(template, text, &signature) else { continue };
                all.push((None, proof::told(writing, template.encoding), with(trial.clone(), value)));
            }
        }
        if let provider::Scheme::Jwt(jwt) = &scheme.data {
            let values = proof::tokens(text).into_iter().filter_map(|text| proof::behind(jwt.behind, &text));
            all.extend(values.map(|value| (None, Writing::Around, with(trial.clone(), value))));
        }
        #[cfg(feature = "http-signatures")]
        if let provider::Scheme::HttpSignature(data) = &scheme.data {
            let values = proof::labelled(data, &trial.headers, text).into_iter();
            all.extend(values.map(|(writing, value)| (None, writing, with(trial.clone(), value))));
        }
        if let provider::Scheme::Custom(custom) = &scheme.data {
            let len = mac::length(custom.digest);
            for (writing, signature) in proof::loosely(text, &(len..=len)) {
                let values = proof::bare(&signature);
                all.extend(
                    values.map(|(encoding, value)| (None, proof::told(writing, encoding), with(trial.clone(), value))),
                );
            }
        }
        all
    }

    /// The trial with another hash, where it is another.
    fn with_hash(&self, scheme: &Scheme, trial: &Trial, digest: Digest) -> Option<Trial> {
        let mut trial = trial.clone();
        let provider::Scheme::Hmac(hmac) = &scheme.data else { return None };
        if hmac.digest != digest {
            let mut other = *hmac;
            other.digest = digest;
            let data = provider::Scheme::Hmac(other);
            let all = self.secrets().map(|secret| keys::key(&data, secret).ok()).collect::<Option<_>>()?;
            let scheme = trial.scheme()?;
            (scheme.data, scheme.keys) = (data, all);
        }
        Some(trial)
    }
}
