//! This test binary once more, as another process, and servers that may not be there.

use std::{
    ffi::OsStr,
    fmt::Display,
    future::Future,
    io::{BufRead, BufReader, Write},
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
};

use inhook::store::{Claim, Held, IdempotencyStore, Slot};

const PART: &str = "INHOOK_TEST_PART";

/// Another process that plays a part.
pub(crate) struct Other {
    process: Child,
    says: BufReader<ChildStdout>,
    hears: ChildStdin,
}

impl Other {
    /// Runs the test `child` of that module, which asks for its [`part`], and finds in its environment what else it is
    /// told.
    pub(crate) fn start(module: &str, part: &str, told: &[(&str, &OsStr)]) -> Self {
        let (_, module) = module.split_once("::").unwrap();
        let mut process = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", &format!("{module}::child"), "--nocapture", "--test-threads=1"])
            .env(PART, part)
            .envs(told.iter().copied())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let says = BufReader::new(process.stdout.take().unwrap());
        let hears = process.stdin.take().unwrap();
        Self { process, says, hears }
    }

    /// Reads on until it is there, and gives what it has to say.
    pub(crate) fn there(&mut self) -> String {
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

    pub(crate) fn kill(mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }
}

/// Two of them, which begin once both are there, and must come to a good end.
pub(crate) fn race(start: impl Fn() -> Other) {
    let mut others = [start(), start()];
    others.iter_mut().for_each(|other| assert_eq!(other.there(), ""));
    others.iter_mut().for_each(Other::go);
    others.into_iter().for_each(Other::end);
}

/// In the other process: which part it plays. `None` where nobody has started it as one.
pub(crate) fn part() -> Option<String> {
    std::env::var(PART).ok()
}

/// In the other process: says so, and waits to be told.
pub(crate) fn there(said: impl Display) {
    println!("<there>{said}");
    let mut line = String::new();
    std::io::stdin().read_line(&mut line).unwrap();
}

/// In the other process: as many deliveries at once as make sixty-four with those of a second one.
pub(crate) async fn at_once<F: Future<Output = ()> + Send + 'static>(deliver: impl Fn() -> F) {
    let tasks: Vec<_> = (0..32).map(|_| tokio::spawn(deliver())).collect();
    for task in tasks {
        task.await.unwrap();
    }
}

/// A delivery that is sent again until it is a duplicate.
pub(crate) async fn deliver<F: Future>(store: &impl IdempotencyStore, slot: &Slot, effect: impl Fn() -> F) {
    loop {
        match store.claim(slot).await.unwrap() {
            Claim::Granted(grant) => {
                effect().await;
                assert_eq!(store.complete(slot, grant.token, None).await.unwrap(), Held::Yes);
            }
            Claim::Duplicate(None) => return,
            Claim::Busy { .. } => {}
            other => panic!("{other:?}"),
        }
    }
}

/// Says that the test is left undone for want of a server, unless somebody insists on it.
#[cfg(any(feature = "postgres", feature = "redis"))]
pub(crate) fn without(server: &str, why: impl Display) {
    assert_ne!(std::env::var("INHOOK_REQUIRE_SERVERS").as_deref(), Ok("1"), "no {server}: {why}");
    let test = std::thread::current().name().unwrap_or("a test").to_owned();
    // Past the test harness, which keeps to itself what a test that passes prints.
    let line = format!("ignored: {test}: no {server}: {why}\n");
    std::io::stderr().write_all(line.as_bytes()).unwrap();
}
