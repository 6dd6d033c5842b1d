//! A Redis of a test's own.

use std::{
    io::Write as _,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use inhook::store::{
    RedisStore,
    redis::redis::{Client, aio::ConnectionManager, cmd},
};

pub(super) struct Server {
    dir: PathBuf,
    arguments: Vec<String>,
    /// A shell that ends the server, and removes its files, when its input ends: however this process does.
    keeper: Child,
}

impl Server {
    /// `None`, which leaves the test undone, where there is no Redis and nobody insists on it.
    pub(super) fn start(arguments: &[&str]) -> Option<Self> {
        if let Err(why) = Command::new("redis-server").arg("--version").stdout(Stdio::null()).status() {
            crate::processes::without("redis-server", why);
            return None;
        }
        let dir = tempfile::Builder::new().prefix("inhook-redis").tempdir().unwrap().keep();
        let arguments: Vec<String> = arguments.iter().map(|&argument| argument.to_owned()).collect();
        let keeper = run(&dir, &arguments);
        Some(Self { dir, arguments, keeper })
    }

    /// Kills it as SIGKILL does, and starts it again on the same files.
    pub(super) fn crash(&mut self) {
        self.keeper.stdin.take().unwrap().write_all(b"keep\n").unwrap();
        self.keeper.wait().unwrap();
        self.keeper = run(&self.dir, &self.arguments);
    }

    pub(super) fn socket(&self) -> PathBuf {
        self.dir.join("socket")
    }

    pub(super) async fn connection(&self) -> ConnectionManager {
        connection(&self.socket()).await
    }

    pub(super) async fn store(&self) -> RedisStore {
        RedisStore::new(self.connection().await).await.unwrap()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.keeper.stdin.take());
        let _ended_or_not = self.keeper.wait();
    }
}

fn run(dir: &Path, arguments: &[String]) -> Child {
    let script = r#"
        dir=$1
        shift
        cd "$dir"
        redis-server --unixsocket socket --dir . --save '' --port 0 --loglevel warning "$@" > log 2>&1 &
        server=$!
        read -r word
        kill -KILL $server
        wait $server
        rm socket
        [ "$word" = keep ] || rm -rf "$dir"
    "#;
    let mut keeper = Command::new("/bin/sh")
        .args(["-c", script, "sh"])
        .arg(dir)
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let (socket, began) = (dir.join("socket"), Instant::now());
    let answers = || {
        let mut connection = client(&socket).get_connection().ok()?;
        cmd("PING").query::<String>(&mut connection).ok()
    };
    while answers().is_none() {
        let ended = keeper.try_wait().unwrap().is_some();
        if ended || began.elapsed() > Duration::from_secs(60) {
            panic!("{}", std::fs::read_to_string(dir.join("log")).unwrap_or_default());
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    keeper
}

fn client(socket: &Path) -> Client {
    Client::open(format!("redis+unix://{}", socket.display())).unwrap()
}

pub(super) async fn connection(socket: &Path) -> ConnectionManager {
    client(socket).get_connection_manager().await.unwrap()
}
