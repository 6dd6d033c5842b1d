//! cargo run --example discord --features tokio,asymmetric,testing
//!
//! Commands of Discord's, answered with JSON. A PING is answered by the receiver.
use std::error::Error;

use inhook::{
    Answer, Event, Failure, Handlers, Json, Receiver, Verifier,
    provider::DISCORD,
    store::MemoryStore,
    testing::{public_key, signed},
};
use serde::Deserialize;
use serde_json::{Value, json};

#[derive(Debug, Deserialize)]
struct Interaction {
    data: Command,
    member: Member,
}

#[derive(Debug, Deserialize)]
struct Command {
    name: String,
}

#[derive(Debug, Deserialize)]
struct Member {
    user: User,
}

#[derive(Debug, Deserialize)]
struct User {
    username: String,
}

/// Discord shows the content in the channel. Type 4 is a message.
async fn command(event: Event<Json<Interaction>>) -> Result<Answer, Failure> {
    let Json(Interaction { data, member }) = event.payload;
    let content = format!("{} ran /{}", member.user.username, data.name);
    Ok(Answer::json(&json!({ "type": 4, "data": { "content": content } }))?)
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    // In production: the public key of the application, in hexadecimal digits.
    let verifier = Verifier::new(&DISCORD, public_key(&DISCORD, "a test's key"))?;
    let handlers = Handlers::new().on("2", command);
    let discord = Receiver::builder(verifier, MemoryStore::new()).handle(handlers)?;

    let ping = r#"{"type":1,"id":"846462639134605312","application_id":"1","token":"t","version":1}"#;
    let blep = r#"{"type":2,"id":"846462639134605313","application_id":"1","token":"t","version":1,
        "data":{"id":"771825006014889984","name":"blep","type":1},"member":{"user":{"id":"1","username":"ada"}}}"#;
    let shown = json!({ "type": 4, "data": { "content": "ada ran /blep" } });
    for (key, body, status, expected) in [
        ("a test's key", ping, 200, Some(json!({ "type": 1 }))),
        ("a test's key", blep, 200, Some(shown.clone())),
        // Sent again, it is told the same, and nothing is run twice.
        ("a test's key", blep, 200, Some(shown)),
        // Discord tries this now and then, and drops an address that does not answer 401.
        ("another key", ping, 401, None),
    ] {
        let response = discord.receive(signed(&DISCORD, key, body).build()).await;
        println!("{} {}", response.status(), String::from_utf8_lossy(response.body()));
        let body = || serde_json::from_slice::<Value>(response.body());
        if response.status() != status || expected.is_some_and(|expected| body().ok() != Some(expected)) {
            return Err("Discord would not take that".into());
        }
    }
    Ok(())
}
