//! Judging by tokens: first who signed one, then what it says.

use super::{
    Verifier,
    claims::{self, Known},
    judge::{Judged, REFUSED, tag_of},
    jws::{self, Jws},
    keys::Key,
    scheme::Scheme,
    stamp::Now,
};
use crate::{
    Error, Incoming,
    provider::{Jwt, JwtKeys},
};

impl Verifier {
    /// `text` stands at the place of this number.
    pub(super) fn judge_jwt(
        &self,
        request: &Incoming<'_>,
        jwt: &Jwt,
        scheme: &Scheme,
        (place, text): (usize, &[u8]),
        now: Now<'_>,
    ) -> Result<Judged, Error> {
        let token = if place == 0 { jws::behind(jwt.behind, text)? } else { text };
        let jws = Jws::read(token, jwt.algorithm)?;
        let which = match jwt.keys {
            JwtKeys::Secret => Some(which_secret(&jws, scheme).ok_or(REFUSED)?),
            _ => {
                self.signed_by_key(&jws, jwt, now)?;
                None
            }
        };
        let known = Known { expected: &self.0.expected, base: self.0.base.as_deref() };
        let stamp = claims::judge(jwt, &jws.claims()?, request, &known, now)?;
        self.judge_time(stamp, now)?;
        Ok(Judged { which, proved: true, stamp, ..Judged::default() })
    }

    #[cfg(feature = "asymmetric")]
    fn signed_by_key(&self, jws: &Jws<'_>, jwt: &Jwt, now: Now<'_>) -> Result<(), Error> {
        let kid = jws.kid.as_deref();
        let holds = self.0.token_keys.verify(jwt, kid, jws.signed, &jws.signature, now.date())?;
        if holds { Ok(()) } else { Err(REFUSED) }
    }

    #[cfg(not(feature = "asymmetric"))]
    fn signed_by_key(&self, jws: &Jws<'_>, _jwt: &Jwt, _now: Now<'_>) -> Result<(), Error> {
        // No such verifier was built.
        let _named_for_nothing = &jws.kid;
        Err(REFUSED)
    }
}

/// Every secret is tried.
fn which_secret(jws: &Jws<'_>, scheme: &Scheme) -> Option<usize> {
    let made = |key: &Key| matches!(key, Key::Mac(mac) if tag_of(mac, &[jws.signed]).is(&jws.signature));
    let mut which = None;
    for (at, key) in scheme.keys.iter().enumerate() {
        if made(key) && which.is_none() {
            which = Some(at);
        }
    }
    which
}
