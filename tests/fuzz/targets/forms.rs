//! Any form: what is signed is what another parser reads, fields are found, and multipart forms come back as they went.
#![no_main]

use std::sync::OnceLock;

use bytes::Bytes;
use data_encoding::HEXLOWER;
use http::{HeaderValue, Request, header::CONTENT_TYPE};
use inhook::{
    Provider, Verifier,
    provider::{At, Digest, Hmac, Part, Scheme, Syntax, StaticToken},
};
use inhook_fuzz::{FORM, hmac};
use libfuzzer_sys::fuzz_target;

const SIGNED: Provider = Provider::new(
    "acme",
    Scheme::Hmac(
        Hmac::new(Digest::Sha256).over(&[Part::SortedForm]).signature(At::Header("x-signature"), Syntax::Bare),
    ),
)
.label(At::Form("a"))
.version(At::Query("a"));

const TOKEN: Provider = Provider::new("acme", Scheme::Token(StaticToken::bare(At::Header("x-signature"))))
    .label(At::Form("a"))
    .kind(At::Form("b"));

fn verifiers() -> &'static [Verifier; 2] {
    static BOTH: OnceLock<[Verifier; 2]> = OnceLock::new();
    BOTH.get_or_init(|| [SIGNED, TOKEN].map(|provider| Verifier::new(&provider, "secret").unwrap()))
}

fn request(body: &[u8], content_type: &'static str, signature: &str) -> Request<Bytes> {
    let mut request = Request::new(Bytes::copy_from_slice(body));
    request.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    request.headers_mut().insert("x-signature", HeaderValue::from_str(signature).unwrap());
    request
}

fuzz_target!(|data: &[u8]| {
    url_encoded(data);
    let multipart = "multipart/form-data; boundary=xx";
    drop(verifiers()[1].verify(&request(data, multipart, "secret")));
    there_and_back(data);
});

fn url_encoded(body: &[u8]) {
    let mut fields: Vec<_> = form_urlencoded::parse(body).collect();
    let last = |name: &str| {
        let value = fields.iter().rev().find(|(n, _)| n == name).map(|(_, value)| value.clone().into_owned());
        value.filter(|value| !value.is_empty())
    };
    let (label, first) =
        (last("a"), fields.iter().find(|(n, _)| n == "a").map(|(_, value)| value.clone().into_owned()));
    fields.sort_by(|(a, _), (b, _)| a.as_bytes().cmp(b.as_bytes()));
    let parts: Vec<&[u8]> = fields.iter().flat_map(|(n, v)| [n.as_bytes(), v.as_bytes()]).collect();
    let mut request = request(body, FORM, &HEXLOWER.encode(&hmac(b"secret", &parts)));
    // In a URI only some bytes can stand, so the query is only looked at where the body could be one.
    let uri = [b"/?", body].concat();
    let is_query = !body.contains(&b'#')
        && http::Uri::try_from(uri).is_ok_and(|uri| {
            *request.uri_mut() = uri;
            true
        });
    let verified = verifiers()[0].authenticate(&request);
    // The other parser writes this sign for what is no UTF-8; here bytes stay what they are.
    if parts.iter().any(|part| String::from_utf8_lossy(part).contains('\u{fffd}')) {
        return;
    }
    let verified = verified.expect("two parsers read the same");
    let Ok(delivery) = verified.delivery() else {
        // What starts like JSON, behind a mark or not, is believed to be neither.
        let text = body.strip_prefix("\u{feff}".as_bytes()).unwrap_or(body).trim_ascii_start();
        return assert!(text.starts_with(b"{") || text.starts_with(b"["));
    };
    let event = &delivery.events()[0];
    assert_eq!(event.label, label);
    if is_query {
        assert_eq!(event.version, first.filter(|value| !value.is_empty()));
    }
}

/// Fields are parted by 0xFF: the first byte of each chooses its name.
fn there_and_back(data: &[u8]) {
    let mut body = Vec::new();
    let (mut a, mut b) = (None, None);
    for field in data.split(|byte| *byte == 0xff).take(20) {
        let Some((which, value)) = field.split_first() else { continue };
        if value.windows(4).any(|w| w == b"--xx") {
            continue;
        }
        let name = ["a", "b", "c"][usize::from(*which) % 3];
        let file = if which & 0x80 == 0 { "" } else { "; filename=\"f\"\r\nContent-Type: text/plain" };
        body.extend_from_slice(
            format!("--xx\r\nContent-Disposition: form-data; name=\"{name}\"{file}\r\n\r\n").as_bytes(),
        );
        body.extend_from_slice(value);
        body.extend_from_slice(b"\r\n");
        let text = str::from_utf8(value).ok().filter(|text| !text.is_empty()).map(str::to_owned);
        match name {
            "a" => a = text,
            "b" => b = text,
            _ => {}
        }
    }
    body.extend_from_slice(b"--xx--\r\n");
    let request = request(&body, "multipart/form-data; boundary=xx", "secret");
    let delivery = verifiers()[1].verify(&request).expect("a whole form");
    assert_eq!((&delivery.events()[0].label, &delivery.events()[0].kind), (&a, &b));
}
