//! Public keys, certificates and tokens: what of a genuine request can be changed, and what its names of keys can do.

use data_encoding::BASE64URL_NOPAD;
use inhook::{
    KeyMaterial, Trust,
    provider::{
        ADOBE_COMMERCE, ATLASSIAN_CONNECT, ATLASSIAN_CONNECT_INSTALL, ATLASSIAN_FORGE, AWS_SNS, Algorithm, Claim,
        DISCORD, DISCORD_EVENTS, FIREBASE_AUTH, GOOGLE_OIDC, GOOGLE_PUBSUB, MONDAY, NETLIFY, PAYPAL, PLAID, SENDGRID,
        STANDARD_WEBHOOKS_V1A, SVIX_V1A, WISE,
    },
    testing::{TEST_ROOT, certificates},
};

use super::*;

/// Those whose body is vouched for, all of it or the part that counts.
const WHOLE: [&Provider; 12] = [
    &ADOBE_COMMERCE,
    &AWS_SNS,
    &DISCORD,
    &DISCORD_EVENTS,
    &FIREBASE_AUTH,
    &NETLIFY,
    &PAYPAL,
    &PLAID,
    &SENDGRID,
    &STANDARD_WEBHOOKS_V1A,
    &SVIX_V1A,
    &WISE,
];

const HEAD_ONLY: [&Provider; 6] =
    [&ATLASSIAN_CONNECT, &ATLASSIAN_CONNECT_INSTALL, &ATLASSIAN_FORGE, &GOOGLE_OIDC, &GOOGLE_PUBSUB, &MONDAY];

fn genuine(provider: &Provider) -> Request<Bytes> {
    match provider.name() {
        "atlassian_connect_install" => signed(provider, SECRET, r#"{"clientKey":"c"}"#).build(),
        _ => draft(provider).build(),
    }
}

/// Id, kind and payload.
type Read = (Option<String>, Option<String>, Vec<u8>);

/// What a handler would make of it, if it is believed.
fn read(provider: &Provider, request: &Request<Bytes>) -> Option<Vec<Read>> {
    let delivery = verifier(provider, SECRET).verify(request).ok()?;
    let of = |event: Event| (event.id().map(Into::into), event.kind.clone(), event.raw().as_bytes().to_vec());
    Some(delivery.into_events().into_iter().map(of).collect())
}

#[test]
fn no_byte_of_what_proves_a_request_can_be_another() {
    for provider in WHOLE.into_iter().chain(HEAD_ONLY) {
        let request = genuine(provider);
        assert_eq!(verdict(provider, &request), Ok(()), "{provider:?}");
        let unsigned = ["content-type", "x-delivery-id", "x-atlassian-webhook-identifier"];
        let proves = |name: &str| !unsigned.contains(&name) && !name.starts_with("ce-") && !name.starts_with("x-goog-");
        for (name, value) in request.headers().iter().filter(|(name, _)| proves(name.as_str())) {
            for at in 0..value.len() {
                let mut bytes = value.as_bytes().to_vec();
                bytes[at] ^= 1;
                let Ok(other) = HeaderValue::from_bytes(&bytes) else { continue };
                let mut forged = request.clone();
                forged.headers_mut().insert(name, other);
                assert_ne!(verdict(provider, &forged), Ok(()), "{provider:?} {name} {at}");
            }
        }
    }
}

#[test]
fn no_byte_of_a_body_that_is_vouched_for_can_be_another() {
    for provider in WHOLE {
        let request = genuine(provider);
        let right = read(provider, &request);
        assert!(right.as_ref().is_some_and(|events| !events.is_empty()), "{provider:?}");
        for at in 0..request.body().len() {
            let mut bytes = request.body().to_vec();
            bytes[at] ^= 1;
            let mut forged = request.clone();
            *forged.body_mut() = bytes.into();
            let other = read(provider, &forged);
            assert!(other.is_none() || other == right, "{provider:?} {at}");
        }
    }
}

/// Only line breaks part what SNS signs: whoever may write a message could have it end early, and the rest of it be the
/// id, so that a replay is another event.
#[test]
fn a_message_does_not_become_the_fields_after_it() {
    let body = json!({"Type": "Notification", "MessageId": "m1", "Message": "pay 1\nMessageId\nevil\nSubject\n00"});
    let request = signed(&AWS_SNS, SECRET, body.to_string()).build();
    assert_eq!(verdict(&AWS_SNS, &request), Ok(()));
    let mut body: Value = serde_json::from_slice(request.body()).unwrap();
    body["Message"] = json!("pay 1");
    body["MessageId"] = json!("evil");
    body["Subject"] = json!("00\nMessageId\nm1");
    let forged = request.map(|_| Bytes::from(body.to_string()));
    assert_eq!(verdict(&AWS_SNS, &forged), Err(ErrorKind::MalformedBody));
}

/// A subject that is no text would be left out of what is signed, and be there all the same.
#[test]
fn no_subject_can_be_added() {
    let request = draft(&AWS_SNS).build();
    let text = str::from_utf8(request.body()).unwrap();
    for subject in ["7", "true", "{\"a\":1}", "[\"a\"]", "\"\\ud800\"", "\"\"", "\"a\""] {
        let body = text.replacen('{', &format!("{{\"Subject\":{subject},"), 1);
        let forged = request.clone().map(|_| Bytes::from(body));
        assert_ne!(verdict(&AWS_SNS, &forged), Ok(()), "{subject}");
    }
}

/// A transmission's id is remembered for 31 days. Taken for longer, it would be good for any body of the same checksum.
#[test]
fn a_transmission_is_refused_before_its_id_is_forgotten() {
    let keys = certificates(&PAYPAL, SECRET);
    let request = draft(&PAYPAL).build();
    let verdict = |days: i64| {
        let builder =
            Verifier::builder(&PAYPAL).expect("webhook_id", "expected").trust(Trust::roots(TEST_ROOT).unwrap());
        let (verifier, now) = (builder.build().unwrap(), OffsetDateTime::now_utc() + Duration::days(days));
        let id = verifier.authenticate_at(&request, now).unwrap_err().key_needed().unwrap().clone();
        verifier.learn_at(&id, keys.get(&id).unwrap().clone(), now).unwrap();
        verifier.authenticate_at(&request, now).map(drop).map_err(|e| e.kind())
    };
    assert_eq!((verdict(3), verdict(29)), (Ok(()), Ok(())));
    assert_eq!((verdict(31), verdict(400)), (Err(ErrorKind::StaleTimestamp), Err(ErrorKind::StaleTimestamp)));
}

/// With the tokens that stand beside the one that counts, a handler's log could act for the user.
#[test]
fn forges_other_tokens_are_not_handed_on() {
    let mut request = genuine(&ATLASSIAN_FORGE);
    for name in ["x-forge-oauth-system", "x-forge-oauth-user"] {
        request.headers_mut().insert(name, HeaderValue::from_static("eyJ.system.token"));
    }
    let event = verifier(&ATLASSIAN_FORGE, SECRET).verify(&request).unwrap().into_events().remove(0);
    let kept: Vec<_> = event.headers().keys().filter(|name| name.as_str().contains("oauth")).collect();
    assert!(kept.is_empty(), "{kept:?}");
}

/// What a key is called by goes into an address, a question or a log.
#[test]
fn no_key_that_is_asked_for_has_an_odd_name() {
    let request = genuine(&PLAID);
    let token = request.headers()["plaid-verification"].to_str().unwrap().to_owned();
    let (_, rest) = token.split_once('.').unwrap();
    let verifier = Verifier::builder(&PLAID).build().unwrap();
    for (kid, named) in [
        ("6c5516e1-92dc-479e-a8ff-5a51992e0001", true),
        ("a\\nINFO all is well", false),
        ("../item/remove", false),
        ("' or 1=1", false),
        ("\\u001b[2J", false),
        ("a b", false),
        ("", false),
    ] {
        let header = BASE64URL_NOPAD.encode(format!(r#"{{"alg":"ES256","kid":"{kid}"}}"#).as_bytes());
        let forged = with(&request, "plaid-verification", &format!("{header}.{rest}"));
        let refused = verifier.authenticate(&forged).unwrap_err();
        assert_eq!(refused.key_needed().is_some(), named, "{kid}");
    }
}

/// 1,024 bits: refused when the verifier is built, not by every request after it.
#[test]
fn a_short_key_is_no_key() {
    const SHORT: &str = "-----BEGIN PUBLIC KEY-----
MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQCo/IguqJZxR4DKhlCP+ifQ5bHd
R2DQrLJMvpkd45GtP8C7jeiQRhS3nHJd5t6Mnu8d6umb4RbzmXjA8lyQJKLgLtKq
sXukJuO5/W53N8Nk2yTnbsTDgVea/AmFKw7RiqApvqty5N3NmQWKpq6YPuhvM9sB
XHfCCzxoIy0/SZE5zwIDAQAB
-----END PUBLIC KEY-----
";
    for provider in [&WISE, &ADOBE_COMMERCE] {
        let built = Verifier::new(provider, SHORT);
        assert_eq!(built.unwrap_err().kind(), ErrorKind::InvalidSecret, "{provider:?}");
    }
    let der = SHORT.lines().filter(|line| !line.starts_with('-')).collect::<String>();
    let der = BASE64.decode(der.as_bytes()).unwrap();
    // The modulus stands behind the headers of the structures around it.
    let set = json!({"keys": [{"kty": "RSA", "kid": "k", "n": BASE64URL_NOPAD.encode(&der[29..157]), "e": "AQAB"}]});
    let verifier = Verifier::builder(&ATLASSIAN_FORGE).expect("audience", "a").build().unwrap();
    let request = genuine(&ATLASSIAN_FORGE);
    let id = verifier.authenticate(&request).unwrap_err().key_needed().unwrap().clone();
    let learned = verifier.learn(&id, KeyMaterial::new(set.to_string()));
    assert_eq!(learned.unwrap_err().kind(), ErrorKind::KeyUntrusted);
}

#[test]
fn a_claim_prints_no_signature() {
    let claim = Claim::new(Algorithm::Ed25519, "key".to_owned(), b"message".to_vec(), vec![201; 64]);
    let printed = format!("{claim:?}");
    assert!(printed.contains("Ed25519") && !printed.contains("201") && !printed.contains("109"), "{printed}");
}
