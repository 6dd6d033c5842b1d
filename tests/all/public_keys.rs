//! Providers that sign with a private key: published examples, keys that are fetched, and certificates.

mod fetching;
#[cfg(feature = "fetch")]
mod https;

use bytes::Bytes;
use data_encoding::{BASE64, HEXLOWER};
use http::{HeaderMap, Request, StatusCode};
use inhook::{
    ErrorKind, Field, KeyId, KeyMaterial, Provider, Receiver, StaticKeys, Tolerance, Trust, Verifier,
    provider::{
        AWS_SNS, Algorithm, DISCORD, DISCORD_EVENTS, PAYPAL, SENDGRID, STANDARD_WEBHOOKS, STANDARD_WEBHOOKS_V1A, SVIX,
        SVIX_V1A,
    },
    store::MemoryStore,
    testing::{TEST_ROOT, certificates, public_key, signed, verifier_for},
};
use time::{OffsetDateTime, macros::datetime};

const SECRET: &str = "secret";
const NOW: OffsetDateTime = datetime!(2026-11-21 06:41 UTC);

fn judged(verifier: &Verifier, request: &Request<Bytes>) -> Result<(), ErrorKind> {
    verifier.authenticate_at(request, NOW).map(drop).map_err(|e| e.kind())
}

/// From the vendor's own library: one event, and two with a line break between them.
#[test]
fn sendgrids_published_examples_hold() {
    const ONE: &str = "[{\"email\":\"hello@world.com\",\"event\":\"dropped\",\"reason\":\"Bounced Address\",\"sg_event_id\":\"ZHJvcC0xMDk5NDkxOS1MUnpYbF9OSFN0T0doUTRrb2ZTbV9BLTA\",\"sg_message_id\":\"LRzXl_NHStOGhQ4kofSm_A.filterdrecv-p3mdw1-756b745b58-kmzbl-18-5F5FC76C-9.0\",\"smtp-id\":\"<LRzXl_NHStOGhQ4kofSm_A@ismtpd0039p1iad1.sendgrid.net>\",\"timestamp\":1600112492}]\r\n";
    const TWO: &str = "[{\"email\":\"invalid@gmail.com\",\"event\":\"processed\",\"send_at\":0,\"sg_event_id\":\"cHJvY2Vzc2VkLTE5OTQyMTEyLXFOd0JMZ1BRUWpXNkRKdktRd1NBYnctMA\",\"sg_message_id\":\"qNwBLgPQQjW6DJvKQwSAbw.filterdrecv-canary-547b64655b-cw6zx-1-6089EA4A-56.0\",\"smtp-id\":\"<qNwBLgPQQjW6DJvKQwSAbw@ismtpd0178p1mdw1.sendgrid.net>\",\"timestamp\":1619651146},\r\n{\"email\":\"invalid@gmail.com\",\"event\":\"bounce\",\"ip\":\"167.89.101.76\",\"reason\":\"552 5.2.2 The email account that you tried to reach is over quota and inactive. Please direct the recipient to https://support.google.com/mail/?p=OverQuotaPerm c17si1130468pgv.34 - gsmtp\",\"sg_event_id\":\"Ym91bmNlLTAtMTk5NDIxMTItcU53QkxnUFFRalc2REp2S1F3U0Fidy0w\",\"sg_message_id\":\"qNwBLgPQQjW6DJvKQwSAbw.filterdrecv-canary-547b64655b-cw6zx-1-6089EA4A-56.0\",\"smtp-id\":\"<qNwBLgPQQjW6DJvKQwSAbw@ismtpd0178p1mdw1.sendgrid.net>\",\"status\":\"5.2.2\",\"timestamp\":1619651147,\"tls\":1,\"type\":\"blocked\"}]\r\n";
    let rows = [
        (
            "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE83T4O/n84iotIvIW4mdBgQ/7dAfSmpqIM8kF9mN1flpVKS3GRqe62gw+2fNNRaINXvVpiglSI8eNEc6wEA3F+g==",
            "MEUCIGHQVtGj+Y3LkG9fLcxf3qfI10QysgDWmMOVmxG0u6ZUAiEAyBiXDWzM+uOe5W0JuG+luQAbPIqHh89M15TluLtEZtM=",
            "1600112502",
            ONE,
            1,
        ),
        (
            "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEQ4LIFtWztlsF7skFqOncjD1lun4H5w8XOhyOArHW9RcIx/FfEzx6cikC/yPfUvwaX/JScE7Fc9CJD2afQ9Ok3Q==",
            "MEYCIQC/I4o6vCgqRYrTljjoVWB/GRWNtxeePlLMHr3x9ETeRQIhAIpV+03nREPTTHWSW0wIOA0EoMPdcNgXa70yCaqDJlu5",
            "1619651159",
            TWO,
            2,
        ),
    ];
    for (key, signature, time, body, events) in rows {
        let request = |body: &str| {
            Request::post("https://example.com/hooks")
                .header("x-twilio-email-event-webhook-signature", signature)
                .header("x-twilio-email-event-webhook-timestamp", time)
                .body(Bytes::from(body.to_owned()))
                .unwrap()
        };
        let verifier = Verifier::new(&SENDGRID, key).unwrap();
        assert_eq!(verifier.verify(&request(body)).unwrap().events().len(), events);
        assert_eq!(judged(&verifier, &request(body.trim_end())), Err(ErrorKind::BadSignature));
    }
}

/// From the tests of Svix's server, which alone signs so.
#[test]
fn the_published_example_of_v1a_holds() {
    const KEY: &str = "whpk_1SiA4o9hyqTCpIqC5V9HUakiiaeACeqfZTInDBbOir4=";
    const SIGNATURE: &str =
        "v1a,hnO3f9T8Ytu9HwrXslvumlUpqtNVqkhqw/enGzPCXe5BdqzCInXqYXFymVJaA7AZdpXwVLPo3mNl8EM+m7TBAg==";
    for (provider, set) in [(&STANDARD_WEBHOOKS_V1A, "webhook"), (&SVIX_V1A, "svix"), (&SVIX_V1A, "webhook")] {
        let request = Request::post("https://example.com/hooks")
            .header(format!("{set}-id"), "msg_p5jXN8AQM9LWM0D4loKWxJek")
            .header(format!("{set}-timestamp"), "1614265330")
            .header(format!("{set}-signature"), SIGNATURE)
            .body(Bytes::from_static(b"{\"test\": 2432232314}"))
            .unwrap();
        let verifier = Verifier::builder(provider).secret(KEY).tolerance(Tolerance::Unlimited).build().unwrap();
        assert_eq!(judged(&verifier, &request), Ok(()));
        let mut other = request.clone();
        *other.body_mut() = Bytes::from_static(b"{\"test\":2432232314}");
        assert_eq!(judged(&verifier, &other), Err(ErrorKind::BadSignature));
    }
}

/// What svix's tests refuse, and keys of one kind where the other is due.
#[test]
fn a_key_is_never_taken_for_another_kind() {
    let public = "whpk_1SiA4o9hyqTCpIqC5V9HUakiiaeACeqfZTInDBbOir4=";
    let private = "whsk_6Xb/dCcHpPea21PS1N9VY/NZW723CEc77N4rJCubMbfVKIDij2HKpMKkioLlX0dRqSKJp4AJ6p9lMicMFs6Kvg==";
    let symmetric = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    for (provider, secret) in [
        (&STANDARD_WEBHOOKS, public),
        (&STANDARD_WEBHOOKS, private),
        (&SVIX, public),
        (&STANDARD_WEBHOOKS_V1A, symmetric),
        (&STANDARD_WEBHOOKS_V1A, private),
        (&SVIX_V1A, symmetric),
        (&SVIX_V1A, "whpk_"),
        (&SVIX_V1A, "whpk_%"),
        (&SVIX_V1A, "hwpk_AAAA"),
        (&DISCORD, public),
        (&DISCORD, "00"),
        (&SENDGRID, public),
        // The neutral point: anybody can sign for it.
        (&DISCORD, "0100000000000000000000000000000000000000000000000000000000000000"),
    ] {
        assert_eq!(Verifier::new(provider, secret).unwrap_err().kind(), ErrorKind::InvalidSecret, "{provider:?}");
    }
    let built = Verifier::builder(&PAYPAL).expect("webhook_id", "1").secret("s").build();
    assert_eq!(built.unwrap_err().kind(), ErrorKind::InvalidSecret);
}

#[test]
fn whom_a_request_is_meant_for_has_to_be_said_and_known() {
    for (provider, name) in [(&PAYPAL, "webhook_id"), (&AWS_SNS, "topic_arn")] {
        let config = |builder: inhook::VerifierBuilder| builder.build().unwrap_err().kind();
        assert_eq!(config(Verifier::builder(provider)), ErrorKind::Config);
        assert_eq!(config(Verifier::builder(provider).expect(name, " ")), ErrorKind::Config);
        assert_eq!(config(Verifier::builder(provider).expect(name, "1").expect("other", "1")), ErrorKind::Config);
        assert!(Verifier::builder(provider).expect(name, "1").build().is_ok());
    }
    let two = Verifier::builder(&PAYPAL).expect("webhook_id", "1").expect("webhook_id", "2");
    assert_eq!(two.build().unwrap_err().kind(), ErrorKind::Config);
    assert_eq!(
        Verifier::builder(&SENDGRID).secret("s").expect("x", "1").build().unwrap_err().kind(),
        ErrorKind::Config
    );
}

/// A topic of somebody else's is signed by AWS all the same; several of one's own are taken.
#[test]
fn only_the_topics_that_were_said_are_taken() {
    let topic = |name: &str| format!("arn:aws:sns:us-east-1:123456789012:{name}");
    let builder = Verifier::builder(&AWS_SNS).expect("topic_arn", topic("a")).expect("topic_arn", topic("b"));
    let verifier = builder.trust(Trust::roots(TEST_ROOT).unwrap()).build().unwrap();
    let keys = certificates(&AWS_SNS, SECRET);
    for (name, verdict) in
        [("a", Ok(())), ("b", Ok(())), ("c", Err(ErrorKind::Unexpected)), ("", Err(ErrorKind::Unexpected))]
    {
        let request = signed(&AWS_SNS, SECRET, r#"{"Message":"x"}"#).expected("topic_arn", topic(name)).build();
        if let Err(error) = verifier.authenticate_at(&request, NOW)
            && let Some(id) = error.key_needed()
        {
            verifier.learn_at(id, keys.get(id).unwrap().clone(), NOW).unwrap();
        }
        assert_eq!(judged(&verifier, &request), verdict, "{name}");
    }
}

/// A topic that signs with SHA-1 is taken unless it is said that it is not.
#[test]
fn sha_1_can_be_turned_off() {
    let vectors = include_str!("../vectors/aws_sns.jsonl");
    for line in vectors.lines().filter(|line| line.contains("\"valid-notification-v")) {
        let case: serde_json::Value = serde_json::from_str(line).unwrap();
        let (url, pem) = case["keys"].as_object().unwrap().iter().next().unwrap();
        let body = BASE64.decode(case["body"].as_str().unwrap().as_bytes()).unwrap();
        let request = Request::post("https://example.com").body(Bytes::from(body)).unwrap();
        let now = OffsetDateTime::from_unix_timestamp(case["now"].as_i64().unwrap()).unwrap();
        let verdict = |provider: &Provider| {
            let topic = case["options"]["topic_arn"].as_str().unwrap();
            let verifier = Verifier::builder(provider).expect("topic_arn", topic).build().unwrap();
            verifier.learn_at(&KeyId::new(url), KeyMaterial::new(pem.as_str().unwrap().to_owned()), now).unwrap();
            verifier.authenticate_at(&request, now).map(drop).map_err(|e| e.kind())
        };
        let strict = AWS_SNS.only(&[Algorithm::RsaPkcs1Sha256]);
        let is_old = case["case"] == "valid-notification-v1";
        assert_eq!(verdict(&AWS_SNS), Ok(()));
        assert_eq!(verdict(&strict), if is_old { Err(ErrorKind::WrongAlgorithm) } else { Ok(()) });
    }
}

/// The host vouches for a certificate unless roots are said, as in the vendor's own validators.
#[test]
fn trust_is_the_providers_unless_it_is_said() {
    let request = signed(&AWS_SNS, SECRET, r#"{"Message":"x"}"#).build();
    let keys = certificates(&AWS_SNS, SECRET);
    let learned = |provider: &Provider, trust: Option<Trust>, name: &str, value: &str| {
        let builder = Verifier::builder(provider).expect(name, value);
        let builder = trust.into_iter().fold(builder, |builder, trust| builder.trust(trust));
        let verifier = builder.build().unwrap();
        let keys = if provider.name() == "paypal" { certificates(provider, SECRET) } else { keys.clone() };
        let url = if provider.name() == "paypal" {
            "https://api.paypal.com/v1/notifications/certs/CERT-0-0-0"
        } else {
            "https://sns.us-east-1.amazonaws.com/SimpleNotificationService-0123456789abcdef0123456789abcdef.pem"
        };
        let id = KeyId::new(url);
        verifier.learn_at(&id, keys.get(&id).unwrap().clone(), NOW).map_err(|e| e.kind())
    };
    let topic = "arn:aws:sns:us-east-1:123456789012:test";
    assert_eq!(learned(&AWS_SNS, None, "topic_arn", topic), Ok(()));
    assert_eq!(learned(&AWS_SNS, Some(Trust::roots(TEST_ROOT).unwrap()), "topic_arn", topic), Ok(()));
    // PayPal's must lead to DigiCert.
    assert_eq!(learned(&PAYPAL, None, "webhook_id", "1"), Err(ErrorKind::KeyUntrusted));
    assert_eq!(learned(&PAYPAL, Some(Trust::host()), "webhook_id", "1"), Ok(()));
    let verifier = verifier_for(&AWS_SNS, SECRET);
    assert!(verifier.authenticate_at(&request, NOW).unwrap().which_secret().is_none());
    for pem in ["", "nothing", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"] {
        assert_eq!(Trust::roots(pem).unwrap_err().kind(), ErrorKind::Config);
    }
}

/// The two PINGs are told by number and shape; each is answered as Discord wants, and an event is never taken for one.
#[test]
fn discords_pings_are_answered_and_its_events_are_not() {
    let reply = |provider: &Provider, body: &'static str| {
        let delivery = verifier_for(provider, SECRET).verify(&signed(provider, SECRET, body).build()).unwrap();
        assert_eq!(delivery.events().is_empty(), delivery.reply().is_some());
        delivery.reply().map(|reply| (reply.status(), reply.body().clone(), reply.headers()["content-type"].clone()))
    };
    let (status, body, kind) = reply(&DISCORD, r#"{"type":1,"id":"1","token":"t","version":1}"#).unwrap();
    assert_eq!((status, &*body, kind.to_str().unwrap()), (StatusCode::OK, &b"{\"type\":1}"[..], "application/json"));
    let (status, body, kind) = reply(&DISCORD_EVENTS, r#"{"version":1,"application_id":"1","type":0}"#).unwrap();
    assert_eq!((status, &*body, kind.to_str().unwrap()), (StatusCode::NO_CONTENT, &b""[..], "application/json"));
    let event =
        r#"{"version":1,"application_id":"1","type":1,"event":{"type":"X","timestamp":"2024-10-18T14:42:53Z"}}"#;
    for provider in [&DISCORD, &DISCORD_EVENTS] {
        assert_eq!(reply(provider, event), None, "{provider:?}");
    }
    assert_eq!(reply(&DISCORD, r#"{"type":2,"id":"1"}"#), None);
}

/// What CRC-32 is worth: another payment under the same checksum, made without any key.
#[tokio::test]
async fn a_body_of_the_same_checksum_is_refused_once_the_genuine_one_came() {
    let genuine = format!(
        r#"{{"id":"WH-1","event_type":"PAYMENT.CAPTURE.COMPLETED","amount":"1.00","pad":"{}"}}"#,
        "a".repeat(48)
    );
    let forged = genuine.replace("WH-1", "WH-2").replace("1.00", "9.99");
    let forged = colliding(&forged, genuine.as_bytes());
    assert_ne!(genuine.as_bytes(), forged);
    let request = signed(&PAYPAL, SECRET, genuine).at(NOW).build();
    let verifier = verifier_for(&PAYPAL, SECRET);
    let mut replayed = request.clone();
    *replayed.body_mut() = Bytes::from(forged);
    let verified = verifier.authenticate_at(&replayed, NOW).unwrap();
    assert!(!verified.covers(Field::Body) && !verified.covers(Field::Payload) && !verified.covers(Field::Identity));
    let handled = std::sync::Arc::new(std::sync::Mutex::new(Vec::new()));
    let seen = handled.clone();
    let handlers = inhook::Handlers::new().otherwise(async move |event: inhook::Event| {
        seen.lock().unwrap().push(event.label.clone());
        Ok(())
    });
    let clock = inhook::Clock::new(|| NOW);
    let receiver = Receiver::builder(verifier.clone(), MemoryStore::new()).clock(clock).handle(handlers).unwrap();
    assert_eq!(receiver.receive(request.clone()).await.status(), StatusCode::OK);
    assert_eq!(receiver.receive(replayed).await.status(), StatusCode::UNAUTHORIZED);
    assert_eq!(receiver.receive(request).await.status(), StatusCode::OK);
    assert_eq!(*handled.lock().unwrap(), [Some("WH-1".to_owned())]);
}

/// The text with letters of its padding changed until its checksum is that of `like`.
fn colliding(text: &str, like: &[u8]) -> Vec<u8> {
    let crc = |bytes: &[u8]| crc32(bytes);
    let base = text.as_bytes().to_vec();
    let start = text.find("aaaa").unwrap();
    // Each letter that becomes a `c` changes the checksum by a fixed pattern, so that this is a system of equations.
    let mut rows: Vec<(u32, u64)> = (0..48)
        .map(|n| {
            let mut other = base.clone();
            other[start + n] = b'c';
            (crc(&other) ^ crc(&base), 1_u64 << n)
        })
        .collect();
    let (mut need, mut chosen) = (crc(like) ^ crc(&base), 0_u64);
    for bit in (0..32).rev() {
        let Some(at) = rows.iter().position(|(pattern, _)| pattern >> bit & 1 == 1) else { continue };
        let (pattern, which) = rows.swap_remove(at);
        for row in &mut rows {
            if row.0 >> bit & 1 == 1 {
                *row = (row.0 ^ pattern, row.1 ^ which);
            }
        }
        if need >> bit & 1 == 1 {
            (need, chosen) = (need ^ pattern, chosen ^ which);
        }
    }
    assert_eq!(need, 0, "the padding is too short");
    let mut forged = base;
    for n in 0..48 {
        if chosen >> n & 1 == 1 {
            forged[start + n] = b'c';
        }
    }
    assert_eq!(crc(&forged), crc(like));
    forged
}

fn crc32(bytes: &[u8]) -> u32 {
    let step = |crc: u32, _| if crc & 1 == 1 { (crc >> 1) ^ 0xedb8_8320 } else { crc >> 1 };
    !bytes.iter().fold(!0, |crc, byte| (0..8).fold(crc ^ u32::from(*byte), step))
}

/// As a test in another language needs it.
#[test]
fn the_key_that_goes_with_a_text_can_be_read() {
    let bytes = HEXLOWER.decode(public_key(&DISCORD, SECRET).as_bytes()).unwrap();
    let key = ring::signature::UnparsedPublicKey::new(&ring::signature::ED25519, bytes);
    let judged = |secret: &str| {
        let request = signed(&DISCORD, secret, r#"{"type":2,"id":"1"}"#).build();
        let signature = HEXLOWER.decode(request.headers()["x-signature-ed25519"].as_bytes()).unwrap();
        key.verify(&[request.headers()["x-signature-timestamp"].as_bytes(), request.body()].concat(), &signature)
    };
    assert_eq!((judged(SECRET), judged("other")), (Ok(()), Err(ring::error::Unspecified)));
    assert!(public_key(&SENDGRID, SECRET).starts_with("MFkw"));
    assert!(public_key(&STANDARD_WEBHOOKS_V1A, SECRET).starts_with("whpk_"));
    assert_eq!(public_key(&STANDARD_WEBHOOKS, SECRET), SECRET);
}

/// A message that was sent by version 1 can be signed again, and is by version 2.
#[test]
fn a_recorded_message_is_signed_by_the_version_it_says() {
    let body = r#"{"Message":"x","SignatureVersion":"1","Signature":"c2lnbmF0dXJl"}"#;
    let request = signed(&AWS_SNS, SECRET, body).build();
    let body: serde_json::Value = serde_json::from_slice(request.body()).unwrap();
    assert_eq!(body["SignatureVersion"], "2");
    assert!(verifier_for(&AWS_SNS, SECRET).verify(&request).is_ok());
}

/// A probe with a wrong signature is refused with the 401 that Discord looks for, and a missing one is refused too.
#[test]
fn discords_probes_are_refused() {
    let verifier = Verifier::new(&DISCORD, public_key(&DISCORD, SECRET)).unwrap();
    let forged = signed(&DISCORD, "other", r#"{"type":1}"#).build();
    assert_eq!(verifier.authenticate(&forged).unwrap_err().status(), StatusCode::UNAUTHORIZED);
    let bare = verifier.authenticate((&HeaderMap::new(), forged.body())).unwrap_err();
    assert_eq!(bare.kind(), ErrorKind::MissingHeader);
}

/// More signatures than any sender needs cost more than they are worth.
#[test]
fn a_list_of_signatures_has_an_end() {
    let request = signed(&STANDARD_WEBHOOKS_V1A, SECRET, "{}").at(NOW).build();
    let good = request.headers()["webhook-signature"].to_str().unwrap().to_owned();
    let junk = format!("v1a,{}", BASE64.encode(&[7; 64]));
    for (others, verdict) in
        [(15, Ok(())), (16, Err(ErrorKind::MalformedHeader)), (300, Err(ErrorKind::MalformedHeader))]
    {
        let mut list = request.clone();
        let text = format!("{} {good}", vec![junk.as_str(); others].join(" "));
        list.headers_mut().insert("webhook-signature", text.parse().unwrap());
        assert_eq!(judged(&verifier_for(&STANDARD_WEBHOOKS_V1A, SECRET), &list), verdict, "{others}");
    }
}

/// A verifier without keys says which it needs; a receiver of it without a source is refused when it is built.
#[test]
fn a_receiver_that_could_never_judge_is_not_built() {
    let verifier = || Verifier::builder(&PAYPAL).expect("webhook_id", "1").build().unwrap();
    let built = |keys: Option<StaticKeys>| {
        let builder = Receiver::builder(verifier(), MemoryStore::new());
        let builder = keys.into_iter().fold(builder, |builder, keys| builder.keys(keys));
        builder.handle(inhook::Handlers::new().otherwise(async |_: inhook::Event| Ok(()))).map(drop)
    };
    assert_eq!(built(None).unwrap_err().kind(), ErrorKind::Config);
    assert!(built(Some(StaticKeys::new())).is_ok());
}
