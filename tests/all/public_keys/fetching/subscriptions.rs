//! What SNS sends beside its events.

use inhook::{Confirm, Confirmation};

use super::*;

#[derive(Clone, Default)]
struct Visitor {
    visited: Arc<Mutex<Vec<String>>>,
    fails: bool,
}

impl Confirm for Visitor {
    async fn confirm(&self, confirmation: &Confirmation) -> Result<(), Error> {
        self.visited.lock().unwrap().push(confirmation.url.clone());
        if self.fails { Err(Error::unconfirmed("no answer")) } else { Ok(()) }
    }
}

const SUBSCRIBE: &str = "https://sns.us-east-1.amazonaws.com/?Action=ConfirmSubscription&TopicArn=t&Token=1";

fn subscription(url: &str) -> Request<Bytes> {
    let body = serde_json::json!({"Type": "SubscriptionConfirmation", "SubscribeURL": url, "Token": "1"});
    signed(&AWS_SNS, SECRET, body.to_string()).at(NOW).build()
}

/// CVE-2026-32096: the address in the body was visited, whatever it was.
#[tokio::test]
async fn a_subscription_is_confirmed_by_whoever_was_told_to_and_nowhere_else() {
    let delivery = verifier_for(&AWS_SNS, SECRET).verify(&subscription(SUBSCRIBE)).unwrap();
    assert!(delivery.events().is_empty() && delivery.reply().is_some());
    assert_eq!(delivery.confirmation().unwrap().url, SUBSCRIBE);
    assert!(!format!("{delivery:?}").contains("Token"));
    for url in [
        "http://169.254.169.254/",
        "https://evil.example/?x=sns.us-east-1.amazonaws.com",
        "https://sns.evil.com?.amazonaws.com/",
    ] {
        let refused = verifier_for(&AWS_SNS, SECRET).verify(&subscription(url)).unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::Envelope, "{url}");
    }
    let answer = async |by: Option<Visitor>, request: Request<Bytes>| {
        let builder = Receiver::builder(sns(), MemoryStore::new()).keys(known()).clock(Clock::new(|| NOW));
        let builder = by.into_iter().fold(builder, |builder, by| builder.confirm_by(by));
        builder.handle(handlers()).unwrap().receive(request).await.status()
    };
    let visitor = Visitor::default();
    assert_eq!(answer(None, subscription(SUBSCRIBE)).await, StatusCode::OK);
    assert_eq!(answer(Some(visitor.clone()), subscription(SUBSCRIBE)).await, StatusCode::OK);
    assert_eq!(*visitor.visited.lock().unwrap(), [SUBSCRIBE]);
    assert!(!answer(Some(visitor.clone()), subscription("https://evil.example/")).await.is_success());
    // Forged, or of somebody else's topic.
    let forged = signed(&AWS_SNS, "other", r#"{"Type":"SubscriptionConfirmation"}"#).at(NOW).build();
    assert_eq!(answer(Some(visitor.clone()), forged).await, StatusCode::UNAUTHORIZED);
    let body = r#"{"Type":"SubscriptionConfirmation"}"#;
    let foreign = signed(&AWS_SNS, SECRET, body).expected("topic_arn", "arn:other").at(NOW).build();
    assert_eq!(answer(Some(visitor.clone()), foreign).await, StatusCode::UNAUTHORIZED);
    // It would subscribe anew.
    let gone = signed(&AWS_SNS, SECRET, r#"{"Type":"UnsubscribeConfirmation"}"#).at(NOW).build();
    assert_eq!(answer(Some(visitor.clone()), gone).await, StatusCode::OK);
    assert_eq!(visitor.visited.lock().unwrap().len(), 1);
    let failing = Visitor { fails: true, ..Visitor::default() };
    assert_eq!(answer(Some(failing), subscription(SUBSCRIBE)).await, StatusCode::SERVICE_UNAVAILABLE);
}

/// Raw delivery bears no signature at all.
#[tokio::test]
async fn raw_delivery_is_refused() {
    let receiver = receiver(&Server::new(known()), &Hands::default());
    for body in ["hello", r#"{"id":1}"#, ""] {
        let request = Request::post("https://example.com/hooks")
            .header("x-amz-sns-rawdelivery", "true")
            .header("x-amz-sns-topic-arn", TOPIC)
            .body(Bytes::from(body))
            .unwrap();
        assert_eq!(receiver.receive(request).await.status(), StatusCode::BAD_REQUEST, "{body}");
    }
}
