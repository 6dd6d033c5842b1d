//! cargo run --example user_sync --features axum,sqlite
//!
//! A table of users kept in step with an authentication provider, over real HTTP, on one machine: the provider sends
//! events twice, shuffled, forged and outdated, the handler fails now and then, and the table ends right all the same.
//!
//! `--db FILE` keeps the database: kill the program when you like and start it again on the same file.
//! `--serve` keeps the receiver running, to try by hand. `--seed N` makes another history.
use std::{
    collections::{BTreeMap, HashSet},
    error::Error,
    path::PathBuf,
    process::ExitCode,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use axum::Router;
use bytes::Bytes;
use comfy_table::{Table, presets::UTF8_FULL_CONDENSED};
use http::{Request, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::TokioExecutor,
};
use indicatif::{ProgressBar, ProgressStyle};
use inhook::{
    End, Event, Failure, Json, Outcome, Place, Receiver, TxHandlers, Verifier,
    provider::STANDARD_WEBHOOKS,
    store::{Order, SqliteStore},
};
use serde::{Deserialize, Serialize};
use sqlx::{Row, SqliteConnection, SqlitePool};
use standardwebhooks::Webhook;
use time::{OffsetDateTime, format_description::well_known::Rfc3339};

type Anyhow<T> = Result<T, Box<dyn Error + Send + Sync>>;

const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const FORGERS_SECRET: &str = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD";

// ---------------------------------------------------------------------------------------------------------------------
// What a service writes: a handler for each kind, and a receiver.

/// The user as the provider describes it; the payload of every event here.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct User {
    id: String,
    email: String,
    name: String,
}

/// What the provider posts.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Envelope {
    r#type: String,
    timestamp: String,
    data: User,
}

async fn save(db: &mut SqliteConnection, event: Event<Json<Envelope>>) -> Result<(), Failure> {
    let User { id, email, name } = &event.payload.0.data;
    sqlx::query(
        "insert into users (id, email, name) values (?, ?, ?) \
         on conflict (id) do update set email = excluded.email, name = excluded.name",
    )
    .bind(id)
    .bind(email)
    .bind(name)
    .execute(&mut *db)
    .await?;
    count(db, &event).await
}

async fn delete(db: &mut SqliteConnection, event: Event<Json<Envelope>>) -> Result<(), Failure> {
    sqlx::query("delete from users where id = ?").bind(&event.payload.0.data.id).execute(&mut *db).await?;
    count(db, &event).await
}

/// Written with the rest or not at all, so it tells how often each event took effect.
async fn count(db: &mut SqliteConnection, event: &Event<Json<Envelope>>) -> Result<(), Failure> {
    sqlx::query("insert into effects (event) values (?)").bind(&event.label).execute(db).await?;
    Ok(())
}

/// Users are whole in every event, so an older one says nothing; a deletion is the last word.
fn place(event: &Event) -> Option<Place> {
    let user = event.raw().json::<Envelope>().ok()?.data.id;
    let place = Place::new(user, event.occurred_at?, Order::Latest);
    Some(if event.kind.as_deref() == Some("user.deleted") { place.last() } else { place })
}

fn receiver(store: SqliteStore, trouble: Arc<Trouble>, tally: Arc<Tally>) -> Result<Receiver, inhook::Error> {
    let verifier = Verifier::new(&STANDARD_WEBHOOKS, SECRET)?;
    let (first, second) = (trouble.clone(), trouble);
    let handlers = TxHandlers::new()
        .on_tx("user.*", async move |db: &mut SqliteConnection, event: Event<Json<Envelope>>| {
            let trouble = first.due(&event);
            save(db, event).await?;
            trouble
        })
        .on_tx("user.deleted", async move |db: &mut SqliteConnection, event: Event<Json<Envelope>>| {
            let trouble = second.due(&event);
            delete(db, event).await?;
            trouble
        });
    Receiver::builder(verifier, store)
        .ordered_by(place)
        .observe(move |outcome| tally.note(outcome))
        .handle_in_tx(handlers)
}

/// A handler that fails now and then, after it has written: its writes must not stay.
#[derive(Default)]
struct Trouble(Mutex<HashSet<String>>);

impl Trouble {
    fn due(&self, event: &Event<Json<Envelope>>) -> Result<(), Failure> {
        let label = event.label.clone().unwrap_or_default();
        let unlucky = label.bytes().map(u64::from).sum::<u64>() % 11 == 0;
        let first = unlucky && self.0.lock().map_err(|_| "poisoned")?.insert(label);
        if first { Err("the mail server is away".into()) } else { Ok(()) }
    }
}

#[derive(Default)]
struct Tally {
    sent: AtomicU64,
    applied: AtomicU64,
    duplicate: AtomicU64,
    stale: AtomicU64,
    refused: AtomicU64,
    failed: AtomicU64,
    retried: AtomicU64,
    wrong: AtomicU64,
}

impl Tally {
    fn note(&self, outcome: &Outcome) {
        let counter = match outcome.end {
            End::Handled(_) => &self.applied,
            End::Duplicate(_) => &self.duplicate,
            End::Stale => &self.stale,
            End::Refused(_) => &self.refused,
            _ => &self.failed,
        };
        counter.fetch_add(1, Ordering::Relaxed);
    }
}

// ---------------------------------------------------------------------------------------------------------------------
// The provider: a history of 200 users, and a sender that makes life hard.

const USERS: u32 = 200;

struct Sent {
    id: String,
    body: Bytes,
    what: What,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum What {
    Genuine,
    Forged,
    Outdated,
}

/// Every delivery, and every user as it should be in the end.
fn history(seed: u64) -> Anyhow<(Vec<Sent>, BTreeMap<String, User>)> {
    let mut random = fastrand::Rng::with_seed(seed);
    let (mut deliveries, mut users) = (Vec::new(), BTreeMap::new());
    let start = OffsetDateTime::from_unix_timestamp(1_790_000_000)?;
    for n in 0..USERS {
        let id = format!("user_{n:03}");
        let mut user = User { id: id.clone(), email: format!("u{n}@example.com"), name: format!("User {n}") };
        let updates = random.u32(6..=9);
        let gone = random.u8(0..4) == 0;
        let mut at = start + Duration::from_millis(random.u64(0..1_000_000));
        for step in 0..=updates {
            let last = step == updates && gone;
            let kind = match step {
                0 => "user.created",
                _ if last => "user.deleted",
                _ => "user.updated",
            };
            user.email = format!("u{n}.{step}@example.com");
            at += Duration::from_millis(random.u64(1..5_000));
            let timestamp = at.format(&Rfc3339)?;
            let envelope = Envelope { r#type: kind.to_owned(), timestamp, data: user.clone() };
            let body = Bytes::from(serde_json::to_vec(&envelope)?);
            let event = format!("msg_{seed}_{n:03}_{step}");
            let times = if random.u8(0..10) < 3 { 2 } else { 1 };
            for _ in 0..times {
                deliveries.push(Sent { id: event.clone(), body: body.clone(), what: What::Genuine });
            }
            if random.u8(0..20) == 0 {
                deliveries.push(Sent { id: event.clone(), body: body.clone(), what: What::Outdated });
            }
            if random.u8(0..20) == 0 {
                let evil = User { email: "mallory@example.com".to_owned(), ..user.clone() };
                let envelope = Envelope { data: evil, ..envelope };
                let body = Bytes::from(serde_json::to_vec(&envelope)?);
                deliveries.push(Sent { id: format!("{event}_forged"), body, what: What::Forged });
            }
        }
        if gone {
            users.remove(&id);
        } else {
            users.insert(id, user);
        }
    }
    random.shuffle(&mut deliveries);
    // Some of what comes twice comes at the same time.
    for at in (0..deliveries.len().saturating_sub(1)).step_by(16) {
        let twin =
            deliveries.iter().skip(at + 2).position(|d| d.id == deliveries[at].id && d.what == deliveries[at].what);
        if let Some(twin) = twin {
            deliveries.swap(at + 1, at + 2 + twin);
        }
    }
    Ok((deliveries, users))
}

struct Sender {
    client: Client<HttpConnector, Full<Bytes>>,
    url: String,
    tally: Arc<Tally>,
}

impl Sender {
    /// Sends until it hears a 2xx, as providers do; what is not genuine is sent once, and must not hear one.
    async fn send(&self, delivery: &Sent) -> Anyhow<()> {
        for attempt in 0_u32.. {
            self.tally.sent.fetch_add(1, Ordering::Relaxed);
            if attempt > 0 {
                self.tally.retried.fetch_add(1, Ordering::Relaxed);
            }
            let status = self.post(delivery).await?;
            if delivery.what != What::Genuine {
                if status != StatusCode::UNAUTHORIZED {
                    self.tally.wrong.fetch_add(1, Ordering::Relaxed);
                }
                return Ok(());
            }
            if status.is_success() {
                return Ok(());
            }
            if attempt == 200 {
                return Err(format!("{} is still answered {status}", delivery.id).into());
            }
            tokio::time::sleep(Duration::from_millis(5 << attempt.min(6))).await;
        }
        Ok(())
    }

    async fn post(&self, delivery: &Sent) -> Anyhow<StatusCode> {
        let age = if delivery.what == What::Outdated { 3600 } else { 0 };
        let at = OffsetDateTime::now_utc().unix_timestamp() - age;
        let secret = if delivery.what == What::Forged { FORGERS_SECRET } else { SECRET };
        let signature = Webhook::new(secret)?.sign(&delivery.id, at, &delivery.body)?;
        let request = Request::post(&self.url)
            .header("content-type", "application/json")
            .header("webhook-id", &delivery.id)
            .header("webhook-timestamp", at)
            .header("webhook-signature", signature)
            .body(Full::new(delivery.body.clone()))?;
        let response = self.client.request(request).await?;
        let status = response.status();
        response.into_body().collect().await?;
        Ok(status)
    }
}

// ---------------------------------------------------------------------------------------------------------------------

struct Args {
    db: Option<PathBuf>,
    serve: bool,
    seed: u64,
}

fn args() -> Result<Args, lexopt::Error> {
    use lexopt::prelude::*;
    let mut args = Args { db: None, serve: false, seed: 1 };
    let mut parser = lexopt::Parser::from_env();
    while let Some(arg) = parser.next()? {
        match arg {
            Long("db") => args.db = Some(parser.value()?.into()),
            Long("serve") => args.serve = true,
            Long("seed") => args.seed = parser.value()?.parse()?,
            _ => return Err(arg.unexpected()),
        }
    }
    Ok(args)
}

#[tokio::main]
async fn main() -> ExitCode {
    match run().await {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(e) => {
            eprintln!("error: {e}");
            ExitCode::FAILURE
        }
    }
}

async fn run() -> Anyhow<bool> {
    let args = args()?;
    let folder = tempfile::tempdir()?;
    let file = args.db.clone().unwrap_or_else(|| folder.path().join("users.db"));
    let store = SqliteStore::open(&file).await?;
    let db = store.pool().clone();
    for table in [
        "create table if not exists users (id text primary key, email text not null, name text not null) strict",
        "create table if not exists effects (event text not null) strict",
    ] {
        sqlx::query(table).execute(&db).await?;
    }

    let tally = Arc::new(Tally::default());
    let receiver = receiver(store, Arc::default(), tally.clone())?;
    let app = Router::new().route_service("/hooks/auth", receiver.clone());
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    let url = format!("http://{}/hooks/auth", listener.local_addr()?);
    let server = tokio::spawn(async move { axum::serve(listener, app).await });

    let (deliveries, users) = history(args.seed)?;
    println!("{} deliveries for {USERS} users to {url}, database {}", deliveries.len(), file.display());
    let began = Instant::now();
    send_all(deliveries, url.clone(), tally.clone()).await?;
    let took = began.elapsed();
    let right = report(&db, &tally, &users, took).await?;

    if args.serve {
        println!("\nThe receiver listens on {url}. From another terminal:\n");
        println!(
            "  echo '{{\"type\":\"user.created\",\"timestamp\":\"{}\",\"data\":{{\"id\":\"me\",\"email\":\"me@example.com\",\
             \"name\":\"Me\"}}}}' > me.json",
            OffsetDateTime::now_utc().format(&Rfc3339)?
        );
        println!(
            "  cargo run --example send --features testing -- --provider standard_webhooks --secret {SECRET} \
             --file me.json {url}\n\nCtrl-C ends it."
        );
        tokio::signal::ctrl_c().await?;
    }
    receiver.close(Duration::from_secs(5)).await;
    server.abort();
    Ok(right)
}

async fn send_all(deliveries: Vec<Sent>, url: String, tally: Arc<Tally>) -> Anyhow<()> {
    let bar = ProgressBar::new(deliveries.len() as u64)
        .with_style(ProgressStyle::with_template("{bar:40} {pos}/{len} {per_sec} {msg}")?);
    let client = Client::builder(TokioExecutor::new()).build_http();
    let sender = Arc::new(Sender { client, url, tally });
    let waiting = Arc::new(Mutex::new(deliveries.into_iter()));
    let mut senders = tokio::task::JoinSet::new();
    for _ in 0..16 {
        let (sender, waiting, bar) = (sender.clone(), waiting.clone(), bar.clone());
        senders.spawn(async move {
            loop {
                let next = waiting.lock().map_err(|_| "poisoned")?.next();
                let Some(delivery) = next else { return Anyhow::Ok(()) };
                sender.send(&delivery).await?;
                bar.inc(1);
            }
        });
    }
    while let Some(ended) = senders.join_next().await {
        ended??;
    }
    bar.finish();
    Ok(())
}

/// Prints what happened and compares every row; `false` if anything is not as the provider has it.
async fn report(db: &SqlitePool, tally: &Tally, users: &BTreeMap<String, User>, took: Duration) -> Anyhow<bool> {
    let count = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
    let mut table = Table::new();
    table.load_preset(UTF8_FULL_CONDENSED);
    table.set_header(["sent", "applied", "duplicate", "stale", "refused", "failed", "retried", "per second"]);
    let per_second = (count(&tally.sent) as f64 / took.as_secs_f64()).round();
    let counters =
        [&tally.sent, &tally.applied, &tally.duplicate, &tally.stale, &tally.refused, &tally.failed, &tally.retried];
    table.add_row(counters.map(count).map(|n| n.to_string()).into_iter().chain([per_second.to_string()]));
    println!("{table}");

    let mut differences = Vec::new();
    let mut rows = BTreeMap::new();
    for row in sqlx::query("select id, email, name from users").fetch_all(db).await? {
        let user = User { id: row.try_get(0)?, email: row.try_get(1)?, name: row.try_get(2)? };
        rows.insert(user.id.clone(), user);
    }
    for (id, user) in users {
        match rows.remove(id) {
            Some(row) if row == *user => {}
            Some(row) => differences.push(format!("{id}: {row:?} should be {user:?}")),
            None => differences.push(format!("{id} is missing")),
        }
    }
    differences.extend(rows.keys().filter(|id| id.starts_with("user_")).map(|id| format!("{id} should be gone")));
    let twice = sqlx::query("select event, count(*) from effects group by event having count(*) > 1");
    for row in twice.fetch_all(db).await? {
        differences.push(format!("{} took effect {} times", row.try_get::<String, _>(0)?, row.try_get::<i64, _>(1)?));
    }
    if count(&tally.wrong) > 0 {
        differences.push(format!("{} forged or outdated deliveries were not refused", count(&tally.wrong)));
    }
    for difference in &differences {
        println!("WRONG: {difference}");
    }
    if differences.is_empty() {
        println!(
            "All {} users are as the provider has them, {} are gone, no event took effect twice.",
            users.len(),
            USERS as usize - users.len()
        );
    }
    Ok(differences.is_empty())
}
