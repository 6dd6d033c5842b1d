//! cargo run --example actix_existing_handler --features actix,testing
//!
//! Your routes stay yours: two ways to call inhook from a handler that exists. It sends itself a request and ends;
//! with `-- --serve` it goes on.
use std::error::Error;

use actix_web::{App, HttpRequest, HttpResponse, HttpServer, Result, web};
use bytes::Bytes;
use http::StatusCode;
use http_body_util::{BodyExt, Full};
use hyper_util::{client::legacy::Client, rt::TokioExecutor};
use inhook::{
    Event, Handlers, Json, Receiver, Verifier,
    actix::{Webhook, request, response},
    provider::SHOPIFY,
    store::MemoryStore,
    testing::signed,
};

#[derive(serde::Deserialize)]
struct Order {
    id: u64,
}

/// The whole way, answer included.
async fn whole(receiver: web::Data<Receiver>, req: HttpRequest, body: Bytes) -> Result<HttpResponse> {
    Ok(response(receiver.receive(request(&req, body)?).await))
}

/// The extractor verifies, the receiver does the rest, the answer is yours: success only if all of it is settled.
async fn by_hand(receiver: web::Data<Receiver>, hook: Webhook) -> HttpResponse {
    let report = receiver.dispatch(hook.delivery).await;
    if report.settled() { HttpResponse::Accepted().finish() } else { HttpResponse::ServiceUnavailable().finish() }
}

#[actix_web::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let secret = std::env::var("SHOPIFY_SECRET").unwrap_or("test".to_owned());
    let shopify = Verifier::new(&SHOPIFY, &*secret)?;
    let handlers = Handlers::new().on("orders/create", async |event: Event<Json<Order>>| {
        println!("order {}", event.payload.0.id);
        Ok(())
    });
    let receiver = Receiver::builder(shopify.clone(), MemoryStore::new())
        .observe(|outcome| println!("{:?}: {}", outcome.label, outcome.end.as_str()))
        .handle(handlers)?;
    let server = HttpServer::new(move || {
        App::new()
            .app_data(web::Data::new(shopify.clone()))
            .app_data(web::Data::new(receiver.clone()))
            .route("/whole", web::post().to(whole))
            .route("/by-hand", web::post().to(by_hand))
    });
    let server = server.workers(1).bind("127.0.0.1:0")?;
    let address = *server.addrs().first().ok_or("no address")?;
    let server = actix_web::rt::spawn(server.run());

    // What Shopify would send; the second time it is a duplicate.
    let order = signed(&SHOPIFY, &*secret, r#"{"id":1001}"#).kind("orders/create");
    let client = Client::builder(TokioExecutor::new()).build_http();
    for (path, expected) in [("whole", StatusCode::OK), ("by-hand", StatusCode::ACCEPTED)] {
        let request = order.clone().url(format!("http://{address}/{path}")).build();
        let response = client.request(request.map(Full::new)).await?;
        let (status, body) = (response.status(), response.into_body().collect().await?.to_bytes());
        println!("http://{address}/{path}: {status} {}", String::from_utf8_lossy(&body));
        if status != expected {
            return Err(format!("expected {expected}").into());
        }
    }
    if std::env::args().any(|arg| arg == "--serve") {
        server.await??;
    }
    Ok(())
}
