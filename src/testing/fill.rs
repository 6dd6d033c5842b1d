//! Writing what an envelope is read from, where a provider's data says that it stands.

use bytes::Bytes;
use http::{HeaderName, HeaderValue, Request};
use percent_encoding::{AsciiSet, CONTROLS, percent_encode};

use crate::{
    body::{
        self, Kind, form,
        json::{self, Pointers},
    },
    provider::{At, Attempt, Batch, Part, Provider, Scheme},
    verify::{edit, put},
};

/// What a header of a CloudEvent does not hold as it is.
const ESCAPED: &AsciiSet = &CONTROLS.add(b' ').add(b'"').add(b'%');

/// A request on its way to be signed.
pub(super) struct Draft<'p> {
    pub(super) provider: &'p Provider,
    pub(super) request: Request<Bytes>,
    /// What the scheme is going to sign as the id, if it signs one.
    pub(super) id: String,
}

impl Draft<'_> {
    /// Writes `value` so that it is read from `at`; `false` if the request has no room for it. Of several places it is
    /// the one that is there already, else the first with room.
    pub(super) fn put(&mut self, at: At, value: &str) -> bool {
        match at {
            At::Json(_) | At::Document(_) if self.text(at).as_deref() == Some(value) => true,
            At::Header(_) | At::Query(_) | At::Form(_) => put(&mut self.request, at, value.as_bytes()).is_ok(),
            At::Document(pointer) => self.rewrite(|document| edit(document, pointer, |_| quoted(value))),
            At::Number(_) => put(&mut self.request, at, value.as_bytes()).is_ok(),
            At::Json(pointer) => {
                let batch = self.provider.envelope.batch;
                self.rewrite(|document| in_items(batch, document, |item| edit(item, pointer, |_| quoted(value))))
            }
            At::Attribute(name) if self.is_binary() => {
                let value = percent_encode(value.as_bytes(), ESCAPED).to_string();
                let (name, value) =
                    (HeaderName::from_bytes(format!("ce-{name}").as_bytes()), HeaderValue::try_from(value));
                let (Ok(name), Ok(value)) = (name, value) else { return false };
                self.request.headers_mut().insert(name, value);
                true
            }
            At::Attribute(name) => {
                let pointer = format!("/{name}");
                self.rewrite(|document| {
                    in_items(Batch::CloudEvents, document, |item| edit(item, &pointer, |_| quoted(value)))
                })
            }
            At::SignedId => {
                value.clone_into(&mut self.id);
                true
            }
            // What is there whatever is written has no room.
            At::FirstOf(all) => match all.iter().find(|at| !matches!(at, At::Text(_)) && self.has(**at)) {
                Some(there) => self.put(*there, value),
                None => all.iter().any(|at| self.put(*at, value)),
            },
            At::Joined(all, between) => {
                let parts: Vec<_> = value.splitn(all.len(), between).collect();
                parts.len() == all.len() && all.iter().zip(parts).all(|(at, part)| self.put(*at, part))
            }
            At::Optional(inner) => self.put(*inner, value),
            At::NameOf(pointers) => {
                let Some(pointer) = pointers.iter().find(|pointer| pointer.rsplit('/').next() == Some(value)) else {
                    return false;
                };
                let member = |old: Option<&str>| Some(old.filter(|old| *old != "null").unwrap_or("{}").to_owned());
                let batch = self.provider.envelope.batch;
                self.rewrite(|document| in_items(batch, document, |item| edit(item, pointer, member)))
            }
            At::Text(text) => text == value,
            // Where it is left as it is.
            At::Made(inner, make) => (make.0)(value).as_deref() == Some(value) && self.put(*inner, value),
            At::Nowhere | At::Day(_) | At::PayloadDigest | At::Inner(_) => false,
            At::SignaturePair(_) | At::SignatureTime => false,
        }
    }

    pub(super) fn has(&self, at: At) -> bool {
        match at {
            At::Header(name) => self.request.headers().contains_key(name),
            At::Query(name) => {
                let query = self.request.uri().query().unwrap_or_default();
                form::pairs(query.as_bytes()).any(|(n, _)| *n == *name.as_bytes())
            }
            At::Form(name) => self.field(name).is_some(),
            At::Attribute(name) if self.is_binary() => self.request.headers().contains_key(format!("ce-{name}")),
            At::Attribute(_) | At::Json(_) | At::Number(_) | At::Document(_) => self.text(at).is_some(),
            At::FirstOf(all) => all.iter().any(|at| self.has(*at)),
            At::Joined(all, _) => all.iter().all(|at| self.has(*at)),
            At::Day(inner) | At::Optional(inner) | At::Made(inner, _) => self.has(*inner),
            At::Text(_) => true,
            // Which of them is there is for `put` to say.
            At::NameOf(_) => false,
            At::Nowhere | At::SignedId | At::PayloadDigest | At::Inner(_) => false,
            At::SignaturePair(_) | At::SignatureTime => false,
        }
    }

    /// Adds what the provider always sends and nobody has said.
    pub(super) fn complete(&mut self, scheme: &Scheme, fresh: &str, attempt: u32) {
        let provider = self.provider;
        let envelope = &provider.envelope;
        let mut defaults: Vec<(&'static str, &str)> = Vec::new();
        for at in std::iter::once(&envelope.label).chain(envelope.identity) {
            headers(*at, &mut |name| defaults.push((name, fresh)));
        }
        headers(envelope.kind, &mut |name| defaults.push((name, "ping")));
        defaults.extend(provider.headers().map(|name| match name {
            "x-shopify-shop-domain" => (name, "example.myshopify.com"),
            _ => (name, "test"),
        }));
        defaults.extend(scheme.covers().0.iter().filter_map(|part| match part {
            Part::Header(name) => Some((*name, "test")),
            _ => None,
        }));
        for (name, value) in defaults {
            if !self.request.headers().contains_key(name) {
                self.put(At::Header(name), value);
            }
        }
        if envelope.batch == Batch::CloudEvents {
            for (name, value) in [("specversion", "1.0"), ("id", fresh), ("source", "/test"), ("type", "ping")] {
                if !self.has(At::Attribute(name)) {
                    self.put(At::Attribute(name), value);
                }
            }
        }
        match envelope.attempt {
            Attempt::Count(at) => self.put(at, &attempt.to_string()),
            Attempt::Retry(at) if attempt > 1 => self.put(at, &(attempt - 1).to_string()),
            Attempt::Retry(_) | Attempt::Unknown => true,
        };
    }

    /// Whether it is a CloudEvent whose attributes are headers.
    fn is_binary(&self) -> bool {
        !body::essence(self.request.headers()).to_ascii_lowercase().starts_with(b"application/cloudevents")
    }

    fn field(&self, name: &str) -> Option<String> {
        let fields = form::fields(self.request.headers(), self.request.body())?;
        form::last(&fields, name).map(|value| String::from_utf8_lossy(value).into_owned())
    }

    /// The JSON that pointers point into: the body, or the form's field for it.
    fn document(&self) -> Option<String> {
        if Kind::of(self.request.headers()).is_form() {
            return self.field(self.provider.envelope.form_json?);
        }
        String::from_utf8(json::without_mark(self.request.body()).to_vec()).ok()
    }

    /// A scalar in the document, or in the first item of a batch.
    fn text(&self, at: At) -> Option<String> {
        let document = self.document()?;
        let mut pointers = Pointers::default();
        let pick = |pointers: &Pointers, pointer: &str, text: &str| {
            Some(pointers.pick(text.as_bytes()).ok()?.text(pointer)?.into_owned())
        };
        match at {
            At::Document(pointer) | At::Number(pointer) => {
                pointers.add(pointer);
                pick(&pointers, pointer, &document)
            }
            At::Json(pointer) | At::Attribute(pointer) => {
                pointers.add(pointer);
                let mut first = None;
                in_items(self.provider.envelope.batch, &document, |item| {
                    first.get_or_insert_with(|| pick(&pointers, pointer, item));
                    Some(item.to_owned())
                });
                first.flatten()
            }
            _ => None,
        }
    }

    fn rewrite(&mut self, change: impl FnOnce(&str) -> Option<String>) -> bool {
        let is_form = Kind::of(self.request.headers()).is_form();
        let Some(new) = self.document().and_then(|document| change(&document)) else { return false };
        match self.provider.envelope.form_json {
            Some(field) if is_form => put(&mut self.request, At::Form(field), new.as_bytes()).is_ok(),
            _ => {
                *self.request.body_mut() = Bytes::from(new);
                true
            }
        }
    }
}

/// The document with every event in it changed.
fn in_items(batch: Batch, document: &str, mut change: impl FnMut(&str) -> Option<String>) -> Option<String> {
    let mut list = |text: &str| {
        let items: Option<Vec<_>> = json::items(text)?.into_iter().map(&mut change).collect();
        Some(format!("[{}]", items?.join(",")))
    };
    match batch {
        Batch::One => change(document),
        Batch::List(pointer) => edit(document, pointer, |old| list(old?)),
        Batch::Lines | Batch::CloudEvents if document.trim_start().starts_with('[') => list(document),
        Batch::CloudEvents => change(document),
        Batch::Lines if json::is_one(document) => change(document),
        Batch::Lines => {
            let lines = document.lines().map(str::trim).filter(|line| !line.is_empty());
            Some(lines.map(change).collect::<Option<Vec<_>>>()?.join("\n"))
        }
    }
}

fn quoted(value: &str) -> Option<String> {
    serde_json::to_string(value).ok()
}

/// The headers that a place is read from.
fn headers(at: At, found: &mut impl FnMut(&'static str)) {
    match at {
        At::Header(name) => found(name),
        At::FirstOf(all) | At::Joined(all, _) => all.iter().for_each(|at| headers(*at, found)),
        At::Day(inner) | At::Optional(inner) | At::Made(inner, _) => headers(*inner, found),
        _ => {}
    }
}
