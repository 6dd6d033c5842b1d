//! cargo run --example hyper --features tower,testing
//!
//! A receiver under plain hyper. It sends itself what Slack asks first, then an event, and ends; with `-- --serve` it
//! goes on.
use std::{error::Error, time::Duration};

use http_body_util::{BodyExt, Full};
use hyper::server::conn::http1;
use hyper_util::{
    client::legacy::Client,
    rt::{TokioExecutor, TokioIo, TokioTimer},
    service::TowerToHyperService,
};
use inhook::{Event, Handlers, Receiver, Verifier, provider::SLACK, store::MemoryStore, testing::signed};
use tokio::net::TcpListener;

async fn serve(listener: TcpListener, receiver: Receiver) -> std::io::Result<()> {
    loop {
        let (stream, _) = listener.accept().await?;
        let service = TowerToHyperService::new(receiver.clone());
        let mut server = http1::Builder::new();
        // The receiver times bodies; heads are read before it is asked.
        server.timer(TokioTimer::new()).header_read_timeout(Duration::from_secs(10));
        tokio::spawn(server.serve_connection(TokioIo::new(stream), service));
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let secret = std::env::var("SLACK_SECRET").unwrap_or("test".to_owned());
    let handlers = Handlers::new().otherwise(async |event: Event| {
        println!("{:?} {:?}", event.kind, event.label);
        Ok(())
    });
    let slack = Receiver::builder(Verifier::new(&SLACK, &*secret)?, MemoryStore::new()).handle(handlers)?;
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let url = format!("http://{}/", listener.local_addr()?);
    let server = tokio::spawn(serve(listener, slack.clone()));

    let client = Client::builder(TokioExecutor::new()).build_http();
    let rows = [
        (r#"{"type":"url_verification","challenge":"3eZbrw1aB"}"#, "3eZbrw1aB"),
        (r#"{"type":"event_callback","event_id":"Ev1","event":{"type":"app_mention"}}"#, ""),
    ];
    for (body, expected) in rows {
        let request = signed(&SLACK, &*secret, body).url(&url).build();
        let (head, answer) = client.request(request.map(Full::new)).await?.into_parts();
        let answer = answer.collect().await?.to_bytes();
        println!("{url}: {} {}", head.status, String::from_utf8_lossy(&answer));
        if !head.status.is_success() || answer != expected {
            return Err(format!("expected {expected:?}").into());
        }
    }
    if std::env::args().any(|arg| arg == "--serve") {
        server.await??;
    }
    // What is under way ends before the program does.
    slack.close(Duration::from_secs(5)).await;
    Ok(())
}
