//! Visiting the address that a provider asks for before it sends events.

use std::{future::Future, pin::pin, time::Duration};

use crate::{
    Confirmation, Error, ErrorKind,
    handlers::BoxFuture,
    rt::{self, Caught},
};

/// Visits what a handshake wants visited: see [`Builder::confirm_by`](crate::Builder::confirm_by).
///
/// It is only asked for authentic requests that are meant for this receiver, and for addresses that the provider's data
/// allows. It must follow no redirect.
pub trait Confirm: Send + Sync + 'static {
    /// Visits [`Confirmation::url`]; twice does no harm.
    ///
    /// # Errors
    /// [`Error::unconfirmed`]: answered 503, so that the provider asks again.
    fn confirm(&self, confirmation: &Confirmation) -> impl Future<Output = Result<(), Error>> + Send;
}

/// A [`Confirm`] whose type nobody has to name.
pub(super) trait DynConfirm: Send + Sync {
    fn confirm<'c>(&'c self, confirmation: &'c Confirmation) -> BoxFuture<'c, Result<(), Error>>;
}

impl<C: Confirm> DynConfirm for C {
    fn confirm<'c>(&'c self, confirmation: &'c Confirmation) -> BoxFuture<'c, Result<(), Error>> {
        Box::pin(Confirm::confirm(self, confirmation))
    }
}

/// Does it within `patience`; whatever goes wrong is unconfirmed.
pub(super) async fn confirm(by: &dyn DynConfirm, confirmation: &Confirmation, patience: Duration) -> Result<(), Error> {
    const SLOW: Error = Error::new(ErrorKind::Unconfirmed, "the visit took too long");
    const PANICKED: Error = Error::new(ErrorKind::Unconfirmed, "the visitor panicked");
    let visiting = pin!(by.confirm(confirmation));
    let visited = rt::within(patience, Caught(visiting)).await;
    visited.unwrap_or(Some(Err(SLOW))).unwrap_or(Err(PANICKED)).map_err(|e| match e.kind() {
        ErrorKind::Unconfirmed => e,
        _ => Error::unconfirmed(e),
    })
}
