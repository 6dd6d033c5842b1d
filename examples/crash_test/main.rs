//! cargo run --release --example crash_test --all-features
//!
//! Three receivers in processes of their own share one PostgreSQL, which this starts. A sender posts events over HTTP,
//! twice, in the wrong order, hanging up, trying again until it hears a 2xx. Meanwhile receivers are killed (SIGKILL;
//! also between the commit and the answer), and paused past their lease and the time that PostgreSQL leaves an idle
//! transaction (SIGSTOP); PostgreSQL is stopped at once, killed, and made to recover from a crash. At the end:
//!
//! - in a transaction, each acknowledged event took effect exactly once, and one that was not is done whole or not at all;
//! - under a lease, each acknowledged event was written at least once, by no holder that had lost it;
//! - no stream went backwards, nothing came after a tombstone, no two of a serial stream ran at once.
//!
//! `--minutes N` for longer than one, `--seed S` for the same events and blows again (not the same timing).
//! `--break dedupe | fencing | order | commit-before-mark` turns one guarantee off, in this program and not in the
//! store: the test must fail then.

mod args;
mod change;
mod fleet;
mod judge;
#[path = "../support/postgres.rs"]
mod postgres;
mod probe;
mod receiver;
mod sender;
mod trouble;

use std::{
    error::Error,
    process::ExitCode,
    sync::atomic::Ordering,
    time::{Duration, Instant},
};

use comfy_table::{Table, presets::UTF8_FULL_CONDENSED};
use inhook::store::postgres::sqlx::{self, Connection, PgConnection};

use self::{
    args::{Args, args},
    fleet::{Fleet, lock},
    judge::{TABLES, Verdict, judge},
    postgres::Server,
    sender::Sender,
    trouble::Trouble,
};

type Anyhow<T> = Result<T, Box<dyn Error + Send + Sync>>;

const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
/// Short, so that it runs out often.
const LEASE: Duration = Duration::from_secs(1);
/// For how long what is on its way may take, once all is quiet.
const PATIENCE: Duration = Duration::from_secs(60);

#[tokio::main]
async fn main() -> ExitCode {
    let done = async {
        let args = args()?;
        match &args.receiver {
            Some(socket) => receiver::run(socket, args.broken).await.map(|()| true),
            None => test(args).await,
        }
    };
    match done.await {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(e) => {
            eprintln!("error: {e}");
            ExitCode::FAILURE
        }
    }
}

async fn test(args: Args) -> Anyhow<bool> {
    let settings = ["max_connections=220", "deadlock_timeout=100ms"];
    let mut server = match Server::start(&settings) {
        Ok(server) => server,
        Err(why) if std::env::var("INHOOK_REQUIRE_SERVERS").as_deref() == Ok("1") => return Err(why.into()),
        Err(why) => {
            println!("Nothing was tested: no PostgreSQL: {why}");
            return Ok(true);
        }
    };
    let mut db = PgConnection::connect_with(&server.options()).await?;
    sqlx::raw_sql(TABLES).execute(&mut db).await?;
    db.close().await?;

    let broken = args.broken.map(|b| format!(", broken: {}", b.name())).unwrap_or_default();
    println!("seed {}, {} s of trouble{broken}", args.seed, args.time.as_secs());
    let mut fleet = Fleet::start(server.folder.clone(), args.broken)?;
    let sender = Sender::new(fleet.addresses.clone(), args.seed)?;
    let began = Instant::now();
    let sending = tokio::spawn(sender.clone().run(began + args.time + PATIENCE));
    Trouble::new(args.seed).until(began + args.time, &mut fleet, &mut server).await?;

    sender.stop();
    fleet.resume()?;
    while !sending.is_finished() {
        fleet.tend()?;
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    sending.await??;
    let took = began.elapsed();
    let counts = fleet.counts.clone();
    let fallen = fleet.end()?;
    let sent = std::mem::take(&mut *lock(&sender.all));
    let mut verdict = judge(&server.options(), &sent).await?;
    for what in fallen {
        verdict.violation("a receiver ended by itself", what);
    }
    print(&verdict, &sender, counts.all(), sent.len(), took);
    let violations = verdict.print();
    match violations {
        0 => println!("No violation. (seed {})", args.seed),
        n => println!("{n} violations. (seed {})", args.seed),
    }
    Ok(violations == 0)
}

fn print(
    verdict: &Verdict,
    sender: &Sender,
    blows: std::collections::BTreeMap<String, u64>,
    events: usize,
    took: Duration,
) {
    let mut table = Table::new();
    table.load_preset(UTF8_FULL_CONDENSED);
    table.set_header(["ledger", "count"]);
    let mut row = |name: &str, count: u64| {
        table.add_row([name.to_owned(), count.to_string()]);
    };
    row("events", events as u64);
    row("requests", sender.requests.load(Ordering::Relaxed));
    for (answer, count) in sender.counts.all() {
        row(&format!("  {answer}"), count);
    }
    for (name, count) in &verdict.ledger {
        row(name, *count);
    }
    for (name, count) in blows {
        row(&name, count);
    }
    row("seconds", took.as_secs());
    println!("{table}");
}
