//! Any text as a signed time, in every unit and place: taken if and only if it is a number, or a time of RFC 3339, within
//! the tolerance.
#![no_main]

use std::{fmt::Write, sync::OnceLock};

use bytes::Bytes;
use data_encoding::HEXLOWER;
use http::{HeaderValue, Request};
use inhook::{
    Provider, Tolerance, Verifier,
    provider::{At, Digest, Hmac, Part, Scheme, Syntax, TimeUnit},
};
use inhook_fuzz::{NOW, hmac};
use libfuzzer_sys::fuzz_target;
use time::{OffsetDateTime, format_description::well_known::Rfc3339};

const PAST: i128 = 300;
const FUTURE: i128 = 30;
const PAIRS: Syntax = Syntax::Pairs { separator: ',', signature: "v1", spaces: true };
const PLACES: [At; 4] = [At::Header("x-time"), At::Query("time"), At::Json("/time"), At::SignaturePair("t")];
const UNITS: [TimeUnit; 3] = [TimeUnit::Seconds, TimeUnit::Millis, TimeUnit::Rfc3339];

fn verifiers() -> &'static [(At, TimeUnit, Verifier, Verifier)] {
    static ALL: OnceLock<Vec<(At, TimeUnit, Verifier, Verifier)>> = OnceLock::new();
    ALL.get_or_init(|| {
        let mut all = Vec::new();
        for at in PLACES {
            for unit in UNITS {
                let scheme = Hmac::new(Digest::Sha256)
                    .over(&[Part::Timestamp, Part::Text("."), Part::Body])
                    .signature(At::Header("x-signature"), PAIRS)
                    .timestamp(at, unit);
                let provider = Provider::new("acme", Scheme::Hmac(scheme)).tolerance(PAST as u64, FUTURE as u64);
                let builder = || Verifier::builder(&provider).secret("secret");
                let unlimited = builder().tolerance(Tolerance::Unlimited).build().unwrap();
                all.push((at, unit, builder().build().unwrap(), unlimited));
            }
        }
        all
    })
}

fuzz_target!(|data: &[u8]| {
    for (at, unit, verifier, unlimited) in verifiers() {
        let Some(request) = request(*at, data) else { continue };
        let time = read(data, *unit);
        let said = unlimited.authenticate_at(&request, NOW).ok().map(|v| v.signed_at().expect("it is signed"));
        assert_eq!(said, time, "{at:?} {unit:?}");
        let second = NOW.unix_timestamp_nanos() / 1_000_000_000 * 1_000_000_000;
        let now = if *unit == TimeUnit::Seconds { second } else { NOW.unix_timestamp_nanos() };
        let fresh = time.is_some_and(|time| {
            let age = now - time.unix_timestamp_nanos();
            age <= PAST * 1_000_000_000 && -age <= FUTURE * 1_000_000_000
        });
        assert_eq!(verifier.authenticate_at(&request, NOW).is_ok(), fresh, "{at:?} {unit:?}");
    }
});

/// Genuine, whatever it says; `None` where the place cannot hold that.
fn request(at: At, text: &[u8]) -> Option<Request<Bytes>> {
    let mut request = Request::new(Bytes::from_static(b"{}"));
    let mut signature = String::new();
    match at {
        At::Header(name) if text.trim_ascii() == text => {
            request.headers_mut().insert(name, HeaderValue::from_bytes(text).ok()?);
        }
        At::Query(name) => {
            let encoded: String = text.iter().fold(String::new(), |mut all, byte| {
                write!(all, "%{byte:02x}").expect("memory");
                all
            });
            *request.uri_mut() = format!("/?{name}={encoded}").parse().ok()?;
        }
        At::Json(_) => {
            let text = serde_json::Value::from(str::from_utf8(text).ok()?);
            *request.body_mut() = Bytes::from(format!(r#"{{"time":{text}}}"#));
        }
        At::SignaturePair(name) if !text.contains(&b',') && text.trim_ascii() == text => {
            signature = format!("{name}={},", str::from_utf8(text).ok()?);
        }
        _ => return None,
    }
    signature += &format!("v1={}", HEXLOWER.encode(&hmac(b"secret", &[text, b".", request.body()])));
    request.headers_mut().insert("x-signature", HeaderValue::from_bytes(signature.as_bytes()).ok()?);
    Some(request)
}

fn read(text: &[u8], unit: TimeUnit) -> Option<OffsetDateTime> {
    let text = str::from_utf8(text).ok()?;
    let digits = !text.is_empty() && text.len() <= 18 && text.bytes().all(|b| b.is_ascii_digit());
    let nanos = |per: i128| OffsetDateTime::from_unix_timestamp_nanos(text.parse::<i128>().ok()? * per).ok();
    match unit {
        TimeUnit::Seconds if digits => nanos(1_000_000_000),
        TimeUnit::Millis if digits => nanos(1_000_000),
        TimeUnit::Rfc3339 => OffsetDateTime::parse(text, &Rfc3339).ok(),
        _ => None,
    }
}
