//! What the checks ask of a test.

use std::{future::Future, time::Duration};

use crate::store::{IdempotencyStore, TransactionalStore};

/// Gives the checks what they need, so that they never sleep. It may panic wherever it fails.
///
/// ```
/// use inhook::{
///     store::MemoryStore,
///     testing::{ManualClock, StoreHarness, check_idempotency, check_ordering},
/// };
/// use std::time::Duration;
///
/// #[derive(Default)]
/// struct Memory(MemoryStore, ManualClock);
///
/// impl StoreHarness for Memory {
///     type Store = MemoryStore;
///     async fn fresh(&mut self) -> MemoryStore {
///         self.0 = MemoryStore::new().clock(self.1.clock());
///         self.0.clone()
///     }
///     async fn second(&mut self) -> MemoryStore {
///         self.0.clone()
///     }
///     async fn advance(&mut self, by: Duration) {
///         self.1.advance(by);
///     }
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// check_idempotency(&mut Memory::default()).await;
/// check_ordering(&mut Memory::default()).await;
/// # }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be checked",
    note = "implement `inhook::testing::StoreHarness` for a type of your test: fresh store, second process, advance time"
)]
pub trait StoreHarness: Send {
    /// What is checked.
    type Store: IdempotencyStore;

    /// An empty store; those handed out before are no longer used.
    fn fresh(&mut self) -> impl Future<Output = Self::Store> + Send;

    /// The data of the last fresh one, as another process would open it.
    fn second(&mut self) -> impl Future<Output = Self::Store> + Send;

    /// Moves the clock that the stores go by; a database's own clock wants an offset that only tests set.
    fn advance(&mut self, by: Duration) -> impl Future<Output = ()> + Send;
}

/// What [`check_transactions`](super::check_transactions) needs besides.
#[diagnostic::on_unimplemented(
    message = "the transactions of `{Self}` cannot be checked",
    note = "implement `inhook::testing::TransactionHarness`: a write through a handler's connection, and how many there are"
)]
pub trait TransactionHarness: StoreHarness<Store: TransactionalStore> + Sync {
    /// Does what a handler would do: inserts one row more.
    fn write(&self, conn: &mut <Self::Store as TransactionalStore>::Conn) -> impl Future<Output = ()> + Send;

    /// How many rows stand in the last fresh store's data, as somebody outside of any transaction sees it. Never called
    /// while a transaction is open.
    fn written(&self) -> impl Future<Output = u64> + Send;
}
