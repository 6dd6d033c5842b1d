//! A store in Redis, for any number of machines.
//!
//! [`redis`](https://docs.rs/redis) is the driver, re-exported here. A later major version of it is a later minor version
//! of this crate before 1.0.

mod claim;
mod dead;
mod name;
mod order;
mod script;

use std::{fmt, sync::Arc};

pub use ::redis;
use redis::{
    Cmd, FromRedisValue,
    aio::{ConnectionLike, ConnectionManager},
};

use self::{
    name::Names,
    script::{Script, Scripts},
};
use crate::{Clock, Error, ErrorKind};

/// What an asynchronous connection must be: `ConnectionManager`, `MultiplexedConnection` and the `ClusterConnection` of
/// the driver's feature `cluster-async` are.
pub trait Connection: ConnectionLike + Clone + Send + Sync + 'static {}

impl<C: ConnectionLike + Clone + Send + Sync + 'static> Connection for C {}

/// Remembers in Redis 7.0 or later, or in Valkey: shared by any number of processes, ordered, with dead letters, and fast.
/// It has no transactions to share with a handler.
///
/// It lives on a connection of yours. All that it does goes through that one at once, so no pool is needed;
/// `ConnectionManager` connects again after a failure, which a plain `MultiplexedConnection` does not. Give it a response
/// timeout below the provider's deadline.
///
/// ```no_run
/// # async fn run() -> Result<(), Box<dyn std::error::Error>> {
/// use inhook::store::{RedisStore, redis::redis::Client};
///
/// let connection = Client::open("redis://redis.internal")?.get_connection_manager().await?;
/// let store = RedisStore::new(connection).await?;
/// # Ok(())
/// # }
/// ```
///
/// # What can be lost
/// A database acknowledges what is on its disk. **Redis acknowledges what is in its memory**, and what it acknowledged can
/// be gone:
///
/// | what happens | what is forgotten |
/// | --- | --- |
/// | the server is killed or loses power, without persistence | everything |
/// | the same, with RDB snapshots only | all since the last snapshot: minutes |
/// | the same, with `appendonly yes` and `appendfsync everysec` (the default of an append-only file) | up to about two seconds |
/// | the same, with `appendfsync always` | nothing, as far as the disk tells the truth |
/// | a replica takes over (Sentinel, Cluster, a managed service) | what had not reached it: usually milliseconds, without a bound. With `min-replicas-to-write 1` and `min-replicas-max-lag 10` a master that is cut off stops after ten seconds; it does not promise that each write has been copied |
/// | `FLUSHDB`, `FLUSHALL`, a key deleted by hand | that |
///
/// A mark that is forgotten makes the event's next copy be handled **again**; a claim that is forgotten may have it handled
/// twice at once; a stream's mark that is forgotten lets something older be applied after something newer, and a
/// tombstone's lets what was deleted come back. Events themselves are lost only as far as they were
/// [dead letters](super::DeadLetterStore). Tokens never go back: each is the server's time in microseconds, or one more
/// than the last, so that [`Event::fence`](crate::Event::fence) still tells the later holder from the earlier one, as far
/// as the servers' clocks agree. Where an effect must never happen twice, write it behind that fence, or use a
/// [`TransactionalStore`](super::TransactionalStore).
///
/// # Memory
/// Redis expires each mark by its [`remember`](super::Slot::remember), so [`purge`](super::IdempotencyStore::purge) has
/// next to nothing to do. A server that evicts forgets early: one whose `maxmemory-policy` is not `noeviction` is refused.
/// One that is full refuses claims, which is answered 503, and goes on completing what was claimed. An event takes about
/// 250 bytes. Tombstones and dead letters stay until they are removed.
///
/// # Redis Cluster
/// All names of a store have one hash tag, `{inhook}` unless [`prefix`](RedisBuilder::prefix) says otherwise, since tokens,
/// streams and keys are one step: a store is on one shard. Give each consumer a store with a prefix of its own to spread
/// them. The connection is the driver's `ClusterConnection`, for which your own `Cargo.toml` enables its feature
/// `cluster-async`:
///
/// ```no_run
/// # async fn run() -> Result<(), Box<dyn std::error::Error>> {
/// use std::time::Duration;
///
/// use inhook::store::{RedisStore, redis::redis::cluster::ClusterClient};
///
/// let nodes = ["redis://a.redis.internal", "redis://b.redis.internal"];
/// let client = ClusterClient::builder(nodes).response_timeout(Duration::from_secs(2)).build()?;
/// let connection = client.get_async_connection().await?;
/// let store = RedisStore::builder(connection).prefix("{billing}:").open().await?;
/// # Ok(())
/// # }
/// ```
///
/// - That timeout is for all of a command's tries together. Without one the driver may wait for ever.
/// - **A replica takes over**: the connection follows by itself, and tells the new master the scripts. What had reached that
///   one is as it was: marks, claims with their tokens, streams, dead letters. What had not is lost, as above.
/// - A command that got no answer may be sent **again**. If the first had been carried out, a claim then finds itself
///   [`Busy`](super::Claim::Busy) until its lease is over, and a completion is told [`Lost`](super::Held::Lost) although the
///   mark stands. Both are answered 503, and the next copy is handled or a duplicate.
/// - **The store's slot moves** to another shard: until it has moved, claims and completions may be refused, which is
///   answered 503. It takes everything along.
/// - Each server that may come to hold the store must not evict: only the one that does when the store is opened is asked.
/// - A driver that is told to read from replicas does so for commands of yours; the store asks masters alone.
///
/// # Time
/// Leases and marks are timed by the server's clock, so machines may disagree about the time, unless
/// [`clock`](Self::clock) says otherwise. After a takeover it is the new master's clock.
#[derive(Clone)]
pub struct RedisStore<C = ConnectionManager> {
    connection: C,
    clock: Option<Clock>,
    prefix: Arc<str>,
    scripts: Arc<Scripts>,
}

impl<C: Connection> RedisStore<C> {
    /// Keeps its keys behind `connection`, with names that begin with `{inhook}:`.
    ///
    /// # Errors
    /// As those of [`RedisBuilder::open`].
    pub async fn new(connection: C) -> Result<Self, Error> {
        Self::builder(connection).open().await
    }

    /// The same, with more to say about it.
    pub fn builder(connection: C) -> RedisBuilder<C> {
        RedisBuilder { connection, prefix: "{inhook}:".to_owned() }
    }

    /// Reads the time from there and not from the server, which then expires nothing: for tests. All who share the names
    /// must agree on it.
    pub fn clock(mut self, clock: Clock) -> Self {
        self.clock = Some(clock);
        self
    }

    /// The connection, for commands of your own.
    pub fn connection(&self) -> &C {
        &self.connection
    }

    fn names(&self) -> Names<'_> {
        Names(&self.prefix)
    }

    /// Runs a script with the time and whatever `arguments` adds.
    async fn run<T: FromRedisValue>(
        &self,
        script: &Script,
        keys: &[String],
        arguments: impl Fn(&mut Cmd) + Send + Sync,
    ) -> Result<T, Error> {
        let now = self.clock.as_ref().map(|clock| clock.now().unix_timestamp_nanos() / 1000);
        let now = now.map(|now| now.to_string()).unwrap_or_default();
        let mut connection = self.connection.clone();
        let arguments = |command: &mut Cmd| arguments(command.arg(&*now));
        script.run(&mut connection, keys, arguments).await.map_err(Error::store)
    }

    /// Whether the server is one that keeps what it is told.
    async fn inspect(&self) -> Result<(), Error> {
        let mut connection = self.connection.clone();
        let keys = [self.names().tokens()];
        let info: String = self.scripts.inspect.run(&mut connection, &keys, |_| {}).await.map_err(Error::store)?;
        judge(&info)
    }
}

impl<C> fmt::Debug for RedisStore<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisStore").field("prefix", &self.prefix).field("clock", &self.clock).finish_non_exhaustive()
    }
}

/// Where a [`RedisStore`] keeps its keys.
#[must_use]
pub struct RedisBuilder<C> {
    connection: C,
    prefix: String,
}

impl<C: Connection> RedisBuilder<C> {
    /// What all names begin with, `{inhook}:` unless said. It must hold a hash tag, which is text in braces: of names with
    /// the same one, Redis Cluster keeps all together.
    pub fn prefix(mut self, prefix: impl Into<String>) -> Self {
        self.prefix = prefix.into();
        self
    }

    /// Opens the store.
    ///
    /// # Errors
    /// [`Config`](crate::ErrorKind::Config) if the prefix has no hash tag, if the server is older than version 7.0, or if it
    /// evicts: set its `maxmemory-policy` to `noeviction`. [`Store`](crate::ErrorKind::Store) if the server cannot be asked.
    pub async fn open(self) -> Result<RedisStore<C>, Error> {
        // As Redis finds it: between the first `{` and the next `}`, and not empty.
        let tag = self.prefix.split_once('{').and_then(|(_, rest)| rest.split_once('}'));
        if tag.is_none_or(|(tag, _)| tag.is_empty()) {
            return Err(Error::new(ErrorKind::Config, "a prefix must hold a hash tag, as in `{inhook}:`"));
        }
        let store = RedisStore {
            connection: self.connection,
            clock: None,
            prefix: self.prefix.into(),
            scripts: Arc::new(Scripts::new()),
        };
        store.inspect().await?;
        Ok(store)
    }
}

impl<C> fmt::Debug for RedisBuilder<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisBuilder").field("prefix", &self.prefix).finish_non_exhaustive()
    }
}

/// Of what `INFO` says.
fn judge(info: &str) -> Result<(), Error> {
    let field = |name: &str| info.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
    let version = field("redis_version").and_then(|version| version.split('.').next()?.parse::<u32>().ok());
    if version.is_none_or(|major| major < 7) {
        return Err(Error::new(ErrorKind::Config, "the Redis server is older than version 7.0"));
    }
    if field("maxmemory_policy").is_none_or(|policy| policy.trim_end() != "noeviction") {
        return Err(Error::new(ErrorKind::Config, "the Redis server evicts: set its maxmemory-policy to noeviction"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_that_is_old_or_evicts_is_refused() {
        let said = |version: &str, policy: &str| {
            format!("# Server\r\nredis_version:{version}\r\n# Memory\r\nmaxmemory_policy:{policy}\r\n")
        };
        assert!(judge(&said("7.0.15", "noeviction")).is_ok());
        assert!(judge(&said("10.2.0", "noeviction")).is_ok());
        for (version, policy) in
            [("6.2.14", "noeviction"), ("7.2.0", "allkeys-lru"), ("8.0.0", "volatile-ttl"), ("", "")]
        {
            assert_eq!(judge(&said(version, policy)).unwrap_err().kind(), ErrorKind::Config, "{version} {policy}");
        }
        assert!(judge("").is_err());
    }
}
