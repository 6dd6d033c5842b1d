//! The suites, which every store passes.

use inhook::testing::{
    ManualClock, StoreHarness, TransactionHarness, check_dead_letters, check_idempotency, check_ordered_dead_letters,
    check_ordered_transactions, check_ordering, check_transactions,
};

use super::*;

#[derive(Default)]
struct Harness {
    clock: ManualClock,
    /// The file of the last fresh store, and a handle to it.
    last: Option<(TempDir, PathBuf, SqliteStore)>,
}

impl StoreHarness for Harness {
    type Store = SqliteStore;

    async fn fresh(&mut self) -> SqliteStore {
        let (dir, path) = file();
        let store = with_effects(SqliteStore::open(&path).await.unwrap().clock(self.clock.clock())).await;
        self.last = Some((dir, path, store.clone()));
        store
    }

    async fn second(&mut self) -> SqliteStore {
        let (_, path, _) = self.last.as_ref().unwrap();
        SqliteStore::open(path).await.unwrap().clock(self.clock.clock())
    }

    async fn advance(&mut self, by: Duration) {
        self.clock.advance(by);
    }
}

impl TransactionHarness for Harness {
    async fn write(&self, conn: &mut sqlx::SqliteConnection) {
        sqlx::query("insert into effects (id) values ('written')").execute(conn).await.unwrap();
    }

    async fn written(&self) -> u64 {
        let (_, _, store) = self.last.as_ref().unwrap();
        effects(store, "written").await.try_into().unwrap()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn of_an_idempotency_store() {
    check_idempotency(&mut Harness::default()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_an_ordering_store() {
    check_ordering(&mut Harness::default()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_a_transactional_store() {
    check_transactions(&mut Harness::default()).await;
    check_ordered_transactions(&mut Harness::default()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_a_dead_letter_store() {
    check_dead_letters(&mut Harness::default()).await;
    check_ordered_dead_letters(&mut Harness::default()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn with_a_memory_in_front() {
    let mut harness = crate::cached::Cached::new(Harness::default());
    check_idempotency(&mut harness).await;
    check_ordering(&mut harness).await;
    check_transactions(&mut harness).await;
    check_ordered_transactions(&mut harness).await;
    check_dead_letters(&mut harness).await;
    check_ordered_dead_letters(&mut harness).await;
}
