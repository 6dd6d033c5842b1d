//! A PostgreSQL of the program's own, in a folder that is removed with it.

use std::{
    fs::{self, File, OpenOptions},
    os::unix::{
        fs::{MetadataExt, PermissionsExt, chown},
        process::CommandExt,
    },
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    thread::sleep,
    time::{Duration, Instant},
};

use inhook::store::postgres::sqlx::postgres::PgConnectOptions;

const PATIENCE: Duration = Duration::from_secs(60);
const PAUSE: Duration = Duration::from_millis(20);

/// Ends with this value, or with this process, however that ends.
pub(crate) struct Server {
    bin: PathBuf,
    ids: Option<(u32, u32)>,
    settings: Vec<String>,
    keeper: Child,
    /// The server's socket is here too.
    pub(crate) folder: PathBuf,
    pub(crate) postmaster: Child,
}

impl Server {
    /// With `settings` such as `fsync=off`. What is wrong is said in words: most often that PostgreSQL is not there.
    pub(crate) fn start(settings: &[&str]) -> Result<Self, String> {
        let bin = programs().ok_or("no initdb on PATH or under /usr/lib/postgresql")?;
        let folder = tempfile::Builder::new().prefix("inhook-pg").tempdir().map_err(text)?.keep();
        let ids = owner(&folder)?;
        fs::set_permissions(&folder, fs::Permissions::from_mode(0o755)).map_err(text)?;
        if let Some((uid, gid)) = ids {
            chown(&folder, Some(uid), Some(gid)).map_err(text)?;
        }
        // It sees the end of this process by the end of its input, which nobody else holds open.
        let script = r#"
            read -r _
            pid=$(head -n 1 "$1/data/postmaster.pid") && kill -INT "$pid"
            for _ in $(seq 200); do
                test -e "$1/data/postmaster.pid" || break
                sleep 0.05
            done
            rm -rf "$1"
        "#;
        let keeper = Command::new("/bin/sh")
            .args(["-c", script, "sh"])
            .arg(&folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .process_group(0)
            .spawn()
            .map_err(text)?;
        let made = as_owner(&bin.join("initdb"), &folder, ids)
            .args(["--auth=trust", "--username=postgres", "--encoding=UTF8", "--locale=C", "--no-sync", "-D"])
            .arg(folder.join("data"))
            .output()
            .map_err(text)?;
        if !made.status.success() {
            return Err(String::from_utf8_lossy(&made.stderr).into_owned());
        }
        let settings: Vec<String> = settings.iter().map(|s| (*s).to_owned()).collect();
        let postmaster = launch(&bin, &folder, ids, &settings)?;
        let mut server = Self { bin, ids, settings, keeper, folder, postmaster };
        server.wait()?;
        Ok(server)
    }

    pub(crate) fn options(&self) -> PgConnectOptions {
        options(&self.folder)
    }

    /// Until it takes connections. One that another's remains keep from starting is started again.
    pub(crate) fn wait(&mut self) -> Result<(), String> {
        let file = self.folder.join("data/postmaster.pid");
        let began = Instant::now();
        loop {
            if self.postmaster.try_wait().map_err(text)?.is_some() {
                self.postmaster = launch(&self.bin, &self.folder, self.ids, &self.settings)?;
            }
            let lines = fs::read_to_string(&file).unwrap_or_default();
            let mut lines = lines.lines();
            // What another left behind says "ready" too.
            let own = lines.next().is_some_and(|pid| pid == self.postmaster.id().to_string());
            if own && lines.nth(6).is_some_and(|state| state.trim() == "ready") {
                return Ok(());
            }
            if began.elapsed() > PATIENCE {
                return Err(fs::read_to_string(self.folder.join("log")).unwrap_or_default());
            }
            sleep(PAUSE);
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.keeper.stdin.take());
        let _ended = self.keeper.wait();
        // Ended by then, or hung.
        let _killed = self.postmaster.kill();
        let _ended = self.postmaster.wait();
    }
}

/// How to reach the server whose socket is in that folder.
pub(crate) fn options(folder: &Path) -> PgConnectOptions {
    PgConnectOptions::new_without_pgpass().socket(folder).port(5432).username("postgres").database("postgres")
}

fn text(error: impl ToString) -> String {
    error.to_string()
}

fn launch(bin: &Path, folder: &Path, ids: Option<(u32, u32)>, settings: &[String]) -> Result<Child, String> {
    let log = OpenOptions::new().create(true).append(true).open(folder.join("log")).map_err(text)?;
    let mut command = as_owner(&bin.join("postgres"), folder, ids);
    command.arg("-D").arg(folder.join("data")).arg("-k").arg(folder).args(["-c", "listen_addresses="]);
    for setting in settings {
        command.args(["-c", setting]);
    }
    let errors: File = log.try_clone().map_err(text)?;
    command.stdin(Stdio::null()).stdout(log).stderr(errors).process_group(0).spawn().map_err(text)
}

fn as_owner(program: &Path, folder: &Path, ids: Option<(u32, u32)>) -> Command {
    let mut command = Command::new(program);
    command.current_dir(folder);
    if let Some((uid, gid)) = ids {
        command.uid(uid).gid(gid);
    }
    command
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

/// Who the server runs as, where that is not who this runs as: root may not.
fn owner(folder: &Path) -> Result<Option<(u32, u32)>, String> {
    if fs::metadata(folder).map_err(text)?.uid() != 0 {
        return Ok(None);
    }
    let users = fs::read_to_string("/etc/passwd").map_err(text)?;
    let ids = |name: &str| {
        users.lines().find_map(|line| {
            let mut fields = line.split(':');
            let named = fields.next() == Some(name);
            let ids = (fields.nth(1)?.parse().ok()?, fields.next()?.parse().ok()?);
            named.then_some(ids)
        })
    };
    let found = ids("postgres").or_else(|| ids("nobody"));
    found.map(Some).ok_or("root may not run PostgreSQL, and there is no user postgres".to_owned())
}
