//! How much is under way, and whether more is taken.

use std::sync::{
    Arc,
    atomic::{AtomicBool, AtomicUsize, Ordering},
};

use crate::{Error, ErrorKind};

#[derive(Debug)]
pub(super) struct Gate {
    most: usize,
    under_way: AtomicUsize,
    closed: AtomicBool,
    #[cfg(feature = "tokio")]
    left: tokio::sync::Notify,
}

/// Counts until it is dropped.
#[derive(Debug)]
pub(super) struct Pass(Arc<Gate>);

impl Gate {
    pub(super) fn new(most: usize) -> Arc<Self> {
        Arc::new(Self {
            most,
            under_way: AtomicUsize::new(0),
            closed: AtomicBool::new(false),
            #[cfg(feature = "tokio")]
            left: tokio::sync::Notify::new(),
        })
    }

    pub(super) fn enter(self: &Arc<Self>) -> Result<Pass, Error> {
        // Counted first: whoever closes the gate then sees it or is seen.
        let before = self.under_way.fetch_add(1, Ordering::SeqCst);
        let pass = Pass(Arc::clone(self));
        if before >= self.most {
            return Err(Error::new(ErrorKind::Capacity, "too many at once"));
        }
        if self.closed.load(Ordering::SeqCst) {
            return Err(Error::new(ErrorKind::Capacity, "closing"));
        }
        Ok(pass)
    }

    #[cfg(feature = "tokio")]
    pub(super) fn close(&self) {
        self.closed.store(true, Ordering::SeqCst);
    }

    #[cfg(feature = "tokio")]
    pub(super) fn under_way(&self) -> usize {
        self.under_way.load(Ordering::SeqCst)
    }

    #[cfg(feature = "tokio")]
    pub(super) async fn empty(&self) {
        loop {
            let left = self.left.notified();
            let mut left = std::pin::pin!(left);
            left.as_mut().enable();
            if self.under_way() == 0 {
                return;
            }
            left.await;
        }
    }
}

impl Drop for Pass {
    fn drop(&mut self) {
        let _before = self.0.under_way.fetch_sub(1, Ordering::SeqCst);
        #[cfg(feature = "tokio")]
        // Nobody waits before it is closed, and whoever closes it now sees that this one has left.
        if _before == 1 && self.0.closed.load(Ordering::SeqCst) {
            self.0.left.notify_waiters();
        }
    }
}
