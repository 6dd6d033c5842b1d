//! Keys, ranks and times at their edges, and what `purge` takes.

use std::sync::{
    Arc,
    atomic::{AtomicI64, Ordering},
};

use inhook::store::{Gap, Key, Place, Rank, Stream};

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
    let clock = Clock::new(move || OffsetDateTime::UNIX_EPOCH + time::Duration::seconds(hands.load(Ordering::SeqCst)));
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
