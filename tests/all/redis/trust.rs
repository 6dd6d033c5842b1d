//! What a server must be, and what becomes of it.

use super::*;

#[tokio::test]
async fn a_server_that_evicts_is_refused() {
    for policy in ["allkeys-lru", "volatile-ttl", "allkeys-random"] {
        let Some(server) = Server::start(&["--maxmemory-policy", policy]) else { return };
        let refused = RedisStore::new(server.connection().await).await.unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::Config);
        assert!(refused.to_string().contains("noeviction"), "{refused}");
    }
}

#[tokio::test]
async fn a_prefix_needs_a_hash_tag_and_keeps_stores_apart() {
    let Some(server) = Server::start(&[]) else { return };
    let connection = server.connection().await;
    let open = async |prefix: &str| RedisStore::builder(connection.clone()).prefix(prefix).open().await;
    for prefix in ["", "inhook:", "{}inhook{a}", "{inhook", "}{"] {
        assert_eq!(open(prefix).await.unwrap_err().kind(), ErrorKind::Config, "{prefix}");
    }
    let (first, second) = (open("app:{one}:").await.unwrap(), open("app:{two}:").await.unwrap());
    for store in [&first, &second] {
        complete(store, &placed("evt_1", "cus_1", 1, Order::Latest)).await;
    }
    let mut names: Vec<String> = connection.clone().keys("*").await.unwrap();
    names.sort();
    let of = |tag: &str| {
        ["event:stripe::orders:evt_1", "stream:stripe::orders:cus_1", "token"].map(|n| format!("app:{{{tag}}}:{n}"))
    };
    assert_eq!(names, [of("one"), of("two")].concat());
}

#[tokio::test]
async fn a_full_server_refuses_claims_and_completes_what_was_claimed() {
    let Some(server) = Server::start(&[]) else { return };
    let store = server.store().await;
    let order = Order::Sequence { wait: LEASE, on_gap: inhook::store::Gap::Block };
    let plain = (slot("evt_1"), claim(&store, &slot("evt_1")).await.token);
    let in_stream = placed("evt_2", "cus_1", 1, order);
    let in_stream = (in_stream.clone(), claim(&store, &in_stream).await.token);
    let memory = async |bytes: u64| {
        let mut connection = store.connection().clone();
        let set = cmd("CONFIG").arg("SET").arg("maxmemory").arg(bytes).query_async::<String>(&mut connection).await;
        assert_eq!(set.unwrap(), "OK");
    };
    memory(1).await;
    assert_eq!(store.claim(&slot("evt_3")).await.unwrap_err().kind(), ErrorKind::Store);
    for (slot, token) in [&plain, &in_stream] {
        assert_eq!(store.complete(slot, *token, Some(&Answer::text("done"))).await.unwrap(), Held::Yes);
        assert!(is_duplicate(&store, slot).await);
    }
    memory(0).await;
    complete(&store, &slot("evt_3")).await;
}

#[tokio::test]
async fn a_server_that_forgot_its_scripts_is_told_them_again() {
    let Some(server) = Server::start(&[]) else { return };
    let store = server.store().await;
    let forget = async || {
        let mut connection = store.connection().clone();
        assert_eq!(cmd("SCRIPT").arg("FLUSH").query_async::<String>(&mut connection).await.unwrap(), "OK");
    };
    forget().await;
    let token = claim(&store, &slot("evt_1")).await.token;
    forget().await;
    assert_eq!(store.extend(&slot("evt_1"), token, LEASE).await.unwrap(), Held::Yes);
    assert_eq!(store.complete(&slot("evt_1"), token, None).await.unwrap(), Held::Yes);
    forget().await;
    assert!(store.forget(&slot("evt_1").key).await.unwrap());
}

#[tokio::test]
async fn a_server_that_lost_its_tokens_gives_none_twice() {
    let Some(server) = Server::start(&[]) else { return };
    let store = server.store().await;
    let mut last = Token(0);
    for round in 0..4 {
        for n in 0..50 {
            let token = complete(&store, &slot(&format!("{round} {n}"))).await;
            assert!(token > last);
            last = token;
        }
        let mut connection = store.connection().clone();
        assert_eq!(cmd("FLUSHALL").query_async::<String>(&mut connection).await.unwrap(), "OK");
    }
    // A clock that went back is no reason either.
    let ahead = last.0 + 3_600_000_000;
    let _set: () = store.connection().clone().set("{inhook}:token", ahead).await.unwrap();
    assert_eq!(complete(&store, &slot("evt_1")).await, Token(ahead + 1));
}

#[tokio::test]
async fn with_an_append_only_file_a_crash_of_the_server_forgets_nothing() {
    let always = ["--appendonly", "yes", "--appendfsync", "always"];
    for (arguments, kept) in [(&always[..], true), (&[][..], false)] {
        let Some(mut server) = Server::start(arguments) else { return };
        let store = server.store().await;
        let mut last = placed("evt_1", "cus_1", 5, Order::Latest);
        last.place = last.place.map(Place::last);
        let token = complete(&store, &last).await;
        server.crash();
        let store = server.store().await;
        assert_eq!(is_duplicate(&store, &slot("evt_1")).await, kept);
        let older = store.claim(&placed("evt_2", "cus_1", 4, Order::Latest)).await.unwrap();
        assert_eq!(matches!(older, Claim::Stale), kept, "{older:?}");
        assert!(claim(&store, &slot("evt_3")).await.token > token);
    }
}

#[tokio::test]
async fn what_waits_is_known_by_its_whole_id() {
    let Some(server) = Server::start(&[]) else { return };
    let start = OffsetDateTime::now_utc();
    let at = async |seconds: i64| {
        let now = start + time::Duration::seconds(seconds);
        server.store().await.clock(Clock::new(move || now))
    };
    let order = Order::Sequence { wait: LEASE, on_gap: inhook::store::Gap::Proceed };
    for (n, id) in ["evt\0", "evt\0 1", "evt\n1", "evt 1", "\0"].into_iter().enumerate() {
        let stream = format!("cus_{n}");
        complete(&at(0).await, &placed(&format!("first {n}"), &stream, 1, order)).await;
        let (waits, other) = (placed(id, &stream, 3, order), placed(&format!("{id}2"), &stream, 3, order));
        for (seconds, slot) in [(0, &waits), (30, &waits), (30, &other)] {
            assert!(matches!(at(seconds).await.claim(slot).await.unwrap(), Claim::Busy { .. }), "{id:?}");
        }
        let later = at(61).await;
        let blocked = later.blocked(None, 100).await.unwrap();
        assert_eq!(blocked.iter().map(|blocked| blocked.waiting).collect::<Vec<_>>(), [2], "{id:?}");
        let grant = claim(&later, &waits).await;
        assert!(grant.gap && matches!(later.release(&waits, grant.token).await.unwrap(), Held::Yes));
        assert!(later.skip(&other.key.stream(&*stream), &4_u64.into()).await.unwrap());
    }
}

/// The mark and the letter are one: an event is not taken for kept that is not.
#[tokio::test]
async fn a_letter_is_kept_though_the_numbers_went_back() {
    let Some(server) = Server::start(&[]) else { return };
    let (store, mut connection) = (server.store().await, server.connection().await);
    let bury = async |id: &str| {
        let (slot, event) = (slot(id), event());
        let token = claim(&store, &slot).await.token;
        assert_eq!(store.bury(&slot, token, &event, "").await.unwrap(), Held::Yes, "{id}");
    };
    let ahead = (OffsetDateTime::now_utc().unix_timestamp_nanos() / 1000) as u64 + 3_600_000_000;
    let _: () = connection.set("{inhook}:token", ahead).await.unwrap();
    bury("evt_1").await;
    let _: () = connection.del("{inhook}:token").await.unwrap();
    bury("evt_2").await;
    bury("evt_3").await;
    let letters = store.dead_letters(None, 10).await.unwrap();
    assert_eq!(letters.iter().map(|letter| &*letter.key.id).collect::<Vec<_>>(), ["evt_1", "evt_2", "evt_3"]);
    assert!(letters.windows(2).all(|pair| pair[0].id < pair[1].id));
}

#[tokio::test]
async fn of_many_that_wait_none_is_overlooked() {
    let Some(server) = Server::start(&[]) else { return };
    let start = OffsetDateTime::now_utc();
    let at = async |seconds: i64| {
        let now = start + time::Duration::seconds(seconds);
        server.store().await.clock(Clock::new(move || now))
    };
    let order = Order::Sequence { wait: LEASE, on_gap: inhook::store::Gap::Proceed };
    let nth = |rank: u64| placed(&format!("evt_{rank}"), "cus_1", rank, order);
    let store = at(0).await;
    complete(&store, &nth(1)).await;
    for rank in (3..250).chain([300]) {
        assert!(matches!(store.claim(&nth(rank)).await.unwrap(), Claim::Busy { .. }));
    }
    assert!(matches!(at(100).await.claim(&nth(250)).await.unwrap(), Claim::Busy { .. }));
    let Claim::Busy { retry_after } = at(121).await.claim(&nth(300)).await.unwrap() else { panic!("250 was there") };
    assert_eq!(retry_after, Duration::from_secs(99));
    assert!(matches!(at(219).await.claim(&nth(300)).await.unwrap(), Claim::Busy { .. }));
    let late = at(220).await;
    complete(&late, &nth(300)).await;
    assert!(matches!(late.claim(&nth(250)).await.unwrap(), Claim::Stale));
    assert!(late.blocked(None, 10).await.unwrap().is_empty());
}
