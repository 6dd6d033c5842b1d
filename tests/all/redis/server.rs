//! A Redis of a test's own.

use std::{
    io::Write as _,
    net::TcpListener,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use inhook::store::{
    RedisStore,
    redis::redis::{
        Client,
        aio::{ConnectionManager, ConnectionManagerConfig},
        cmd,
    },
};

pub(crate) struct Server {
    dir: PathBuf,
    arguments: Vec<String>,
    /// A shell that ends the server, and removes its files, when its input ends: however this process does.
    keeper: Child,
}

impl Server {
    /// `None`, which leaves the test undone, where there is no Redis and nobody insists on it.
    pub(crate) fn start(arguments: &[&str]) -> Option<Self> {
        installed().then(|| Self::run(arguments).unwrap_or_else(|log| panic!("{log}")))
    }

    /// One that other servers can reach too, at this port of the loopback; a cluster's bus has the second.
    pub(super) fn start_with_ports(arguments: &[&str]) -> Option<(Self, [u16; 2])> {
        while installed() {
            let listeners = [(); 2].map(|()| TcpListener::bind("127.0.0.1:0").unwrap());
            let ports = listeners.map(|listener| listener.local_addr().unwrap().port());
            let [port, bus] = ports.map(|port| port.to_string());
            let reached = ["--bind", "127.0.0.1", "--port", &port, "--cluster-port", &bus];
            match Self::run(&[&reached, arguments].concat()) {
                Ok(server) => return Some((server, ports)),
                // Somebody has taken one in between.
                Err(log) => assert!(log.contains("Address already in use"), "{log}"),
            }
        }
        None
    }

    fn run(arguments: &[&str]) -> Result<Self, String> {
        let dir = tempfile::Builder::new().prefix("inhook-redis").tempdir().unwrap().keep();
        let arguments: Vec<String> = arguments.iter().map(|&argument| argument.to_owned()).collect();
        let keeper = run(&dir, &arguments)?;
        Ok(Self { dir, arguments, keeper })
    }

    /// Kills it as SIGKILL does, and starts it again on the same files.
    pub(super) fn crash(&mut self) {
        self.keeper.stdin.take().unwrap().write_all(b"keep\n").unwrap();
        self.keeper.wait().unwrap();
        self.keeper = run(&self.dir, &self.arguments).unwrap();
    }

    pub(super) fn socket(&self) -> PathBuf {
        self.dir.join("socket")
    }

    pub(super) async fn connection(&self) -> ConnectionManager {
        connection(&self.socket()).await
    }

    pub(crate) async fn store(&self) -> RedisStore {
        RedisStore::new(self.connection().await).await.unwrap()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.keeper.stdin.take());
        let _ended_or_not = self.keeper.wait();
    }
}

fn installed() -> bool {
    let asked = Command::new("redis-server").arg("--version").stdout(Stdio::null()).status();
    if let Err(why) = &asked {
        crate::processes::without("redis-server", why);
    }
    asked.is_ok()
}

/// Waits until it answers; of one that does not, its log.
fn run(dir: &Path, arguments: &[String]) -> Result<Child, String> {
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
        let log = std::fs::read_to_string(dir.join("log")).unwrap_or_default();
        if log.contains("aborting") || began.elapsed() > Duration::from_secs(60) {
            drop(keeper.stdin.take());
            let _ended_or_not = keeper.wait();
            return Err(log);
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    Ok(keeper)
}

fn client(socket: &Path) -> Client {
    Client::open(format!("redis+unix://{}", socket.display())).unwrap()
}

pub(super) async fn connection(socket: &Path) -> ConnectionManager {
    // A machine that is busy is no reason to give up.
    let config = ConnectionManagerConfig::new().set_response_timeout(Some(Duration::from_secs(60)));
    client(socket).get_connection_manager_with_config(config).await.unwrap()
}
