//! From an authentic request to its events.

use std::{borrow::Cow, sync::Arc};

use bytes::Bytes;
use http::{HeaderMap, Method, Uri};
use memchr::memchr2;
use time::{OffsetDateTime, UtcOffset, format_description::well_known::Rfc3339};

use super::{Brought, Delivery, Event, Headers, Identity, Inner, Text, cloud, handshake::handshake};
use crate::{
    Error, ErrorKind, Raw,
    body::{
        Kind, essence, form, is_one_of,
        json::{self, Picked},
    },
    digest::Digest,
    provider::{At, Attempt, Batch, Envelope, Provider, TimeUnit},
    request::first_value,
    verify::{Coverage, Verified},
};

pub(super) const ENVELOPE: fn(&'static str) -> Error = |detail| Error::new(ErrorKind::Envelope, detail);

impl Verified<'_> {
    /// Reads the envelope.
    ///
    /// # Errors
    /// [`MissingHeader`](ErrorKind::MissingHeader) or [`MalformedHeader`](ErrorKind::MalformedHeader) for what the
    /// provider sends with every event; [`Envelope`](ErrorKind::Envelope) if none can be read. The request is authentic:
    /// that is no forgery, so do not answer 401.
    pub fn delivery(self) -> Result<Delivery, Error> {
        self.is_whole()?;
        let provider = self.verifier.data();
        let envelope = &provider.envelope;
        let body = self.request.body.as_bytes();
        let (method, uri) = self.request.target.unzip();
        let query = (self.verifier.is_by_get() && method == Some(&Method::GET))
            .then(|| Bytes::copy_from_slice(uri.and_then(Uri::query).unwrap_or_default().as_bytes()));
        let (body, kind, fields) = match &query {
            Some(query) => (query, Kind::Form, form::few(query)),
            None => {
                let kind = Kind::of(self.request.headers);
                (body, kind, form::of_kind(kind, self.request.headers, body))
            }
        };
        let is_form = kind.is_form();
        if is_form && fields.is_none() {
            return Err(ENVELOPE("the form cannot be read"));
        }
        // Any text is a form, so what was signed as something else, such as a challenge, would pass for an event.
        if is_form
            && query.is_none()
            && !provider.accepts.is_empty()
            && !is_one_of(essence(self.request.headers), provider.accepts)
        {
            return Err(ENVELOPE("a form, which this provider does not send"));
        }
        // Hardly anybody signs the content type: a signed JSON document that is sent on as a form would say what its
        // texts say. No form starts like one, for it would escape that sign.
        let start = json::without_mark(body).trim_ascii_start().first();
        if kind == Kind::Form && matches!(start, Some(b'{' | b'[')) {
            return Err(ENVELOPE("JSON that calls itself a form"));
        }
        let fields = fields.as_deref();
        let document = match self.token()? {
            Some(claims) => Some(claims),
            None => document(envelope, fields, is_form, body),
        };
        let plan = self.verifier.plan();
        let secret = self.which_secret();
        let brought = |events| Delivery { secret, ..Delivery::of(events, Arc::clone(&plan.contract)) };
        // A handshake may come without JSON, so nothing is made of its absence before that is ruled out.
        let (picked, broken) = match document.as_ref().map(|text| plan.document.pick(text)) {
            Some(Ok(picked)) => (Some(picked), None),
            Some(Err(broken)) => (None, Some(broken)),
            None => (None, None),
        };
        let (headers, signed_id, picked) = (self.request.headers, self.signed_id(), picked.as_ref());
        let signed_id = signed_id.as_deref();
        let scene = Scene { headers, uri, fields, signed_id, document: picked, item: picked, binary: false };
        if let Some((reply, confirmation)) = handshake(&self, method, &scene)? {
            return Ok(Delivery { reply: Some(Box::new(reply)), confirmation, ..brought(Brought::Many(Vec::new())) });
        }
        let by_fields = fields.filter(|_| query.is_none() && self.is_by_fields());
        let signed = by_fields.map(|fields| Digest::of_signed(&form::canonical(fields)));
        let shared = Shared {
            provider,
            headers: Headers::of(&self),
            coverage: self.coverage().cloned().unwrap_or_default(),
            digested: signed.as_ref().map_or_else(|| self.request.digested(), |digest| Some((body, digest))),
        };
        if envelope.batch == Batch::CloudEvents {
            let events = shared.cloud_events(&scene, body, &plan.item)?;
            return Ok(brought(Brought::Many(events)));
        }
        if let Some(broken) = broken {
            return Err(ENVELOPE("the body is not the JSON it should be").because(broken));
        }
        let Some(document) = &document else {
            // A form without JSON in it is one event.
            return Ok(brought(Brought::One(Box::new(shared.event(&scene, body.clone())))));
        };
        if envelope.batch == Batch::One {
            if !plan.document.is_empty() && !document.trim_ascii_start().starts_with(b"{") {
                return Err(ENVELOPE("the body is no JSON object"));
            }
            return Ok(brought(Brought::One(Box::new(shared.event(&scene, document.clone())))));
        }
        let items = items(envelope.batch, document, picked)?;
        let mut events = Vec::with_capacity(items.len());
        for item in items {
            let picked = plan.item.pick(item.as_bytes()).map_err(|e| ENVELOPE("an item is not JSON").because(e))?;
            let whole = document.slice_ref(item.as_bytes());
            events.push(shared.event(&Scene { item: Some(&picked), ..scene }, whole));
        }
        Ok(brought(Brought::Many(events)))
    }
}

/// The JSON text that places point into; `None` for a form that has none.
fn document(envelope: &Envelope, fields: Option<&[form::Field<'_>]>, is_form: bool, body: &Bytes) -> Option<Bytes> {
    if is_form {
        let field = form::last(fields?, envelope.form_json?)?;
        return Some(match field {
            Cow::Borrowed(text) => body.slice_ref(text),
            Cow::Owned(text) => Bytes::copy_from_slice(text),
        });
    }
    Some(body.slice_ref(json::without_mark(body)))
}

fn items<'d>(batch: Batch, document: &'d Bytes, picked: Option<&Picked<'_, 'd>>) -> Result<Vec<&'d str>, Error> {
    const NO_LIST: &str = "the list of events is not there";
    let text = str::from_utf8(document).map_err(|e| ENVELOPE("the body is not UTF-8").because(e))?;
    match batch {
        Batch::One | Batch::CloudEvents => Ok(vec![text]),
        Batch::List("") => json::items(text).ok_or(ENVELOPE(NO_LIST)),
        Batch::List(pointer) => {
            let raw = picked.and_then(|p| p.raw(pointer)).ok_or(ENVELOPE(NO_LIST))?;
            json::items(raw).ok_or(ENVELOPE(NO_LIST))
        }
        Batch::Lines if text.trim_start().starts_with('[') => json::items(text).ok_or(ENVELOPE(NO_LIST)),
        // One object may be written over several lines.
        Batch::Lines if json::is_one(text) => Ok(vec![text]),
        Batch::Lines => Ok(text.lines().map(str::trim).filter(|line| !line.is_empty()).collect()),
    }
}

/// What places are looked up in.
#[derive(Clone, Copy)]
pub(super) struct Scene<'a> {
    pub(super) headers: &'a HeaderMap,
    pub(super) uri: Option<&'a Uri>,
    pub(super) fields: Option<&'a [form::Field<'a>]>,
    pub(super) signed_id: Option<&'a str>,
    pub(super) document: Option<&'a Picked<'a, 'a>>,
    pub(super) item: Option<&'a Picked<'a, 'a>>,
    /// Whether it is a CloudEvent whose attributes are headers.
    pub(super) binary: bool,
}

impl Scene<'_> {
    /// Whether anything stands there, be it a whole object.
    pub(super) fn has(&self, at: At) -> bool {
        match at {
            At::Json(pointer) => self.item.is_some_and(|item| item.raw(pointer).is_some()),
            at => self.text(at).is_some(),
        }
    }

    /// The text at a place; absent and empty are one.
    pub(super) fn text(&self, at: At) -> Option<Cow<'_, str>> {
        let found = match at {
            // A header that is no text is there all the same: whoever spoils an unsigned id must not make it absent.
            At::Header(name) => {
                let value = first_value(self.headers, name)?.as_bytes().trim_ascii();
                str::from_utf8(value).map_or_else(|_| String::from_utf8_lossy(value), Cow::Borrowed)
            }
            At::Query(name) => {
                let query = self.uri?.query()?.as_bytes();
                let value = form::pairs(query).find(|(n, _)| **n == *name.as_bytes())?.1;
                Cow::Owned(String::from_utf8(value.into_owned()).ok()?)
            }
            At::Json(pointer) => self.item?.text(pointer)?,
            At::Attribute(name) if self.binary => Cow::Owned(cloud::in_header(self.headers, name)?),
            At::Attribute(name) => self.item?.text(name)?,
            At::Document(pointer) | At::Number(pointer) => self.document?.text(pointer)?,
            At::Form(name) => Cow::Borrowed(str::from_utf8(form::last(self.fields?, name)?).ok()?),
            At::SignedId => Cow::Borrowed(self.signed_id?),
            At::Day(inner) => Cow::Owned(when(&self.text(*inner)?, TimeUnit::Seconds)?.date().to_string()),
            At::FirstOf(all) => all.iter().find_map(|at| self.text(*at))?,
            At::Joined(all, between) => {
                let mut joined = String::with_capacity(64);
                for (n, at) in all.iter().enumerate() {
                    if n > 0 {
                        joined.push_str(between);
                    }
                    joined.push_str(&self.text(*at)?);
                }
                Cow::Owned(joined)
            }
            At::Optional(inner) => return self.text(*inner),
            At::Made(inner, make) => Cow::Owned((make.0)(&self.text(*inner)?)?),
            At::Text(text) => Cow::Borrowed(text),
            At::NameOf(pointers) => {
                let item = self.item?;
                let there = pointers.iter().find(|pointer| item.raw(pointer).is_some())?;
                Cow::Borrowed(there.rsplit('/').next()?)
            }
            At::Nowhere | At::SignaturePair(_) | At::SignatureTime | At::PayloadDigest | At::Inner(_) => return None,
        };
        (!found.is_empty()).then_some(found)
    }

    /// All parts of an identity, none of which can be taken for two others; `None` if one is missing.
    fn identity(&self, places: &[At], whole: &Bytes) -> Option<Identity> {
        if let [At::PayloadDigest] | [] = places {
            return None;
        }
        if let [only] = places {
            return Some(Identity { text: Text::of(self.text(*only)?, whole), then_digest: false });
        }
        let (mut text, mut then_digest) = (String::with_capacity(64), false);
        for at in places {
            match at {
                At::PayloadDigest => then_digest = true,
                At::Optional(inner) => escape(&self.text(**inner).unwrap_or_default(), &mut text),
                at => escape(&self.text(*at)?, &mut text),
            }
        }
        if !then_digest {
            text.pop();
        }
        Some(Identity { text: Text::Own(text), then_digest })
    }
}

/// The part, and a bar that is told from those within it.
fn escape(part: &str, into: &mut String) {
    let mut rest = part;
    while let Some(at) = memchr2(b'|', b'\\', rest.as_bytes()) {
        let (before, after) = rest.split_at(at);
        into.push_str(before);
        into.push('\\');
        into.push_str(after.get(..1).unwrap_or_default());
        rest = after.get(1..).unwrap_or_default();
    }
    into.push_str(rest);
    into.push('|');
}

/// A time as providers write it: a number with or without a fraction, or RFC 3339 whatever the unit.
fn when(text: &str, unit: TimeUnit) -> Option<OffsetDateTime> {
    if unit == TimeUnit::Rfc3339 || text.contains('T') {
        let zoned = OffsetDateTime::parse(text, &Rfc3339);
        let utc = || (unit == TimeUnit::Utc).then(|| OffsetDateTime::parse(&format!("{text}Z"), &Rfc3339).ok())?;
        return zoned.ok().or_else(utc)?.checked_to_offset(UtcOffset::UTC);
    }
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let per_unit: i128 = if unit == TimeUnit::Millis { 1_000_000 } else { 1_000_000_000 };
    let mut nanos = i128::from(whole.parse::<i64>().ok()?) * per_unit;
    let mut place = per_unit / 10;
    for digit in fraction.chars() {
        nanos += i128::from(digit.to_digit(10)?) * place;
        place /= 10;
    }
    OffsetDateTime::from_unix_timestamp_nanos(nanos).ok()
}

/// What all events of one request have in common.
pub(super) struct Shared<'p> {
    provider: &'p Provider,
    headers: Headers,
    pub(super) coverage: Arc<Coverage>,
    /// The body as it came, and what was made of it, or may have been on the way.
    digested: Option<(&'p Bytes, &'p Digest)>,
}

impl Shared<'_> {
    fn event(&self, scene: &Scene<'_>, whole: Bytes) -> Event {
        let payload = payload(self.provider.envelope.payload, scene, &whole);
        self.around(payload, scene, whole)
    }

    /// The event whose payload this is.
    pub(super) fn around(&self, payload: Bytes, scene: &Scene<'_>, whole: Bytes) -> Event {
        let e = &self.provider.envelope;
        let own = |at| scene.text(at).map(Cow::into_owned);
        let is_body = |body: &Bytes| (body.as_ptr(), body.len()) == (payload.as_ptr(), payload.len());
        let digest = self.digested.filter(|(body, _)| is_body(body)).map(|(_, digest)| digest.clone());
        let raw = Raw::new(payload);
        let attempt = match e.attempt {
            Attempt::Unknown => None,
            Attempt::Count(at) => scene.text(at).and_then(|n| n.parse().ok()),
            Attempt::Retry(at) => scene.text(at).and_then(|n| n.parse::<u32>().ok()).map(|n| n.saturating_add(1)),
        };
        Event {
            provider: Cow::Borrowed(self.provider.name),
            tenant: None,
            label: own(e.label),
            kind: own(e.kind),
            occurred_at: scene.text(e.time).and_then(|text| when(&text, e.time_unit)),
            version: own(e.version),
            attempt: attempt.unwrap_or(1).max(1),
            payload: raw.clone(),
            inner: Inner {
                raw,
                identity: scene.identity(e.identity, &whole),
                whole,
                nonce: own(e.nonce),
                stable: e.stable == At::PayloadDigest,
                digest: digest.unwrap_or_default(),
                headers: self.headers.clone(),
                covered: Arc::clone(&self.coverage),
                kinds: self.provider.envelope.kind != At::Nowhere,
                remember: self.provider.remember,
                generation: 0,
                redriven: None,
                place: None,
                fence: None,
                after_gap: false,
            },
        }
    }
}

/// The payload as a part of the event; all of it where the place is not there.
fn payload(at: At, scene: &Scene<'_>, whole: &Bytes) -> Bytes {
    let places = match &at {
        At::FirstOf(all) => *all,
        one => std::slice::from_ref(one),
    };
    let found = places.iter().find_map(|at| match at {
        At::Json("") => Some(whole.clone()),
        At::Json(pointer) => Some(whole.slice_ref(scene.item?.raw(pointer)?.as_bytes())),
        At::Inner(pointer) => Some(match scene.item?.text(pointer)? {
            Cow::Borrowed(text) => whole.slice_ref(text.as_bytes()),
            Cow::Owned(text) => Bytes::from(text),
        }),
        _ => None,
    });
    found.unwrap_or_else(|| whole.clone())
}
