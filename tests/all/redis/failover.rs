//! A replica takes over: what has reached it is as it was, and what has not is lost as the documentation says.

use super::{
    cluster::{Cluster, Node},
    *,
};

const SEQUENCE: Order = Order::Sequence { wait: Duration::ZERO, on_gap: inhook::store::Gap::Block };

/// Something of all that a store keeps, in keys and streams of its own.
struct Past {
    name: &'static str,
    letter: u64,
    /// Of two claims that nobody has completed; the second is the last that was given.
    held: [Token; 2],
}

impl Past {
    async fn live<C: Connection>(store: &RedisStore<C>, name: &'static str) -> Self {
        let mut past = Self { name, letter: 0, held: [Token(0); 2] };
        complete(store, &past.slot("done")).await;
        complete(store, &past.placed("newest", 5, Order::Latest)).await;
        complete(store, &past.deletion(5)).await;
        complete(store, &past.placed("missing", 1, SEQUENCE)).await;
        assert!(matches!(store.claim(&past.placed("missing", 3, SEQUENCE)).await.unwrap(), Claim::Busy { .. }));
        let buried = past.slot("buried");
        let token = claim(store, &buried).await.token;
        assert_eq!(store.bury(&buried, token, &event(), "").await.unwrap(), Held::Yes);
        past.letter = store.dead_letters(None, 100).await.unwrap().last().unwrap().id;
        past.held[0] = claim(store, &past.held(0)).await.token;
        past.held[1] = claim(store, &past.held(1)).await.token;
        past
    }

    fn slot(&self, what: &str) -> Slot {
        slot(&format!("{} {what}", self.name))
    }

    fn placed(&self, stream: &str, rank: u64, order: Order) -> Slot {
        placed(&format!("{} {stream} {rank}", self.name), &format!("{} {stream}", self.name), rank, order)
    }

    fn deletion(&self, rank: u64) -> Slot {
        let mut slot = self.placed("deleted", rank, Order::Latest);
        slot.place = slot.place.map(Place::last);
        slot
    }

    fn held(&self, at: u64) -> Slot {
        self.placed(&format!("held {at}"), 1, Order::Latest)
    }

    async fn is_listed<C: Connection>(&self, store: &RedisStore<C>) -> [bool; 2] {
        let waiting = self.slot("").key.stream(format!("{} missing", self.name));
        let blocked = store.blocked(None, 100).await.unwrap();
        let letters = store.dead_letters(None, 100).await.unwrap();
        let kept = letters.iter().any(|letter| letter.id == self.letter && letter.key == self.slot("buried").key);
        [blocked.iter().any(|blocked| blocked.stream == waiting), kept]
    }

    async fn stands<C: Connection>(&self, store: &RedisStore<C>) {
        let answer = Answer::text("done");
        assert!(matches!(store.claim(&self.slot("done")).await.unwrap(), Claim::Duplicate(Some(a)) if a == answer));
        assert!(is_duplicate(store, &self.slot("buried")).await);
        for older in [self.placed("newest", 4, Order::Latest), self.placed("deleted", 4, Order::Serial)] {
            assert!(matches!(store.claim(&older).await.unwrap(), Claim::Stale));
        }
        assert_eq!(self.is_listed(store).await, [true, true]);
        let [held, lost] = [self.held(0), self.held(1)];
        for taken in [&held, &self.placed("held 0", 2, Order::Latest)] {
            assert!(matches!(store.claim(taken).await.unwrap(), Claim::Busy { .. }));
        }
        assert_eq!(store.extend(&held, self.held[0], LEASE).await.unwrap(), Held::Yes);
        assert_eq!(store.complete(&held, self.held[0], None).await.unwrap(), Held::Yes);
        assert!(is_duplicate(store, &held).await);
        assert!(complete(&later(store.clone(), 2 * LEASE), &lost).await > self.held[1]);
        assert_eq!(store.complete(&lost, self.held[1], None).await.unwrap(), Held::Lost);
    }

    async fn is_forgotten<C: Connection>(&self, store: &RedisStore<C>) {
        assert_eq!(self.is_listed(store).await, [false, false]);
        assert!(!store.discard(self.letter).await.unwrap());
        // The first finds somebody else at it, the second nobody.
        let again = self.held(0);
        assert!(claim(store, &again).await.token > self.held[1]);
        for (at, held) in (0..).zip(self.held) {
            assert_eq!(store.extend(&self.held(at), held, LEASE).await.unwrap(), Held::Lost);
            assert_eq!(store.complete(&self.held(at), held, None).await.unwrap(), Held::Lost);
        }
        let older = [self.placed("newest", 4, Order::Latest), self.placed("deleted", 4, Order::Serial)];
        for slot in [self.slot("done"), self.slot("buried")].iter().chain(&older) {
            assert!(complete(store, slot).await > self.held[1]);
        }
        // No number of a letter that somebody has seen is another's.
        let buried = self.slot("buried again");
        let token = claim(store, &buried).await.token;
        assert_eq!(store.bury(&buried, token, &event(), "").await.unwrap(), Held::Yes);
        let letters = store.dead_letters(Some(self.letter), 100).await.unwrap();
        assert_eq!(letters.iter().map(|letter| &letter.key).collect::<Vec<_>>(), [&buried.key]);
    }
}

/// A cluster, and a replica of the master that has what the store keeps.
async fn cluster() -> Option<(Cluster, usize, Node)> {
    let cluster = Cluster::start().await?;
    let master = cluster.holder("{inhook}:").await;
    let replica = cluster.replica(master).await;
    Some((cluster, master, replica))
}

async fn take_over(cluster: &mut Cluster, master: usize, replica: &Node) {
    drop(cluster.masters.remove(master));
    replica.tell("CLUSTER FAILOVER TAKEOVER").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_has_been_copied_stands_when_the_replica_takes_over() {
    let Some((mut cluster, master, replica)) = cluster().await else { return };
    let store = RedisStore::new(cluster.connection().await).await.unwrap();
    // By the clock alone it would give lower ones.
    let ahead = OffsetDateTime::now_utc() + Duration::from_secs(3600);
    let ahead = u64::try_from(ahead.unix_timestamp_nanos() / 1000).unwrap();
    let _set: () = store.connection().clone().set("{inhook}:token", ahead).await.unwrap();
    let past = Past::live(&store, "past").await;
    let [_, last] = past.held;
    assert!(last > Token(ahead));
    cluster.copied(&store).await;
    assert_eq!(replica.info("number_of_cached_scripts").await.as_deref(), Some("0"));
    take_over(&mut cluster, master, &replica).await;
    assert_eq!(claim(&store, &slot("next")).await.token, Token(last.0 + 1));
    past.stands(&store).await;
    assert!(replica.errors("NOSCRIPT").await > 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_has_not_been_copied_is_forgotten_when_the_replica_takes_over() {
    let Some((mut cluster, master, replica)) = cluster().await else { return };
    let store = RedisStore::new(cluster.connection().await).await.unwrap();
    let copy = Past::live(&store, "copied").await;
    cluster.copied(&store).await;
    cluster.masters[master].cut_off().await;
    let lost = Past::live(&store, "lost").await;
    take_over(&mut cluster, master, &replica).await;
    lost.is_forgotten(&store).await;
    copy.stands(&store).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plain_connection_to_who_has_taken_over_is_all_that_it_takes() {
    let no_delay = ["--repl-diskless-sync-delay", "0"];
    let Some(old) = Node::start(&no_delay).await else { return };
    let new = Node::start(&no_delay).await.unwrap();
    new.follow(&old).await;
    let store = old.store().await;
    let copy = Past::live(&store, "copied").await;
    let copies: u64 = cmd("WAIT").arg(1).arg(60_000).query_async(&mut store.connection().clone()).await.unwrap();
    assert_eq!(copies, 1);
    old.cut_off().await;
    let lost = Past::live(&store, "lost").await;
    new.tell("REPLICAOF NO ONE").await;
    old.follow(&new).await;
    // Who has not heard of it is told nothing wrong.
    assert_eq!(store.claim(&slot("next")).await.unwrap_err().kind(), ErrorKind::Store);
    assert!(is_duplicate(&store, &copy.slot("done")).await);
    let store = new.store().await;
    lost.is_forgotten(&store).await;
    copy.stands(&store).await;
    assert!(new.errors("NOSCRIPT").await > 0);
}
