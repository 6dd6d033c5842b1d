//! The suites, which every store passes.

use inhook::testing::{
    ManualClock, StoreHarness, TransactionHarness, check_dead_letters, check_idempotency, check_ordered_dead_letters,
    check_ordered_transactions, check_ordering, check_transactions,
};

use super::*;

struct Harness {
    clock: ManualClock,
    database: Database,
    /// How many fresh ones there were; each has a schema to itself.
    count: u32,
    pools: [PgPool; 2],
}

async fn harness() -> Option<Harness> {
    let database = database().await?;
    // The pools stay: connecting takes longer than all else.
    let pools = [database.pool(20).await, database.pool(20).await];
    Some(Harness { clock: ManualClock::new(), database, count: 0, pools })
}

impl Harness {
    async fn open(&self, pool: usize) -> PgStore {
        let builder = PgStore::builder(self.pools[pool].clone()).schema(format!("fresh_{}", self.count));
        builder.wait(PATIENCE).open().await.unwrap().clock(self.clock.clock())
    }
}

impl StoreHarness for Harness {
    type Store = PgStore;

    async fn fresh(&mut self) -> PgStore {
        self.count += 1;
        let store = self.open(0).await;
        sqlx::raw_sql("create table if not exists effects (id text not null); truncate effects")
            .execute(store.pool())
            .await
            .unwrap();
        let mut conn = store.pool().acquire().await.unwrap();
        check_rows(&mut conn, &format!("fresh_{}", self.count)).await;
        drop(conn);
        store
    }

    async fn second(&mut self) -> PgStore {
        self.open(1).await
    }

    async fn advance(&mut self, by: Duration) {
        self.clock.advance(by);
    }
}

impl TransactionHarness for Harness {
    async fn write(&self, conn: &mut PgConnection) {
        sqlx::query("insert into effects (id) values ('written')").execute(conn).await.unwrap();
    }

    async fn written(&self) -> u64 {
        assert!(self.database.name.starts_with("test_"));
        let count: i64 = sqlx::query_scalar("select count(*) from effects").fetch_one(&self.pools[0]).await.unwrap();
        count.try_into().unwrap()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn of_an_idempotency_store() {
    let Some(mut harness) = harness().await else { return };
    check_idempotency(&mut harness).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_an_ordering_store() {
    let Some(mut harness) = harness().await else { return };
    check_ordering(&mut harness).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_a_transactional_store() {
    let Some(mut harness) = harness().await else { return };
    check_transactions(&mut harness).await;
    check_ordered_transactions(&mut harness).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_a_dead_letter_store() {
    let Some(mut harness) = harness().await else { return };
    check_dead_letters(&mut harness).await;
    check_ordered_dead_letters(&mut harness).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_the_model() {
    let Some(mut harness) = harness().await else { return };
    crate::claims::plays(12, async |clock| {
        harness.clock = clock;
        harness.fresh().await
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn with_a_memory_in_front() {
    let Some(harness) = harness().await else { return };
    let mut harness = crate::cached::Cached::new(harness);
    check_idempotency(&mut harness).await;
    check_ordering(&mut harness).await;
    check_transactions(&mut harness).await;
    check_ordered_transactions(&mut harness).await;
    check_dead_letters(&mut harness).await;
    check_ordered_dead_letters(&mut harness).await;
}
