//! Which hosts are asked for a key, and what they are believed.

use super::*;

/// CVE-2026-47074, and what was found in AWS's own validators: look-alike hosts, and buckets that anybody can write to.
#[tokio::test]
async fn nothing_is_fetched_from_a_host_that_is_not_the_services_own() {
    let (server, time) = (Server::new(known()), Hands::default());
    let receiver = receiver(&server, &time);
    for url in [
        "http://sns.us-east-1.amazonaws.com/x.pem",
        "https://evil.example/x.pem",
        "https://sns.evil.com#.amazonaws.com/x.pem",
        "https://sns.evil.com?.amazonaws.com/x.pem",
        "https://sns.evil.com/.amazonaws.com/x.pem",
        "https://sns.us-east-1.amazonaws.com@evil.example/x.pem",
        "https://evil@sns.us-east-1.amazonaws.com/x.pem",
        "https://sns.us-east-1.amazonaws.com.evil.example/x.pem",
        "https://sns.us-east-1.amazonaws.com:444/x.pem",
        "https://bucket.s3.amazonaws.com/x.pem",
        "https://sns.bucket.s3.amazonaws.com/x.pem",
        "https://s3.us-east-1.amazonaws.com/sns/x.pem",
        "https://169.254.169.254/latest/meta-data/x.pem",
        "https://sns.us-east-1.amazonaws.com/x",
        "https://sns.us-east-1.amazonaws.com/x.pem?y",
    ] {
        let response = receiver.receive(with_url(url)).await;
        assert_eq!((response.status(), &**response.body()), (StatusCode::UNAUTHORIZED, &b"key_untrusted"[..]), "{url}");
    }
    assert_eq!(server.asked(), 0);
}

/// A header is no better than a body.
#[tokio::test]
async fn paypals_header_is_held_against_its_hosts() {
    let server = Server::new(certificates(&PAYPAL, SECRET));
    let verifier = Verifier::builder(&PAYPAL).expect("webhook_id", "expected").trust(Trust::roots(TEST_ROOT).unwrap());
    let builder = Receiver::builder(verifier.build().unwrap(), MemoryStore::new()).keys(server.clone());
    let receiver = builder.clock(Clock::new(|| NOW)).handle(handlers()).unwrap();
    let request = signed(&PAYPAL, SECRET, r#"{"id":"WH-1","event_type":"A"}"#).at(NOW).build();
    for url in [
        "http://api.paypal.com/v1/notifications/certs/CERT-0-0-0",
        "https://api.paypal.com.evil.example/v1/notifications/certs/CERT-0-0-0",
        "https://evilpaypal.com/v1/notifications/certs/CERT-0-0-0",
        "https://www.paypal.com/v1/notifications/certs/CERT-0-0-0",
        "https://api.paypal.com/v1/oauth2/CERT-0-0-0",
        "https://api.paypal.com/v1/notifications/certs/../../CERT-0-0-0",
        "https://x@api.paypal.com/v1/notifications/certs/CERT-0-0-0",
    ] {
        let mut forged = request.clone();
        forged.headers_mut().insert("paypal-cert-url", url.parse().unwrap());
        let response = receiver.receive(forged).await;
        assert_eq!((response.status(), &**response.body()), (StatusCode::UNAUTHORIZED, &b"key_untrusted"[..]), "{url}");
    }
    assert_eq!(server.asked(), 0);
    assert_eq!(receiver.receive(request).await.status(), StatusCode::OK);
    assert_eq!(server.asked(), 1);
}

/// What a pinned host serves is judged, too; and what was judged bad is not fetched again at once.
#[tokio::test]
async fn a_certificate_that_nobody_vouches_for_is_refused() {
    let url = "https://sns.us-east-1.amazonaws.com/SimpleNotificationService-0123456789abcdef0123456789abcdef.pem";
    for pem in ["no certificate", "", include_str!("../../../../src/testing/keys/alone.pem")] {
        let server = Server::new(StaticKeys::new().with(KeyId::new(url), KeyMaterial::new(pem)));
        let receiver = receiver(&server, &Hands::default());
        for _ in 0..3 {
            let response = receiver.receive(message()).await;
            assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE, "SNS repeats nothing after a 4xx");
            assert_eq!(&**response.body(), b"key_unavailable");
        }
        assert_eq!(server.asked(), 1);
    }
}

/// A wrong signature asks for no key before it looks like one at all.
#[tokio::test]
async fn what_cannot_be_a_signature_fetches_nothing() {
    let server = Server::new(certificates(&PAYPAL, SECRET));
    let verifier = Verifier::builder(&PAYPAL).expect("webhook_id", "expected").trust(Trust::roots(TEST_ROOT).unwrap());
    let builder = Receiver::builder(verifier.build().unwrap(), MemoryStore::new()).keys(server.clone());
    let receiver = builder.handle(handlers()).unwrap();
    let mut request = signed(&PAYPAL, SECRET, r#"{"id":"WH-1"}"#).build();
    request.headers_mut().insert("paypal-transmission-sig", "not base64!".parse().unwrap());
    assert_eq!(receiver.receive(request).await.status(), StatusCode::UNAUTHORIZED);
    assert_eq!(server.asked(), 0);
}
