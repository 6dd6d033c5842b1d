//! cargo run --example axum_postgres --features axum,postgres,testing
//!
//! Orders that are paid, kept in PostgreSQL by any number of machines: what the handler writes and the mark that the event
//! is done commit in one transaction. It uses the database of `DATABASE_URL`, or a server that it starts itself, sends
//! itself what the provider would, and ends; with `-- --serve` it goes on until Ctrl-C.
#[path = "support/postgres.rs"]
mod postgres;

use std::{error::Error, time::Duration};

use axum::Router;
use http::StatusCode;
use http_body_util::Full;
use hyper_util::{client::legacy::Client, rt::TokioExecutor};
use inhook::{
    Event, Failure, Json, Place, Receiver, TxHandlers, Verifier,
    provider::STANDARD_WEBHOOKS,
    store::{
        Order, PgStore,
        postgres::sqlx::{self, PgConnection, PgPool, postgres::PgPoolOptions},
    },
    testing::signed,
};
use postgres::Server;
use serde::Deserialize;
use time::{OffsetDateTime, format_description::well_known::Rfc3339};

type Anyhow<T> = Result<T, Box<dyn Error + Send + Sync>>;

#[derive(Deserialize)]
struct Envelope {
    data: Paid,
}

#[derive(Deserialize)]
struct Paid {
    order: String,
    cents: i64,
}

/// Both rows and the mark, or nothing.
async fn paid(db: &mut PgConnection, event: Event<Json<Envelope>>) -> Result<(), Failure> {
    let Paid { order, cents } = &event.payload.0.data;
    sqlx::query(
        "insert into shop_order (id, paid) values ($1, $2) on conflict (id) do update set paid = excluded.paid",
    )
    .bind(order)
    .bind(cents)
    .execute(&mut *db)
    .await?;
    sqlx::query("update shop_account set cents = cents + $1").bind(cents).execute(db).await?;
    Ok(())
}

/// One event of an order at a time, whatever machine it came to.
fn place(event: &Event) -> Option<Place> {
    let order = event.raw().json::<Envelope>().ok()?.data.order;
    Some(Place::new(order, event.occurred_at?, Order::Serial))
}

#[tokio::main]
async fn main() -> Anyhow<()> {
    let url = std::env::var("DATABASE_URL").ok();
    let server = match &url {
        Some(_) => None,
        None => match Server::start(&[]) {
            Ok(server) => Some(server),
            Err(why) if std::env::var("INHOOK_REQUIRE_SERVERS").as_deref() == Ok("1") => return Err(why.into()),
            Err(why) => {
                println!("Say DATABASE_URL: no PostgreSQL can be started here: {why}");
                return Ok(());
            }
        },
    };
    // Larger than the handlers that run at once: each holds a connection, and so does whoever waits for its turn.
    let pool = PgPoolOptions::new().max_connections(20).acquire_timeout(Duration::from_secs(3));
    let pool = match (&url, &server) {
        (_, Some(server)) => pool.connect_with(server.options()).await?,
        (url, None) => pool.connect(url.as_deref().unwrap_or_default()).await?,
    };
    sqlx::raw_sql(
        "create table if not exists shop_order (id text primary key, paid bigint not null);
        create table if not exists shop_account (cents bigint not null);
        insert into shop_account select 0 where not exists (select from shop_account)",
    )
    .execute(&pool)
    .await?;

    let secret = std::env::var("WEBHOOK_SECRET").unwrap_or("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw".to_owned());
    // Makes its own tables the first time, whoever else starts at this moment.
    let store = PgStore::new(pool.clone()).await?;
    let receiver = Receiver::builder(Verifier::new(&STANDARD_WEBHOOKS, &*secret)?, store)
        .ordered_by(place)
        .dead_letters()
        .observe(|outcome| println!("{}: {}", outcome.label.as_deref().unwrap_or("?"), outcome.end.as_str()))
        .handle_in_tx(TxHandlers::new().on_tx("order.paid", paid))?;
    let app = Router::new().route_service("/hooks/shop", receiver.clone());
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    let address = format!("http://{}/hooks/shop", listener.local_addr()?);
    let serving = tokio::spawn(async move { axum::serve(listener, app).await });

    let before = cents(&pool).await?;
    send(&address, &secret).await?;
    let after = cents(&pool).await?;
    println!("the account went from {before} to {after} cents");
    if std::env::args().any(|arg| arg == "--serve") {
        println!("the receiver listens on {address}; Ctrl-C ends it");
        tokio::signal::ctrl_c().await?;
    }
    // What is under way ends first.
    receiver.close(Duration::from_secs(10)).await;
    serving.abort();
    if after - before != 1200 { Err("an event took effect twice, or not at all".into()) } else { Ok(()) }
}

/// Two payments, each of them twice, as providers do.
async fn send(address: &str, secret: &str) -> Anyhow<()> {
    let client = Client::builder(TokioExecutor::new()).build_http();
    let now = OffsetDateTime::now_utc();
    for (n, cents) in [(1, 500), (2, 700)] {
        let id = format!("evt_{}_{n}", now.unix_timestamp_nanos());
        let body = format!(
            r#"{{"type":"order.paid","timestamp":"{}","data":{{"order":"{id}","cents":{cents}}}}}"#,
            now.format(&Rfc3339)?
        );
        let request = signed(&STANDARD_WEBHOOKS, secret, body).label(id).url(address);
        for _ in 0..2 {
            let response = client.request(request.clone().build().map(Full::new)).await?;
            if response.status() != StatusCode::OK {
                return Err(format!("it was answered {}", response.status()).into());
            }
        }
    }
    Ok(())
}

async fn cents(pool: &PgPool) -> Anyhow<i64> {
    Ok(sqlx::query_scalar("select cents from shop_account").fetch_one(pool).await?)
}
