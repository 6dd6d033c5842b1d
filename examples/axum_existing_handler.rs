//! cargo run --example axum_existing_handler --features axum,testing
//!
//! Your routes stay yours: two ways to call inhook from a handler that exists. It sends itself a request and ends;
//! with `-- --serve` it goes on.
use std::{error::Error, future::IntoFuture};

use axum::{
    Router,
    body::{Body, Bytes},
    extract::{FromRef, State},
    http::{Request, StatusCode, request::Parts},
    response::Response,
    routing::post,
};
use http_body_util::{BodyExt, Full};
use hyper_util::{client::legacy::Client, rt::TokioExecutor};
use inhook::{
    Event, Handlers, Json, Receiver, Verifier, axum::Webhook, provider::STRIPE, store::MemoryStore, testing::signed,
};

#[derive(serde::Deserialize)]
struct Invoice {
    id: String,
}

#[derive(Clone, FromRef)]
struct App {
    stripe: Verifier,
    receiver: Receiver,
}

/// The whole way, answer included.
async fn whole(State(receiver): State<Receiver>, head: Parts, body: Bytes) -> Response {
    receiver.receive(Request::from_parts(head, body)).await.map(Body::from)
}

/// The extractor verifies, the receiver does the rest, the answer is yours: success only if all of it is settled.
async fn by_hand(State(receiver): State<Receiver>, hook: Webhook) -> StatusCode {
    let report = receiver.dispatch(hook.delivery).await;
    if report.settled() { StatusCode::ACCEPTED } else { StatusCode::SERVICE_UNAVAILABLE }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let secret = std::env::var("STRIPE_SECRET").unwrap_or("whsec_test".to_owned());
    let stripe = Verifier::new(&STRIPE, &*secret)?;
    let handlers = Handlers::new().on("invoice.paid", async |event: Event<Json<Invoice>>| {
        println!("{} is paid", event.payload.0.id);
        Ok(())
    });
    let receiver = Receiver::builder(stripe.clone(), MemoryStore::new())
        .observe(|outcome| println!("{:?}: {}", outcome.label, outcome.end.as_str()))
        .handle(handlers)?;
    let app = Router::new()
        .route("/whole", post(whole))
        .route("/by-hand", post(by_hand))
        .with_state(App { stripe, receiver });

    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    let server = tokio::spawn(axum::serve(listener, app).into_future());

    // What Stripe would send; the second time it is a duplicate.
    let body = r#"{"id":"evt_1","type":"invoice.paid","data":{"object":{"id":"in_1"}}}"#;
    let client = Client::builder(TokioExecutor::new()).build_http();
    for (path, expected) in [("whole", StatusCode::OK), ("by-hand", StatusCode::ACCEPTED)] {
        let request = signed(&STRIPE, &*secret, body).url(format!("http://{address}/{path}")).build();
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
