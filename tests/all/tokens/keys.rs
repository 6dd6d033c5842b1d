//! Tokens that are signed by private keys, and where the public ones come from.

use std::time::Duration as Age;

use http::StatusCode;
use inhook::{
    KeyId, KeyMaterial, Receiver, StaticKeys,
    provider::{ATLASSIAN_CONNECT_INSTALL, ATLASSIAN_FORGE, FIREBASE_AUTH, GOOGLE_OIDC, GOOGLE_PUBSUB, PLAID},
    store::MemoryStore,
    testing::token_keys,
};

use super::*;

const PROVIDERS: [&Provider; 6] =
    [&GOOGLE_PUBSUB, &GOOGLE_OIDC, &FIREBASE_AUTH, &ATLASSIAN_FORGE, &ATLASSIAN_CONNECT_INSTALL, &PLAID];

fn unknowing(provider: &Provider) -> Verifier {
    let names: &[&str] = match provider.name() {
        "google_pubsub" | "google_oidc" => &["audience", "service_account_email"],
        "firebase_auth" => &["issuer", "audience"],
        "plaid" => &[],
        _ => &["audience"],
    };
    let builder = Verifier::builder(provider);
    names.iter().fold(builder, |builder, name| builder.expect(*name, "expected")).build().unwrap()
}

fn sent(provider: &Provider, secret: &str) -> Request<Bytes> {
    signed(provider, secret, r#"{"clientKey":"c"}"#).at(NOW).build()
}

fn judged(verifier: &Verifier, request: &Request<Bytes>, by: i64) -> Result<(), ErrorKind> {
    verifier.authenticate_at(request, NOW + Duration::seconds(by)).map(drop).map_err(|e| e.kind())
}

/// Where it is not known, it is named; once it is learned, it counts for its time and no longer.
#[test]
fn a_key_is_named_learned_and_forgotten() {
    for provider in PROVIDERS {
        let (verifier, request) = (unknowing(provider), sent(provider, SECRET));
        let refused = verifier.authenticate_at(&request, NOW).unwrap_err();
        assert_eq!((refused.kind(), refused.status()), (ErrorKind::KeyUnavailable, StatusCode::SERVICE_UNAVAILABLE));
        let id = refused.key_needed().unwrap().clone();
        assert!(id.url.starts_with("https://"), "{id}");
        let keys = token_keys(provider, SECRET);
        let material = keys.get(&id).unwrap().clone();
        verifier.learn_at(&id, material.clone().max_age(Age::from_secs(120)), NOW).unwrap();
        let verified = verifier.authenticate_at(&request, NOW).unwrap();
        assert_eq!(verified.which_secret(), None);
        let is_other = |text: &&str| token_keys(provider, *text).get(&id).unwrap().bytes != material.bytes;
        let forged = sent(provider, ["a", "b", "c", "d", "e"].into_iter().find(is_other).unwrap());
        assert_eq!(judged(&verifier, &forged, 0), Err(ErrorKind::BadSignature), "{provider:?}");
        let after = judged(&verifier, &request, 120);
        assert_eq!(after, Err(ErrorKind::KeyUnavailable), "{provider:?}");
        verifier.learn_at(&id, material, NOW + Duration::seconds(120)).unwrap();
        assert_eq!(judged(&verifier, &request, 121), Ok(()), "{provider:?}");
    }
}

/// A name that a fresh set does not have is made up: it is refused, and fetches nothing.
#[test]
fn made_up_names_do_not_fetch_a_set_over_and_over() {
    let (verifier, request) = (unknowing(&GOOGLE_PUBSUB), sent(&GOOGLE_PUBSUB, SECRET));
    let id = verifier.authenticate_at(&request, NOW).unwrap_err().key_needed().unwrap().clone();
    let other = token_keys(&GOOGLE_PUBSUB, SECRET).get(&id).unwrap().bytes.clone();
    let other = String::from_utf8(other.to_vec()).unwrap().replacen("\"test\"", "\"other\"", 1);
    verifier.learn_at(&id, KeyMaterial::new(other), NOW).unwrap();
    let refused = verifier.authenticate_at(&request, NOW).unwrap_err();
    assert_eq!((refused.kind(), refused.key_needed()), (ErrorKind::KeyUntrusted, None));
    assert_eq!(judged(&verifier, &request, 59), Err(ErrorKind::KeyUntrusted));
    // Keys do change: a minute later it may be there.
    assert_eq!(judged(&verifier, &request, 60), Err(ErrorKind::KeyUnavailable));
}

#[test]
fn nothing_is_learned_from_anywhere_else() {
    for provider in PROVIDERS {
        for (id, material) in token_keys(provider, SECRET).iter() {
            let verifier = unknowing(provider);
            let elsewhere = [
                KeyId::new("https://evil.example/keys"),
                KeyId::new(id.url.replace("https://", "http://")),
                KeyId::new(format!("{}/../evil", id.url)),
                KeyId::new(format!("{}?evil", id.url)),
                KeyId::new("https://connect-install-keys.atlassian.com/"),
                KeyId::new("https://connect-install-keys.atlassian.com/a/b"),
                KeyId::new("https://connect-install-keys.atlassian.com.evil.example/test"),
            ];
            for other in elsewhere {
                let learned = verifier.learn_at(&other, material.clone(), NOW).map_err(|e| e.kind());
                assert_eq!(learned, Err(ErrorKind::Config), "{provider:?} {other}");
            }
            for junk in ["", "{}", "null", "[]", "{\"keys\":[]}", "{\"keys\":{}}", "\u{feff}", "-----BEGIN"] {
                let learned = verifier.learn_at(id, KeyMaterial::new(junk), NOW).map_err(|e| e.kind());
                assert_eq!(learned, Err(ErrorKind::KeyUntrusted), "{provider:?} {junk}");
            }
            assert_eq!(judged(&verifier, &sent(provider, SECRET), 0), Err(ErrorKind::KeyUnavailable));
        }
    }
}

/// A name that would lead an address anywhere else is nobody's.
#[test]
fn a_keys_name_is_no_path() {
    let verifier = unknowing(&ATLASSIAN_CONNECT_INSTALL);
    let good = sent(&ATLASSIAN_CONNECT_INSTALL, SECRET);
    let token = good.headers()["authorization"].to_str().unwrap().strip_prefix("JWT ").unwrap().to_owned();
    let (_, rest) = token.split_once('.').unwrap();
    let long = "a".repeat(65);
    for kid in ["../x", "a/b", "a?b", "a#b", "a%2fb", "@evil", "a b", ".", "..", ".hidden", "\u{e9}", &long] {
        let header = format!(r#"{{"alg":"RS256","kid":"{kid}"}}"#);
        let mut request = good.clone();
        let value = format!("JWT {}.{rest}", encode(&header));
        request.headers_mut().insert("authorization", value.parse().unwrap());
        assert_eq!(judged(&verifier, &request, 0), Err(ErrorKind::KeyUntrusted), "{kid}");
    }
    let mut request = good;
    let value = format!("JWT {}.{rest}", encode(r#"{"alg":"RS256"}"#));
    request.headers_mut().insert("authorization", value.parse().unwrap());
    assert_eq!(judged(&verifier, &request, 0), Err(ErrorKind::MalformedHeader));
}

/// Plaid's answer is taken whole or as its key alone, and a key that has expired is none.
#[test]
fn a_key_that_was_asked_for_is_the_one_and_current() {
    let (id, material) = {
        let keys = token_keys(&PLAID, SECRET);
        let (id, material) = keys.iter().next().unwrap();
        (id.clone(), String::from_utf8(material.bytes.to_vec()).unwrap())
    };
    let learned = |text: String| {
        let verifier = unknowing(&PLAID);
        verifier.learn_at(&id, KeyMaterial::new(text), NOW).map_err(|e| e.kind())?;
        judged(&verifier, &sent(&PLAID, SECRET), 0)
    };
    let with = |more: &str| material.replacen('{', &format!("{{{more},"), 1);
    assert_eq!(learned(material.clone()), Ok(()));
    assert_eq!(learned(with(r#""expired_at":null,"created_at":1"#)), Ok(()));
    assert_eq!(learned(format!(r#"{{"key":{material},"request_id":"r"}}"#)), Ok(()));
    for wrong in [
        with(r#""expired_at":1"#),
        material.replace("ES256", "ES384"),
        material.replace("ES256", "HS256"),
        material.replace("sig", "enc"),
        material.replace("P-256", "P-384"),
        material.replace("\"EC\"", "\"oct\""),
        material.replace("\"test\"", "\"other\""),
        format!(r#"{{"key":[{material}]}}"#),
    ] {
        assert_eq!(learned(wrong.clone()), Err(ErrorKind::KeyUntrusted), "{wrong}");
    }
}

/// What stands where the keys of a provider's tokens are.
fn text(provider: &Provider) -> String {
    let keys = token_keys(provider, SECRET);
    let (_, material) = keys.iter().next().unwrap();
    String::from_utf8(material.bytes.to_vec()).unwrap()
}

fn json(text: &str) -> serde_json::Value {
    serde_json::from_str(text).unwrap()
}

/// Whoever reads a JWK as RFC 7517 says can judge the tokens.
#[test]
fn keys_for_tests_are_jwks() {
    let google = json(&text(&GOOGLE_PUBSUB))["keys"][0].to_string();
    for (provider, jwk, name) in [
        (&GOOGLE_PUBSUB, google.clone(), "authorization"),
        (&ATLASSIAN_FORGE, google, "authorization"),
        (&PLAID, text(&PLAID), "plaid-verification"),
    ] {
        let jwk: jsonwebtoken::jwk::Jwk = serde_json::from_str(&jwk).unwrap();
        let key = jsonwebtoken::DecodingKey::from_jwk(&jwk).unwrap();
        let header = |secret| sent(provider, secret).headers()[name].to_str().unwrap().to_owned();
        let algorithm = jwk.common.key_algorithm.unwrap().to_string().parse().unwrap();
        let mut validation = jsonwebtoken::Validation::new(algorithm);
        validation.required_spec_claims.clear();
        (validation.validate_aud, validation.validate_exp) = (false, false);
        let judged = |token: &str| {
            let token = token.trim_start_matches("Bearer ");
            jsonwebtoken::decode::<serde_json::Value>(token, &key, &validation).map(drop).map_err(|e| e.into_kind())
        };
        assert_eq!(judged(&header(SECRET)), Ok(()), "{provider:?}");
        let is_other = |secret: &&str| token_keys(provider, *secret).iter().next().unwrap().1.bytes != text(provider);
        let other = ["a", "b", "c", "d", "e"].into_iter().find(is_other).unwrap();
        let refused = judged(&header(other));
        assert_eq!(refused, Err(jsonwebtoken::errors::ErrorKind::InvalidSignature), "{provider:?}");
    }
}

/// A public key, however it is written, signs nothing.
#[test]
fn a_public_key_is_no_secret() {
    let request = sent(&GOOGLE_PUBSUB, SECRET);
    let token = request.headers()["authorization"].to_str().unwrap().strip_prefix("Bearer ").unwrap().to_owned();
    let claims = token.split('.').nth(1).unwrap();
    // One and the same key, as three servers have it.
    let [set, certificates, pem] = [&GOOGLE_PUBSUB, &FIREBASE_AUTH, &ATLASSIAN_CONNECT_INSTALL].map(text);
    let (jwk, certificate) = (&json(&set)["keys"][0], &json(&certificates)["test"]);
    let number = jwk["n"].as_str().unwrap();
    let certificate = certificate.as_str().unwrap();
    for (id, material) in token_keys(&GOOGLE_PUBSUB, SECRET).iter() {
        let verifier = unknowing(&GOOGLE_PUBSUB);
        verifier.learn_at(id, material.clone(), NOW).unwrap();
        assert_eq!(judged(&verifier, &request, 0), Ok(()));
        let shown = [&set, &jwk.to_string(), number, certificate, certificate.trim(), &pem, &format!("{pem}\n"), ""];
        for secret in shown {
            for header in [r#"{"alg":"HS256","kid":"test"}"#, r#"{"alg":"RS256","kid":"test"}"#] {
                let text = format!("{}.{claims}", encode(header));
                let mut forged = request.clone();
                let value = format!("Bearer {text}.{}", mac(secret.as_bytes(), &text));
                forged.headers_mut().insert("authorization", value.parse().unwrap());
                let refused = judged(&verifier, &forged, 0).unwrap_err();
                assert!([ErrorKind::WrongAlgorithm, ErrorKind::BadSignature].contains(&refused));
            }
        }
    }
}

/// A receiver fetches what it needs, once, and answers 503 as long as it has it not.
#[tokio::test]
async fn a_receiver_has_its_keys_fetched() {
    let receiver = |keys: Option<StaticKeys>| {
        let builder = Receiver::builder(unknowing(&GOOGLE_PUBSUB), MemoryStore::new());
        let builder = match keys {
            Some(keys) => builder.keys(keys),
            None => builder,
        };
        builder.handle(inhook::Handlers::new().otherwise(async |_: inhook::Event<inhook::Raw>| Ok(())))
    };
    assert_eq!(receiver(None).unwrap_err().kind(), ErrorKind::Config);
    let request = || signed(&GOOGLE_PUBSUB, SECRET, r#"{"message":{"messageId":"1"}}"#).build();
    for (keys, status) in
        [(token_keys(&GOOGLE_PUBSUB, SECRET), StatusCode::OK), (StaticKeys::new(), StatusCode::SERVICE_UNAVAILABLE)]
    {
        let answer = receiver(Some(keys)).unwrap().receive(request()).await;
        assert_eq!(answer.status(), status);
    }
}

#[test]
fn no_secret_is_asked_for_and_none_is_taken() {
    for provider in [&GOOGLE_PUBSUB, &PLAID] {
        let builder = Verifier::builder(provider).secret(SECRET);
        let builder = if provider.name() == "plaid" {
            builder
        } else {
            builder.expect("audience", "a").expect("service_account_email", "b")
        };
        assert_eq!(builder.build().unwrap_err().kind(), ErrorKind::InvalidSecret);
    }
}
