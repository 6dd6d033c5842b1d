//! What needs a runtime, and what is done without one.

use std::{
    future::Future,
    panic::{AssertUnwindSafe, catch_unwind},
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use crate::handlers::BoxFuture;

/// Runs a future to its end whatever becomes of the caller; what it could not finish at once goes on in a task of its
/// own. Without a runtime it runs on the caller's task, and ends with it.
pub(super) async fn detached<T: Send + 'static>(work: BoxFuture<'static, T>) -> Option<T> {
    #[cfg(feature = "tokio")]
    if let Ok(runtime) = tokio::runtime::Handle::try_current() {
        // Most work with a store in memory is done at the first poll, and needs no task.
        let mut work = work;
        return match std::future::poll_fn(|cx| Poll::Ready(work.as_mut().poll(cx))).await {
            Poll::Ready(done) => Some(done),
            Poll::Pending => runtime.spawn(work).await.ok(),
        };
    }
    Some(work.await)
}

/// Waits, if anything here can tell the time; `false` if not.
pub(super) async fn sleep(_time: Duration) -> bool {
    #[cfg(feature = "tokio")]
    if tokio::runtime::Handle::try_current().is_ok() {
        Box::pin(tokio::time::sleep(_time)).await;
        return true;
    }
    false
}

/// The future's value, or `None` once `limit` has passed; without a runtime nothing passes.
///
/// `work` is pinned where it stands: a future that is handed over is kept twice by whoever waits for it.
pub(crate) async fn within<T>(_limit: Duration, mut work: impl Future<Output = T> + Unpin) -> Option<T> {
    // What is done at the first poll needs no timer.
    if let Poll::Ready(done) = std::future::poll_fn(|cx| Poll::Ready(Pin::new(&mut work).poll(cx))).await {
        return Some(done);
    }
    #[cfg(feature = "tokio")]
    if tokio::runtime::Handle::try_current().is_ok() {
        // Boxed, or every future that waits so would be as large as a timer is.
        return Box::pin(tokio::time::timeout(_limit, work)).await.ok();
    }
    Some(work.await)
}

/// Polls both, and gives what `one` or `other` came to, whichever was first.
pub(super) async fn either<A, B>(
    mut one: impl Future<Output = A> + Unpin,
    mut other: impl Future<Output = B> + Unpin,
) -> Result<A, B> {
    std::future::poll_fn(|cx| match Pin::new(&mut one).poll(cx) {
        Poll::Ready(one) => Poll::Ready(Ok(one)),
        Poll::Pending => Pin::new(&mut other).poll(cx).map(Err),
    })
    .await
}

/// Begins it in a task of its own, so that nobody waits for it; without a runtime it runs here and now.
pub(super) async fn aside(work: impl Future<Output = ()> + Send + 'static) {
    #[cfg(feature = "tokio")]
    if let Ok(runtime) = tokio::runtime::Handle::try_current() {
        drop(runtime.spawn(work));
        return;
    }
    work.await;
}

/// `None` if it panicked; it is not polled again then.
pub(super) struct Caught<'f, F>(pub(super) Pin<&'f mut F>);

impl<F: Future> Future for Caught<'_, F> {
    type Output = Option<F::Output>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        // What it may have left half done is the handler's own; ours is only looked at through the store.
        match catch_unwind(AssertUnwindSafe(|| self.0.as_mut().poll(cx))) {
            Ok(poll) => poll.map(Some),
            Err(_) => Poll::Ready(None),
        }
    }
}
