//! A PostgreSQL of this test run's own.

use std::{
    fs::{self, File},
    io::Write as _,
    os::unix::fs::{PermissionsExt, chown},
    os::unix::process::CommandExt,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::{
        OnceLock,
        atomic::{AtomicU32, Ordering},
    },
    time::{Duration, Instant},
};

use inhook::store::postgres::sqlx::{
    self, Connection as _, PgConnection, PgPool,
    postgres::{PgConnectOptions, PgPoolOptions},
};

/// Where the other process finds it.
pub(super) const SOCKET: &str = "INHOOK_TEST_PG_SOCKET";

/// The folder of the server's socket, or why there is none; the server ends when this process does.
fn socket() -> Result<&'static Path, &'static str> {
    static SERVER: OnceLock<Result<PathBuf, String>> = OnceLock::new();
    let started = SERVER.get_or_init(|| match std::env::var_os(SOCKET) {
        Some(socket) => Ok(socket.into()),
        None => start(),
    });
    started.as_deref().map_err(String::as_str)
}

/// The newest `initdb`'s folder.
fn programs() -> Option<PathBuf> {
    let versions = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let mut found: Vec<PathBuf> = versions.map(|version| version.path().join("bin")).collect();
    found.sort_by_key(|bin| bin.parent().and_then(|v| v.file_name()?.to_str()?.parse::<u32>().ok()));
    found.reverse();
    found.extend(std::env::split_paths(&std::env::var_os("PATH").unwrap_or_default()));
    found.into_iter().find(|bin| bin.join("initdb").exists() && bin.join("postgres").exists())
}

/// Who the server runs as, where that is not who the test runs as: root may not.
fn owner(dir: &Path) -> Result<Option<(u32, u32)>, String> {
    use std::os::unix::fs::MetadataExt;
    if fs::metadata(dir).map_err(|e| e.to_string())?.uid() != 0 {
        return Ok(None);
    }
    let users = fs::read_to_string("/etc/passwd").map_err(|e| e.to_string())?;
    for name in ["postgres", "nobody"] {
        let of = |line: &str| {
            let fields: Vec<&str> = line.split(':').collect();
            (fields[0] == name).then(|| (fields[2].parse().unwrap(), fields[3].parse().unwrap()))
        };
        if let Some(ids) = users.lines().find_map(of) {
            return Ok(Some(ids));
        }
    }
    Err("root may not run PostgreSQL, and there is no user postgres".to_owned())
}

fn start() -> Result<PathBuf, String> {
    let bin = programs().ok_or("no initdb on PATH or under /usr/lib/postgresql")?;
    let dir = tempfile::Builder::new().prefix("inhook-pg").tempdir().unwrap().keep();
    let ids = owner(&dir)?;
    fs::set_permissions(&dir, fs::Permissions::from_mode(0o755)).unwrap();
    if let Some((uid, gid)) = ids {
        chown(&dir, Some(uid), Some(gid)).unwrap();
    }
    let run = |program: &Path| {
        let mut command = Command::new(program);
        command.current_dir(&dir);
        if let Some((uid, gid)) = ids {
            command.uid(uid).gid(gid);
        }
        command
    };
    let data = dir.join("data");
    let made = run(&bin.join("initdb"))
        .args(["--auth=trust", "--username=postgres", "--encoding=UTF8", "--locale=C", "--no-sync", "-D"])
        .arg(&data)
        .output()
        .map_err(|e| e.to_string())?;
    if !made.status.success() {
        return Err(String::from_utf8_lossy(&made.stderr).into_owned());
    }
    // The server is told to stop, and its files are removed, by a shell that sees this process end however it does: by
    // the end of its input, which nobody else holds open.
    let script = r#"
        "$1" -D "$2/data" -k "$2" -c listen_addresses= -c max_connections=300 -c fsync=off -c deadlock_timeout=100ms &
        server=$!
        read -r _
        kill -INT $server
        wait $server
        rm -rf "$2"
    "#;
    let log = File::create(dir.join("log")).unwrap();
    let mut keeper = run(Path::new("/bin/sh"))
        .args(["-c", script, "sh"])
        .arg(bin.join("postgres"))
        .arg(&dir)
        .stdin(Stdio::piped())
        .stdout(log.try_clone().unwrap())
        .stderr(log)
        .process_group(0)
        .spawn()
        .map_err(|e| e.to_string())?;
    // Closed by the kernel when this process ends.
    std::mem::forget(keeper.stdin.take());
    let (pid_file, began) = (data.join("postmaster.pid"), Instant::now());
    let ready =
        || fs::read_to_string(&pid_file).is_ok_and(|text| text.lines().nth(7).is_some_and(|l| l.trim() == "ready"));
    while !ready() {
        let ended = keeper.try_wait().unwrap().is_some();
        if ended || began.elapsed() > Duration::from_secs(60) {
            return Err(fs::read_to_string(dir.join("log")).unwrap_or_default());
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    Ok(dir)
}

/// A database of one test.
#[derive(Clone)]
pub(super) struct Database {
    pub(super) socket: PathBuf,
    pub(super) name: String,
}

impl Database {
    pub(super) fn options(&self) -> PgConnectOptions {
        options(&self.socket).database(&self.name)
    }

    pub(super) async fn pool(&self, size: u32) -> PgPool {
        let pool = PgPoolOptions::new().max_connections(size).acquire_timeout(Duration::from_secs(60));
        pool.connect_with(self.options()).await.unwrap()
    }
}

fn options(socket: &Path) -> PgConnectOptions {
    PgConnectOptions::new_without_pgpass().socket(socket).port(5432).username("postgres")
}

/// A new one, or `None`, which leaves the test undone, where there is no PostgreSQL and nobody insists on it.
pub(super) async fn database() -> Option<Database> {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let socket = match tokio::task::spawn_blocking(socket).await.unwrap() {
        Ok(socket) => socket,
        Err(why) => {
            assert_ne!(std::env::var("INHOOK_REQUIRE_SERVERS").as_deref(), Ok("1"), "no PostgreSQL: {why}");
            let test = std::thread::current().name().unwrap_or("a test").to_owned();
            // Past the test harness, which keeps to itself what a test that passes prints.
            let line = format!("ignored: {test}: no PostgreSQL: {why}\n");
            std::io::stderr().write_all(line.as_bytes()).unwrap();
            return None;
        }
    };
    let name = format!("test_{}", COUNT.fetch_add(1, Ordering::Relaxed));
    let mut conn = PgConnection::connect_with(&options(socket).database("postgres")).await.unwrap();
    let sql = format!("create database {name} strategy file_copy");
    let made = sqlx::raw_sql(sqlx::AssertSqlSafe(sql)).execute(&mut conn).await;
    if made.is_err() {
        // Before version 15 there is but one strategy.
        let sql = format!("create database {name}");
        sqlx::raw_sql(sqlx::AssertSqlSafe(sql)).execute(&mut conn).await.unwrap();
    }
    conn.close().await.unwrap();
    Some(Database { socket: socket.to_owned(), name })
}
