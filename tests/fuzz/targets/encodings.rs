//! Any text where signatures stand, in every syntax and encoding and with good ones, damaged ones and those of another
//! encoding in it: taken if and only if the one right way to write the right signature stands in a place for one.
#![no_main]

use std::sync::OnceLock;

use bytes::Bytes;
use data_encoding::{BASE64, BASE64URL, BASE64URL_NOPAD, HEXLOWER};
use hmac::{KeyInit, Mac};
use http::{HeaderValue, Request};
use inhook::{
    Provider, Verifier,
    provider::{At, Digest, Encoding, Hmac, Scheme, Syntax},
};
use inhook_fuzz::hmac;
use libfuzzer_sys::fuzz_target;

const BODY: &[u8] = b"body";
const DIGESTS: [Digest; 3] = [Digest::Sha1, Digest::Sha256, Digest::Sha512];
const ENCODINGS: [Encoding; 4] = [Encoding::Hex, Encoding::Base64, Encoding::Base64Url, Encoding::Base64UrlUnpadded];
const SYNTAXES: [Syntax; 5] = [
    Syntax::Bare,
    Syntax::Prefixed("v1="),
    Syntax::List { separator: ' ', prefix: "v1," },
    Syntax::Pairs { separator: ',', signature: "v1", spaces: false },
    Syntax::Pairs { separator: ';', signature: "v1", spaces: true },
];

struct Case {
    syntax: Syntax,
    encoding: Encoding,
    tag: Vec<u8>,
    verifier: Verifier,
}

fn cases() -> &'static [Case] {
    static CASES: OnceLock<Vec<Case>> = OnceLock::new();
    CASES.get_or_init(|| {
        let mut cases = Vec::new();
        for digest in DIGESTS {
            for encoding in ENCODINGS {
                for syntax in SYNTAXES {
                    let scheme = Hmac::new(digest).signature(At::Header("x-signature"), syntax).encoding(encoding);
                    let provider = Provider::new("acme", Scheme::Hmac(scheme));
                    let builder = Verifier::builder(&provider).secret("other").secret("secret");
                    cases.push(Case { syntax, encoding, tag: tag(digest), verifier: builder.build().unwrap() });
                }
            }
        }
        cases
    })
}

fn tag(digest: Digest) -> Vec<u8> {
    match digest {
        Digest::Sha1 => hmac::Hmac::<sha1::Sha1>::new_from_slice(b"secret")
            .unwrap()
            .chain_update(BODY)
            .finalize()
            .into_bytes()
            .to_vec(),
        Digest::Sha512 => hmac::Hmac::<sha2::Sha512>::new_from_slice(b"secret")
            .unwrap()
            .chain_update(BODY)
            .finalize()
            .into_bytes()
            .to_vec(),
        _ => hmac(b"secret", &[BODY]),
    }
}

fn encode(encoding: Encoding, bytes: &[u8]) -> String {
    match encoding {
        Encoding::Hex => HEXLOWER,
        Encoding::Base64 => BASE64,
        Encoding::Base64Url => BASE64URL,
        _ => BASE64URL_NOPAD,
    }
    .encode(bytes)
}

fuzz_target!(|data: &[u8]| {
    let Some((which, template)) = data.split_first() else { return };
    let cases = cases();
    let case = &cases[usize::from(*which) % cases.len()];
    let good = encode(case.encoding, &case.tag);
    let text: Vec<u8> = template.iter().flat_map(|byte| written(*byte, case, &good)).collect();
    let Ok(value) = HeaderValue::from_bytes(&text) else { return };
    let mut request = Request::new(Bytes::from_static(BODY));
    request.headers_mut().insert("x-signature", value);
    let verdict = case.verifier.authenticate(&request);
    assert_eq!(verdict.is_ok(), stands_in(case.syntax, text.trim_ascii(), &good));
    if let Ok(verified) = verdict {
        assert_eq!(verified.which_secret(), Some(1));
    }
});

/// No header holds these bytes, so they can stand for signatures.
fn written(byte: u8, case: &Case, good: &str) -> Vec<u8> {
    match byte {
        1 => good.as_bytes().to_vec(),
        2 => good.to_uppercase().into_bytes(),
        3 => ENCODINGS
            .iter()
            .flat_map(|other| encode(*other, &case.tag).into_bytes().into_iter().chain([b' ']))
            .collect(),
        4 => good.as_bytes()[..good.len() - 1].to_vec(),
        5 => good.as_bytes()[1..].to_vec(),
        6 => encode(case.encoding, &[&case.tag[..], &[0]].concat()).into_bytes(),
        7 => good.trim_end_matches('=').as_bytes().to_vec(),
        other => vec![other],
    }
}

fn stands_in(syntax: Syntax, text: &[u8], good: &str) -> bool {
    let Ok(text) = str::from_utf8(text) else {
        // Split as bytes: what is not UTF-8 may stand beside what is good.
        return parts(syntax, &String::from_utf8_lossy(text), good);
    };
    parts(syntax, text, good)
}

fn parts(syntax: Syntax, text: &str, good: &str) -> bool {
    match syntax {
        Syntax::Bare => text == good,
        Syntax::Prefixed(prefix) => text == format!("{prefix}{good}"),
        Syntax::List { separator, prefix } => text.split(separator).any(|e| e == format!("{prefix}{good}")),
        Syntax::Pairs { separator, signature, spaces } => text.split(separator).any(|e| {
            let e = if spaces { e.trim_ascii_start() } else { e };
            e == format!("{signature}={good}")
        }),
        _ => false,
    }
}
