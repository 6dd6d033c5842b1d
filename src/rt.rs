//! What needs a runtime, and what is done without one.

use std::{
    future::Future,
    panic::{AssertUnwindSafe, catch_unwind},
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use crate::handlers::BoxFuture;

/// Runs a future to its end whatever becomes of the caller: what somebody has begun to wait for and leaves goes on in a
/// task of its own. Nothing is spawned for whoever stays, since that costs more than most stores do. Without a runtime it
/// ends with its caller.
pub(crate) struct Detached<T: Send + 'static> {
    work: Option<BoxFuture<'static, T>>,
    #[cfg(feature = "tokio")]
    begun: Option<tokio::runtime::Handle>,
}

impl<T: Send + 'static> Detached<T> {
    pub(crate) fn new(work: BoxFuture<'static, T>) -> Self {
        Self {
            work: Some(work),
            #[cfg(feature = "tokio")]
            begun: None,
        }
    }
}

impl<T: Send + 'static> Future for Detached<T> {
    /// `None` if it panicked.
    type Output = Option<T>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<T>> {
        let Some(work) = &mut self.work else { return Poll::Ready(None) };
        let polled = Pin::new(&mut Caught(work.as_mut())).poll(cx);
        if polled.is_ready() {
            self.work = None;
        }
        #[cfg(feature = "tokio")]
        if polled.is_pending() && self.begun.is_none() {
            self.begun = tokio::runtime::Handle::try_current().ok();
        }
        polled
    }
}

#[cfg(feature = "tokio")]
impl<T: Send + 'static> Drop for Detached<T> {
    fn drop(&mut self) {
        if let Some((work, runtime)) = self.work.take().zip(self.begun.take()) {
            drop(runtime.spawn(work));
        }
    }
}

/// Waits, if anything here can tell the time; `false` if not.
pub(crate) async fn sleep(_time: Duration) -> bool {
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

/// The future's value. For how long it had to be waited for is added to `spent`, where anything here can tell the time.
pub(crate) async fn timed<T>(spent: &mut Duration, mut work: impl Future<Output = T> + Unpin) -> T {
    if let Poll::Ready(done) = std::future::poll_fn(|cx| Poll::Ready(Pin::new(&mut work).poll(cx))).await {
        return done;
    }
    #[cfg(feature = "tokio")]
    let begun = tokio::time::Instant::now();
    let done = work.await;
    #[cfg(feature = "tokio")]
    {
        *spent += begun.elapsed();
    }
    #[cfg(not(feature = "tokio"))]
    let _nothing_tells_the_time = spent;
    done
}

/// Polls both, and gives what `one` or `other` came to, whichever was first.
pub(crate) async fn either<A, B>(
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
pub(crate) async fn aside(work: impl Future<Output = ()> + Send + 'static) {
    #[cfg(feature = "tokio")]
    if let Ok(runtime) = tokio::runtime::Handle::try_current() {
        drop(runtime.spawn(work));
        return;
    }
    work.await;
}

/// `None` if it panicked; it is not polled again then.
pub(crate) struct Caught<'f, F: ?Sized>(pub(crate) Pin<&'f mut F>);

impl<F: Future + ?Sized> Future for Caught<'_, F> {
    type Output = Option<F::Output>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        // What it may have left half done is the handler's own; ours is only looked at through the store.
        match catch_unwind(AssertUnwindSafe(|| self.0.as_mut().poll(cx))) {
            Ok(poll) => poll.map(Some),
            Err(_) => Poll::Ready(None),
        }
    }
}

/// Whatever panics while this is dropped half done ends with it: whoever gave up on a handler has yet to free its claim.
pub(crate) struct Contained<'f, T>(Option<BoxFuture<'f, T>>);

impl<'f, T> Contained<'f, T> {
    pub(crate) fn new(work: BoxFuture<'f, T>) -> Self {
        Self(Some(work))
    }
}

impl<T> Future for Contained<'_, T> {
    type Output = T;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<T> {
        self.0.as_mut().map_or(Poll::Pending, |work| work.as_mut().poll(cx))
    }
}

impl<T> Drop for Contained<'_, T> {
    fn drop(&mut self) {
        let work = self.0.take();
        let _dropped_or_panicked = catch_unwind(AssertUnwindSafe(|| drop(work)));
    }
}

#[cfg(all(test, feature = "tokio"))]
mod tests {
    use std::{future::poll_fn, sync::Arc};

    use tokio::sync::Notify;

    use super::*;

    #[tokio::test]
    async fn what_is_left_goes_on_and_what_never_began_does_not() {
        let (go, done) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
        let work = || {
            let (go, done) = (Arc::clone(&go), Arc::clone(&done));
            Detached::new(Box::pin(async move {
                go.notified().await;
                done.notify_one();
            }))
        };
        drop(work());
        let mut left = work();
        assert!(poll_fn(|cx| Poll::Ready(Pin::new(&mut left).poll(cx))).await.is_pending());
        drop(left);
        go.notify_one();
        done.notified().await;
        assert_eq!(Arc::strong_count(&go), 1);
    }

    #[tokio::test]
    async fn a_panic_is_told_and_leaves_nothing() {
        let mut work = Detached::<()>::new(Box::pin(async { panic!("expected") }));
        assert_eq!((&mut work).await, None);
        assert!(work.work.is_none());
    }
}
