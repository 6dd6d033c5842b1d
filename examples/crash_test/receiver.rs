//! One of the receivers: a whole program as a service would write it, told now and then at which point to die.

use std::{io::BufRead, path::Path, time::Duration};

use axum::Router;
use inhook::{
    End, Event, Failure, Handlers, Json, Receiver, TxHandlers, Verifier,
    provider::STANDARD_WEBHOOKS,
    store::postgres::{
        PgStore,
        sqlx::{self, PgConnection, PgPool, postgres::PgPoolOptions},
    },
};
use tokio::time::{Instant, sleep};

use crate::{
    Anyhow, LEASE, SECRET,
    args::Break,
    change::{Change, Envelope, place},
    postgres::options,
    probe::{Point, Points, Probe},
};

/// How long a handler may be away from its transaction: less than a receiver is paused for.
const IDLE: Duration = Duration::from_millis(900);
const CONNECTIONS: u32 = 60;

pub(crate) async fn run(socket: &Path, broken: Option<Break>) -> Anyhow<()> {
    let points = Points::default();
    let heard = points.clone();
    // Ends with whoever started it, too.
    std::thread::spawn(move || {
        for line in std::io::stdin().lock().lines() {
            match line {
                Ok(point) => heard.arm(&point),
                Err(_) => break,
            }
        }
        std::process::exit(0);
    });
    let store = open(socket).await?;
    let probe = Probe { store: store.clone(), points: points.clone(), broken };
    let app = Router::new()
        .route_service("/tx", transactional(probe.clone())?)
        .route_service("/lease", leased(probe, store.pool().clone(), broken)?);
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    println!("listens {}", listener.local_addr()?);
    axum::serve(listener, app).await?;
    Ok(())
}

/// The database may just be starting again.
async fn open(socket: &Path) -> Anyhow<PgStore> {
    let began = Instant::now();
    loop {
        let pool: PgPool = PgPoolOptions::new()
            .max_connections(CONNECTIONS)
            .acquire_timeout(Duration::from_secs(2))
            .connect_lazy_with(options(socket));
        match PgStore::builder(pool).wait(Duration::from_millis(200)).idle(IDLE).open().await {
            Ok(store) => return Ok(store),
            Err(e) if began.elapsed() > Duration::from_secs(60) => return Err(e.into()),
            Err(_) => sleep(Duration::from_millis(50)).await,
        }
    }
}

fn verifier() -> Result<Verifier, inhook::Error> {
    Verifier::new(&STANDARD_WEBHOOKS, SECRET)
}

/// Its writes, the mark and the stream's place commit together or not at all.
fn transactional(probe: Probe) -> Anyhow<Receiver> {
    let points = probe.points.clone();
    let handlers =
        TxHandlers::new().on_tx("change", async move |db: &mut PgConnection, event: Event<Json<Envelope>>| {
            let change = &event.payload.0.data;
            let effect = begin(db, change).await?;
            sleep(pause(12)).await;
            points.pass(Point::Handling);
            if fastrand::u8(..) < 5 {
                return Err(Failure::from("it fails now and then, after it has written"));
            }
            end(db, change, effect).await?;
            Ok(())
        });
    let receiver = Receiver::builder(verifier()?, probe).consumer("tx").lease(LEASE).ordered_by(place);
    Ok(receiver.handle_in_tx(handlers)?)
}

async fn begin(db: &mut PgConnection, change: &Change) -> Result<i64, sqlx::Error> {
    let effect =
        sqlx::query_scalar("insert into effect (event, stream, rank, last) values ($1, $2, $3, $4) returning seq");
    effect.bind(&change.id).bind(&change.stream).bind(change.rank).bind(change.last).fetch_one(db).await
}

async fn end(db: &mut PgConnection, change: &Change, effect: i64) -> Result<(), sqlx::Error> {
    let half = sqlx::query("insert into other_half (event, effect) values ($1, $2)");
    half.bind(&change.id).bind(effect).execute(db).await.map(drop)
}

/// At least once, and its one write is fenced: a holder that was paused past its lease writes no more.
fn leased(probe: Probe, pool: PgPool, broken: Option<Break>) -> Anyhow<Receiver> {
    let fenced = broken != Some(Break::Fencing);
    let handlers = Handlers::new().on("change", async move |event: Event<Json<Envelope>>| {
        // Before it may be paused, so that it writes the moment it goes on.
        let mut db = pool.acquire().await?;
        sleep(pause(120)).await;
        let token = event.fence().ok_or("handled without a claim")?;
        if write(&mut db, &event.payload.0.data, i64::try_from(token.0)?, fenced).await? {
            Ok(())
        } else {
            println!("fenced");
            Err(Failure::from("somebody else has it by now"))
        }
    });
    let observed = |outcome: &inhook::Outcome| {
        if matches!(outcome.end, End::Lost) {
            println!("lost");
        }
    };
    let receiver = Receiver::builder(verifier()?, probe).consumer("lease").lease(LEASE).ordered_by(place);
    Ok(receiver.observe(observed).handle(handlers)?)
}

/// Refused if what a later holder wrote stands there.
async fn write(db: &mut PgConnection, change: &Change, fence: i64, fenced: bool) -> Result<bool, sqlx::Error> {
    let done = sqlx::query(
        "with register as (
            insert into register as r (stream, fence) values ($1, $2)
            on conflict (stream) do update set fence = excluded.fence where r.fence < excluded.fence or not $6
            returning stream
        )
        insert into written (event, stream, rank, last, fence) select $3, stream, $4, $5, $2 from register",
    );
    let done = done.bind(&change.stream).bind(fence).bind(&change.id).bind(change.rank).bind(change.last).bind(fenced);
    done.execute(db).await.map(|done| done.rows_affected() > 0)
}

/// Mostly short, sometimes long.
fn pause(most: u64) -> Duration {
    let most = if fastrand::u8(..) < 8 { most * 10 } else { most };
    Duration::from_millis(fastrand::u64(..most))
}
