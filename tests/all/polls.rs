//! Futures that do not get as far as they would.

use std::{future::Future, pin::pin, task::Poll};

/// What the future has come to if it is polled once.
#[cfg(feature = "testing")]
pub(crate) fn once<F: Future>(future: F) -> Option<F::Output> {
    let mut nobody = std::task::Context::from_waker(std::task::Waker::noop());
    match pin!(future).poll(&mut nobody) {
        Poll::Ready(output) => Some(output),
        Poll::Pending => None,
    }
}

/// Drops the future after so many polls; `None` if it was not done by then.
#[cfg(any(feature = "postgres", feature = "sqlite"))]
pub(crate) async fn drop_after<T>(polls: usize, future: impl Future<Output = T>) -> Option<T> {
    let mut future = pin!(future);
    let mut left = polls;
    std::future::poll_fn(|cx| {
        if left == 0 {
            return Poll::Ready(None);
        }
        left -= 1;
        future.as_mut().poll(cx).map(Some)
    })
    .await
}
