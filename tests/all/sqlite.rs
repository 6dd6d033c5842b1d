//! What only a file can do: schema, reopening, one writer, other processes, power loss by SIGKILL.
#![cfg(feature = "sqlite")]

use std::{
    future::{Future, poll_fn},
    io::{BufRead, BufReader, Write},
    path::{Path, PathBuf},
    pin::pin,
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    task::Poll,
    time::Duration,
};

use inhook::{
    Answer, Clock, ErrorKind, Event, Verifier, dangerous,
    provider::STRIPE,
    store::{
        Begun, Claim, DeadLetterStore, Gap, Grant, Held, IdempotencyStore, Key, Order, OrderingStore, Place, Rank,
        Slot, Stream, TransactionalStore,
        sqlite::{
            SqliteStore, SqliteTx,
            sqlx::{
                self, SqlitePool,
                sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous},
            },
        },
    },
};
use tempfile::TempDir;
use time::OffsetDateTime;

const LEASE: Duration = Duration::from_secs(60);
const REMEMBER: Duration = Duration::from_secs(86_400);
const EFFECTS: &str = "create table if not exists effects (id text not null)";

fn file() -> (TempDir, PathBuf) {
    let dir = TempDir::new().unwrap();
    let path = dir.path().join("inhook.db");
    (dir, path)
}

/// A pool of `size` whose connections do not wait for the writer.
async fn impatient(path: &Path, size: u32) -> SqlitePool {
    let options = SqliteConnectOptions::new()
        .filename(path)
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        .busy_timeout(Duration::ZERO);
    SqlitePoolOptions::new().max_connections(size).connect_with(options).await.unwrap()
}

fn slot(id: &str) -> Slot {
    Slot::new(Key::new("stripe", "orders", id), LEASE, REMEMBER)
}

fn placed(id: &str, stream: &str, rank: u64, order: Order) -> Slot {
    let mut slot = slot(id);
    slot.place = Some(Place::new(stream, rank, order));
    slot
}

/// Of a claim or a transaction that must be granted.
fn granted<G: std::fmt::Debug>(claim: Claim<G>) -> G {
    match claim {
        Claim::Granted(granted) => granted,
        other => panic!("{other:?}"),
    }
}

async fn claim(store: &SqliteStore, slot: &Slot) -> Grant {
    granted(store.claim(slot).await.unwrap())
}

async fn begin(store: &SqliteStore, slot: &Slot) -> SqliteTx {
    granted(store.begin(slot).await.unwrap()).tx
}

async fn complete(store: &SqliteStore, slot: &Slot) {
    let grant = claim(store, slot).await;
    assert_eq!(store.complete(slot, grant.token, Some(&Answer::text("done"))).await.unwrap(), Held::Yes);
}

async fn affect(tx: &mut SqliteTx, id: &str) {
    sqlx::query("insert into effects (id) values (?1)").bind(id).execute(&mut **tx).await.unwrap();
}

async fn effects(store: &SqliteStore, id: &str) -> i64 {
    sqlx::query_scalar("select count(*) from effects where id = ?1").bind(id).fetch_one(store.pool()).await.unwrap()
}

async fn with_effects(store: SqliteStore) -> SqliteStore {
    sqlx::query(EFFECTS).execute(store.pool()).await.unwrap();
    store
}

fn event() -> Event {
    let verifier = Verifier::new(&STRIPE, "whsec_c2VjcmV0").unwrap();
    let body =
        bytes::Bytes::from_static(br#"{"id":"evt_1","type":"invoice.paid","created":1790000000,"data":{"object":{}}}"#);
    let headers = http::HeaderMap::new();
    dangerous::unverified(&verifier, (&headers, body)).unwrap().into_events().remove(0)
}

mod schema {
    use super::*;

    #[tokio::test(flavor = "multi_thread")]
    async fn many_who_open_a_new_file_at_once_make_one_schema() {
        // Going over to WAL, which SQLite does not wait for, collides once in a few dozen times.
        for _ in 0..20 {
            let (_dir, path) = file();
            let opening: Vec<_> = (0..12).map(|_| tokio::spawn(SqliteStore::open(path.clone()))).collect();
            let mut stores = Vec::new();
            for store in opening {
                stores.push(store.await.unwrap().unwrap());
            }
            complete(&stores[0], &slot("evt_1")).await;
            for store in &stores {
                assert!(matches!(store.claim(&slot("evt_1")).await.unwrap(), Claim::Duplicate(Some(_))));
            }
            let versions: Vec<i64> =
                sqlx::query_scalar("select version from inhook_schema").fetch_all(stores[0].pool()).await.unwrap();
            assert_eq!(versions, [1]);
        }
    }

    #[tokio::test]
    async fn only_tables_of_its_own_name_are_made() {
        let (_dir, path) = file();
        let store = SqliteStore::open(&path).await.unwrap();
        let names: Vec<String> =
            sqlx::query_scalar("select name from sqlite_schema").fetch_all(store.pool()).await.unwrap();
        assert!(names.len() > 6 && names.iter().all(|name| name.starts_with("inhook_") || name.starts_with("sqlite_")));
        let version: i64 = sqlx::query_scalar("pragma user_version").fetch_one(store.pool()).await.unwrap();
        assert_eq!(version, 0);
    }

    #[tokio::test]
    async fn tables_of_a_later_version_are_refused_and_left_alone() {
        let (_dir, path) = file();
        let store = SqliteStore::open(&path).await.unwrap();
        sqlx::query("update inhook_schema set version = 2").execute(store.pool()).await.unwrap();
        assert_eq!(SqliteStore::open(&path).await.unwrap_err().kind(), ErrorKind::Config);
        let version: i64 =
            sqlx::query_scalar("select version from inhook_schema").fetch_one(store.pool()).await.unwrap();
        assert_eq!(version, 2);
    }

    #[tokio::test]
    async fn opening_waits_for_no_handler() {
        let (_dir, path) = file();
        let first = SqliteStore::open(&path).await.unwrap();
        let tx = begin(&first, &slot("evt_1")).await;
        let second = SqliteStore::new(impatient(&path, 1).await).await.unwrap();
        first.commit(tx, &slot("evt_1"), None).await.unwrap();
        assert!(matches!(second.claim(&slot("evt_1")).await.unwrap(), Claim::Duplicate(None)));
    }
}

mod durability {
    use super::*;

    #[tokio::test]
    async fn every_connection_writes_through() {
        let (_dir, path) = file();
        let store = SqliteStore::open(&path).await.unwrap();
        let mut connections = Vec::new();
        for _ in 0..6 {
            connections.push(store.pool().acquire().await.unwrap());
        }
        for conn in &mut connections {
            let journal: String = sqlx::query_scalar("pragma journal_mode").fetch_one(&mut **conn).await.unwrap();
            let synchronous: i64 = sqlx::query_scalar("pragma synchronous").fetch_one(&mut **conn).await.unwrap();
            assert_eq!((journal.as_str(), synchronous), ("wal", 2));
        }
    }

    #[tokio::test]
    async fn a_pool_that_could_lose_a_commit_is_refused() {
        let refused = async |options: SqliteConnectOptions| {
            let pool = SqlitePoolOptions::new().max_connections(1).connect_with(options).await.unwrap();
            SqliteStore::new(pool).await.unwrap_err().kind()
        };
        let (_dir, path) = file();
        let options = SqliteConnectOptions::new().filename(&path).create_if_missing(true);
        assert_eq!(refused(options.clone()).await, ErrorKind::Config);
        let wal = options.journal_mode(SqliteJournalMode::Wal);
        assert_eq!(refused(wal.clone().synchronous(SqliteSynchronous::Normal)).await, ErrorKind::Config);
        assert_eq!(refused(SqliteConnectOptions::new().in_memory(true)).await, ErrorKind::Config);
        assert_eq!(SqliteStore::open(":memory:").await.unwrap_err().kind(), ErrorKind::Config);
        let extra = wal.synchronous(SqliteSynchronous::Extra);
        SqliteStore::new(SqlitePool::connect_with(extra).await.unwrap()).await.unwrap();
    }

    #[tokio::test]
    async fn a_file_that_cannot_be_opened_is_an_error_of_the_store() {
        let dir = TempDir::new().unwrap();
        assert_eq!(SqliteStore::open(dir.path()).await.unwrap_err().kind(), ErrorKind::Store);
    }

    #[tokio::test]
    async fn all_of_it_is_there_after_reopening() {
        let (_dir, path) = file();
        let store = SqliteStore::open(&path).await.unwrap();
        let done = placed("evt_1", "cus_1", 7, Order::Latest);
        complete(&store, &done).await;
        let held = claim(&store, &slot("evt_2")).await;
        let buried = slot("evt_3");
        let grant = claim(&store, &buried).await;
        assert_eq!(store.bury(&buried, grant.token, &event(), "no such customer").await.unwrap(), Held::Yes);
        store.pool().close().await;

        let store = SqliteStore::open(&path).await.unwrap();
        let Claim::Duplicate(Some(answer)) = store.claim(&done).await.unwrap() else { panic!("forgotten") };
        assert_eq!(answer, Answer::text("done"));
        assert!(matches!(store.claim(&placed("evt_0", "cus_1", 6, Order::Latest)).await.unwrap(), Claim::Stale));
        assert!(matches!(store.claim(&slot("evt_2")).await.unwrap(), Claim::Busy { .. }));
        let letters = store.dead_letters(None, 10).await.unwrap();
        assert_eq!((letters.len(), letters[0].error.as_str(), &letters[0].key), (1, "no such customer", &buried.key));
        assert_eq!(letters[0].event.raw().as_bytes(), event().raw().as_bytes());
        assert!(claim(&store, &slot("evt_4")).await.token > grant.token);
        assert_eq!(store.complete(&slot("evt_2"), held.token, None).await.unwrap(), Held::Yes);
    }

    #[tokio::test]
    async fn debug_shows_neither_file_nor_data() {
        let (_dir, path) = file();
        let store = SqliteStore::open(&path).await.unwrap();
        complete(&store, &slot("evt_1")).await;
        let tx = begin(&store, &slot("evt_2")).await;
        let debug = format!("{store:?} {tx:?}");
        assert!(debug.starts_with("SqliteStore {") && debug.ends_with(" SqliteTx"), "{debug}");
        assert!(!debug.contains("inhook.db") && !debug.contains("evt_"), "{debug}");
    }
}

mod keys {
    use super::*;

    #[tokio::test]
    async fn no_tenant_is_not_a_tenant_whose_name_looks_like_none() {
        let (_dir, path) = file();
        let store = SqliteStore::open(&path).await.unwrap();
        let sequence = Order::Sequence { wait: Duration::ZERO, on_gap: Gap::Block };
        let key = |tenant: Option<&str>, id: &str| match tenant {
            Some(tenant) => Key::new("stripe", "orders", id).tenant(tenant),
            None => Key::new("stripe", "orders", id),
        };
        let tenants = [None, Some(""), Some("0"), Some("NULL"), Some("a\0b"), Some("a")];
        for tenant in tenants {
            let mut slot = Slot::new(key(tenant, "evt_1"), LEASE, REMEMBER);
            slot.place = Some(Place::new("cus_1", 1_u64, sequence));
            complete(&store, &slot).await;
            slot.key = key(tenant, "evt_3");
            slot.place = Some(Place::new("cus_1", 3_u64, sequence));
            assert!(matches!(store.claim(&slot).await.unwrap(), Claim::Busy { .. }));
        }
        let mut expected: Vec<Stream> = tenants.map(|tenant| key(tenant, "").stream("cus_1")).to_vec();
        expected.sort();
        let mut listed: Vec<Stream> = Vec::new();
        while let Some(blocked) = store.blocked(listed.last(), 1).await.unwrap().pop() {
            assert_eq!((blocked.rank, blocked.waiting), (Rank::from(3_u64), 1));
            listed.push(blocked.stream);
        }
        assert_eq!(listed, expected);
        assert!(store.forget(&key(Some(""), "evt_1")).await.unwrap());
        assert!(!store.forget(&key(Some(""), "evt_1")).await.unwrap());
        assert!(store.forget(&key(None, "evt_1")).await.unwrap());
        let letter = Slot::new(key(Some("0"), "evt_5"), LEASE, REMEMBER);
        let grant = claim(&store, &letter).await;
        assert_eq!(store.bury(&letter, grant.token, &event(), "").await.unwrap(), Held::Yes);
        assert_eq!(store.dead_letters(None, 1).await.unwrap()[0].key, letter.key);
    }

    #[tokio::test]
    async fn a_rank_may_be_empty() {
        let (_dir, path) = file();
        let store = SqliteStore::open(&path).await.unwrap();
        let mut slot = slot("evt_1");
        let empty = Place::new("cus_1", Rank::bytes([]), Order::Latest);
        slot.place = Some(empty.clone().last());
        complete(&store, &slot).await;
        slot.key.id = "evt_2".to_owned();
        slot.place = Some(empty);
        assert!(matches!(store.claim(&slot).await.unwrap(), Claim::Stale));
    }

    #[tokio::test]
    async fn what_is_remembered_for_ever_outlives_the_calendar() {
        let (_dir, path) = file();
        let store = SqliteStore::open(&path).await.unwrap();
        let slot = Slot::new(Key::new("stripe", "orders", "evt_1"), Duration::MAX, Duration::MAX);
        complete(&store, &slot).await;
        let store = store.clock(Clock::new(|| OffsetDateTime::now_utc() + time::Duration::weeks(52 * 200)));
        assert_eq!(store.purge(u32::MAX).await.unwrap(), 0);
        assert!(matches!(store.claim(&slot).await.unwrap(), Claim::Duplicate(Some(_))));
    }

    #[tokio::test]
    async fn purge_keeps_to_its_limit_and_takes_what_waits_with_its_stream() {
        let (_dir, path) = file();
        let seconds = Arc::new(AtomicI64::new(0));
        let hands = Arc::clone(&seconds);
        let clock =
            Clock::new(move || OffsetDateTime::UNIX_EPOCH + time::Duration::seconds(hands.load(Ordering::SeqCst)));
        let store = SqliteStore::open(&path).await.unwrap().clock(clock);
        let sequence = Order::Sequence { wait: Duration::ZERO, on_gap: Gap::Block };
        for n in 0..5 {
            complete(&store, &placed(&format!("evt_{n}"), &format!("cus_{n}"), 1, sequence)).await;
        }
        assert!(matches!(store.claim(&placed("evt_9", "cus_0", 9, sequence)).await.unwrap(), Claim::Busy { .. }));
        // A mark that a redrive holds.
        let mut redriven = slot("evt_0");
        redriven.generation = 1;
        let again = claim(&store, &redriven).await;
        seconds.store(LEASE.as_secs().cast_signed(), Ordering::SeqCst);
        assert_eq!(store.purge(100).await.unwrap(), 1);
        assert_eq!(store.complete(&redriven, again.token, None).await.unwrap(), Held::Lost);
        assert!(matches!(store.claim(&slot("evt_0")).await.unwrap(), Claim::Duplicate(Some(_))));
        seconds.store(REMEMBER.as_secs().cast_signed(), Ordering::SeqCst);
        let mut rounds = Vec::new();
        while let removed @ 1.. = store.purge(4).await.unwrap() {
            rounds.push(removed);
        }
        assert_eq!(rounds, [4, 4, 2]);
        assert!(store.blocked(None, 10).await.unwrap().is_empty());
        for table in ["select count(*) from inhook_event", "select count(*) from inhook_waiting"] {
            let left: i64 = sqlx::query_scalar(table).fetch_one(store.pool()).await.unwrap();
            assert_eq!(left, 0);
        }
    }
}

mod one_writer {
    use super::*;

    /// As another process would, with a connection of its own to the same file.
    async fn two(path: &Path) -> (SqliteStore, SqliteStore) {
        let first = with_effects(SqliteStore::new(impatient(path, 2).await).await.unwrap()).await;
        (first, SqliteStore::new(impatient(path, 2).await).await.unwrap())
    }

    #[tokio::test]
    async fn whoever_waits_in_vain_is_busy_or_fails() {
        let (_dir, path) = file();
        let (first, second) = two(&path).await;
        let held = claim(&second, &slot("evt_0")).await;
        let mut tx = begin(&first, &slot("evt_1")).await;
        affect(&mut tx, "evt_1").await;
        for store in [&first, &second] {
            for other in ["evt_1", "evt_2"] {
                assert!(matches!(store.claim(&slot(other)).await.unwrap(), Claim::Busy { .. }));
                assert!(matches!(store.begin(&slot(other)).await.unwrap(), Claim::Busy { .. }));
            }
            let error = store.complete(&slot("evt_0"), held.token, None).await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Store);
            assert!(store.extend(&slot("evt_0"), held.token, LEASE).await.is_err());
            assert!(store.release(&slot("evt_0"), held.token).await.is_err());
            assert!(store.bury(&slot("evt_0"), held.token, &event(), "").await.is_err());
            assert!(store.forget(&slot("evt_0").key).await.is_err());
            assert!(store.discard(1).await.is_err());
            assert!(store.purge(1).await.is_err());
            // Who reads waits for nobody.
            assert_eq!(effects(store, "evt_1").await, 0);
            assert!(store.dead_letters(None, 1).await.unwrap().is_empty());
            assert!(store.blocked(None, 1).await.unwrap().is_empty());
        }
        first.commit(tx, &slot("evt_1"), Some(&Answer::text("done"))).await.unwrap();
        for store in [&first, &second] {
            let Claim::Duplicate(answer) = store.begin(&slot("evt_1")).await.unwrap() else { panic!("twice") };
            assert_eq!((answer, effects(store, "evt_1").await), (Some(Answer::text("done")), 1));
        }
        assert_eq!(second.complete(&slot("evt_0"), held.token, None).await.unwrap(), Held::Yes);
    }

    #[tokio::test]
    async fn a_transaction_that_is_dropped_leaves_nothing() {
        let (_dir, path) = file();
        let pool = impatient(&path, 1).await;
        let store = with_effects(SqliteStore::new(pool).await.unwrap()).await;
        let slot = placed("evt_1", "cus_1", 5, Order::Latest);
        for _ in 0..3 {
            let mut tx = begin(&store, &slot).await;
            affect(&mut tx, "evt_1").await;
            drop(tx);
        }
        let mut tx = begin(&store, &slot).await;
        affect(&mut tx, "evt_1").await;
        store.rollback(tx).await.unwrap();
        assert_eq!(effects(&store, "evt_1").await, 0);
        // The stream's mark is where it was: nowhere.
        complete(&store, &placed("evt_0", "cus_1", 4, Order::Latest)).await;
        let mut tx = begin(&store, &slot).await;
        affect(&mut tx, "evt_1").await;
        store.commit(tx, &slot, None).await.unwrap();
        assert_eq!(effects(&store, "evt_1").await, 1);
        assert!(matches!(store.claim(&placed("evt_0", "cus_1", 4, Order::Latest)).await.unwrap(), Claim::Duplicate(_)));
        assert!(matches!(store.claim(&placed("evt_2", "cus_1", 4, Order::Latest)).await.unwrap(), Claim::Stale));
    }

    #[tokio::test]
    async fn a_handler_that_panics_leaves_nothing() {
        let (_dir, path) = file();
        let store = with_effects(SqliteStore::new(impatient(&path, 1).await).await.unwrap()).await;
        let handler = tokio::spawn({
            let store = store.clone();
            async move {
                let mut tx = begin(&store, &slot("evt_1")).await;
                affect(&mut tx, "evt_1").await;
                panic!("on purpose");
            }
        });
        assert!(handler.await.unwrap_err().is_panic());
        assert_eq!(effects(&store, "evt_1").await, 0);
        drop(begin(&store, &slot("evt_1")).await);
    }

    #[tokio::test]
    async fn a_late_holder_has_lost_what_a_transaction_took() {
        let (_dir, path) = file();
        let store = SqliteStore::open(&path).await.unwrap();
        let slot = placed("evt_1", "cus_1", 5, Order::Serial);
        let late = claim(&store, &slot).await;
        let other = placed("evt_2", "cus_1", 6, Order::Serial);
        assert!(matches!(store.begin(&other).await.unwrap(), Claim::Busy { .. }));
        let store = store.clock(Clock::new(|| OffsetDateTime::now_utc() + LEASE));
        let tx = begin(&store, &other).await;
        store.rollback(tx).await.unwrap();
        // Rolled back, it had never begun: the late holder is still the last.
        assert_eq!(store.extend(&slot, late.token, Duration::ZERO).await.unwrap(), Held::Yes);
        let tx = begin(&store, &other).await;
        store.commit(tx, &other, None).await.unwrap();
        assert_eq!(store.complete(&slot, late.token, None).await.unwrap(), Held::Lost);
        assert_eq!(store.release(&slot, late.token).await.unwrap(), Held::Lost);
        let tx = begin(&store, &slot).await;
        store.commit(tx, &slot, None).await.unwrap();
    }

    #[tokio::test]
    async fn a_transaction_that_was_ended_from_within_is_not_a_success() {
        let (_dir, path) = file();
        let store = with_effects(SqliteStore::new(impatient(&path, 1).await).await.unwrap()).await;
        for end in ["rollback", "commit", "rollback; begin"] {
            let mut tx = begin(&store, &slot(end)).await;
            sqlx::raw_sql(end).execute(&mut *tx).await.unwrap();
            assert_eq!(store.commit(tx, &slot(end), None).await.unwrap_err().kind(), ErrorKind::Store);
            // Its only connection is as good as new.
            complete(&store, &slot(&format!("after {end}"))).await;
        }
        assert!(matches!(store.claim(&slot("commit")).await.unwrap(), Claim::Duplicate(None)));
        drop(begin(&store, &slot("rollback")).await);
    }

    #[tokio::test]
    async fn a_full_disk_costs_one_event_its_try_and_no_more() {
        let (_dir, path) = file();
        let store = with_effects(SqliteStore::new(impatient(&path, 1).await).await.unwrap()).await;
        let limit = "pragma max_page_count = 64";
        sqlx::raw_sql(limit).execute(store.pool()).await.unwrap();
        let mut tx = begin(&store, &slot("evt_1")).await;
        let fill = sqlx::query("insert into effects (id) values (hex(zeroblob(1000000)))").execute(&mut *tx).await;
        assert_eq!(fill.unwrap_err().as_database_error().unwrap().code().unwrap(), "13");
        drop(tx);
        complete(&store, &slot("evt_2")).await;
        complete(&store, &slot("evt_1")).await;
        assert_eq!(effects(&store, "evt_1").await, 0);
    }

    #[tokio::test]
    async fn a_handler_may_set_savepoints() {
        use sqlx::Connection as _;

        let (_dir, path) = file();
        let store = with_effects(SqliteStore::open(&path).await.unwrap()).await;
        let mut tx = begin(&store, &slot("evt_1")).await;
        affect(&mut tx, "kept").await;
        let mut inner = tx.begin().await.unwrap();
        sqlx::query("insert into effects (id) values ('undone')").execute(&mut *inner).await.unwrap();
        inner.rollback().await.unwrap();
        store.commit(tx, &slot("evt_1"), None).await.unwrap();
        assert_eq!((effects(&store, "kept").await, effects(&store, "undone").await), (1, 0));
    }
}

mod cancelled {
    use super::*;

    /// Drops the future after so many polls; `None` if it was not done by then.
    async fn drop_after<T>(polls: usize, future: impl Future<Output = T>) -> Option<T> {
        let mut future = pin!(future);
        let mut left = polls;
        poll_fn(|cx| {
            if left == 0 {
                return Poll::Ready(None);
            }
            left -= 1;
            future.as_mut().poll(cx).map(Some)
        })
        .await
    }

    /// One connection, which must come back from whatever became of its last user.
    async fn store(path: &Path) -> SqliteStore {
        let options =
            SqliteConnectOptions::new().filename(path).create_if_missing(true).journal_mode(SqliteJournalMode::Wal);
        let pool = SqlitePoolOptions::new().max_connections(1).connect_with(options).await.unwrap();
        with_effects(SqliteStore::new(pool).await.unwrap()).await
    }

    /// How many polls to try: the first few are too few, the last many enough.
    const POLLS: std::ops::Range<usize> = 0..60;

    #[tokio::test]
    async fn a_claim_is_had_or_not_wherever_it_was_dropped() {
        let (_dir, path) = file();
        let store = store(&path).await;
        let later = store.clone().clock(Clock::new(|| OffsetDateTime::now_utc() + LEASE));
        let mut done = 0;
        for polls in POLLS {
            let slot = placed(&format!("evt_{polls}"), "cus_1", 1, Order::Serial);
            match drop_after(polls, store.claim(&slot)).await {
                Some(claim) => {
                    assert_eq!(store.release(&slot, granted(claim.unwrap()).token).await.unwrap(), Held::Yes);
                    done += 1;
                }
                // Either nobody has it, or the one who was dropped, until the lease is over.
                None => match store.claim(&slot).await.unwrap() {
                    Claim::Granted(grant) => assert_eq!(store.release(&slot, grant.token).await.unwrap(), Held::Yes),
                    Claim::Busy { .. } => complete(&later, &slot).await,
                    other => panic!("{other:?}"),
                },
            }
        }
        assert!((1..POLLS.end).contains(&done));
    }

    #[tokio::test]
    async fn a_completion_is_done_or_not_wherever_it_was_dropped() {
        let (_dir, path) = file();
        let store = store(&path).await;
        let mut done = 0;
        for polls in POLLS {
            let slot = placed(&format!("evt_{polls}"), "cus_1", u64::try_from(polls).unwrap(), Order::Latest);
            let grant = claim(&store, &slot).await;
            let first = drop_after(polls, store.complete(&slot, grant.token, None)).await;
            let again = store.complete(&slot, grant.token, None).await.unwrap();
            if let Some(first) = first {
                assert_eq!((first.unwrap(), again), (Held::Yes, Held::Lost));
                done += 1;
            }
            assert!(matches!(store.claim(&slot).await.unwrap(), Claim::Duplicate(None)));
        }
        assert!((1..POLLS.end).contains(&done));
    }

    #[tokio::test]
    async fn a_transaction_is_all_or_nothing_wherever_it_was_dropped() {
        let (_dir, path) = file();
        let store = store(&path).await;
        let mut done = 0;
        for polls in POLLS {
            let id = format!("evt_{polls}");
            let slot = slot(&id);
            let whole = async {
                let mut tx = begin(&store, &slot).await;
                affect(&mut tx, &id).await;
                store.commit(tx, &slot, None).await.unwrap();
            };
            let whole = drop_after(polls, whole).await;
            let marked = match store.begin(&slot).await.unwrap() {
                Claim::Granted(_) => 0,
                Claim::Duplicate(None) => 1,
                other => panic!("{other:?}"),
            };
            assert_eq!(effects(&store, &id).await, marked);
            if whole.is_some() {
                assert_eq!(marked, 1);
                done += 1;
            }
        }
        assert!((1..POLLS.end).contains(&done));
    }
}

mod processes {
    use super::*;

    const FILE: &str = "INHOOK_TEST_SQLITE_FILE";
    const ROLE: &str = "INHOOK_TEST_SQLITE_ROLE";
    const DELIVERIES: i64 = 32;

    /// This test binary once more, told to play a part.
    struct Other {
        process: Child,
        says: BufReader<ChildStdout>,
        hears: ChildStdin,
    }

    impl Other {
        fn start(role: &str, path: &Path) -> Self {
            let (_, name) = concat!(module_path!(), "::child").split_once("::").unwrap();
            let mut process = Command::new(std::env::current_exe().unwrap())
                .args(["--exact", name, "--nocapture", "--test-threads=1"])
                .env(FILE, path)
                .env(ROLE, role)
                .stdin(Stdio::piped())
                .stdout(Stdio::piped())
                .spawn()
                .unwrap();
            let says = BufReader::new(process.stdout.take().unwrap());
            let hears = process.stdin.take().unwrap();
            Self { process, says, hears }
        }

        /// Reads on until it is there.
        fn wait(&mut self) {
            let mut line = String::new();
            while !line.contains("<there>") {
                line.clear();
                assert_ne!(self.says.read_line(&mut line).unwrap(), 0, "it ended");
            }
        }

        fn go(&mut self) {
            self.hears.write_all(b"go\n").unwrap();
        }

        fn end(mut self) {
            let said = std::io::read_to_string(self.says).unwrap();
            assert!(self.process.wait().unwrap().success(), "{said}");
        }

        fn kill(mut self) {
            self.process.kill().unwrap();
            self.process.wait().unwrap();
        }
    }

    /// In the other process: says so, and waits to be told.
    fn there() {
        println!("<there>");
        let mut line = String::new();
        std::io::stdin().read_line(&mut line).unwrap();
    }

    /// A part of the tests below, which start it in another process; by itself it has nothing to do.
    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn child() {
        let Ok(role) = std::env::var(ROLE) else { return };
        let path = std::env::var(FILE).unwrap();
        if role != "killed in a transaction" {
            there();
        }
        let store = with_effects(SqliteStore::open(path).await.unwrap()).await;
        match role.as_str() {
            "claims" => all(&store, claims).await,
            "transactions" => all(&store, transactions).await,
            "killed in a transaction" => {
                claim(&store, &slot("evt_2")).await;
                let mut tx = begin(&store, &placed("evt_1", "cus_1", 9, Order::Latest)).await;
                affect(&mut tx, "evt_1").await;
                there();
            }
            other => panic!("{other}"),
        }
    }

    async fn all<F: Future<Output = ()> + Send + 'static>(store: &SqliteStore, deliver: fn(SqliteStore) -> F) {
        let tasks: Vec<_> = (0..DELIVERIES).map(|_| tokio::spawn(deliver(store.clone()))).collect();
        for task in tasks {
            task.await.unwrap();
        }
    }

    async fn claims(store: SqliteStore) {
        let slot = slot("evt_1");
        loop {
            match store.claim(&slot).await.unwrap() {
                Claim::Granted(grant) => {
                    sqlx::query("insert into effects (id) values ('evt_1')").execute(store.pool()).await.unwrap();
                    assert_eq!(store.complete(&slot, grant.token, None).await.unwrap(), Held::Yes);
                }
                Claim::Duplicate(None) => return,
                Claim::Busy { .. } => {}
                other => panic!("{other:?}"),
            }
        }
    }

    async fn transactions(store: SqliteStore) {
        let slot = slot("evt_1");
        loop {
            match store.begin(&slot).await.unwrap() {
                Claim::Granted(Begun { mut tx, .. }) => {
                    affect(&mut tx, "evt_1").await;
                    store.commit(tx, &slot, None).await.unwrap();
                }
                Claim::Duplicate(None) => return,
                Claim::Busy { .. } => {}
                other => panic!("{other:?}"),
            }
        }
    }

    /// Both make the file, its tables and the deliveries at the same time.
    async fn two(role: &str) {
        let (_dir, path) = file();
        let mut others = [Other::start(role, &path), Other::start(role, &path)];
        others.iter_mut().for_each(Other::wait);
        others.iter_mut().for_each(Other::go);
        others.into_iter().for_each(Other::end);
        let store = SqliteStore::open(&path).await.unwrap();
        assert_eq!(effects(&store, "evt_1").await, 1);
        assert!(matches!(store.claim(&slot("evt_1")).await.unwrap(), Claim::Duplicate(None)));
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn sixty_four_deliveries_to_two_processes_take_effect_once() {
        two("claims").await;
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn sixty_four_deliveries_to_two_processes_commit_once() {
        two("transactions").await;
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_process_that_is_killed_in_a_transaction_leaves_nothing_half_done() {
        let (_dir, path) = file();
        let mut other = Other::start("killed in a transaction", &path);
        other.wait();
        let store = SqliteStore::new(impatient(&path, 2).await).await.unwrap();
        assert!(matches!(store.begin(&slot("evt_1")).await.unwrap(), Claim::Busy { .. }));
        other.kill();
        assert_eq!(effects(&store, "evt_1").await, 0);
        // Neither the mark nor the stream's place was kept, and a claim lasts as long as its lease.
        complete(&store, &placed("evt_1", "cus_1", 1, Order::Latest)).await;
        assert!(matches!(store.claim(&slot("evt_2")).await.unwrap(), Claim::Busy { .. }));
        let store = store.clock(Clock::new(|| OffsetDateTime::now_utc() + LEASE));
        complete(&store, &slot("evt_2")).await;
        let sound: String = sqlx::query_scalar("pragma integrity_check").fetch_one(store.pool()).await.unwrap();
        assert_eq!(sound, "ok");
    }
}

#[cfg(feature = "testing")]
mod contract {
    use inhook::testing::{
        ManualClock, StoreHarness, TransactionHarness, check_dead_letters, check_idempotency,
        check_ordered_dead_letters, check_ordered_transactions, check_ordering, check_transactions,
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
}
