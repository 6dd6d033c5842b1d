//! The wrong secret, and the right one copied or read wrong.

use super::*;

#[test]
fn another_secret_is_told_by_its_name() {
    for provider in ALL {
        let request = genuine(provider);
        let others = [("old", told(provider, OTHER)), ("staging", told(provider, SECRET))];
        let diagnosis = verifier(provider, OTHER).diagnose_among(&request, NOW, &others);
        // Nobody is told a key that is fetched, so there is none to be told instead.
        if FETCHED.contains(&provider.name()) {
            assert!(diagnosis.findings().is_empty() && !diagnosis.is_genuine(), "{provider:?}: {diagnosis}");
            continue;
        }
        assert_eq!(diagnosis.findings(), [Finding::OtherSecret { name: "staging".to_owned() }], "{provider:?}");
        assert!(diagnosis.is_explained() && !diagnosis.is_genuine());
    }
}

#[test]
fn a_secret_that_was_copied_wrong_is_told() {
    for (wrong, mistake) in [
        (format!("\"{SECRET}\""), KeyMistake::Quotes),
        (format!("'{SECRET}'"), KeyMistake::Quotes),
        (format!("HOOK_SECRET={SECRET}"), KeyMistake::Assignment),
        (format!("export HOOK_SECRET=\"{SECRET}\""), KeyMistake::Assignment),
        (format!("\u{feff}{SECRET}"), KeyMistake::Mark),
    ] {
        let mut seen = 0;
        for provider in ALL {
            let builder = Verifier::builder(provider).secret(OTHER).secret(wrong.as_str());
            let built = builder.public_base("https://example.com").public_key("public-key").verify_token("t").build();
            // Where the key is base64 or digits such a text is refused at once.
            let Ok(verifier) = built else { continue };
            let diagnosis = by(&verifier, &genuine(provider));
            assert_eq!(
                diagnosis.findings(),
                [Finding::Key { secret: 1, mistake }],
                "{provider:?} {wrong}: {diagnosis}"
            );
            seen += 1;
        }
        assert!(seen >= 50, "{seen} providers");
    }
}

fn github(key: &[u8], body: &str) -> Request<Bytes> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).unwrap();
    mac.update(body.as_bytes());
    let mut request = signed(&GITHUB, SECRET, body.to_owned()).build();
    let signature = format!("sha256={}", HEXLOWER.encode(&mac.finalize().into_bytes()));
    request.headers_mut().insert("x-hub-signature-256", signature.parse().unwrap());
    request
}

#[test]
fn a_key_that_is_read_otherwise_there_is_told() {
    let text = "d2VsbCBrbm93bg==";
    for (key, mistake) in [
        (&b"well known"[..], KeyMistake::IsBase64),
        (b"d2VsbCBrbm93bg==\n", KeyMistake::WhiteSpaceThere),
        (b"d2VsbCBrbm93bg==\r\n", KeyMistake::WhiteSpaceThere),
        (b"\"d2VsbCBrbm93bg==\"", KeyMistake::QuotesThere),
    ] {
        let verifier = Verifier::new(&GITHUB, text).unwrap();
        assert_eq!(by(&verifier, &github(key, "{}")).findings(), [Finding::Key { secret: 0, mistake }]);
    }
    let key =
        |secret: &str, key: &[u8]| by(&Verifier::new(&GITHUB, secret).unwrap(), &github(key, "{}")).findings().to_vec();
    let is = |mistake| [Finding::Key { secret: 0, mistake }];
    assert_eq!(key("5ca1ab1e", b"\x5c\xa1\xab\x1e"), is(KeyMistake::IsHex));
    assert_eq!(key("whsec_d2VsbCBrbm93bg==", b"well known"), is(KeyMistake::IsBase64));
    assert_eq!(key("whsec_d2VsbCBrbm93bg", b"d2VsbCBrbm93bg"), is(KeyMistake::Prefix));
    assert_eq!(key("a%2Bb", b"a+b"), is(KeyMistake::PercentEncoded));
    assert_eq!(key("a&amp;b", b"a&b"), is(KeyMistake::HtmlEscaped));
    // Standard Webhooks decodes; a sender that does not signs with the text.
    let sent = Provider::new(
        "acme",
        inhook::provider::Scheme::Hmac(
            inhook::provider::Hmac::new(Digest::Sha256)
                .over(&[
                    inhook::provider::Part::Id,
                    inhook::provider::Part::Text("."),
                    inhook::provider::Part::Timestamp,
                    inhook::provider::Part::Text("."),
                    inhook::provider::Part::Body,
                ])
                .signature(
                    inhook::provider::At::Header("webhook-signature"),
                    inhook::provider::Syntax::List { separator: ' ', prefix: "v1," },
                )
                .encoding(Encoding::Base64)
                .timestamp(inhook::provider::At::Header("webhook-timestamp"), inhook::provider::TimeUnit::Seconds)
                .id(inhook::provider::At::Header("webhook-id")),
        ),
    );
    let request = signed(&sent, "whsec_d2VsbCBrbm93bg==", "{}").at(NOW).build();
    let verifier = Verifier::new(&STANDARD_WEBHOOKS, "whsec_d2VsbCBrbm93bg==").unwrap();
    assert_eq!(by(&verifier, &request).findings(), is(KeyMistake::IsText));
}
