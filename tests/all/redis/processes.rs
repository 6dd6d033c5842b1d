use std::{
    io::{BufRead, BufReader, Write},
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
};

use super::{server::connection, *};

const SOCKET: &str = "INHOOK_TEST_REDIS_SOCKET";
const ROLE: &str = "INHOOK_TEST_REDIS_ROLE";

/// This test binary once more, told to play a part.
struct Other {
    process: Child,
    says: BufReader<ChildStdout>,
    hears: ChildStdin,
}

impl Other {
    fn start(role: &str, server: &Server) -> Self {
        let (_, name) = concat!(module_path!(), "::child").split_once("::").unwrap();
        let mut process = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", name, "--nocapture", "--test-threads=1"])
            .env(SOCKET, server.socket())
            .env(ROLE, role)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let says = BufReader::new(process.stdout.take().unwrap());
        let hears = process.stdin.take().unwrap();
        Self { process, says, hears }
    }

    /// Reads on until it is there, and gives what it has to say.
    fn there(&mut self) -> String {
        let mut line = String::new();
        loop {
            line.clear();
            assert_ne!(self.says.read_line(&mut line).unwrap(), 0, "it ended");
            if let Some((_, said)) = line.split_once("<there>") {
                return said.trim().to_owned();
            }
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
fn there(said: impl std::fmt::Display) {
    println!("<there>{said}");
    let mut line = String::new();
    std::io::stdin().read_line(&mut line).unwrap();
}

/// A part of the tests below, which start it in another process; by itself it has nothing to do.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn child() {
    let Ok(role) = std::env::var(ROLE) else { return };
    let connection = connection(std::env::var_os(SOCKET).unwrap().as_ref()).await;
    let store = RedisStore::new(connection).await.unwrap();
    match role.as_str() {
        "delivers" => {
            there("");
            let tasks: Vec<_> = (0..32).map(|_| tokio::spawn(deliver(store.clone()))).collect();
            for task in tasks {
                task.await.unwrap();
            }
        }
        "is killed" => there(claim(&store, &placed("evt_1", "cus_1", 9, Order::Latest)).await.token.0),
        other => panic!("{other}"),
    }
}

async fn deliver(store: RedisStore) {
    let slot = placed("evt_1", "cus_1", 1, Order::Serial);
    loop {
        match store.claim(&slot).await.unwrap() {
            Claim::Granted(grant) => {
                let _effects: u32 = store.connection().clone().incr("effects", 1).await.unwrap();
                assert_eq!(store.complete(&slot, grant.token, None).await.unwrap(), Held::Yes);
            }
            Claim::Duplicate(None) => return,
            Claim::Busy { .. } => {}
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn sixty_four_deliveries_to_two_processes_take_effect_once() {
    let Some(server) = Server::start(&[]) else { return };
    let mut others = [Other::start("delivers", &server), Other::start("delivers", &server)];
    others.iter_mut().for_each(|other| assert_eq!(other.there(), ""));
    others.iter_mut().for_each(Other::go);
    others.into_iter().for_each(Other::end);
    let store = server.store().await;
    let effects: u32 = store.connection().clone().get("effects").await.unwrap();
    assert_eq!(effects, 1);
    assert!(is_duplicate(&store, &slot("evt_1")).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_holder_that_is_killed_is_busy_until_its_lease_is_over() {
    let Some(server) = Server::start(&[]) else { return };
    let mut other = Other::start("is killed", &server);
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
