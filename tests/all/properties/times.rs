//! Any text as a signed time, in every unit: taken if and only if it is a number, or a time of RFC 3339, within the
//! tolerance.

use inhook::{Tolerance, provider::TimeUnit};
use proptest::sample::select;
use time::{format_description::well_known::Rfc3339, macros::datetime};

use super::*;

/// Not a whole second, so that rounding shows.
const NOW: OffsetDateTime = datetime!(2026-11-21 06:41:00.7 UTC);
const PAST: i64 = 300;
const FUTURE: i64 = 30;
const PAST_LIMIT: Duration = Duration::seconds(PAST);
const FUTURE_LIMIT: Duration = Duration::seconds(FUTURE);

fn provider(unit: TimeUnit) -> Provider {
    const PARTS: &[Part] = &[Part::Timestamp, Part::Text("."), Part::Body];
    let scheme = Scheme::new(Digest::Sha256).over(PARTS).signature(At::Header("x-signature"), Syntax::Bare);
    let scheme = AnyScheme::Hmac(scheme.timestamp(At::Query("time"), unit));
    Provider::new("acme", scheme).tolerance(PAST.unsigned_abs(), FUTURE.unsigned_abs())
}

/// Genuine, whatever it says.
fn request(text: &str) -> Request<Bytes> {
    let query = form_urlencoded::Serializer::new(String::new()).append_pair("time", text).finish();
    let message = [text.as_bytes(), b".body"].concat();
    let tag = HEXLOWER.encode(&mac(Hmac::<Sha256>::new_from_slice(b"secret").unwrap(), &message));
    let request = Request::post(format!("https://example.com/in?{query}")).header("x-signature", tag);
    request.body(Bytes::from_static(b"body")).unwrap()
}

/// What the text says, by rules that are plainer than the crate's.
fn read(text: &str, unit: TimeUnit) -> Option<OffsetDateTime> {
    let digits = (1..=18).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit());
    let nanos = |per: i128| OffsetDateTime::from_unix_timestamp_nanos(text.parse::<i128>().ok()? * per).ok();
    match unit {
        TimeUnit::Seconds if digits => nanos(1_000_000_000),
        TimeUnit::Millis if digits => nanos(1_000_000),
        TimeUnit::Rfc3339 => OffsetDateTime::parse(text, &Rfc3339).ok(),
        TimeUnit::Utc => OffsetDateTime::parse(&format!("{text}Z"), &Rfc3339).ok(),
        _ => None,
    }
}

/// Near the present and its bounds, as a sender writes it; then with a sign of it changed, or something else altogether.
fn text() -> impl Strategy<Value = String> {
    let near = prop_oneof![Just(-PAST), Just(FUTURE), -400..400_i64, any::<i32>().prop_map(i64::from)];
    let nanos = select(vec![0_i64, 1, 700_000_000, 699_999_999, 999_999_999, -1, -1_000_000]);
    let written = (near, nanos, 0..4_usize).prop_map(|(by, nanos, how)| {
        let at = NOW + Duration::seconds(by) + Duration::nanoseconds(nanos);
        match how {
            0 => at.unix_timestamp().to_string(),
            1 => (at.unix_timestamp_nanos() / 1_000_000).to_string(),
            2 => at.format(&Rfc3339).unwrap(),
            _ => at.format(&Rfc3339).unwrap().trim_end_matches('Z').to_owned(),
        }
    });
    let signs = select(vec!["", "+", "-", " ", "0", "00", ".0", "_", "e0", "T", "Z", "+00:00", "-23:59", "\u{661}"]);
    let spoilt = (written.clone(), any::<usize>(), signs).prop_map(|(mut text, at, sign)| {
        text.insert_str(at % (text.len() + 1), sign);
        text
    });
    prop_oneof![3 => written, 4 => spoilt, 1 => "[0-9]{1,40}", 1 => "\\PC{0,30}"]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn a_time_is_what_it_says_and_as_old_as_it_is(text in text(), nanos in 0..1_000_000_000_i64) {
        let now = NOW.replace_nanosecond(0).unwrap() + Duration::nanoseconds(nanos);
        let request = request(&text);
        for unit in [TimeUnit::Seconds, TimeUnit::Millis, TimeUnit::Rfc3339, TimeUnit::Utc] {
            let build = |tolerance| Verifier::builder(&provider(unit)).secret("secret").tolerance(tolerance).build().unwrap();
            let time = read(&text, unit);
            let unlimited = build(Tolerance::Unlimited);
            let said = unlimited.authenticate_at(&request, now).ok().map(|verified| verified.signed_at().unwrap());
            prop_assert_eq!(said, time, "{} {:?}", text, unit);
            // Who writes whole seconds is judged by whole seconds.
            let judged = if unit == TimeUnit::Seconds { now.replace_nanosecond(0).unwrap() } else { now };
            let fresh = time.is_some_and(|time| judged - time <= PAST_LIMIT && time - judged <= FUTURE_LIMIT);
            let verdict = build(Tolerance::Provider).authenticate_at(&request, now).map(drop).map_err(|e| e.kind());
            prop_assert_eq!(verdict.is_ok(), fresh, "{} {:?} {:?}", text, unit, verdict);
            if let (Some(time), Err(kind)) = (time, verdict) {
                let old = time < judged;
                prop_assert_eq!(kind, if old { ErrorKind::StaleTimestamp } else { ErrorKind::FutureTimestamp });
            }
        }
    }
}
