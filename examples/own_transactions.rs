//! cargo run --example own_transactions --features tokio,testing,postgres
//!
//! Another driver: a store over `tokio-postgres` and a pool of `deadpool`, whose transactions handlers write through, and
//! the proof that it keeps the contract. (The feature `postgres` is only for the server that this starts for itself.)
#[path = "support/postgres.rs"]
mod postgres;

use std::{
    error::Error as StdError,
    ops::{Deref, DerefMut},
    time::Duration,
};

use deadpool_postgres::{Manager, Object, Pool};
use inhook::{
    Answer, Clock, Error,
    store::{Begun, Claim, Grant, Held, IdempotencyStore, Key, Slot, Token, TransactionalStore},
    testing::{ManualClock, StoreHarness, TransactionHarness, check_idempotency, check_transactions},
};
use postgres::Server;
use tokio_postgres::{Client, NoTls, error::SqlState};

/// A key is a column of four: an array's elements are compared one by one, and `NULL` equals `NULL` there.
const TABLES: &str = "
    create table event (
        key bytea[] primary key, done_generation bigint, forget_at bigint, fingerprint bytea,
        twins boolean not null default false, answer bytea, token bigint, lease_until bigint);
    create index on event (fingerprint) where twins;
    create sequence token;
    create table effect (id bigint generated always as identity)";

#[derive(Clone)]
struct MyStore {
    pool: Pool,
    /// The database's own would be better where machines disagree about the time; this one can be moved by a test.
    clock: Clock,
}

/// A transaction of a pool's connection. One that was not ended takes its connection with it, so that none goes back to
/// the pool with a transaction open, and PostgreSQL rolls it back.
struct MyTx(Option<Object>);

impl MyTx {
    async fn end(mut self, sql: &str) -> Result<(), Error> {
        let ended = self.batch_execute(sql).await;
        if ended.is_ok() {
            drop(self.0.take());
        }
        ended.map_err(Error::store)
    }
}

impl Deref for MyTx {
    type Target = Client;
    fn deref(&self) -> &Client {
        self.0.as_deref().expect("there until `end` has taken the transaction itself")
    }
}

impl DerefMut for MyTx {
    fn deref_mut(&mut self) -> &mut Client {
        self.0.as_deref_mut().expect("there until `end` has taken the transaction itself")
    }
}

impl Drop for MyTx {
    fn drop(&mut self) {
        if let Some(object) = self.0.take() {
            drop(Object::take(object));
        }
    }
}

fn columns(key: &Key) -> Vec<Option<&[u8]>> {
    let tenant = key.tenant.as_deref().map(str::as_bytes);
    vec![Some(key.source.as_bytes()), tenant, Some(key.consumer.as_bytes()), Some(key.id.as_bytes())]
}

fn micros(span: Duration) -> i64 {
    i64::try_from(span.as_micros()).map_or(i64::MAX / 2, |span| span.min(i64::MAX / 2))
}

impl MyStore {
    fn now(&self) -> i64 {
        i64::try_from(self.clock.now().unix_timestamp_nanos() / 1000).unwrap_or(i64::MAX / 2)
    }

    async fn transaction(&self) -> Result<MyTx, Error> {
        let tx = MyTx(Some(self.pool.get().await.map_err(Error::store)?));
        // READ COMMITTED: a row that was waited for must be seen. Whoever holds it may hold it for long.
        let begin = "begin isolation level read committed; set local lock_timeout = '1s';
            set local idle_in_transaction_session_timeout = '60s'";
        tx.batch_execute(begin).await.map_err(Error::store)?;
        Ok(tx)
    }

    /// Locks the key's row, which is there after this, or says why the slot cannot be had.
    async fn take<G>(&self, tx: &MyTx, slot: &Slot) -> Result<Option<Claim<G>>, tokio_postgres::Error> {
        let (key, now) = (columns(&slot.key), self.now());
        // Insert first: of two at once, one waits here for the other's end.
        let insert = "insert into event (key) values ($1) on conflict do nothing";
        while tx.execute(insert, &[&key]).await? == 0 {
            let seen = "select done_generation, forget_at, fingerprint, answer, lease_until from event
                where key = $1 for update";
            let Some(row) = tx.query_opt(seen, &[&key]).await? else { continue };
            let (generation, forget_at): (Option<i64>, Option<i64>) = (row.get(0), row.get(1));
            let (stored, answer): (Option<Vec<u8>>, Option<Vec<u8>>) = (row.get(2), row.get(3));
            let remembered = forget_at.is_some_and(|at| at > now);
            if remembered && generation.is_some_and(|done| done >= i64::from(slot.generation)) {
                let differs = stored.zip(slot.fingerprint).is_some_and(|(old, new)| old[..] != new[..]);
                let answer = answer.and_then(|record| Answer::from_record(&record).ok());
                return Ok(Some(if differs { Claim::Conflict } else { Claim::Duplicate(answer) }));
            }
            if let Some(until) = row.get::<_, Option<i64>>(4).filter(|until| *until > now) {
                return Ok(Some(Claim::Busy { retry_after: Duration::from_micros((until - now).unsigned_abs()) }));
            }
            break;
        }
        Ok(None)
    }

    async fn twin(&self, tx: &MyTx, slot: &Slot) -> Result<bool, Error> {
        let Some(print) = slot.fingerprint.filter(|_| slot.twins) else { return Ok(false) };
        let sql = "select 1 from event
            where fingerprint = $1 and twins and key[1:3] = ($2::bytea[])[1:3] and key <> $2 and forget_at > $3 limit 1";
        let found = tx.query_opt(sql, &[&&print[..], &columns(&slot.key), &self.now()]).await;
        Ok(found.map_err(Error::store)?.is_some())
    }

    /// A refusal ends the transaction.
    async fn judged<G>(&self, tx: MyTx, slot: &Slot) -> Result<Result<MyTx, Claim<G>>, Error> {
        match self.take(&tx, slot).await {
            Ok(None) => Ok(Ok(tx)),
            Ok(Some(refused)) => tx.end("rollback").await.map(|()| Err(refused)),
            Err(e) if e.code() == Some(&SqlState::LOCK_NOT_AVAILABLE) => {
                tx.end("rollback").await.map(|()| Err(Claim::Busy { retry_after: Duration::from_secs(1) }))
            }
            Err(e) => Err(Error::store(e)),
        }
    }

    async fn one(&self, sql: &str, values: &[&(dyn tokio_postgres::types::ToSql + Sync)]) -> Result<u64, Error> {
        let db = self.pool.get().await.map_err(Error::store)?;
        let sql = db.prepare_cached(sql).await.map_err(Error::store)?;
        db.execute(&sql, values).await.map_err(Error::store)
    }
}

fn held(rows: u64) -> Held {
    if rows > 0 { Held::Yes } else { Held::Lost }
}

fn number(token: Token) -> i64 {
    i64::try_from(token.0).unwrap_or(-1)
}

impl IdempotencyStore for MyStore {
    async fn claim(&self, slot: &Slot) -> Result<Claim<Grant>, Error> {
        let tx = match self.judged(self.transaction().await?, slot).await? {
            Ok(tx) => tx,
            Err(refused) => return Ok(refused),
        };
        // Only now, since it was waited for: whoever gets the key later has the higher token.
        let hold = "update event set token = nextval('token'), lease_until = $2 where key = $1 returning token";
        let until = self.now().saturating_add(micros(slot.lease));
        let row = tx.query_one(hold, &[&columns(&slot.key), &until]).await.map_err(Error::store)?;
        let mut grant = Grant::new(Token(row.get::<_, i64>(0).cast_unsigned()));
        grant.twin = self.twin(&tx, slot).await?;
        tx.end("commit").await?;
        Ok(Claim::Granted(grant))
    }

    async fn extend(&self, slot: &Slot, token: Token, lease: Duration) -> Result<Held, Error> {
        let until = self.now().saturating_add(micros(lease));
        let sql = "update event set lease_until = $3 where key = $1 and token = $2";
        self.one(sql, &[&columns(&slot.key), &number(token), &until]).await.map(held)
    }

    async fn complete(&self, slot: &Slot, token: Token, answer: Option<&Answer>) -> Result<Held, Error> {
        let forget_at = self.now().saturating_add(micros(slot.remember));
        let sql = "update event set done_generation = $3, forget_at = $4, fingerprint = $5, twins = $6, answer = $7,
            token = null, lease_until = null where key = $1 and token = $2";
        let (print, answer) = (slot.fingerprint.map(Vec::from), answer.map(Answer::to_record));
        let twins = slot.twins && print.is_some();
        let generation = i64::from(slot.generation);
        let key = columns(&slot.key);
        self.one(sql, &[&key, &number(token), &generation, &forget_at, &print, &twins, &answer]).await.map(held)
    }

    async fn release(&self, slot: &Slot, token: Token) -> Result<Held, Error> {
        let new = "delete from event where key = $1 and token = $2 and done_generation is null";
        let again = "update event set token = null, lease_until = null where key = $1 and token = $2";
        let key = columns(&slot.key);
        let deleted = self.one(new, &[&key, &number(token)]).await?;
        // Nobody but this holder could have made the one into the other in between.
        if deleted > 0 { Ok(Held::Yes) } else { self.one(again, &[&key, &number(token)]).await.map(held) }
    }

    async fn forget(&self, key: &Key) -> Result<bool, Error> {
        let free = "delete from event where key = $1 and forget_at > $2 and token is null";
        let taken = "update event set done_generation = null, forget_at = null, fingerprint = null, twins = false,
            answer = null where key = $1 and forget_at > $2 and token is not null";
        let (columns, now) = (columns(key), self.now());
        Ok(self.one(free, &[&columns, &now]).await? + self.one(taken, &[&columns, &now]).await? > 0)
    }

    async fn purge(&self, limit: u32) -> Result<u64, Error> {
        let sql = "delete from event where ctid = any(array(
            select ctid from event where coalesce(forget_at, 0) <= $1 and coalesce(lease_until, 0) <= $1
            limit $2 for update skip locked))";
        self.one(sql, &[&self.now(), &i64::from(limit)]).await
    }
}

impl TransactionalStore for MyStore {
    type Conn = Client;
    type Tx = MyTx;

    async fn begin(&self, slot: &Slot) -> Result<Claim<Begun<MyTx>>, Error> {
        let tx = match self.judged(self.transaction().await?, slot).await? {
            Ok(tx) => tx,
            Err(refused) => return Ok(refused),
        };
        let twin = self.twin(&tx, slot).await?;
        let sql = "update event set done_generation = $2, forget_at = $3, fingerprint = $4, twins = $5, answer = null,
            token = null, lease_until = null where key = $1";
        let forget_at = self.now().saturating_add(micros(slot.remember));
        let print = slot.fingerprint.map(Vec::from);
        let twins = slot.twins && print.is_some();
        let (key, generation) = (columns(&slot.key), i64::from(slot.generation));
        let marked = tx.execute(sql, &[&key, &generation, &forget_at, &print, &twins]).await;
        marked.map_err(Error::store)?;
        // The handler waits for locks of its own as it likes.
        tx.batch_execute("set local lock_timeout to default").await.map_err(Error::store)?;
        let mut begun = Begun::new(tx);
        begun.twin = twin;
        Ok(Claim::Granted(begun))
    }

    async fn commit(&self, tx: MyTx, slot: &Slot, answer: Option<&Answer>) -> Result<(), Error> {
        // Also fails where the handler ended the transaction, or passed over an error of its own: PostgreSQL would answer
        // such a commit with a rollback and call it a success.
        let sql = "update event set answer = $2, forget_at = $3
            where key = $1 and xmin = pg_current_xact_id_if_assigned()::xid and token is null";
        let forget_at = self.now().saturating_add(micros(slot.remember));
        let answer = answer.map(Answer::to_record);
        let sealed = tx.execute(sql, &[&columns(&slot.key), &answer, &forget_at]).await.map_err(Error::store)?;
        if sealed == 0 {
            return Err(Error::store("the transaction was ended before its commit"));
        }
        tx.end("commit").await
    }

    async fn rollback(&self, tx: MyTx) -> Result<(), Error> {
        tx.end("rollback").await
    }
}

struct Harness {
    store: MyStore,
    clock: ManualClock,
}

impl StoreHarness for Harness {
    type Store = MyStore;

    async fn fresh(&mut self) -> MyStore {
        let db = self.store.pool.get().await.unwrap();
        db.batch_execute("truncate event; alter sequence token restart; truncate effect").await.unwrap();
        self.store.clone()
    }

    async fn second(&mut self) -> MyStore {
        self.store.clone()
    }

    async fn advance(&mut self, by: Duration) {
        self.clock.advance(by);
    }
}

impl TransactionHarness for Harness {
    async fn write(&self, db: &mut Client) {
        db.batch_execute("insert into effect default values").await.unwrap();
    }

    async fn written(&self) -> u64 {
        let db = self.store.pool.get().await.unwrap();
        let count: i64 = db.query_one("select count(*) from effect", &[]).await.unwrap().get(0);
        count.unsigned_abs()
    }
}

async fn open(server: &Server, clock: Clock) -> Result<MyStore, Box<dyn StdError + Send + Sync>> {
    let options = server.options();
    let mut config = tokio_postgres::Config::new();
    config.host_path(options.get_socket().ok_or("no socket")?).port(options.get_port());
    config.user("postgres").dbname("postgres");
    let pool = Pool::builder(Manager::new(config, NoTls)).max_size(40).build()?;
    pool.get().await?.batch_execute(TABLES).await?;
    Ok(MyStore { pool, clock })
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn StdError + Send + Sync>> {
    let server = match Server::start(&["fsync=off"]) {
        Ok(server) => server,
        Err(why) if std::env::var("INHOOK_REQUIRE_SERVERS").as_deref() == Ok("1") => return Err(why.into()),
        Err(why) => {
            println!("Nothing was checked: no PostgreSQL: {why}");
            return Ok(());
        }
    };
    let clock = ManualClock::new();
    let mut harness = Harness { store: open(&server, clock.clock()).await?, clock };
    check_idempotency(&mut harness).await;
    check_transactions(&mut harness).await;
    println!("MyStore keeps the contract of a store, and of one whose transactions handlers write through");
    Ok(())
}
