use super::*;

fn changed(mut slot: Slot, change: impl FnOnce(&mut Slot)) -> Slot {
    change(&mut slot);
    slot
}

/// Seconds until Redis removes it; -1 where it does not, -2 where there is none.
async fn lasts(store: &RedisStore, name: &str) -> i64 {
    let left: i64 = store.connection().clone().pttl(format!("{{inhook}}:{name}")).await.unwrap();
    // What was there a moment ago has a little less now.
    if left < 0 { left } else { (left + 999) / 1000 }
}

#[tokio::test]
async fn redis_expires_what_is_over() {
    let Some(server) = Server::start(&[]) else { return };
    let store = server.store().await;
    let event = "event:stripe::orders:evt_1";
    let token = claim(&store, &slot("evt_1")).await.token;
    // Past the lease, so that who is late and met nobody may still complete.
    assert_eq!(lasts(&store, event).await, 120);
    assert_eq!(store.extend(&slot("evt_1"), token, 2 * LEASE).await.unwrap(), Held::Yes);
    assert_eq!(lasts(&store, event).await, 240);
    assert_eq!(store.complete(&slot("evt_1"), token, None).await.unwrap(), Held::Yes);
    assert_eq!(lasts(&store, event).await, 86_400);
    // A redrive does not shorten what is remembered of the first.
    let redriven = changed(slot("evt_1"), |slot| slot.generation = 1);
    let token = claim(&store, &redriven).await.token;
    assert_eq!(lasts(&store, event).await, 86_400);
    assert_eq!(store.release(&redriven, token).await.unwrap(), Held::Yes);
    assert_eq!(lasts(&store, event).await, 86_400);
    let token = claim(&store, &slot("evt_2")).await.token;
    assert_eq!(store.release(&slot("evt_2"), token).await.unwrap(), Held::Yes);
    assert_eq!(lasts(&store, "event:stripe::orders:evt_2").await, -2);
}

#[tokio::test]
async fn redis_expires_streams_and_what_waits_in_them_but_no_tombstones() {
    let Some(server) = Server::start(&[]) else { return };
    let store = server.store().await;
    let sequence = Order::Sequence { wait: LEASE, on_gap: inhook::store::Gap::Block };
    let (stream, waiting) = ("stream:stripe::orders:cus_1", "waiting:stripe::orders:cus_1");
    let first = placed("evt_0", "cus_0", 1, sequence);
    let token = claim(&store, &first).await.token;
    assert_eq!(lasts(&store, "stream:stripe::orders:cus_0").await, 86_400);
    // Where the sequence began is a mark as any other.
    assert_eq!(store.release(&first, token).await.unwrap(), Held::Yes);
    assert_eq!(lasts(&store, "stream:stripe::orders:cus_0").await, 86_400);
    complete(&store, &placed("evt_1", "cus_1", 1, sequence)).await;
    assert_eq!(lasts(&store, stream).await, 86_400);
    let long = changed(placed("evt_3", "cus_1", 3, sequence), |slot| slot.remember = 2 * REMEMBER);
    assert!(matches!(store.claim(&long).await.unwrap(), Claim::Busy { .. }));
    assert_eq!((lasts(&store, stream).await, lasts(&store, waiting).await), (172_800, 172_800));
    let mut last = placed("evt_2", "cus_1", 2, sequence);
    last.place = last.place.map(Place::last);
    complete(&store, &last).await;
    assert_eq!((lasts(&store, stream).await, lasts(&store, waiting).await), (-1, -1));
    complete(&store, &long).await;
    assert_eq!((lasts(&store, stream).await, lasts(&store, waiting).await), (172_800, -2));
    assert!(store.skip(&slot("").key.stream("cus_2"), &9_u64.into()).await.unwrap());
    assert_eq!(lasts(&store, "stream:stripe::orders:cus_2").await, 31 * 86_400);
}

#[tokio::test]
async fn twins_last_as_long_as_the_last_of_them() {
    let Some(server) = Server::start(&[]) else { return };
    let store = server.store().await;
    let twin = |id: &str, times| {
        changed(slot(id), |slot| {
            (slot.fingerprint, slot.twins, slot.remember) = (Some([0xab; 32]), true, times * REMEMBER);
        })
    };
    let name = format!("twins:stripe::orders:{}", "ab".repeat(32));
    for (id, times, expected) in [("evt_1", 1, 1), ("evt_2", 3, 3), ("evt_3", 2, 3)] {
        complete(&store, &twin(id, times)).await;
        assert_eq!(lasts(&store, &name).await, expected * 86_400);
    }
    // By the time that the first is over it is no longer listed.
    complete(&later(store.clone(), REMEMBER + LEASE), &twin("evt_4", 1)).await;
    let listed: Vec<String> = store.connection().clone().zrange(format!("{{inhook}}:{name}"), 0, -1).await.unwrap();
    assert_eq!(listed, ["evt_3", "evt_4", "evt_2"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_over_goes_while_claims_go_on() {
    let Some(server) = Server::start(&[]) else { return };
    let store = server.store().await;
    let brief = |n: u32| changed(slot(&format!("brief {n}")), |slot| slot.remember = Duration::from_millis(50));
    let fill = |first: u32| {
        let store = store.clone();
        tokio::spawn(async move {
            for n in first..first + 500 {
                complete(&store, &brief(n)).await;
                complete(&store, &slot(&format!("kept {n}"))).await;
            }
        })
    };
    for task in (0..8).map(|n| fill(1000 * n)).collect::<Vec<_>>() {
        task.await.unwrap();
    }
    let mut connection = store.connection().clone();
    let mut more = 0;
    // Beside what is to be kept Redis tolerates some that is over: a tenth.
    while cmd("DBSIZE").query_async::<u64>(&mut connection).await.unwrap() > 4000 + more + 2000 {
        complete(&store, &slot(&format!("more {more}"))).await;
        more += 1;
    }
    assert_eq!(store.purge(u32::MAX).await.unwrap(), 0);
    for n in (0..8).flat_map(|n| 1000 * n..1000 * n + 500) {
        assert!(is_duplicate(&store, &slot(&format!("kept {n}"))).await);
    }
    complete(&store, &brief(0)).await;
}

#[tokio::test]
async fn purge_takes_expired_streams_off_the_list_of_those_that_wait() {
    let Some(server) = Server::start(&[]) else { return };
    let store = server.store().await;
    let sequence = Order::Sequence { wait: Duration::ZERO, on_gap: inhook::store::Gap::Block };
    for n in 0..120 {
        let stream = format!("cus_{n}");
        complete(&store, &placed(&format!("{n} first"), &stream, 1, sequence)).await;
        let waits = placed(&format!("{n} third"), &stream, 3, sequence);
        assert!(matches!(store.claim(&waits).await.unwrap(), Claim::Busy { .. }));
        if n > 0 {
            // As Redis does, both at once.
            let names = ["stream", "waiting"].map(|kind| format!("{{inhook}}:{kind}:stripe::orders:{stream}"));
            let _gone: u32 = store.connection().clone().del(&names).await.unwrap();
        }
    }
    assert_eq!(store.purge(7).await.unwrap(), 7);
    assert_eq!(store.purge(u32::MAX).await.unwrap(), 112);
    assert_eq!(store.purge(u32::MAX).await.unwrap(), 0);
    assert_eq!(store.blocked(None, 10).await.unwrap().len(), 1);
}
