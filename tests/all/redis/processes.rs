use super::{server::connection, *};
use crate::processes::{Other, at_once, deliver, part, race, there};

const SOCKET: &str = "INHOOK_TEST_REDIS_SOCKET";

/// A part of the tests below, which start it in another process; by itself it has nothing to do.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn child() {
    let Some(part) = part() else { return };
    let connection = connection(std::env::var_os(SOCKET).unwrap().as_ref()).await;
    let store = RedisStore::new(connection).await.unwrap();
    match part.as_str() {
        "delivers" => {
            there("");
            at_once(|| delivers(store.clone())).await;
        }
        "is killed" => there(claim(&store, &placed("evt_1", "cus_1", 9, Order::Latest)).await.token.0),
        other => panic!("{other}"),
    }
}

async fn delivers(store: RedisStore) {
    let effect = async || store.connection().clone().incr::<_, _, u32>("effects", 1).await.unwrap();
    deliver(&store, &placed("evt_1", "cus_1", 1, Order::Serial), effect).await;
}

fn start(part: &str, server: &Server) -> Other {
    Other::start(module_path!(), part, &[(SOCKET, server.socket().as_ref())])
}

#[tokio::test(flavor = "multi_thread")]
async fn sixty_four_deliveries_to_two_processes_take_effect_once() {
    let Some(server) = Server::start(&[]) else { return };
    race(|| start("delivers", &server));
    let store = server.store().await;
    let effects: u32 = store.connection().clone().get("effects").await.unwrap();
    assert_eq!(effects, 1);
    assert!(is_duplicate(&store, &slot("evt_1")).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_holder_that_is_killed_is_busy_until_its_lease_is_over() {
    let Some(server) = Server::start(&[]) else { return };
    let mut other = start("is killed", &server);
    let old = Token(other.there().parse().unwrap());
    other.kill();
    let store = server.store().await;
    let (same, next) = (placed("evt_1", "cus_1", 9, Order::Latest), placed("evt_2", "cus_1", 1, Order::Latest));
    for slot in [&same, &next] {
        assert!(matches!(store.claim(slot).await.unwrap(), Claim::Busy { .. }));
    }
    // What it had claimed moved no mark, and its token is worth nothing once the stream is somebody else's.
    let later = later(store, LEASE);
    assert!(complete(&later, &next).await > old);
    assert_eq!(later.complete(&same, old, None).await.unwrap(), Held::Lost);
    complete(&later, &same).await;
}
