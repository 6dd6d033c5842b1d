//! The store in Redis beside a bare client that sends the same commands, on the same server and over the same kind of
//! connection, by turns. It starts a server of its own; without `redis-server` there is nothing to measure.

mod support;

use std::{
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use inhook::store::{
    Claim, Held, IdempotencyStore, Key, RedisStore, Slot,
    redis::redis::{
        Arg, Client, Cmd, Pipeline, RedisFuture, Value,
        aio::{ConnectionLike, MultiplexedConnection},
        cmd,
    },
};
use support::{median, rounds};

/// How many in each phase of a turn.
const TURN: usize = 6400;

type Arguments = Vec<Vec<u8>>;

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let Some(server) = Server::start() else {
        println!("no redis-server: nothing is measured");
        return;
    };
    let connection = server.client().get_multiplexed_async_connection().await.unwrap();
    let sent = sent(connection.clone()).await;
    let store = RedisStore::new(connection.clone()).await.unwrap();
    for tasks in [1, 16, 64] {
        let title = format!("Redis, {tasks} at once");
        if support::asked(&title) {
            println!("\n{title}");
            compare(&store, &connection, &sent, tasks).await;
        }
    }
}

async fn compare(store: &RedisStore<MultiplexedConnection>, bare: &MultiplexedConnection, sent: &Sent, tasks: usize) {
    let (mut ours, mut theirs, mut set) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..rounds() {
        flush(bare).await;
        ours.push(through_the_store(store, tasks).await);
        flush(bare).await;
        theirs.push(by_hand(bare, sent, tasks).await);
        flush(bare).await;
        let claims = phase(tasks, |n| {
            let mut bare = bare.clone();
            async move {
                let mut command = cmd("SET");
                command.arg(key(n)).arg("x").arg("NX").arg("GET").arg("PX").arg(30_000);
                assert_eq!(command.query_async::<Value>(&mut bare).await.unwrap(), Value::Nil);
            }
        });
        set.push(claims.await);
    }
    println!("{:12}{:>14}{:>14}{:>10}", "", "inhook, 1/s", "bare, 1/s", "ratio");
    for (at, name) in ["claim", "complete", "duplicate"].into_iter().enumerate() {
        let of = |turns: &[[f64; 3]]| median(turns.iter().map(|turn| turn[at]));
        let ratio = median(ours.iter().zip(&theirs).map(|(ours, theirs)| ours[at] / theirs[at]));
        println!("{name:12}{:>14.0}{:>14.0}{ratio:>10.3}", of(&ours), of(&theirs));
    }
    println!("{:12}{:>14}{:>14.0}", "SET NX GET", "", median(set.into_iter()));
}

/// Claims, completes and claims once more; each as so many a second.
async fn through_the_store(store: &RedisStore<MultiplexedConnection>, tasks: usize) -> [f64; 3] {
    let tokens = Arc::new(Mutex::new(vec![None; TURN]));
    let claim = phase(tasks, |n| {
        let (store, tokens) = (store.clone(), tokens.clone());
        async move {
            let Claim::Granted(grant) = store.claim(&slot(n)).await.unwrap() else { panic!("not granted") };
            tokens.lock().unwrap()[n] = Some(grant.token);
        }
    });
    let claim = claim.await;
    let complete = phase(tasks, |n| {
        let (store, tokens) = (store.clone(), tokens.clone());
        async move {
            let token = tokens.lock().unwrap()[n].unwrap();
            assert_eq!(store.complete(&slot(n), token, None).await.unwrap(), Held::Yes);
        }
    });
    let complete = complete.await;
    let duplicate = phase(tasks, |n| {
        let store = store.clone();
        async move { assert!(matches!(store.claim(&slot(n)).await.unwrap(), Claim::Duplicate(None))) }
    });
    [claim, complete, duplicate.await]
}

/// The same commands, made argument by argument.
async fn by_hand(bare: &MultiplexedConnection, sent: &Sent, tasks: usize) -> [f64; 3] {
    let tokens = Arc::new(Mutex::new(vec![0_u64; TURN]));
    let claim = phase(tasks, |n| {
        let (mut bare, tokens, claims) = (bare.clone(), tokens.clone(), sent.claims.clone());
        async move {
            let said: (String, u64, Vec<u8>) = command(&claims[n], None).query_async(&mut bare).await.unwrap();
            assert_eq!(said.0, "granted");
            tokens.lock().unwrap()[n] = said.1;
        }
    });
    let claim = claim.await;
    let complete = phase(tasks, |n| {
        let (mut bare, tokens, completes) = (bare.clone(), tokens.clone(), sent.completes.clone());
        async move {
            let token = tokens.lock().unwrap()[n];
            let command = command(&completes[n], Some(token));
            let said: (String, Vec<u8>) = command.query_async(&mut bare).await.unwrap();
            assert_eq!(said.0, "held");
        }
    });
    let complete = complete.await;
    let duplicate = phase(tasks, |n| {
        let (mut bare, claims) = (bare.clone(), sent.claims.clone());
        async move {
            let said: (String, u64, Vec<u8>) = command(&claims[n], None).query_async(&mut bare).await.unwrap();
            assert_eq!(said.0, "duplicate");
        }
    });
    [claim, complete, duplicate.await]
}

fn command(arguments: &[Vec<u8>], token: Option<u64>) -> Cmd {
    let mut command = Cmd::new();
    for (at, argument) in arguments.iter().enumerate() {
        match token {
            // After the script, how many keys, the key, the time and whether it has a place.
            Some(token) if at == 6 => command.arg(token),
            _ => command.arg(argument),
        };
    }
    command
}

/// Does all of a turn in so many tasks, and says how many that is a second.
async fn phase<F: Future<Output = ()> + Send + 'static>(tasks: usize, one: impl Fn(usize) -> F) -> f64 {
    let started = Instant::now();
    if tasks == 1 {
        for n in 0..TURN {
            one(n).await;
        }
        return TURN as f64 / started.elapsed().as_secs_f64();
    }
    let each = TURN / tasks;
    let running: Vec<_> = (0..tasks)
        .map(|task| {
            let work: Vec<F> = (task * each..(task + 1) * each).map(&one).collect();
            tokio::spawn(async move {
                for one in work {
                    one.await;
                }
            })
        })
        .collect();
    for task in running {
        task.await.unwrap();
    }
    TURN as f64 / started.elapsed().as_secs_f64()
}

fn key(n: usize) -> String {
    format!("{{inhook}}:event:stripe::default:evt_{n:024x}")
}

fn slot(n: usize) -> Slot {
    let key = Key::new("stripe", "default", format!("evt_{n:024x}"));
    let mut slot = Slot::new(key, Duration::from_secs(30), Duration::from_secs(31 * 86_400));
    slot.fingerprint = Some([7; 32]);
    slot
}

async fn flush(connection: &MultiplexedConnection) {
    let mut connection = connection.clone();
    assert_eq!(cmd("FLUSHDB").query_async::<String>(&mut connection).await.unwrap(), "OK");
}

/// What the store sends for each slot.
struct Sent {
    claims: Arc<Vec<Arguments>>,
    completes: Arc<Vec<Arguments>>,
}

async fn sent(connection: MultiplexedConnection) -> Sent {
    let noting = Noting { connection, sent: Arc::default() };
    let store = RedisStore::new(noting.clone()).await.unwrap();
    let (mut claims, mut completes) = (Vec::new(), Vec::new());
    // The first tells the server what the scripts are.
    for n in [0].into_iter().chain(0..TURN) {
        let Claim::Granted(grant) = store.claim(&slot(n)).await.unwrap() else { panic!("not granted") };
        claims.extend(noting.sent.lock().unwrap().pop());
        assert_eq!(store.complete(&slot(n), grant.token, None).await.unwrap(), Held::Yes);
        completes.extend(noting.sent.lock().unwrap().pop());
        if claims.len() == 1 && completes[0][0] != b"EVALSHA" {
            flush(&noting.connection).await;
            (claims, completes) = (Vec::new(), Vec::new());
        }
    }
    assert!(claims.len() == TURN && claims.iter().chain(&completes).all(|sent| sent[0] == b"EVALSHA"));
    Sent { claims: Arc::new(claims), completes: Arc::new(completes) }
}

/// A connection that notes what goes through it.
#[derive(Clone)]
struct Noting {
    connection: MultiplexedConnection,
    sent: Arc<Mutex<Vec<Arguments>>>,
}

impl ConnectionLike for Noting {
    fn req_packed_command<'a>(&'a mut self, cmd: &'a Cmd) -> RedisFuture<'a, Value> {
        let arguments = cmd.args_iter().map(|argument| match argument {
            Arg::Simple(bytes) => bytes.to_vec(),
            _ => Vec::new(),
        });
        self.sent.lock().unwrap().push(arguments.collect());
        self.connection.req_packed_command(cmd)
    }

    fn req_packed_commands<'a>(
        &'a mut self,
        cmd: &'a Pipeline,
        offset: usize,
        count: usize,
    ) -> RedisFuture<'a, Vec<Value>> {
        self.connection.req_packed_commands(cmd, offset, count)
    }

    fn get_db(&self) -> i64 {
        self.connection.get_db()
    }
}

struct Server {
    process: Child,
    dir: PathBuf,
}

impl Server {
    fn start() -> Option<Self> {
        let dir = tempfile::tempdir().unwrap().keep();
        let started = Command::new("redis-server")
            .args(["--unixsocket", "socket", "--port", "0", "--save", ""])
            .current_dir(&dir)
            .stdout(Stdio::null())
            .spawn();
        let server = Self { process: started.ok()?, dir };
        while server.client().get_connection().is_err() {
            std::thread::sleep(Duration::from_millis(10));
        }
        Some(server)
    }

    fn client(&self) -> Client {
        Client::open(format!("redis+unix://{}", Path::new(&self.dir).join("socket").display())).unwrap()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
        std::fs::remove_dir_all(&self.dir).unwrap();
    }
}
