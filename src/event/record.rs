//! Events as bytes, for what keeps them.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use data_encoding::{BASE64, HEXLOWER};
use http::{HeaderMap, HeaderName, HeaderValue};
use time::OffsetDateTime;

use super::{Event, Headers, Identity, Inner, range_in};
use crate::{Error, ErrorKind, Raw, digest::Digest, object::kept_object, verify::Coverage};

/// Fields are only ever added, as options: old records stay readable.
struct Record {
    provider: String,
    tenant: Option<String>,
    label: Option<String>,
    kind: Option<String>,
    /// Nanoseconds since 1970.
    occurred_at: Option<i128>,
    version: Option<String>,
    attempt: u32,
    identity: Option<Identity>,
    nonce: Option<String>,
    stable: bool,
    kinds: bool,
    remember_secs: u64,
    covered: Coverage,
    /// Base64, as are the headers' values.
    whole: String,
    /// Where the payload stands in `whole`, and how long it is.
    payload: (usize, usize),
    /// The payload where it is no part of `whole`, but what was encoded in it.
    decoded: Option<String>,
    /// In hexadecimal digits, where it is not the payload's own.
    digest: Option<String>,
    headers: Vec<(String, String)>,
}

kept_object!(Record {
    provider,
    tenant,
    label,
    kind,
    occurred_at,
    version,
    attempt,
    identity,
    nonce,
    stable,
    kinds,
    remember_secs,
    covered,
    whole,
    payload,
    decoded unless is_none,
    digest unless is_none,
    headers,
});

impl Event {
    /// For a store to keep: all but order, lease and generation. It holds the sender's data, personal data included.
    pub fn to_record(&self) -> Vec<u8> {
        let Inner { raw, whole, identity, nonce, stable, digest, headers, covered, kinds, remember, .. } = &self.inner;
        let raw = raw.as_bytes();
        let (payload, decoded) = match range_in(whole, raw) {
            Some(part) => ((part.start, part.len()), None),
            None => ((0, 0), Some(BASE64.encode(raw))),
        };
        let record = Record {
            provider: self.provider.clone().into_owned(),
            tenant: self.tenant.clone(),
            label: self.label.clone(),
            kind: self.kind.clone(),
            occurred_at: self.occurred_at.map(OffsetDateTime::unix_timestamp_nanos),
            version: self.version.clone(),
            attempt: self.attempt,
            identity: identity.clone(),
            nonce: nonce.clone(),
            stable: *stable,
            kinds: *kinds,
            remember_secs: remember.as_secs(),
            covered: Coverage::clone(covered),
            whole: BASE64.encode(whole),
            payload,
            decoded,
            digest: digest.to_keep().map(|digest| HEXLOWER.encode(digest)),
            headers: headers.iter().map(|(n, v)| (n.as_str().to_owned(), BASE64.encode(v.as_bytes()))).collect(),
        };
        serde_json::to_vec(&record).unwrap_or_default()
    }
}

pub(crate) fn event_from_record(record: &[u8]) -> Result<Event, Error> {
    const UNREADABLE: Error = Error::new(ErrorKind::Store, "the event's record cannot be read");
    let record: Record = serde_json::from_slice(record).map_err(|e| UNREADABLE.because(e))?;
    let decode = |text: &str| BASE64.decode(text.as_bytes()).map_err(|e| UNREADABLE.because(e));
    let whole = Bytes::from(decode(&record.whole)?);
    let (start, len) = record.payload;
    let end = start.checked_add(len).filter(|end| *end <= whole.len()).ok_or(UNREADABLE)?;
    let raw = Raw::new(match &record.decoded {
        Some(decoded) => Bytes::from(decode(decoded)?),
        None => whole.slice(start..end),
    });
    let mut headers = HeaderMap::new();
    for (name, value) in &record.headers {
        let name = HeaderName::from_bytes(name.as_bytes()).map_err(|e| UNREADABLE.because(e))?;
        let value = HeaderValue::from_bytes(&decode(value)?).map_err(|e| UNREADABLE.because(e))?;
        headers.try_append(name, value).map_err(|e| UNREADABLE.because(e))?;
    }
    let digest = match &record.digest {
        None => Digest::default(),
        Some(digits) => {
            let bytes = HEXLOWER.decode(digits.as_bytes()).map_err(|e| UNREADABLE.because(e))?;
            Digest::kept_of_signed(bytes.try_into().map_err(|_| UNREADABLE)?)
        }
    };
    let occurred_at = record.occurred_at.and_then(|nanos| OffsetDateTime::from_unix_timestamp_nanos(nanos).ok());
    Ok(Event {
        provider: record.provider.into(),
        tenant: record.tenant,
        label: record.label,
        kind: record.kind,
        occurred_at,
        version: record.version,
        attempt: record.attempt,
        payload: raw.clone(),
        inner: Inner {
            raw,
            whole,
            identity: record.identity,
            nonce: record.nonce,
            stable: record.stable,
            digest,
            headers: Headers::kept(headers),
            covered: Arc::new(record.covered),
            kinds: record.kinds,
            remember: Duration::from_secs(record.remember_secs),
            generation: 0,
            redriven: None,
            place: None,
            fence: None,
            after_gap: false,
        },
    })
}

#[cfg(test)]
mod tests {
    use std::error::Error as _;

    use serde_json::{Value, json};

    use super::*;

    /// As it was written from the first: stores hold such records.
    const KEPT: &str = concat!(
        r#"{"provider":"stripe","tenant":null,"label":"evt_1","kind":"invoice.paid","occurred_at":1760019978000000000,"#,
        r#""version":"2025-08-27","attempt":2,"identity":{"text":"evt_1","then_digest":false},"nonce":null,"#,
        r#""stable":true,"kinds":true,"remember_secs":2592000,"covered":{"body":true,"identity":true,"kind":true,"#,
        r#""label":true,"payload":true,"time":true,"url":false,"headers":["a"]},"whole":"eyJhIjoxfQ==","#,
        r#""payload":[5,1],"headers":[["content-type","YXBwbGljYXRpb24vanNvbg=="]]}"#,
    );

    fn complaint(record: &str) -> String {
        event_from_record(record.as_bytes()).unwrap_err().source().unwrap().to_string()
    }

    #[test]
    fn a_record_is_written_as_it_was_read() {
        let event = event_from_record(KEPT.as_bytes()).unwrap();
        assert_eq!((&*event.provider, event.tenant.as_deref(), event.raw().as_bytes()), ("stripe", None, &b"1"[..]));
        assert_eq!(String::from_utf8(event.to_record()).unwrap(), KEPT);
        let more = format!(r#""payload":[0,0],"decoded":"/+8=","digest":"{:064}","headers":[["#, 7);
        let more = KEPT.replace(r#""payload":[5,1],"headers":[["#, &more);
        let event = event_from_record(more.as_bytes()).unwrap();
        assert_eq!(event.raw().as_bytes(), b"\xff\xef");
        assert_eq!(String::from_utf8(event.to_record()).unwrap(), more);
    }

    #[test]
    fn what_may_be_missing_may_be_and_what_is_new_is_passed_over() {
        let mut record: Value = serde_json::from_str(KEPT).unwrap();
        let fields = record.as_object_mut().unwrap();
        for name in ["tenant", "label", "kind", "occurred_at", "version", "identity", "nonce"] {
            fields.remove(name);
        }
        fields.insert("later".to_owned(), json!({"a": [1]}));
        let event = event_from_record(record.to_string().as_bytes()).unwrap();
        assert_eq!(
            (event.id(), event.kind.as_ref(), event.occurred_at, event.version.as_ref()),
            (None, None, None, None)
        );
    }

    #[test]
    fn a_complaint_names_the_field() {
        let record: Value = serde_json::from_str(KEPT).unwrap();
        for name in ["provider", "attempt", "stable", "remember_secs", "covered", "payload", "headers"] {
            let mut record = record.clone();
            record.as_object_mut().unwrap().remove(name);
            assert_eq!(
                complaint(&record.to_string()),
                format!("missing field `{name}` at line 1 column {}", record.to_string().len())
            );
        }
        let twice = |from: &str, to: &str| complaint(&KEPT.replace(from, to));
        assert!(twice(r#""tenant":null"#, r#""tenant":null,"tenant":null"#).starts_with("duplicate field `tenant`"));
        assert!(twice(r#""url":false"#, r#""url":false,"body":true"#).starts_with("duplicate field `body`"));
        assert!(twice(r#","then_digest":false"#, "").starts_with("missing field `then_digest`"));
        assert!(complaint("7").starts_with("invalid type: integer `7`, expected struct Record"));
    }
}
