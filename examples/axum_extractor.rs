//! cargo run --example axum_extractor --features axum,testing
//!
//! Verification alone, for those who do the rest themselves. It sends itself a genuine and a forged request and ends;
//! with `-- --serve` it goes on.
use std::{error::Error, future::IntoFuture};

use axum::{Router, http::StatusCode, routing::post};
use http_body_util::{BodyExt, Full};
use hyper_util::{client::legacy::Client, rt::TokioExecutor};
use inhook::{Field, Verifier, axum::Webhook, provider::GITHUB, testing::signed};

/// Genuine, but it may come twice: nothing here remembers.
async fn hook(Webhook { delivery, .. }: Webhook) -> String {
    let mut kinds = Vec::new();
    for event in delivery.events() {
        println!("{:?} {:?}, the kind is signed: {}", event.kind, event.label, event.covers(Field::Kind));
        kinds.extend(event.kind.clone());
    }
    kinds.join(" ")
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let secret = std::env::var("GITHUB_SECRET").unwrap_or("test".to_owned());
    let app = Router::new().route("/hooks/github", post(hook)).with_state(Verifier::new(&GITHUB, &*secret)?);
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    let url = format!("http://{}/hooks/github", listener.local_addr()?);
    let server = tokio::spawn(axum::serve(listener, app).into_future());

    let client = Client::builder(TokioExecutor::new()).build_http();
    let rows = [(&*secret, StatusCode::OK, "issues.opened"), ("guessed", StatusCode::UNAUTHORIZED, "bad_signature")];
    for (secret, status, body) in rows {
        let request = signed(&GITHUB, secret, r#"{"action":"opened"}"#).kind("issues.opened").url(&url).build();
        let (head, answer) = client.request(request.map(Full::new)).await?.into_parts();
        let answer = answer.collect().await?.to_bytes();
        println!("{url}: {} {}", head.status, String::from_utf8_lossy(&answer));
        if (head.status, &*answer) != (status, body.as_bytes()) {
            return Err(format!("expected {status} {body}").into());
        }
    }
    if std::env::args().any(|arg| arg == "--serve") {
        server.await??;
    }
    Ok(())
}
