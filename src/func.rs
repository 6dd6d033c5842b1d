//! Async functions whose futures can be asked to be `Send`.

use std::future::Future;

/// An async function or closure of these arguments; sealed, implemented for all of them.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not an async function of the arguments expected here",
    note = "pass an `async fn` or an `async |..|` closure, and give the event's type: `event: Event<Json<T>>`"
)]
pub trait AsyncFunc<Args, R>: sealed::Sealed<Args, R> {
    /// What calling it gives.
    type Fut: Future<Output = R>;
    #[doc(hidden)]
    fn call(self, args: Args) -> Self::Fut;
}

// `AsyncFnOnce` alone cannot name its future, so that no bound can be put on it; both together can.
impl<F, A, Fut, R> AsyncFunc<(A,), R> for F
where
    F: AsyncFnOnce(A) -> R + FnOnce(A) -> Fut,
    Fut: Future<Output = R>,
{
    type Fut = Fut;
    fn call(self, (a,): (A,)) -> Fut {
        self(a)
    }
}

impl<F, A, B, Fut, R> AsyncFunc<(A, B), R> for F
where
    F: AsyncFnOnce(A, B) -> R + FnOnce(A, B) -> Fut,
    Fut: Future<Output = R>,
{
    type Fut = Fut;
    fn call(self, (a, b): (A, B)) -> Fut {
        self(a, b)
    }
}

mod sealed {
    #[expect(unnameable_types, reason = "sealed")]
    pub trait Sealed<Args, R> {}
    impl<F: AsyncFnOnce(A) -> R, A, R> Sealed<(A,), R> for F {}
    impl<F: AsyncFnOnce(A, B) -> R, A, B, R> Sealed<(A, B), R> for F {}
}
