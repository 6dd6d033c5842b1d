//! The store in PostgreSQL beside the same statements in a bare loop, on a server that this starts, with the same pool.
//!
//! `cargo bench --bench postgres --features postgres,testing`; `-- "transactions"` for a part. Each figure is a median of
//! pairs that take turns. `INHOOK_ROUNDS` says how many, `INHOOK_REMEMBERED` how many ids the last table holds.

#[path = "../examples/support/postgres.rs"]
mod postgres;
mod support;

use std::{
    future::Future,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use bytes::Bytes;
use http::Request;
use inhook::{
    Event, Receiver, TxHandlers, Verifier,
    provider::STRIPE,
    store::{
        Claim, Held, IdempotencyStore, Key, PgStore, Slot,
        postgres::sqlx::{self, AssertSqlSafe, Connection, PgConnection, PgPool, postgres::PgPoolOptions},
    },
    testing::signed,
};
use postgres::Server;
use support::{asked, median, rounds};

const SLICE: Duration = Duration::from_millis(400);
const CONNECTIONS: u32 = 16;
/// More than any slice takes.
const SIGNED: usize = 20_000;
const SECRET: &str = "whsec_test";

#[tokio::main]
async fn main() {
    let server = match Server::start(&["max_connections=60", "max_wal_size=4GB"]) {
        Ok(server) => server,
        Err(why) => {
            println!("nothing was measured: no PostgreSQL: {why}");
            return;
        }
    };
    let pool = PgPoolOptions::new().max_connections(CONNECTIONS).min_connections(CONNECTIONS);
    let pool = pool.connect_with(server.options()).await.unwrap();
    sqlx::raw_sql(TABLES).execute(&pool).await.unwrap();
    for tasks in [1, 16] {
        transactions(&pool, tasks).await;
        claims(&pool, tasks).await;
    }
    growth(&pool).await;
    purge(&pool).await;
}

/// The bare loop's own tables, as wide as the store's.
const TABLES: &str = "
    create table bare_event (
        source bytea not null, tenant bytea not null, consumer bytea not null, id bytea not null,
        done_generation bigint, forget_at bigint, fingerprint bytea, twins boolean not null default false,
        answer bytea, token bigint, lease_until bigint,
        primary key (source, tenant, consumer, id));
    create index bare_event_forget on bare_event (forget_at) where forget_at is not null;
    create index bare_event_lease on bare_event (lease_until) where lease_until is not null;
    create sequence bare_token;
    create table invoice (id text not null, amount bigint not null);
    create table bare_invoice (id text not null, amount bigint not null)";

static COUNT: AtomicU64 = AtomicU64::new(0);

fn next() -> u64 {
    COUNT.fetch_add(1, Ordering::Relaxed)
}

/// How many of `work` so many tasks do in a second.
async fn rate<F: Future<Output = ()> + Send>(tasks: usize, work: impl Fn() -> F + Clone + Send + 'static) -> f64 {
    let (began, mut all) = (Instant::now(), tokio::task::JoinSet::new());
    for _ in 0..tasks {
        let work = work.clone();
        all.spawn(async move {
            let mut done = 0_u32;
            while began.elapsed() < SLICE {
                work().await;
                done += 1;
            }
            done
        });
    }
    let mut done = 0;
    while let Some(count) = all.join_next().await {
        done += count.unwrap();
    }
    f64::from(done) / began.elapsed().as_secs_f64()
}

fn print(title: &str, pairs: &[(f64, f64)]) {
    let (bare, ours) = (median(pairs.iter().map(|p| p.0)), median(pairs.iter().map(|p| p.1)));
    let ratio = median(pairs.iter().map(|p| p.1 / p.0));
    println!("{title:65}{bare:>10.0}/s{ours:>10.0}/s{ratio:>9.3}");
}

/// One insert in the handler, and what it takes to do it once: begin, mark, insert, answer, commit, each a round trip.
async fn transactions(pool: &PgPool, tasks: usize) {
    let title = format!("transactions, {tasks} at once");
    if !asked(&title) {
        return;
    }
    let same = statements(pool).await;
    let receiver = receiver(pool.clone()).await;
    let bare = |how: Bare| {
        let pool = pool.clone();
        rate(tasks, move || {
            let (pool, how) = (pool.clone(), how.clone());
            async move { bare_transaction(&pool, &format!("evt_{:024x}", next()), how).await.unwrap() }
        })
    };
    let mut pairs = [Vec::new(), Vec::new(), Vec::new()];
    for round in 0..rounds() {
        // Signed beforehand: that is the sender's work.
        let sent = Arc::new(Mutex::new((0..SIGNED).map(|_| request(next())).collect::<Vec<_>>()));
        let receiver = receiver.clone();
        let ours = move || {
            let (receiver, sent) = (receiver.clone(), Arc::clone(&sent));
            async move {
                let request = sent.lock().unwrap().pop().expect("a slice takes fewer");
                assert_eq!(receiver.receive(request).await.status(), 200);
            }
        };
        // Whoever comes later finds larger tables.
        let early = if round % 2 == 0 { Some(rate(tasks, ours.clone()).await) } else { None };
        let mut rates = [0.0; 3];
        for (rate, how) in rates.iter_mut().zip([Bare::Same(same.clone()), Bare::ByHand, Bare::Unanswered]) {
            *rate = bare(how).await;
        }
        let ours = match early {
            Some(rate) => rate,
            None => rate(tasks, ours).await,
        };
        for (pairs, bare) in pairs.iter_mut().zip(rates) {
            pairs.push((bare, ours));
        }
    }
    let beside = ["the same statements", "what one writes by hand", "one that keeps no answer"];
    for (pairs, beside) in pairs.iter().zip(beside) {
        print(&format!("{title}, beside {beside}"), pairs);
    }
}

async fn receiver(pool: PgPool) -> Receiver {
    let store = PgStore::new(pool).await.unwrap();
    let handlers = TxHandlers::new().on_tx("invoice.paid", async |db: &mut PgConnection, event: Event| {
        let insert = sqlx::query("insert into invoice (id, amount) values ($1, $2)");
        insert.bind(event.label.as_deref()).bind(7_i64).execute(db).await?;
        Ok(())
    });
    Receiver::builder(Verifier::new(&STRIPE, SECRET).unwrap(), store).handle_in_tx(handlers).unwrap()
}

fn request(n: u64) -> Request<Bytes> {
    let body =
        format!(r#"{{"id":"evt_{n:024x}","type":"invoice.paid","created":1,"data":{{"object":{{"id":"in_1"}}}}}}"#);
    signed(&STRIPE, SECRET, body).build()
}

/// How the store marks an event and adds its answer, as PostgreSQL was told it.
async fn statements(pool: &PgPool) -> [Arc<str>; 2] {
    let one = PgPoolOptions::new().max_connections(1).connect_with((*pool.connect_options()).clone()).await.unwrap();
    assert_eq!(receiver(one.clone()).await.receive(request(next())).await.status(), 200);
    let find = async |start: &str| -> Arc<str> {
        let find = sqlx::query_scalar::<_, String>("select statement from pg_prepared_statements where statement ~ $1");
        find.bind(format!("^{start} \\S*inhook_event")).fetch_one(&one).await.unwrap().into()
    };
    [find("insert into").await, find("update").await]
}

#[derive(Clone)]
enum Bare {
    Same([Arc<str>; 2]),
    ByHand,
    Unanswered,
}

async fn bare_transaction(pool: &PgPool, id: &str, how: Bare) -> Result<(), sqlx::Error> {
    let (fingerprint, month, answer) = (&[7_u8; 32][..], 31 * 86_400 * 1_000_000_i64, &b"{}"[..]);
    let mut tx = pool.begin().await?;
    match &how {
        Bare::Same(statements) => {
            let mark = sqlx::query(AssertSqlSafe(Arc::clone(&statements[0]))).bind(&b"stripe"[..]).bind(&b""[..]);
            let mark = mark.bind(&b"default"[..]).bind(id.as_bytes()).bind(None::<i64>).bind("2000").bind(0_i64);
            let mark = mark.bind(month + 1_000_000).bind(fingerprint).bind(false).bind("60000");
            assert!(mark.fetch_optional(&mut *tx).await?.is_some());
        }
        Bare::ByHand | Bare::Unanswered => {
            let mark = sqlx::query(
                "insert into bare_event (source, tenant, consumer, id, done_generation, forget_at, fingerprint)
                values ($1, '', $2, $3, 0, (extract(epoch from clock_timestamp()) * 1000000)::bigint + $4, $5)
                on conflict do nothing",
            );
            let mark =
                mark.bind(&b"stripe"[..]).bind(&b"default"[..]).bind(id.as_bytes()).bind(month).bind(fingerprint);
            assert_eq!(mark.execute(&mut *tx).await?.rows_affected(), 1);
        }
    }
    let insert = sqlx::query("insert into bare_invoice (id, amount) values ($1, $2)");
    insert.bind(id).bind(7_i64).execute(&mut *tx).await?;
    let done = match &how {
        Bare::Same(statements) => {
            let seal = sqlx::query(AssertSqlSafe(Arc::clone(&statements[1]))).bind(&b"stripe"[..]).bind(&b""[..]);
            let seal = seal.bind(&b"default"[..]).bind(id.as_bytes()).bind(None::<i64>).bind("2000");
            seal.bind(answer).bind(month).bind(0_i64).execute(&mut *tx).await?
        }
        Bare::ByHand => {
            let seal = sqlx::query(
                "update bare_event set answer = $4
                where source = $1 and tenant = '' and consumer = $2 and id = $3 and done_generation = 0",
            );
            let seal = seal.bind(&b"stripe"[..]).bind(&b"default"[..]).bind(id.as_bytes()).bind(answer);
            seal.execute(&mut *tx).await?
        }
        Bare::Unanswered => return tx.commit().await,
    };
    assert_eq!(done.rows_affected(), 1);
    tx.commit().await
}

fn slot(id: String) -> Slot {
    Slot::new(Key::new("stripe", "default", id), Duration::from_secs(60), Duration::from_secs(31 * 86_400))
}

async fn claim_and_complete(store: &PgStore, slot: &Slot) {
    let Claim::Granted(grant) = store.claim(slot).await.unwrap() else { panic!("not granted") };
    assert_eq!(store.complete(slot, grant.token, None).await.unwrap(), Held::Yes);
}

/// A claim and its completion: an insert and an update, each a transaction of its own.
async fn claims(pool: &PgPool, tasks: usize) {
    let title = format!("claim and complete, {tasks} at once");
    if !asked(&title) {
        return;
    }
    let store = PgStore::new(pool.clone()).await.unwrap();
    let mut pairs = Vec::new();
    for _ in 0..rounds() {
        let bare = pool.clone();
        let bare = rate(tasks, move || {
            let pool = bare.clone();
            async move { bare_claim(&pool, &format!("evt_{:024x}", next())).await.unwrap() }
        });
        let bare = bare.await;
        let store = store.clone();
        let ours = rate(tasks, move || {
            let store = store.clone();
            async move { claim_and_complete(&store, &slot(format!("evt_{:024x}", next()))).await }
        });
        pairs.push((bare, ours.await));
    }
    print(&title, &pairs);
}

async fn bare_claim(pool: &PgPool, id: &str) -> Result<(), sqlx::Error> {
    let claim = sqlx::query_scalar::<_, i64>(
        "insert into bare_event (source, tenant, consumer, id, token, lease_until)
        values ($1, '', $2, $3, nextval('bare_token'),
            (extract(epoch from clock_timestamp()) * 1000000)::bigint + $4)
        on conflict do nothing returning token",
    );
    let claim = claim.bind(&b"stripe"[..]).bind(&b"default"[..]).bind(id.as_bytes()).bind(60_000_000_i64);
    let token = claim.fetch_one(pool).await?;
    let done = sqlx::query(
        "update bare_event set done_generation = 0, token = null, lease_until = null,
            forget_at = (extract(epoch from clock_timestamp()) * 1000000)::bigint + $4
        where source = $1 and tenant = '' and consumer = $2 and id = $3 and token = $5",
    );
    let done = done.bind(&b"stripe"[..]).bind(&b"default"[..]).bind(id.as_bytes()).bind(1_i64 << 41).bind(token);
    assert_eq!(done.execute(pool).await?.rows_affected(), 1);
    Ok(())
}

/// A store whose table already holds so many ids, as they come: in no order.
async fn filled(pool: &PgPool, schema: &str, ids: u64, forget_at: &str) -> PgStore {
    let store = PgStore::builder(pool.clone()).schema(schema).open().await.unwrap();
    let began = Instant::now();
    let fill = format!(
        "insert into {schema}.inhook_event (source, tenant, consumer, id, done_generation, forget_at)
        select 'stripe', '', 'default', convert_to('evt_' || md5(n::text), 'UTF8'), 0, {forget_at}
        from generate_series(1, {ids}) n;
        vacuum analyze {schema}.inhook_event; checkpoint"
    );
    let mut conn = PgConnection::connect_with(&pool.connect_options()).await.unwrap();
    for sql in fill.split(';') {
        sqlx::raw_sql(AssertSqlSafe(sql.to_owned())).execute(&mut conn).await.unwrap();
    }
    println!("  ({ids} ids made in {:.0} s)", began.elapsed().as_secs_f64());
    store
}

const LATER: &str = "(extract(epoch from clock_timestamp()) * 1000000)::bigint + 1000000 * 86400::bigint";

async fn growth(pool: &PgPool) {
    let many = std::env::var("INHOOK_REMEMBERED").ok().and_then(|n| n.parse().ok()).unwrap_or(1_000_000);
    let title = format!("growth: {many} remembered beside 100000");
    if !asked(&title) {
        return;
    }
    let few = filled(pool, "few", 100_000, LATER).await;
    let many = filled(pool, "many", many, LATER).await;
    let mut pairs = Vec::new();
    for _ in 0..rounds() {
        let of = |store: &PgStore| {
            let store = store.clone();
            rate(4, move || {
                let store = store.clone();
                let id =
                    format!("evt_{:032x}", u128::from(next()).wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835));
                async move { claim_and_complete(&store, &slot(id)).await }
            })
        };
        pairs.push((of(&few).await, of(&many).await));
    }
    print(&title, &pairs);
}

/// How long claims take while a million ids are removed, beside claims while nothing is.
async fn purge(pool: &PgPool) {
    let title = "purge of 1000000 ids while claims run";
    if !asked(title) {
        return;
    }
    let store = filled(pool, "over", 1_000_000, "n").await;
    let quiet = latencies(&store, || async { tokio::time::sleep(Duration::from_secs(15)).await }).await;
    let purging = store.clone();
    let (began, removed) = (Instant::now(), Arc::new(AtomicU64::new(0)));
    let count = removed.clone();
    let busy = latencies(&store, || async move {
        count.store(purging.purge(2_000_000).await.unwrap(), Ordering::Relaxed);
    })
    .await;
    let took = began.elapsed().as_secs_f64();
    println!("{title}: {} removed in {took:.1} s", removed.load(Ordering::Relaxed));
    for (name, times) in [("quiet", &quiet), ("while it runs", &busy)] {
        let at = |part: f64| times[((times.len() - 1) as f64 * part) as usize] * 1000.0;
        println!("{name:>44}{:>10} claims{:>9.2} ms p50{:>9.2} ms p99", times.len(), at(0.5), at(0.99));
    }
    let at = |times: &[f64]| times[(times.len() - 1) * 99 / 100];
    println!("{:>44}{:>9.3}", "p99 while it runs / quiet", at(&busy) / at(&quiet));
}

/// Seconds that claims took while `work` ran, sorted.
async fn latencies<F: Future<Output = ()>>(store: &PgStore, work: impl FnOnce() -> F) -> Vec<f64> {
    let done = Arc::new(std::sync::atomic::AtomicBool::new(false));
    let mut all = tokio::task::JoinSet::new();
    for _ in 0..4 {
        let (store, done) = (store.clone(), done.clone());
        all.spawn(async move {
            let mut times = Vec::new();
            while !done.load(Ordering::Relaxed) {
                let slot = slot(format!("evt_{:024x}", next()));
                let began = Instant::now();
                let Claim::Granted(grant) = store.claim(&slot).await.unwrap() else { panic!("not granted") };
                times.push(began.elapsed().as_secs_f64());
                assert_eq!(store.complete(&slot, grant.token, None).await.unwrap(), Held::Yes);
                // As they come in, not as fast as they can.
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
            times
        });
    }
    work().await;
    done.store(true, Ordering::Relaxed);
    let mut times = Vec::new();
    while let Some(more) = all.join_next().await {
        times.extend(more.unwrap());
    }
    times.sort_by(f64::total_cmp);
    times
}
