//! cargo run --example typed_events --features tokio,testing
//!
//! Payloads of your own types: an enum of kinds, a form, and an answer that the sender shows to its user.
use std::error::Error;

use inhook::{
    Answer, Event, Failure, Form, Handlers, Json, Receiver, Verifier, provider::SLACK, store::MemoryStore,
    testing::signed,
};
use serde::Deserialize;
use serde_json::json;

#[derive(Debug, Deserialize)]
struct Message {
    user: String,
    text: String,
}

#[derive(Debug, Deserialize)]
struct Reaction {
    user: String,
    reaction: String,
}

inhook::events! {
    /// What happens in a channel.
    enum Channel {
        "app_mention" => Mention(Json<Message>),
        "reaction_added" => Reaction(Json<Reaction>),
    }
}

async fn channel(event: Event<Channel>) -> Result<(), Failure> {
    match event.payload {
        Channel::Mention(Json(Message { user, text })) => println!("{user} said: {text}"),
        Channel::Reaction(Json(Reaction { user, reaction })) => println!("{user} reacted: {reaction}"),
        Channel::Other(raw) => println!("{:?}: {raw:?}", event.kind),
    }
    Ok(())
}

#[derive(Debug, Deserialize)]
struct Command {
    user_name: String,
    text: String,
}

/// Slack shows this answer in the channel.
async fn deploy(event: Event<Form<Command>>) -> Result<Answer, Failure> {
    let Form(Command { user_name, text }) = event.payload;
    Ok(Answer::json(&json!({ "response_type": "in_channel", "text": format!("{user_name} deploys {text}") }))?)
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let handlers = Handlers::new().on_events(channel).on("/deploy", deploy);
    println!("subscribe to: {:?}", handlers.kinds().collect::<Vec<_>>());
    let slack = Receiver::builder(Verifier::new(&SLACK, "secret")?, MemoryStore::new()).handle(handlers)?;

    let mention = r#"{"event_id":"Ev1","event":{"type":"app_mention","user":"ada","text":"hello"}}"#;
    let reaction = r#"{"event_id":"Ev2","event":{"type":"reaction_added","user":"ada","reaction":"wave"}}"#;
    let command = "command=%2Fdeploy&user_name=ada&text=the+website&trigger_id=1.2";
    let form = "application/x-www-form-urlencoded";
    let shown = r#"{"response_type":"in_channel","text":"ada deploys the website"}"#;
    for (request, expected) in [
        (signed(&SLACK, "secret", mention), ""),
        (signed(&SLACK, "secret", reaction), ""),
        (signed(&SLACK, "secret", command).content_type(form), shown),
    ] {
        let response = slack.receive(request.build()).await;
        println!("{} {}", response.status(), String::from_utf8_lossy(response.body()));
        if !response.status().is_success() || response.body() != expected {
            return Err(format!("expected {expected:?}").into());
        }
    }
    Ok(())
}
