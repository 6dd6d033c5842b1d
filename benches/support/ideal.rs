//! The least that each scheme needs, written by hand for it alone: what a library can come near to.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use data_encoding::{BASE64, HEXLOWER};
use hmac::{Hmac, KeyInit, Mac};
use http::{HeaderMap, HeaderName};
use sha2::Sha256;
use subtle::ConstantTimeEq;

pub(crate) type Key = Hmac<Sha256>;

pub(crate) const GITHUB: HeaderName = HeaderName::from_static("x-hub-signature-256");
pub(crate) const STRIPE: HeaderName = HeaderName::from_static("stripe-signature");
pub(crate) const ID: HeaderName = HeaderName::from_static("webhook-id");
pub(crate) const TIMESTAMP: HeaderName = HeaderName::from_static("webhook-timestamp");
pub(crate) const SIGNATURE: HeaderName = HeaderName::from_static("webhook-signature");

const TOLERANCE: Duration = Duration::from_secs(300);

pub(crate) fn key(secret: &[u8]) -> Key {
    Key::new_from_slice(secret).unwrap()
}

/// The HMAC alone, its key already in, and its comparison.
pub(crate) fn raw(key: &Key, body: &[u8], tag: &[u8; 32]) -> bool {
    let mut mac = key.clone();
    mac.update(body);
    bool::from(mac.finalize().into_bytes().as_slice().ct_eq(tag))
}

pub(crate) fn tag(key: &Key, parts: &[&[u8]]) -> [u8; 32] {
    let mut mac = key.clone();
    parts.iter().for_each(|part| mac.update(part));
    mac.finalize().into_bytes().into()
}

pub(crate) fn github(key: &Key, headers: &HeaderMap, body: &[u8]) -> bool {
    let Some(signature) = headers.get(GITHUB).and_then(|v| v.as_bytes().strip_prefix(b"sha256=")) else { return false };
    let Some(claimed) = hex(signature) else { return false };
    raw(key, body, &claimed)
}

pub(crate) fn stripe(key: &Key, headers: &HeaderMap, body: &[u8]) -> bool {
    let Some(header) = headers.get(STRIPE) else { return false };
    let pairs = || header.as_bytes().split(|b| *b == b',');
    let Some(timestamp) = pairs().find_map(|pair| pair.strip_prefix(b"t=")) else { return false };
    if !recent(timestamp) {
        return false;
    }
    let tag = tag(key, &[timestamp, b".", body]);
    let claimed = pairs().filter_map(|pair| pair.strip_prefix(b"v1=")).filter_map(hex);
    claimed.fold(false, |held, claimed| held | bool::from(tag.ct_eq(&claimed)))
}

pub(crate) fn standard_webhooks(key: &Key, headers: &HeaderMap, body: &[u8]) -> bool {
    let (Some(id), Some(timestamp), Some(signature)) =
        (headers.get(ID), headers.get(TIMESTAMP), headers.get(SIGNATURE))
    else {
        return false;
    };
    if !recent(timestamp.as_bytes()) {
        return false;
    }
    let tag = tag(key, &[id.as_bytes(), b".", timestamp.as_bytes(), b".", body]);
    let each = signature.as_bytes().split(|b| *b == b' ').filter_map(|one| one.strip_prefix(b"v1,"));
    let claimed = each.filter_map(base64);
    claimed.fold(false, |held, claimed| held | bool::from(tag.ct_eq(&claimed)))
}

fn recent(timestamp: &[u8]) -> bool {
    let Some(at) = std::str::from_utf8(timestamp).ok().and_then(|text| text.parse().ok()) else { return false };
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    now.abs_diff(Duration::from_secs(at)) <= TOLERANCE
}

fn hex(text: &[u8]) -> Option<[u8; 32]> {
    let mut bytes = [0; 32];
    (text.len() == 64 && HEXLOWER.decode_mut(text, &mut bytes).is_ok()).then_some(bytes)
}

fn base64(text: &[u8]) -> Option<[u8; 32]> {
    let mut bytes = [0; 33];
    if text.len() != 44 || BASE64.decode_mut(text, &mut bytes).ok()? != 32 {
        return None;
    }
    bytes[..32].try_into().ok()
}
