use std::{
    io::{BufRead, BufReader, Write},
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
};

use super::{server::SOCKET, *};

const NAME: &str = "INHOOK_TEST_PG_DATABASE";
const ROLE: &str = "INHOOK_TEST_PG_ROLE";
const DELIVERIES: i64 = 32;

/// This test binary once more, told to play a part.
struct Other {
    process: Child,
    says: BufReader<ChildStdout>,
    hears: ChildStdin,
}

impl Other {
    fn start(role: &str, database: &Database) -> Self {
        let (_, name) = concat!(module_path!(), "::child").split_once("::").unwrap();
        let mut process = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", name, "--nocapture", "--test-threads=1"])
            .env(SOCKET, &database.socket)
            .env(NAME, &database.name)
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
    let database = Database { socket: std::env::var_os(SOCKET).unwrap().into(), name: std::env::var(NAME).unwrap() };
    if role != "killed in a transaction" {
        there();
    }
    let store = store(&database, 10, PATIENCE).await;
    if role == "killed in a transaction" {
        claim(&store, &slot("evt_2")).await;
        let mut tx = begin(&store, &placed("evt_1", "cus_1", 9, Order::Latest)).await;
        affect(&mut tx, "evt_1").await;
        there();
    }
    let tasks: Vec<_> = (0..DELIVERIES)
        .map(|_| {
            let store = store.clone();
            match role.as_str() {
                "claims" => tokio::spawn(claims(store)),
                "transactions" => tokio::spawn(transactions(store)),
                other => panic!("{other}"),
            }
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
}

async fn claims(store: PgStore) {
    let slot = slot("evt_1");
    loop {
        match store.claim(&slot).await.unwrap() {
            Claim::Granted(grant) => {
                affect(&mut store.pool().acquire().await.unwrap(), "evt_1").await;
                assert_eq!(store.complete(&slot, grant.token, None).await.unwrap(), Held::Yes);
            }
            Claim::Duplicate(None) => return,
            Claim::Busy { .. } => {}
            other => panic!("{other:?}"),
        }
    }
}

async fn transactions(store: PgStore) {
    let slot = slot("evt_1");
    loop {
        match store.begin(&slot).await.unwrap() {
            Claim::Granted(mut begun) => {
                affect(&mut begun.tx, "evt_1").await;
                store.commit(begun.tx, &slot, None).await.unwrap();
            }
            Claim::Duplicate(None) => return,
            Claim::Busy { .. } => {}
            other => panic!("{other:?}"),
        }
    }
}

/// Both make the tables and the deliveries at the same time.
async fn two(role: &str) {
    let Some(database) = database().await else { return };
    let mut others = [Other::start(role, &database), Other::start(role, &database)];
    others.iter_mut().for_each(Other::wait);
    others.iter_mut().for_each(Other::go);
    others.into_iter().for_each(Other::end);
    let store = store(&database, 2, PATIENCE).await;
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
    let Some(database) = database().await else { return };
    let mut other = Other::start("killed in a transaction", &database);
    other.wait();
    let hasty = store(&database, 2, Duration::from_millis(50)).await;
    assert!(matches!(hasty.begin(&slot("evt_1")).await.unwrap(), Claim::Busy { .. }));
    other.kill();
    let store = store(&database, 2, PATIENCE).await;
    // Neither the mark nor the stream's place was kept, and a claim lasts as long as its lease.
    complete(&store, &placed("evt_1", "cus_1", 1, Order::Latest)).await;
    assert_eq!(effects(&store, "evt_1").await, 0);
    assert!(matches!(store.claim(&slot("evt_2")).await.unwrap(), Claim::Busy { .. }));
}
