//! Events as bytes, for what keeps them.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use data_encoding::{BASE64, HEXLOWER};
use http::{HeaderMap, HeaderName, HeaderValue};
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use super::{Event, Headers, Identity, Inner, range_in};
use crate::{Error, ErrorKind, Raw, digest::Digest, verify::Coverage};

/// Fields are only ever added, with defaults: old records stay readable.
#[derive(Serialize, Deserialize)]
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
    #[serde(default, skip_serializing_if = "Option::is_none")]
    decoded: Option<String>,
    /// In hexadecimal digits, where it is not the payload's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    digest: Option<String>,
    headers: Vec<(String, String)>,
}

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
