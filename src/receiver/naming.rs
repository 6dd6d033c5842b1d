//! What an event is remembered under, and where it stands among the others.

use std::{
    borrow::Cow,
    hash::{BuildHasher, RandomState},
    time::Duration,
};

use data_encoding::HEXLOWER;
use sha2::{Digest, Sha256};

use crate::{
    Error, ErrorKind, Event, Field, Place,
    event::{LONGEST_ID, bounded},
    store::{Key, Slot},
};

pub(super) type OrderBy = dyn Fn(&Event) -> Option<Place> + Send + Sync;
pub(super) type KeyBy = dyn Fn(&Event) -> Option<String> + Send + Sync;

/// Who remembers, for how long a claim lasts, and what the user says of an event in place of its provider's data.
pub(super) struct Naming {
    pub(super) consumer: String,
    pub(super) lease: Duration,
    /// Whether payloads are looked for under other ids, too.
    pub(super) twins: bool,
    pub(super) key_by: Option<Box<KeyBy>>,
    pub(super) ordered_by: Option<Box<OrderBy>>,
}

impl Naming {
    pub(super) fn key(&self, event: &Event, id: String) -> Key {
        event.key_of(&self.consumer, id)
    }

    pub(super) fn id(&self, event: &Event) -> Option<String> {
        // Whatever `key_by` says by now.
        if let Some(key) = &event.inner.redriven {
            return Some(key.id.clone());
        }
        match &self.key_by {
            // Absent and empty are one: under an empty id all events would be the same.
            Some(key_by) => key_by(event).filter(|id| !id.is_empty()).map(|id| bounded(&id).into_owned()),
            None => event.id().map(Cow::into_owned),
        }
    }

    /// Where it stands; an error if no store could keep that.
    pub(super) fn place(&self, event: &Event) -> Result<Option<Box<Place>>, Error> {
        let Some(place) = self.ordered_by.as_ref().and_then(|place| place(event)) else { return Ok(None) };
        if place.rank.as_bytes().len() > LONGEST_ID {
            return Err(Error::new(ErrorKind::Config, "`ordered_by`: a rank has at most 256 bytes"));
        }
        Ok(Some(Box::new(Place { stream: bounded(&place.stream).into_owned(), ..place })))
    }

    /// What is to be claimed for it, and whether anything identifies it.
    pub(super) fn slot(&self, event: &Event) -> (Slot, bool) {
        let id = self.id(event);
        let identified = id.is_some();
        let key = self.key(event, id.unwrap_or_else(|| unsaid_id(event)));
        let mut slot = Slot::new(key, self.lease, event.inner.remember);
        slot.fingerprint = event.fingerprint();
        slot.twins = self.twins && !event.covers(Field::Identity) && self.key_by.is_none();
        slot.place = event.place().cloned();
        slot.generation = event.inner.generation;
        (slot, identified)
    }
}

/// For an event that nothing identifies, where a mark is needed all the same: never the same twice. In a sequence it is
/// known again by its payload, or each retry would begin to wait anew for what is missing before it.
fn unsaid_id(event: &Event) -> String {
    if let Some(Place { stream, rank, .. }) = event.place().filter(|place| place.order.is_sequence()) {
        let mut said = Sha256::new();
        for part in [stream.as_bytes(), rank.as_bytes(), event.raw().as_bytes()] {
            said.update((part.len() as u64).to_be_bytes());
            said.update(part);
        }
        return format!("placed:{}", HEXLOWER.encode(&said.finalize()));
    }
    let random = || RandomState::new().hash_one(());
    format!("fresh:{:016x}{:016x}", random(), random())
}
