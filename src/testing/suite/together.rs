//! Things that happen at the same time.

use std::{
    future::{Future, poll_fn},
    panic::resume_unwind,
    pin::{Pin, pin},
    sync::{Arc, Barrier},
    task::{Context, Poll, Wake, Waker},
    thread,
};

/// All of them, begun at the same moment: in tasks where there is a tokio runtime, else in threads.
pub(super) async fn at_once<F>(jobs: Vec<F>) -> Vec<F::Output>
where
    F: Future<Output: Send> + Send + 'static,
{
    #[cfg(feature = "tokio")]
    if tokio::runtime::Handle::try_current().is_ok() {
        return in_tasks(jobs).await;
    }
    in_threads(jobs)
}

#[cfg(feature = "tokio")]
async fn in_tasks<F>(jobs: Vec<F>) -> Vec<F::Output>
where
    F: Future<Output: Send> + Send + 'static,
{
    let barrier = Arc::new(tokio::sync::Barrier::new(jobs.len()));
    let start = |job| {
        let barrier = barrier.clone();
        tokio::spawn(async move {
            barrier.wait().await;
            job.await
        })
    };
    let tasks: Vec<_> = jobs.into_iter().map(start).collect();
    let mut outputs = Vec::with_capacity(tasks.len());
    for task in tasks {
        match task.await {
            Ok(output) => outputs.push(output),
            Err(failed) => resume_unwind(failed.into_panic()),
        }
    }
    outputs
}

fn in_threads<F>(jobs: Vec<F>) -> Vec<F::Output>
where
    F: Future<Output: Send> + Send,
{
    let barrier = &Barrier::new(jobs.len());
    thread::scope(|scope| {
        let start = |job| {
            scope.spawn(move || {
                barrier.wait();
                block_on(job)
            })
        };
        let threads: Vec<_> = jobs.into_iter().map(start).collect();
        threads.into_iter().map(|thread| thread.join().unwrap_or_else(|panic| resume_unwind(panic))).collect()
    })
}

fn block_on<F: Future>(future: F) -> F::Output {
    struct Unpark(thread::Thread);
    impl Wake for Unpark {
        fn wake(self: Arc<Self>) {
            self.0.unpark();
        }
    }
    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    let mut future = pin!(future);
    loop {
        match future.as_mut().poll(&mut Context::from_waker(&waker)) {
            Poll::Ready(output) => return output,
            Poll::Pending => thread::park(),
        }
    }
}

/// All of them, polled by turns on this task: for what borrows.
pub(super) async fn by_turns<F: Future>(futures: Vec<F>) -> Vec<F::Output> {
    let mut running: Vec<Pin<Box<F>>> = futures.into_iter().map(Box::pin).collect();
    let mut outputs: Vec<Option<F::Output>> = running.iter().map(|_| None).collect();
    poll_fn(|cx| {
        for (future, output) in running.iter_mut().zip(&mut outputs).filter(|(_, output)| output.is_none()) {
            if let Poll::Ready(ready) = future.as_mut().poll(cx) {
                *output = Some(ready);
            }
        }
        if outputs.iter().all(Option::is_some) { Poll::Ready(()) } else { Poll::Pending }
    })
    .await;
    outputs.into_iter().flatten().collect()
}

/// Both, the first a few steps ahead of the second.
pub(super) async fn ahead<A: Future, B: Future>(first: A, second: B) -> (A::Output, B::Output) {
    let second = async {
        for _ in 0..64 {
            breath().await;
        }
        second.await
    };
    let (mut first, mut second) = (pin!(first), pin!(second));
    let (mut a, mut b) = (None, None);
    poll_fn(|cx| {
        if a.is_none()
            && let Poll::Ready(output) = first.as_mut().poll(cx)
        {
            a = Some(output);
        }
        if b.is_none()
            && let Poll::Ready(output) = second.as_mut().poll(cx)
        {
            b = Some(output);
        }
        match (a.take(), b.take()) {
            (Some(a), Some(b)) => Poll::Ready((a, b)),
            unready => {
                (a, b) = unready;
                Poll::Pending
            }
        }
    })
    .await
}

/// Lets others go first.
pub(super) async fn breath() {
    let mut waited = false;
    poll_fn(|cx| {
        if std::mem::replace(&mut waited, true) {
            return Poll::Ready(());
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}
