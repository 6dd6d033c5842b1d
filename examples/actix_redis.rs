//! `cargo run --example actix_redis --features actix,redis,testing`
//!
//! Subscriptions kept in step with Stripe by two actix-web servers that share one Redis: the sender repeats itself, sends
//! to either server, and sends old news last; each event takes effect once, and what is old changes nothing.
//!
//! It uses the Redis of `REDIS_URL`, or starts a `redis-server` of its own; where there is neither it says so and ends.
//! With `-- --serve` the servers go on. Every run has a prefix of its own in Redis, and removes what it wrote there.
use std::{
    error::Error,
    path::PathBuf,
    process::{Child, Command, Stdio},
    time::Duration,
};

use actix_web::{App, HttpServer, web};
use http::StatusCode;
use http_body_util::{BodyExt, Full};
use hyper_util::{client::legacy::Client, rt::TokioExecutor};
use inhook::{
    Event, Failure, Handlers, Json, Place, Receiver, Verifier,
    actix::handler,
    provider::STRIPE,
    store::{
        CachedStore, Order, RedisStore,
        redis::redis::{self, aio::ConnectionManager},
    },
    testing::signed,
};
use time::OffsetDateTime;

type Anyhow<T> = Result<T, Box<dyn Error>>;

const SECRET: &str = "whsec_test";

#[derive(serde::Deserialize)]
struct Subscription {
    id: String,
    status: String,
}

/// Writes what a subscription has become, unless a later holder of an event of it has written: then this one was paused
/// for longer than its lease, and another server has gone on without it.
const WRITE: &str = r"
    if tonumber(redis.call('HGET', KEYS[1], 'fence') or 0) > tonumber(ARGV[1]) then
        return 0
    end
    redis.call('HSET', KEYS[1], 'fence', ARGV[1], 'status', ARGV[2])
    redis.call('HINCRBY', KEYS[1], 'writes', 1)
    return 1";

async fn write(mut redis: ConnectionManager, prefix: &str, event: Event<Json<Subscription>>) -> Result<(), Failure> {
    let fence = event.fence().map_or(0, |token| token.0);
    let Subscription { id, status } = event.payload.0;
    let mut script = redis::cmd("EVAL");
    script.arg(WRITE).arg(1).arg(format!("{prefix}subscription:{id}")).arg(fence).arg(&status);
    let written: bool = script.query_async(&mut redis).await?;
    println!("  {id} is {status}{}", if written { "" } else { ", says one that is too late" });
    Ok(())
}

/// Among the changes of its subscription, by the time at which it was made.
fn place(event: &Event) -> Option<Place> {
    let Subscription { id, .. } = event.raw().json().ok()?;
    let place = Place::new(id, event.occurred_at?, Order::Latest);
    Some(if event.kind.as_deref() == Some("customer.subscription.deleted") { place.last() } else { place })
}

/// What each server does with Stripe's requests.
async fn receiver(url: &str, prefix: &str) -> Anyhow<Receiver> {
    let redis = redis::Client::open(url)?.get_connection_manager().await?;
    let store = RedisStore::builder(redis.clone()).prefix(prefix).open().await?;
    let on_change = {
        let (redis, prefix) = (redis, prefix.to_owned());
        async move |event: Event<Json<Subscription>>| write(redis, &prefix, event).await
    };
    let handlers = Handlers::new()
        .on("customer.subscription.updated", on_change.clone())
        .on("customer.subscription.deleted", on_change);
    // A storm of retries is answered from this process's memory.
    let receiver = Receiver::builder(Verifier::new(&STRIPE, SECRET)?, CachedStore::new(store))
        .ordered_by(place)
        .dead_letters()
        .handle(handlers)?;
    Ok(receiver)
}

#[actix_web::main]
async fn main() -> Anyhow<()> {
    let Some(redis) = Redis::find()? else {
        println!("REDIS_URL is not set, and there is no redis-server to start: nothing to show.");
        return Ok(());
    };
    let prefix = format!("{{inhook-example-{}}}:", fastrand::u64(..));
    let mut urls = Vec::new();
    let mut servers = Vec::new();
    for _ in 0..2 {
        let receiver = receiver(&redis.url, &prefix).await?;
        let app = move || App::new().service(web::resource("/hooks/stripe").to(handler(receiver.clone())));
        let server = HttpServer::new(app).workers(1).bind("127.0.0.1:0")?;
        urls.push(format!("http://{}/hooks/stripe", server.addrs().first().ok_or("no address")?));
        servers.push(actix_web::rt::spawn(server.run()));
    }

    let now = OffsetDateTime::now_utc().unix_timestamp();
    let event = |id: &str, kind: &str, age: i64, subscription: &str, status: &str| {
        serde_json::json!({
            "id": id, "object": "event", "type": format!("customer.subscription.{kind}"), "created": now - age,
            "data": { "object": { "id": subscription, "status": status } },
        })
        .to_string()
    };
    let events = [
        event("evt_1", "updated", 30, "sub_1", "trialing"),
        event("evt_3", "updated", 10, "sub_1", "active"),
        // Late: what it says is no longer so.
        event("evt_2", "updated", 20, "sub_1", "past_due"),
        event("evt_4", "deleted", 15, "sub_2", "canceled"),
        // Of the same second as the deletion, and after it.
        event("evt_5", "updated", 15, "sub_2", "active"),
    ];
    let client = Client::builder(TokioExecutor::new()).build_http();
    for (n, event) in events.iter().enumerate() {
        // Each is sent to one server, to the other, and to both again.
        for url in [n, n + 1, n, n + 1].map(|n| &urls[n % 2]) {
            let request = signed(&STRIPE, SECRET, event.clone()).url(url).build();
            let response = client.request(request.map(Full::new)).await?;
            let (status, body) = (response.status(), response.into_body().collect().await?.to_bytes());
            println!("{url}: {status} {}", String::from_utf8_lossy(&body));
            if status != StatusCode::OK {
                return Err(format!("{status}, and it was expected to be handled").into());
            }
        }
    }

    let mut connection = redis::Client::open(&*redis.url)?.get_connection_manager().await?;
    let mut right = true;
    for (subscription, expected) in [("sub_1", ("active", 2)), ("sub_2", ("canceled", 1))] {
        let mut query = redis::cmd("HMGET");
        query.arg(format!("{prefix}subscription:{subscription}")).arg("status").arg("writes");
        let (status, writes): (String, u32) = query.query_async(&mut connection).await?;
        println!("{subscription} is {status} after {writes} writes");
        if (status.as_str(), writes) != expected {
            println!("WRONG: it should be {} after {}", expected.0, expected.1);
            right = false;
        }
    }
    if std::env::args().any(|arg| arg == "--serve") {
        for server in servers {
            server.await??;
        }
    }
    let mut scan = redis::cmd("SCAN");
    scan.cursor_arg(0).arg("MATCH").arg(format!("{prefix}*"));
    let mut found = scan.iter_async::<String>(&mut connection).await?;
    let mut written = Vec::new();
    while let Some(name) = found.next_item().await {
        written.push(name?);
    }
    drop(found);
    redis::cmd("DEL").arg(written).exec_async(&mut connection).await?;
    if right { Ok(()) } else { Err("what is in Redis is not what Stripe said".into()) }
}

struct Redis {
    url: String,
    own: Option<(Child, PathBuf)>,
}

impl Redis {
    fn find() -> Anyhow<Option<Self>> {
        if let Ok(url) = std::env::var("REDIS_URL") {
            return Ok(Some(Self { url, own: None }));
        }
        let dir = tempfile::tempdir()?.keep();
        let started = Command::new("redis-server")
            .args(["--unixsocket", "socket", "--port", "0", "--save", ""])
            .current_dir(&dir)
            .stdout(Stdio::null())
            .spawn();
        let Ok(process) = started else {
            std::fs::remove_dir_all(dir)?;
            return Ok(None);
        };
        let url = format!("redis+unix://{}", dir.join("socket").display());
        let redis = Self { url, own: Some((process, dir)) };
        for _ in 0..500 {
            if redis::Client::open(&*redis.url)?.get_connection().is_ok() {
                return Ok(Some(redis));
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        Err("redis-server does not answer".into())
    }
}

impl Drop for Redis {
    fn drop(&mut self) {
        if let Some((mut process, dir)) = self.own.take() {
            let _stopped_or_not = process.kill().and_then(|()| process.wait());
            let _removed_or_not = std::fs::remove_dir_all(dir);
        }
    }
}
