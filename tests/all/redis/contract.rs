//! The suites, which every store passes; once more where a name of another hash slot is an error.

use inhook::testing::{
    ManualClock, StoreHarness, check_dead_letters, check_idempotency, check_ordered_dead_letters, check_ordering,
};

use inhook::store::DeadLetterStore;

use super::*;

struct Harness {
    clock: ManualClock,
    /// How many fresh ones there were; each has a prefix to itself.
    count: u32,
    connections: [ConnectionManager; 2],
    _server: Server,
}

async fn harness(arguments: &[&str]) -> Option<Harness> {
    let server = Server::start(arguments)?;
    let connections = [server.connection().await, server.connection().await];
    Some(Harness { clock: ManualClock::new(), count: 0, connections, _server: server })
}

impl Harness {
    async fn open(&self, connection: usize) -> RedisStore {
        let builder = RedisStore::builder(self.connections[connection].clone());
        builder.prefix(format!("hooks:{{fresh {}}}", self.count)).open().await.unwrap().clock(self.clock.clock())
    }
}

impl StoreHarness for Harness {
    type Store = RedisStore;

    async fn fresh(&mut self) -> RedisStore {
        self.count += 1;
        self.open(0).await
    }

    async fn second(&mut self) -> RedisStore {
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
    let Some(mut harness) = harness(&[]).await else { return };
    check(&mut harness).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_all_that_it_is_within_a_cluster() {
    let ports = [(); 2].map(|()| std::net::TcpListener::bind("127.0.0.1:0").unwrap());
    let [port, bus] = ports.map(|listener| listener.local_addr().unwrap().port().to_string());
    let arguments = ["--cluster-enabled", "yes", "--bind", "127.0.0.1", "--port", &port, "--cluster-port", &bus];
    let Some(mut harness) = harness(&arguments).await else { return };
    let mut connection = harness.connections[0].clone();
    let all = cmd("CLUSTER").arg("ADDSLOTSRANGE").arg(0).arg(16383).query_async::<String>(&mut connection).await;
    assert_eq!(all.unwrap(), "OK");
    let up = async |mut connection: ConnectionManager| {
        let info: String = cmd("CLUSTER").arg("INFO").query_async(&mut connection).await.unwrap();
        info.contains("cluster_state:ok")
    };
    while !up(connection.clone()).await {
        tokio::task::yield_now().await;
    }
    let apart = cmd("MSET").arg("{a}").arg(1).arg("{b}").arg(1).query_async::<String>(&mut connection).await;
    assert!(apart.is_err(), "the server does not mind hash slots");
    check(&mut harness).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn with_a_memory_in_front() {
    let Some(harness) = harness(&[]).await else { return };
    check(&mut crate::cached::Cached::new(harness)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_the_model() {
    let Some(mut harness) = harness(&[]).await else { return };
    crate::claims::plays(100, async |clock| {
        harness.clock = clock;
        harness.fresh().await
    })
    .await;
}
