//! From what was had for a key to what judges by it.

use time::{Duration, OffsetDateTime};

use super::{build::Inner, certificate::Believed, scheme::Scheme};
use crate::{
    Error, ErrorKind, KeyId, KeyMaterial,
    provider::{self, Keys},
};

/// What was made of a key's material.
#[derive(Debug)]
pub(super) enum Learned {
    Certificate(Believed),
}

/// What a scheme makes of it, and from when until when that is good.
pub(super) struct Lesson {
    pub(super) learned: Learned,
    pub(super) from: OffsetDateTime,
    pub(super) until: OffsetDateTime,
}

/// How long anything is kept at most, so that what its owner took back is not believed for ever.
const LONGEST: Duration = Duration::DAY;
/// What is said to be good for less is kept for so long all the same, or every request would fetch.
const SHORTEST: Duration = Duration::minutes(5);

impl Inner {
    /// The first scheme that has its keys there reads it.
    pub(super) fn learn(&self, id: &KeyId, material: &KeyMaterial, now: OffsetDateTime) -> Result<(), Error> {
        const NOWHERE: Error = Error::new(ErrorKind::Config, "this provider has no key there");
        let mut schemes = self.schemes.iter();
        let token = schemes.find_map(|scheme| match &scheme.data {
            provider::Scheme::Jwt(jwt) => self.token_keys.learn(jwt, id, material, now),
            _ => None,
        });
        if let Some(learned) = token {
            return learned;
        }
        let lesson = self.schemes.iter().find_map(|scheme| scheme.lesson(id, material, now));
        let Lesson { learned, from, until } = lesson.ok_or(NOWHERE)??;
        let age = material.max_age.and_then(|age| age.try_into().ok()).unwrap_or(LONGEST);
        let until = until.min(now.saturating_add(age.clamp(SHORTEST, LONGEST)));
        self.ring.put(id.clone(), learned, from, until);
        Ok(())
    }
}

impl Scheme {
    /// `None` if it has no keys there.
    fn lesson(&self, id: &KeyId, material: &KeyMaterial, now: OffsetDateTime) -> Option<Result<Lesson, Error>> {
        match (&self.data, &self.trust) {
            (provider::Scheme::PublicKey(scheme), Some(trust)) => {
                let Keys::Fetched(data) = &scheme.keys else { return None };
                if id.id.is_some() || !data.pinned.has(&id.url) {
                    return None;
                }
                let believed = Believed::of(data, scheme.algorithms, trust, material, now);
                Some(believed.map(|believed| Lesson {
                    from: believed.from,
                    until: believed.until,
                    learned: Learned::Certificate(believed),
                }))
            }
            _ => None,
        }
    }
}
