//! HTTP Message Signatures: reading what a request says of its own signature, and holding it against what it must say.

use std::time::Duration;

use data_encoding::BASE64;
use memchr::memmem;
use sfv::{BareItem, Dictionary, InnerList, Item, ListEntry, Parser};
use sha2::{Digest as _, Sha256, Sha512};
use subtle::ConstantTimeEq;

use super::{
    Verifier, components,
    judge::{Judged, REFUSED, tag_of},
    keys::Key,
    scheme::Scheme,
    stamp::{Now, Stamp},
};
use crate::{
    Error, ErrorKind, Incoming,
    provider::{HttpSignature, TimeUnit, locate},
};

const INPUT: &str = "signature-input";
pub(super) const SIGNATURE: &str = "signature";
pub(super) const DIGEST: &str = "content-digest";
/// How many signatures of one request are tried.
const MOST: usize = 8;

impl Verifier {
    pub(super) fn judge_http(
        &self,
        request: &Incoming<'_>,
        data: &HttpSignature,
        scheme: &Scheme,
        now: Now<'_>,
    ) -> Result<Judged, Error> {
        let claimed = read(data, request, self.0.base.as_deref())?;
        let found = claimed.iter().find_map(|claimed| {
            let which = scheme.keys.iter().position(|key| signed(key, claimed))?;
            Some((which, claimed))
        });
        let Some((which, claimed)) = found else { return Err(REFUSED) };
        let stamp = claimed.judge(request, self.0.provider.past.is_some(), now)?;
        self.judge_time(stamp, now)?;
        Ok(Judged { which: Some(which), proved: true, stamp, ..Judged::default() })
    }
}

fn signed(key: &Key, claimed: &Claimed) -> bool {
    let (text, signature) = (claimed.text.as_bytes(), &claimed.signature);
    match key {
        Key::Mac(mac) => tag_of(mac, &[text]).is(signature),
        #[cfg(feature = "asymmetric")]
        Key::Public(key) => key.signs(text, signature),
        Key::Token(_) => false,
    }
}

/// One signature of a request, which nobody has checked yet.
#[derive(Debug)]
struct Claimed {
    list: InnerList,
    /// What is signed.
    text: String,
    signature: Vec<u8>,
}

/// Those of a request that could be the provider's; one at least.
fn read(data: &HttpSignature, request: &Incoming<'_>, base: Option<&str>) -> Result<Vec<Claimed>, Error> {
    let mut inputs = dictionary(request, INPUT)?.ok_or(locate::missing())?;
    let mut signatures = dictionary(request, SIGNATURE)?.ok_or(locate::missing())?;
    let mut trouble = Error::new(ErrorKind::MalformedHeader, "no signature of this scheme stands in it");
    let (mut claimed, mut tried) = (Vec::new(), 0);
    for (label, entry) in inputs.drain(..) {
        if data.label.is_some_and(|only| only != label.as_str()) || tried == MOST {
            continue;
        }
        let ListEntry::InnerList(list) = entry else { continue };
        let text = |name: &str| list.params.get(name).and_then(BareItem::as_string).map(|text| text.as_str());
        if data.tag.is_some_and(|tag| text("tag") != Some(tag)) {
            continue;
        }
        if list.params.contains_key("alg") && text("alg") != Some(data.algorithm.name()) {
            trouble = Error::new(ErrorKind::WrongAlgorithm, "");
            continue;
        }
        if !components::covers(&list, data.parts) {
            trouble = Error::new(ErrorKind::Unexpected, "the signature covers less than it has to");
            continue;
        }
        let Some(ListEntry::Item(Item { bare_item: BareItem::ByteSequence(signature), .. })) =
            signatures.swap_remove(label.as_str())
        else {
            trouble = Error::new(ErrorKind::MalformedHeader, "no signature stands under its label");
            continue;
        };
        tried += 1;
        // One signature, one way of writing it.
        if !written(request, &signature) {
            trouble = Error::new(ErrorKind::MalformedHeader, "a signature is written otherwise than it has to be");
            continue;
        }
        match components::text(&list, request, base) {
            Ok(text) => claimed.push(Claimed { list, text, signature }),
            Err(unreadable) => trouble = unreadable,
        }
    }
    if claimed.is_empty() { Err(trouble) } else { Ok(claimed) }
}

fn written(request: &Incoming<'_>, signature: &[u8]) -> bool {
    let canonical = format!(":{}:", BASE64.encode(signature));
    request.headers.get(SIGNATURE).is_some_and(|text| memmem::find(text.as_bytes(), canonical.as_bytes()).is_some())
}

impl Claimed {
    /// What has to be right besides the signature, once that holds; when it was made, if it says so.
    fn judge(&self, request: &Incoming<'_>, aged: bool, now: Now<'_>) -> Result<Option<Stamp>, Error> {
        let covers_body = |item: &Item| item.bare_item.as_string().is_some_and(|name| name.as_str() == DIGEST);
        if self.list.items.iter().any(covers_body) {
            digest(request)?;
        }
        if let Some(expires) = self.time("expires")? {
            expires.judge(now, Duration::ZERO, Duration::MAX, false)?;
        }
        match self.time("created")? {
            None if aged => Err(Error::new(ErrorKind::Unexpected, "the signature does not say when it was made")),
            created => Ok(created),
        }
    }

    fn time(&self, name: &str) -> Result<Option<Stamp>, Error> {
        let Some(value) = self.list.params.get(name) else { return Ok(None) };
        let number = value.as_integer().map(i64::from);
        let number = number.ok_or(Error::new(ErrorKind::MalformedHeader, "a time is a number"))?;
        Stamp::parse(number.to_string().as_bytes(), TimeUnit::Seconds).map(Some)
    }
}

/// A dictionary in a header that comes once.
fn dictionary(request: &Incoming<'_>, name: &'static str) -> Result<Option<Dictionary>, Error> {
    let Some(text) = locate::header(request, name, false)?.filter(|text| !text.is_empty()) else { return Ok(None) };
    let parsed = Parser::new(text).parse::<Dictionary>();
    parsed.map(Some).map_err(|e| Error::new(ErrorKind::MalformedHeader, "no dictionary of its kind").because(e))
}

/// Whether the body is the one whose hashes are named. Each hash that is known must be right, and one must be known.
fn digest(request: &Incoming<'_>) -> Result<(), Error> {
    let hashes = dictionary(request, DIGEST)?.ok_or(locate::missing())?;
    let (body, mut known) = (request.body.as_bytes(), false);
    for (algorithm, entry) in &hashes {
        let right = match algorithm.as_str() {
            "sha-256" => Sha256::digest(body).to_vec(),
            "sha-512" => Sha512::digest(body).to_vec(),
            _ => continue,
        };
        let claimed = match entry {
            ListEntry::Item(item) => item.bare_item.as_byte_sequence(),
            ListEntry::InnerList(_) => None,
        };
        let claimed = claimed.ok_or(Error::new(ErrorKind::MalformedHeader, "a digest is a sequence of bytes"))?;
        if !bool::from(right.as_slice().ct_eq(claimed)) {
            return Err(Error::new(ErrorKind::BadSignature, "the digest is of another body"));
        }
        known = true;
    }
    if known { Ok(()) } else { Err(Error::new(ErrorKind::Unexpected, "no digest of a kind that counts")) }
}
