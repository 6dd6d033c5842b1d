//! Headers that are missing, renamed or written otherwise.

use inhook::provider::{SLACK, SVIX};
use sha1::Sha1;

use super::*;

/// The header that bears the proof, if one does: it differs with the secret and nothing else.
fn bearing(provider: &Provider) -> Option<HeaderName> {
    let request = genuine(provider);
    let other = forged(provider);
    let differs = |name: &&HeaderName| {
        name.as_str() != "content-type" && request.headers().get(*name) != other.headers().get(*name)
    };
    let mut names = request.headers().keys().filter(differs);
    let signs = |name: &&HeaderName| {
        let mut without = request.clone();
        without.headers_mut().remove(*name);
        let diagnosis = of(provider, &without);
        !diagnosis.is_explained() && diagnosis.to_string().contains(&format!("`{name}`"))
    };
    names.find(signs).cloned()
}

#[test]
fn a_missing_or_renamed_header_is_told() {
    let mut seen = 0;
    for provider in ALL {
        // Box sends a second signature, which then is one of the first key's in another place.
        let Some(name) = bearing(provider).filter(|_| provider.name() != "box") else { continue };
        seen += 1;
        let mut request = genuine(provider);
        let value = request.headers_mut().remove(&name).unwrap();
        let diagnosis = of(provider, &request);
        assert!(!diagnosis.is_explained(), "{diagnosis}");
        assert!(
            matches!(diagnosis.findings(), [Finding::Missing { places, signed: false }, ..] if places.iter().any(|p| p.contains(name.as_str()))),
            "{provider:?}: {diagnosis}"
        );
        let found = format!("http_{}", name.as_str().replace('-', "_"));
        request.headers_mut().insert(HeaderName::try_from(&found).unwrap(), value);
        let findings = of(provider, &request).findings().to_vec();
        let [Finding::Renamed { secret, expected, found: told }] = &findings[..] else {
            panic!("{provider:?}: {findings:?}")
        };
        assert_eq!((*secret, *expected, told), (whose(provider), name.as_str(), &found), "{provider:?}");
    }
    assert!(seen >= 60, "{seen}");
    let request = signed(&SVIX, "whsec_c2VjcmV0", "{}").at(NOW).build();
    let verifier = Verifier::new(&STANDARD_WEBHOOKS, "whsec_c2VjcmV0").unwrap();
    assert!(
        matches!(by(&verifier, &request).findings(), [Finding::Renamed { expected: "webhook-signature", found, .. }] if found == "svix-signature")
    );
}

#[test]
fn what_must_come_besides_the_signature_is_told() {
    let mut request = signed(&GITHUB, SECRET, "{}").build();
    request.headers_mut().remove("x-github-delivery");
    let diagnosis = of(&GITHUB, &request);
    let missing = Finding::Missing { places: vec!["the header `x-github-delivery`".to_owned()], signed: true };
    assert_eq!((diagnosis.findings(), diagnosis.is_explained()), (&[missing][..], true));
    let request = signed(&GITHUB, SECRET, "").build();
    assert_eq!(of(&GITHUB, &request).findings(), [Finding::NoBody]);
    let mut request = signed(&SLACK, SECRET, "{}").at(NOW).build();
    request.headers_mut().remove("x-slack-request-timestamp");
    assert!(of(&SLACK, &request).to_string().contains("`x-slack-request-timestamp`"));
}

#[test]
fn a_signature_that_is_written_otherwise_is_told() {
    let mut seen = 0;
    for provider in ALL {
        let Some(name) = bearing(provider) else { continue };
        // Its hash stands in its signature, so a function reads that as a whole.
        if provider.name().starts_with("websub") {
            continue;
        }
        let request = genuine(provider);
        let text = request.headers()[&name].to_str().unwrap().to_owned();
        let signature = text.rsplit(['=', ',', ' ']).find(|part| part.len() >= 40).unwrap_or_default();
        if signature.is_empty() || HEXLOWER.decode(signature.as_bytes()).is_err() {
            continue;
        }
        // Discord's alone may be in capitals.
        let expected = if provider.name().starts_with("discord") { Encoding::HexOfEitherCase } else { Encoding::Hex };
        let encoding = |found| Writing::Encoding { found, expected };
        let bytes = HEXLOWER.decode(signature.as_bytes()).unwrap();
        for (other, writing) in [
            (signature.to_uppercase(), Writing::Capitals),
            (BASE64.encode(&bytes), encoding(Encoding::Base64)),
            (format!("\"{signature}\""), Writing::Around),
        ] {
            let mut request = request.clone();
            request.headers_mut().insert(&name, text.replace(signature, &other).parse().unwrap());
            if !refuses(provider, &request) {
                continue;
            }
            let findings = of(provider, &request).findings().to_vec();
            assert!(
                matches!(&findings[..], [Finding::Written { writing: told, .. }] if *told == writing),
                "{provider:?}: {findings:?}"
            );
            seen += 1;
        }
    }
    assert!(seen >= 80, "{seen}");
    let mut request = signed(&GITHUB, SECRET, "{}").build();
    let bare = request.headers()["x-hub-signature-256"].to_str().unwrap()[7..].to_owned();
    request.headers_mut().insert("x-hub-signature-256", bare.parse().unwrap());
    let written = Finding::Written { secret: Some(0), header: "x-hub-signature-256", writing: Writing::Around };
    assert_eq!(of(&GITHUB, &request).findings(), [written]);
    let mut request = signed(&STRIPE, SECRET, "{}").at(NOW).build();
    let spaced = request.headers()["stripe-signature"].to_str().unwrap().replace(',', ", ");
    request.headers_mut().insert("stripe-signature", spaced.parse().unwrap());
    let written = Finding::Written { secret: Some(0), header: "stripe-signature", writing: Writing::Around };
    assert_eq!(of(&STRIPE, &request).findings(), [written]);
}

#[test]
fn a_weaker_hash_beside_is_told() {
    let mut mac = Hmac::<Sha1>::new_from_slice(SECRET.as_bytes()).unwrap();
    mac.update(b"{}");
    let sha1 = format!("sha1={}", HEXLOWER.encode(&mac.finalize().into_bytes()));
    for header in ["x-hub-signature", "x-hub-signature-256"] {
        let mut request = signed(&GITHUB, SECRET, "{}").build();
        request.headers_mut().remove("x-hub-signature-256");
        request.headers_mut().insert(header, sha1.parse().unwrap());
        let hash = Finding::Hash { secret: 0, header: header.to_owned(), used: Digest::Sha1, expected: Digest::Sha256 };
        assert_eq!(of(&GITHUB, &request).findings(), [hash]);
    }
}
