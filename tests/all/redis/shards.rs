//! What only a cluster can do: shards that know nothing of each other, replicas that are behind, slots that move.

use std::{error::Error as _, future::Future};

use inhook::store::redis::redis::{
    RedisError, ServerErrorKind, cluster_async::ClusterConnection, cluster_read_routing::RandomReplicaStrategy,
};

use super::{
    cluster::{Cluster, Node, until},
    *,
};

#[tokio::test(flavor = "multi_thread")]
async fn each_server_is_told_the_scripts_that_it_does_not_know() {
    let Some(cluster) = Cluster::start().await else { return };
    let connection = cluster.connection().await;
    for (at, node) in cluster.masters.iter().enumerate() {
        let builder = RedisStore::builder(connection.clone()).prefix(cluster.prefix(at).await);
        let store = builder.open().await.unwrap();
        assert_eq!(node.info("number_of_cached_scripts").await.as_deref(), Some("1"));
        for (id, told) in [("evt_1", 2), ("evt_2", 0)] {
            let before = node.errors("NOSCRIPT").await;
            complete(&store, &slot(id)).await;
            assert_eq!(node.errors("NOSCRIPT").await, before + told);
        }
        node.tell("SCRIPT FLUSH").await;
        assert!(is_duplicate(&store, &slot("evt_1")).await);
        complete(&store, &slot("evt_3")).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_server_that_would_have_the_store_is_the_one_that_must_not_evict() {
    let Some(cluster) = Cluster::start().await else { return };
    cluster.masters[1].tell("CONFIG SET maxmemory-policy allkeys-lru").await;
    let connection = cluster.connection().await;
    for (at, refused) in [(0, false), (1, true), (2, false)] {
        let opened = RedisStore::builder(connection.clone()).prefix(cluster.prefix(at).await).open().await;
        assert_eq!(opened.err().map(|e| e.kind()), refused.then_some(ErrorKind::Config), "{at}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replica_that_is_behind_is_asked_nothing() {
    let Some(cluster) = Cluster::start().await else { return };
    let master = cluster.holder("{inhook}:").await;
    let _replica = cluster.replica(master).await;
    let store = RedisStore::new(cluster.connection().await).await.unwrap();
    let old = complete(&store, &slot("evt_0")).await;
    cluster.copied(&store).await;
    cluster.masters[master].cut_off().await;
    let token = claim(&store, &slot("evt_1")).await.token;
    let client = cluster.client().read_routing_strategy(RandomReplicaStrategy).build().unwrap();
    let mut connection = store.connection().clone();
    until("the driver reads what the replica has", async || {
        connection = client.get_async_connection().await.unwrap();
        connection.get::<_, u64>("{inhook}:token").await.unwrap() == old.0
    })
    .await;

    let store = RedisStore::new(connection.clone()).await.unwrap();
    assert_eq!(store.bury(&slot("evt_1"), token, &event(), "").await.unwrap(), Held::Yes);
    let letters = store.dead_letters(None, 10).await.unwrap();
    assert_eq!(letters.len(), 1);
    assert!(store.discard(letters[0].id).await.unwrap());
    let sequence = Order::Sequence { wait: Duration::ZERO, on_gap: inhook::store::Gap::Block };
    for stream in ["cus_1", "cus_2"] {
        complete(&store, &placed(&format!("{stream} first"), stream, 1, sequence)).await;
        let third = placed(&format!("{stream} third"), stream, 3, sequence);
        assert!(matches!(store.claim(&third).await.unwrap(), Claim::Busy { .. }));
    }
    assert_eq!(store.blocked(None, 10).await.unwrap().len(), 2);
    for kind in ["stream", "waiting"] {
        let _gone: u32 = connection.del(format!("{{inhook}}:{kind}:stripe::orders:cus_1")).await.unwrap();
    }
    assert_eq!((store.purge(10).await.unwrap(), store.purge(10).await.unwrap()), (1, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slot_that_moves_takes_its_store_along() {
    let Some(cluster) = Cluster::start().await else { return };
    let store = RedisStore::new(cluster.connection().await).await.unwrap();
    let at_once = cluster.client().retries(1).build().unwrap().get_async_connection().await.unwrap();
    let at_once = RedisStore::new(at_once).await.unwrap();
    let [done, held, next] = [("evt_1", "cus_1", 5), ("evt_2", "cus_2", 5), ("evt_3", "cus_3", 5)]
        .map(|(id, stream, rank)| placed(id, stream, rank, Order::Latest));
    complete(&store, &done).await;
    let token = claim(&store, &held).await.token;
    let refuses = async || {
        for why in [at_once.claim(&next).await.unwrap_err(), at_once.complete(&held, token, None).await.unwrap_err()] {
            let why = why.source().and_then(|why| why.downcast_ref::<RedisError>()).map(RedisError::kind);
            assert_eq!(why, Some(ServerErrorKind::TryAgain.into()));
        }
    };

    let from = cluster.holder("{inhook}:").await;
    let to = (from + 1) % 3;
    let [old, new] = [from, to].map(|at| &cluster.masters[at]);
    let moved: u16 = old.ask("CLUSTER KEYSLOT {inhook}:").await.unwrap();
    new.tell(&format!("CLUSTER SETSLOT {moved} IMPORTING {}", cluster.id(from).await)).await;
    old.tell(&format!("CLUSTER SETSLOT {moved} MIGRATING {}", cluster.id(to).await)).await;
    refuses().await;
    let names: Vec<String> = old.ask(&format!("CLUSTER GETKEYSINSLOT {moved} 100")).await.unwrap();
    let mut migration = cmd("MIGRATE");
    migration.arg("127.0.0.1").arg(new.port()).arg("").arg(0).arg(60_000).arg("KEYS").arg(names);
    assert_eq!(migration.query_async::<String>(&mut old.connection().await).await.unwrap(), "OK");
    refuses().await;
    let waits = tokio::spawn({
        let (store, next) = (store.clone(), next.clone());
        async move { claim(&store, &next).await.token }
    });
    for node in [new, old] {
        node.tell(&format!("CLUSTER SETSLOT {moved} NODE {}", cluster.id(to).await)).await;
    }
    assert!(waits.await.unwrap() > token);
    assert!(is_duplicate(&store, &done).await);
    assert!(matches!(store.claim(&placed("evt_0", "cus_1", 4, Order::Latest)).await.unwrap(), Claim::Stale));
    assert_eq!(store.complete(&held, token, None).await.unwrap(), Held::Yes);
    assert!(new.errors("NOSCRIPT").await > 0);
}

/// What a command is told of which the driver has sent a second copy before the server looked at the first.
async fn sent_twice<T: Send + 'static>(
    master: &Node,
    hasty: &ClusterConnection,
    elsewhere: &str,
    command: impl Future<Output = T> + Send + 'static,
) -> T {
    // A command that timed out is sent again with whatever is sent next.
    let next = || {
        let (mut connection, name) = (hasty.clone(), elsewhere.to_owned());
        tokio::spawn(async move { connection.get::<_, Option<String>>(name).await });
    };
    master.tell("CLIENT PAUSE 600000 WRITE").await;
    let command = tokio::spawn(command);
    until("it was sent again", async || {
        next();
        let clients: String = master.ask("CLIENT LIST").await.unwrap();
        clients.lines().any(|client| client.contains("flags=b") && !client.contains("qbuf=0 "))
    })
    .await;
    master.tell("CLIENT UNPAUSE").await;
    until("it was answered", async || {
        next();
        command.is_finished()
    })
    .await;
    command.await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_driver_sends_again_is_answered_as_to_somebody_else() {
    let Some(cluster) = Cluster::start().await else { return };
    let store = RedisStore::new(cluster.connection().await).await.unwrap();
    let client = cluster.client().response_timeout(Duration::from_millis(50)).build().unwrap();
    let hasty = client.get_async_connection().await.unwrap();
    let at = cluster.holder("{inhook}:").await;
    let (master, elsewhere) = (&cluster.masters[at], cluster.prefix((at + 1) % 3).await);
    let token = claim(&store, &slot("evt_1")).await.token;
    // A first copy that only found its script unknown would do nothing.
    complete(&store, &slot("evt_2")).await;

    let asks = RedisStore::new(hasty.clone()).await.unwrap();
    let completion = async move { asks.complete(&slot("evt_1"), token, None).await.unwrap() };
    assert_eq!(sent_twice(master, &hasty, &elsewhere, completion).await, Held::Lost);
    assert!(is_duplicate(&store, &slot("evt_1")).await);

    let asks = RedisStore::new(hasty.clone()).await.unwrap();
    let claimed = async move { asks.claim(&slot("evt_3")).await.unwrap() };
    assert!(matches!(sent_twice(master, &hasty, &elsewhere, claimed).await, Claim::Busy { .. }));
    complete(&later(store, LEASE), &slot("evt_3")).await;
}
