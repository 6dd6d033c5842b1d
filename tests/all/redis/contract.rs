//! The suites, which every store passes; once more over three shards, where a name of another hash slot is an error.

use inhook::{
    store::redis::redis::{ProtocolVersion, aio::ConnectionManager},
    testing::{
        ManualClock, StoreHarness, check_dead_letters, check_idempotency, check_ordered_dead_letters, check_ordering,
    },
};

use super::{cluster::Cluster, *};

struct Harness<C> {
    clock: ManualClock,
    /// How many fresh ones there were; each has a prefix to itself.
    count: u32,
    connections: [C; 2],
}

impl<C: Connection> Harness<C> {
    fn new(connections: [C; 2]) -> Self {
        Self { clock: ManualClock::new(), count: 0, connections }
    }

    async fn open(&self, connection: usize) -> RedisStore<C> {
        let builder = RedisStore::builder(self.connections[connection].clone());
        builder.prefix(format!("hooks:{{fresh {}}}", self.count)).open().await.unwrap().clock(self.clock.clock())
    }
}

async fn harness(server: &Server) -> Harness<ConnectionManager> {
    Harness::new([server.connection().await, server.connection().await])
}

impl<C: Connection> StoreHarness for Harness<C> {
    type Store = RedisStore<C>;

    async fn fresh(&mut self) -> RedisStore<C> {
        self.count += 1;
        self.open(0).await
    }

    async fn second(&mut self) -> RedisStore<C> {
        self.open(1).await
    }

    async fn advance(&mut self, by: Duration) {
        self.clock.advance(by);
    }
}

async fn check<H: StoreHarness<Store: DeadLetterStore + OrderingStore>>(harness: &mut H) {
    check_idempotency(harness).await;
    check_ordering(harness).await;
    check_dead_letters(harness).await;
    check_ordered_dead_letters(harness).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_all_that_it_is() {
    let Some(server) = Server::start(&[]) else { return };
    check(&mut harness(&server).await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_all_that_it_is_within_a_cluster() {
    let Some(cluster) = Cluster::start().await else { return };
    let other = cluster.client().use_protocol(ProtocolVersion::RESP3).build().unwrap();
    let mut harness = Harness::new([cluster.connection().await, other.get_async_connection().await.unwrap()]);
    check(&mut harness).await;
    for node in &cluster.masters {
        assert!(node.ask::<u64>("DBSIZE").await.unwrap() > 0, "one of three has seen no store");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn with_a_memory_in_front() {
    let Some(server) = Server::start(&[]) else { return };
    check(&mut crate::cached::Cached::new(harness(&server).await)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_the_model() {
    let Some(server) = Server::start(&[]) else { return };
    let mut harness = harness(&server).await;
    crate::claims::plays(100, async |clock| {
        harness.clock = clock;
        harness.fresh().await
    })
    .await;
}
