//! The only doors to a [`Delivery`] or an [`Event`] that do not pass a signature check: search for this name in reviews.

use crate::{Delivery, Error, Event, Incoming, Verifier};

/// Believes the request: for what was verified before it was recorded, or what came through a channel that vouches for
/// its sender (EventBridge, a queue); never for what a network brings.
///
/// # Errors
/// [`Envelope`](crate::ErrorKind::Envelope) if no envelope can be read.
pub fn unverified<'r>(verifier: &'r Verifier, request: impl Into<Incoming<'r>>) -> Result<Delivery, Error> {
    verifier.believe(request.into()).delivery()
}

/// Believes the record that [`Event::to_record`] made: whoever can write where it was kept can forge events.
///
/// # Errors
/// [`Store`](crate::ErrorKind::Store) if it is not such a record.
pub fn event_from_record(record: &[u8]) -> Result<Event, Error> {
    crate::event::event_from_record(record)
}
