//! From what was had for a key to what judges by it.

use time::OffsetDateTime;

use super::build::Inner;
use crate::{Error, ErrorKind, KeyId, KeyMaterial, provider};

/// What was made of a key's material.
#[derive(Debug)]
pub(super) enum Learned {}

/// What a scheme makes of it, and from when until when that is good.
pub(super) struct Lesson {
    pub(super) learned: Learned,
    pub(super) from: OffsetDateTime,
    pub(super) until: OffsetDateTime,
}

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
        let lesson = self.schemes.iter().find_map(|scheme| self.lesson(&scheme.data, id, material, now));
        let Lesson { learned, from, until } = lesson.ok_or(NOWHERE)??;
        self.ring.put(id.clone(), learned, from, until);
        Ok(())
    }

    fn lesson(
        &self,
        _scheme: &crate::provider::Scheme,
        _id: &KeyId,
        _material: &KeyMaterial,
        _now: OffsetDateTime,
    ) -> Option<Result<Lesson, Error>> {
        None
    }
}
