//! A Redis Cluster of a test's own: three masters, each with a third of the slots, and replicas of them.

use std::{
    ops::{Deref, Range},
    time::{Duration, Instant},
};

use inhook::store::{
    RedisStore,
    redis::redis::{
        FromRedisValue, RedisResult, Value,
        aio::ConnectionManager,
        cluster::{ClusterClient, ClusterClientBuilder},
        cluster_async::ClusterConnection,
        cluster_routing::{Route, RoutingInfo, SingleNodeRoutingInfo, SlotAddr},
        cmd,
    },
};

use super::server::Server;

const SLOTS: usize = 16_384;

/// A server that other servers can reach.
pub(super) struct Node {
    server: Server,
    port: u16,
    bus: u16,
    connection: ConnectionManager,
}

impl Node {
    pub(super) async fn start(arguments: &[&str]) -> Option<Self> {
        let (server, [port, bus]) = Server::start_with_ports(arguments)?;
        let connection = server.connection().await;
        Some(Self { server, port, bus, connection })
    }

    /// Asks this very server for what those words say.
    pub(super) async fn ask<T: FromRedisValue>(&self, words: &str) -> RedisResult<T> {
        let (name, rest) = words.split_once(' ').unwrap_or((words, ""));
        let mut command = cmd(name);
        for word in rest.split_whitespace() {
            command.arg(word);
        }
        command.query_async(&mut self.connection.clone()).await
    }

    pub(super) async fn tell(&self, words: &str) {
        assert_eq!(self.ask::<String>(words).await.unwrap(), "OK", "{words}");
    }

    /// A field of what `INFO` says.
    pub(super) async fn info(&self, name: &str) -> Option<String> {
        let info: String = self.ask("INFO everything").await.unwrap();
        info.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':')).map(str::to_owned)
    }

    /// Follows that one from now on, and has all that it has.
    pub(super) async fn follow(&self, master: &Self) {
        self.tell(&format!("REPLICAOF 127.0.0.1 {}", master.port)).await;
        self.synchronised().await;
    }

    /// Knows who has which slots.
    async fn is_whole(&self) {
        let info = async || self.ask::<String>("CLUSTER INFO").await.unwrap();
        until("the cluster is whole", async || info().await.contains("cluster_state:ok")).await;
    }

    async fn synchronised(&self) {
        until("the replica has all", async || self.info("master_link_status").await.as_deref() == Some("up")).await;
    }

    /// From now on nothing that is written here reaches a replica.
    pub(super) async fn cut_off(&self) {
        self.tell("ACL SETUSER default -psync -sync").await;
        let cut: u64 = self.ask("CLIENT KILL TYPE replica").await.unwrap();
        assert_eq!(cut, 1);
    }

    /// The errors that it answered so far of those that begin with this word.
    pub(super) async fn errors(&self, word: &str) -> u64 {
        let count = self.info(&format!("errorstat_{word}")).await;
        count.map_or(0, |count| count.strip_prefix("count=").unwrap().parse().unwrap())
    }

    pub(super) fn port(&self) -> u16 {
        self.port
    }
}

impl Deref for Node {
    type Target = Server;

    fn deref(&self) -> &Server {
        &self.server
    }
}

pub(super) struct Cluster {
    pub(super) masters: Vec<Node>,
}

impl Cluster {
    /// `None`, which leaves the test undone, where there is no Redis and nobody insists on it.
    pub(super) async fn start() -> Option<Self> {
        let mut masters: Vec<Node> = Vec::new();
        for at in 0..3 {
            let node = node().await?;
            let Range { start, end } = slots(at);
            node.tell(&format!("CLUSTER ADDSLOTSRANGE {start} {}", end - 1)).await;
            node.tell(&format!("CLUSTER SET-CONFIG-EPOCH {}", at + 1)).await;
            meet(&node, &masters).await;
            masters.push(node);
        }
        for node in &masters {
            node.is_whole().await;
        }
        Some(Self { masters })
    }

    /// One more server, which follows that master and has all that it has.
    pub(super) async fn replica(&self, master: usize) -> Node {
        let replica = node().await.unwrap();
        meet(&replica, &self.masters).await;
        let id = self.id(master).await;
        let command = format!("CLUSTER REPLICATE {id}");
        until("the replica knows its master", async || replica.ask::<String>(&command).await.is_ok()).await;
        replica.synchronised().await;
        replica.is_whole().await;
        replica
    }

    pub(super) async fn id(&self, master: usize) -> String {
        self.masters[master].ask("CLUSTER MYID").await.unwrap()
    }

    /// Which master has what begins with this.
    pub(super) async fn holder(&self, prefix: &str) -> usize {
        let slot: usize = self.masters[0].ask(&format!("CLUSTER KEYSLOT {prefix}")).await.unwrap();
        (0..self.masters.len()).find(|&at| slots(at).contains(&slot)).unwrap()
    }

    /// A prefix whose names that master has.
    pub(super) async fn prefix(&self, master: usize) -> String {
        let mut n = 0;
        loop {
            let prefix = format!("{{shard-{n}}}:");
            if self.holder(&prefix).await == master {
                return prefix;
            }
            n += 1;
        }
    }

    /// Waits until a replica has acknowledged all that went through the connection of that store, which has no prefix.
    pub(super) async fn copied(&self, store: &RedisStore<ClusterConnection>) {
        let master = Route::with_key("{inhook}", SlotAddr::Master);
        let route = RoutingInfo::SingleNode(SingleNodeRoutingInfo::SpecificNode(master));
        let wait = cmd("WAIT").arg(1).arg(0).take();
        assert_eq!(store.connection().clone().route_command(wait, route).await.unwrap(), Value::Int(1));
    }

    /// Asks again until a minute has passed.
    pub(super) fn client(&self) -> ClusterClientBuilder {
        let addresses = self.masters.iter().map(|node| format!("redis://127.0.0.1:{}", node.port));
        let client = ClusterClient::builder(addresses).retries(100_000).retry_wait_formula(1, 1);
        client.min_retry_wait(5).overall_response_timeout(Some(PATIENCE))
    }

    pub(super) async fn connection(&self) -> ClusterConnection {
        self.client().build().unwrap().get_async_connection().await.unwrap()
    }
}

async fn node() -> Option<Node> {
    let by_hand = ["--cluster-enabled", "yes", "--cluster-replica-no-failover", "yes"];
    Node::start(&[&by_hand[..], &["--repl-diskless-sync-delay", "0"]].concat()).await
}

async fn meet(node: &Node, others: &[Node]) {
    for other in others {
        node.tell(&format!("CLUSTER MEET 127.0.0.1 {} {}", other.port, other.bus)).await;
    }
}

fn slots(master: usize) -> Range<usize> {
    master * SLOTS / 3..(master + 1) * SLOTS / 3
}

const PATIENCE: Duration = Duration::from_secs(60);

pub(super) async fn until(what: &str, mut condition: impl AsyncFnMut() -> bool) {
    let began = Instant::now();
    while !condition().await {
        assert!(began.elapsed() < PATIENCE, "it is not so that {what}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}
