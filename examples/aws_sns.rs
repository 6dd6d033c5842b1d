//! cargo run --example aws_sns --features tokio,asymmetric,testing
//!
//! A topic that tells of S3's objects: its subscription is confirmed, and what it sends is read as S3's records.
use std::{
    error::Error,
    sync::{Arc, Mutex},
};

use inhook::{
    Confirm, Confirmation, Event, Handlers, Receiver, S3Records, Trust, Verifier,
    provider::AWS_SNS,
    store::MemoryStore,
    testing::{TEST_ROOT, certificates, signed},
};
use serde_json::json;

const TOPIC: &str = "arn:aws:sns:us-east-1:123456789012:uploads";

/// In production: a GET with the HTTP client you have, which follows no redirect.
#[derive(Clone, Default)]
struct Visits(Arc<Mutex<Vec<String>>>);

impl Confirm for Visits {
    async fn confirm(&self, confirmation: &Confirmation) -> Result<(), inhook::Error> {
        self.0.lock().map_err(|_| inhook::Error::unconfirmed("poisoned"))?.push(confirmation.url.clone());
        Ok(())
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let (visits, seen) = (Visits::default(), Arc::new(Mutex::new(Vec::new())));
    let keys = Arc::clone(&seen);
    let handlers = Handlers::new().on("Notification", async move |event: Event<S3Records>| {
        let mut keys = keys.lock().map_err(|_| "poisoned")?;
        keys.extend(event.payload.records.into_iter().map(|record| format!("{}/{}", record.bucket, record.key)));
        Ok(())
    });
    // In production: `HttpKeys` of the feature `fetch`, and no `trust` in a test's root.
    let verifier = Verifier::builder(&AWS_SNS).expect("topic_arn", TOPIC).trust(Trust::roots(TEST_ROOT)?).build()?;
    let sns = Receiver::builder(verifier, MemoryStore::new())
        .keys(certificates(&AWS_SNS, "a test's key"))
        .confirm_by(visits.clone())
        .handle(handlers)?;

    let address = "https://sns.us-east-1.amazonaws.com/?Action=ConfirmSubscription&Token=2336412f37";
    let subscription = json!({
        "Type": "SubscriptionConfirmation", "MessageId": "165545c9-2a5c-472c-8df2-7ff2be2b3b1b",
        "Message": "You have chosen to subscribe.", "Token": "2336412f37", "SubscribeURL": address,
    });
    let notification = json!({
        "Type": "Notification", "MessageId": "22b80b92-fdea-4c2c-8f9d-bdfb0c7bf324",
        "Subject": "Amazon S3 Notification", "Message": s3().to_string(),
    });
    let strange = "arn:aws:sns:us-east-1:999999999999:of-somebody-else";
    for (topic, body, status) in [
        (TOPIC, &subscription, 200),
        (TOPIC, &notification, 200),
        // Sent again, its records are not handled again.
        (TOPIC, &notification, 200),
        // AWS signs it all the same.
        (strange, &subscription, 401),
    ] {
        let request = signed(&AWS_SNS, "a test's key", body.to_string()).expected("topic_arn", topic);
        let response = sns.receive(request.build()).await;
        println!("{} {}", body["Type"], response.status());
        if response.status() != status {
            return Err(format!("expected {status}").into());
        }
    }
    let visited = visits.0.lock().map_err(|_| "poisoned")?.clone();
    let seen = seen.lock().map_err(|_| "poisoned")?.clone();
    println!("visited {visited:?}, uploaded {seen:?}");
    if visited != [address] || seen != ["amzn-s3-demo-bucket/Happy Face.jpg"] {
        return Err("expected one visit and one object".into());
    }
    Ok(())
}

/// As S3 writes it.
fn s3() -> serde_json::Value {
    json!({ "Records": [{
        "eventVersion": "2.1", "eventSource": "aws:s3", "awsRegion": "us-west-2",
        "eventTime": "1970-01-01T00:00:00.000Z", "eventName": "ObjectCreated:Put",
        "userIdentity": { "principalId": "AIDAJDPLRKLG7UEXAMPLE" },
        "requestParameters": { "sourceIPAddress": "172.16.0.1" },
        "responseElements": { "x-amz-request-id": "C3D13FE58DE4C810" },
        "s3": {
            "s3SchemaVersion": "1.0", "configurationId": "testConfigRule",
            "bucket": {
                "name": "amzn-s3-demo-bucket", "ownerIdentity": { "principalId": "A3NL1KOZZKExample" },
                "arn": "arn:aws:s3:::amzn-s3-demo-bucket",
            },
            "object": {
                "key": "Happy+Face.jpg", "size": 1024, "eTag": "d41d8cd98f00b204e9800998ecf8427e",
                "versionId": "096fKKXTRTtl3on89fVO.nfljtsv6qko", "sequencer": "0055AED6DCD90281E5",
            },
        },
    }] })
}
