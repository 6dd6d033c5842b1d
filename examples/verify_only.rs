//! cargo run --example verify_only --features testing
//!
//! Verification by itself: headers and body from whatever framework there is, a verdict, and what the request brought.

use bytes::Bytes;
use http::{HeaderMap, Response};
use inhook::{ErrorKind, Verifier, provider::STRIPE, testing::signed};

/// What a handler of any framework does: it hands over the body as it was received.
fn receive(verifier: &Verifier, headers: &HeaderMap, body: &Bytes) -> Response<Bytes> {
    let mut response = Response::new(Bytes::new());
    match verifier.verify((headers, body)) {
        Ok(delivery) => {
            for event in delivery.events() {
                println!("{:?} {:?}, which happened at {:?}", event.kind, event.id(), event.occurred_at);
            }
            // Some providers ask a question before they send events.
            if let Some(reply) = delivery.reply() {
                response = reply.clone();
            }
        }
        Err(refused) => {
            // The reason is for the log; who sent it learns the status only.
            println!("refused: {refused}");
            *response.status_mut() = refused.status();
        }
    }
    response
}

fn main() -> Result<(), inhook::Error> {
    // Both secrets count while the old one is on its way out.
    let verifier = Verifier::builder(&STRIPE).secret("whsec_new").secret("whsec_old").build()?;

    let body = r#"{"id":"evt_1","type":"invoice.paid","created":1795243260,"data":{"object":{"id":"in_1"}}}"#;
    let genuine = signed(&STRIPE, "whsec_old", body).build();
    let answer = receive(&verifier, genuine.headers(), genuine.body());
    assert_eq!(answer.status(), 200);

    let forged = Bytes::from(body.replace("in_1", "in_2"));
    let answer = receive(&verifier, genuine.headers(), &forged);
    assert_eq!(answer.status(), 401);

    // The two steps apart: who sent it is one question, what it says another.
    let verified = verifier.authenticate(&genuine)?;
    println!("signed with secret number {:?} at {:?}", verified.which_secret(), verified.signed_at());
    let refused = verifier.authenticate((&HeaderMap::new(), genuine.body())).err().map(|e| e.kind());
    assert_eq!(refused, Some(ErrorKind::MissingHeader));
    Ok(())
}
