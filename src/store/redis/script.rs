//! The scripts, and how they are run: by their digest, and whole where the server does not know it yet.

use data_encoding::HEXLOWER;
use redis::{Cmd, ErrorKind, FromRedisValue, RedisResult, ServerErrorKind, aio::ConnectionLike, cmd};
use sha1::{Digest, Sha1};

use super::redis;

/// One script and its digest.
pub(super) struct Script {
    code: &'static str,
    digest: String,
}

impl Script {
    fn new(code: &'static str) -> Self {
        Self { code, digest: HEXLOWER.encode(&Sha1::digest(code)) }
    }

    /// Runs it in one round trip, unless the server has to be told what it is first.
    pub(super) async fn run<T: FromRedisValue>(
        &self,
        connection: &mut (impl ConnectionLike + Send),
        keys: &[String],
        arguments: impl Fn(&mut Cmd) + Send + Sync,
    ) -> RedisResult<T> {
        let command = |verb: &str, script: &str| {
            let mut command = cmd(verb);
            command.arg(script).arg(keys.len()).arg(keys);
            arguments(&mut command);
            command
        };
        match command("EVALSHA", &self.digest).query_async(connection).await {
            Err(e) if e.kind() == ErrorKind::Server(ServerErrorKind::NoScript) => {
                command("EVAL", self.code).query_async(connection).await
            }
            done => done,
        }
    }
}

macro_rules! script {
    ($($file:literal),+) => {
        Script::new(concat!($(include_str!(concat!("lua/", $file, ".lua"))),+))
    };
}

/// All of them, those too that only read: a driver may ask a replica for what a command reads, and that may be behind.
pub(super) struct Scripts {
    pub(super) claim: Script,
    pub(super) extend: Script,
    pub(super) complete: Script,
    pub(super) bury: Script,
    pub(super) release: Script,
    pub(super) forget: Script,
    pub(super) skip: Script,
    pub(super) listed: Script,
    pub(super) blocked: Script,
    pub(super) letters: Script,
    pub(super) inspect: Script,
}

impl Scripts {
    pub(super) fn new() -> Self {
        Self {
            claim: script!("time", "number", "stream", "claim"),
            extend: script!("time", "stream", "holder", "extend"),
            complete: script!("time", "stream", "holder", "finish", "complete"),
            bury: script!("time", "number", "stream", "holder", "finish", "bury"),
            release: script!("time", "stream", "holder", "release"),
            forget: script!("time", "forget"),
            skip: script!("time", "stream", "skip"),
            listed: script!("listed"),
            blocked: script!("time", "stream", "blocked"),
            letters: script!("letters"),
            inspect: script!("inspect"),
        }
    }
}
