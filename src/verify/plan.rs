//! What is worked out once, when a verifier is built.

use std::{iter, sync::Arc};

use crate::{
    body::json::Pointers,
    object::kept_object,
    provider::{At, Attempt, Batch, CLOUD_EVENT, Contract, Echo, Part, Provider, Scheme, When, locate::Named},
};

/// A part of a request or an event that a signature may vouch for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Field {
    /// The body as a whole.
    Body,
    /// A header, by its name in lower case.
    Header(&'static str),
    /// What makes the event the same as another: [`Event::id`](crate::Event::id).
    Identity,
    /// What handlers are chosen by.
    Kind,
    /// The id that people look up.
    Label,
    /// What the handler decodes.
    Payload,
    /// When it happened.
    Time,
    /// The address it was sent to, query included.
    Url,
}

/// What a scheme vouches for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Coverage {
    body: bool,
    identity: bool,
    kind: bool,
    label: bool,
    payload: bool,
    time: bool,
    url: bool,
    headers: Vec<String>,
}

kept_object!(Coverage { body, identity, kind, label, payload, time, url, headers });

impl Coverage {
    pub(crate) fn has(&self, field: Field) -> bool {
        match field {
            Field::Body => self.body,
            Field::Header(name) => self.headers.iter().any(|h| h == name),
            Field::Identity => self.identity,
            Field::Kind => self.kind,
            Field::Label => self.label,
            Field::Payload => self.payload,
            Field::Time => self.time,
            Field::Url => self.url,
        }
    }

    fn of(provider: &Provider, scheme: &Scheme) -> Self {
        let (parts, places) = scheme.covers();
        let e = &provider.envelope;
        let signed = |part: &Part| match part {
            Part::Header(name) => Some((*name).to_owned()),
            _ => None,
        };
        let mut headers: Vec<String> = parts.iter().filter_map(signed).collect();
        for at in &places {
            if let At::Header(name) = at {
                headers.push((*name).to_owned());
            }
        }
        let covers = |at: At| covers(parts, &places, at);
        let signs = |part| parts.contains(&part);
        Self {
            body: signs(Part::Body) || signs(Part::BodyBase64),
            identity: !e.identity.is_empty() && e.identity.iter().all(|at| covers(*at)),
            kind: covers(e.kind),
            label: covers(e.label),
            payload: covers(e.payload),
            time: covers(e.time),
            url: signs(Part::Url) || (signs(Part::Path) && signs(Part::Query)),
            headers,
        }
    }
}

fn covers(parts: &[Part], places: &[At], at: At) -> bool {
    let signs = |part| parts.contains(&part);
    match at {
        At::Nowhere => false,
        _ if places.contains(&at) => true,
        At::Text(_) => true,
        At::Header(name) => signs(Part::Header(name)),
        At::Query(_) => signs(Part::Url) || signs(Part::Query),
        // Where a field ends is not signed.
        At::Form(_) => signs(Part::Body) || signs(Part::BodyBase64),
        At::Json(_) | At::Number(_) | At::Document(_) | At::NameOf(_) | At::PayloadDigest => {
            signs(Part::Body) || signs(Part::BodyBase64) || signs(Part::SortedForm) || signs(Part::Token)
        }
        At::Inner(pointer) => covers(parts, places, At::Json(pointer)),
        At::SignedId => signs(Part::Id),
        At::Attribute(_) | At::SignaturePair(_) | At::SignatureTime => false,
        At::Day(inner) | At::Optional(inner) | At::Made(inner, _) => covers(parts, places, *inner),
        At::FirstOf(all) | At::Joined(all, _) => all.iter().all(|at| covers(parts, places, *at)),
    }
}

/// Which pointers an envelope needs, and what each scheme vouches for.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    /// Into the document; for one event a request, into the event too.
    pub(crate) document: Pointers,
    /// Into each item of a batch.
    pub(crate) item: Pointers,
    pub(crate) coverage: Vec<Arc<Coverage>>,
    pub(crate) contract: Arc<Contract>,
    /// Whether the body's digest tells events apart, and a scheme signs the body first: only then do the digest's blocks
    /// and the signature's begin together.
    pub(crate) digests: bool,
    /// The headers that prove who sent it, wherever its schemes look for one.
    pub(crate) proofs: Arc<[&'static str]>,
    /// Without which a request is not one of the provider's.
    pub(crate) required: Vec<Named>,
    /// Without which an authentic one brings nothing.
    pub(crate) borne: Vec<Named>,
}

impl Plan {
    /// `None` if there are more pointers than can be picked together, or a header has no name.
    pub(super) fn of(provider: &Provider) -> Option<Self> {
        let (mut document, mut item) = (Pointers::default(), Pointers::default());
        let e = &provider.envelope;
        let attempt = match e.attempt {
            Attempt::Unknown => At::Nowhere,
            Attempt::Count(at) | Attempt::Retry(at) => at,
        };
        for at in [e.label, e.nonce, e.kind, e.time, e.payload, e.version, attempt].iter().chain(e.identity) {
            collect(*at, &mut document, &mut item);
        }
        match e.batch {
            Batch::One => {
                item = Pointers::default();
                for at in [e.label, e.nonce, e.kind, e.time, e.payload, e.version, attempt].iter().chain(e.identity) {
                    collect(*at, &mut Pointers::default(), &mut document);
                }
            }
            Batch::List(pointer) => document.add(pointer),
            Batch::CloudEvents => CLOUD_EVENT.iter().for_each(|name| item.add(name)),
            Batch::Lines => {}
        }
        for handshake in provider.handshakes {
            let also = handshake.also.map_or(At::Nowhere, |(at, _)| at);
            let confirm = handshake.confirm.map_or(At::Nowhere, |(at, _)| at);
            for at in [when(handshake.when), also, handshake.unless, confirm, echo(handshake.echo)]
                .iter()
                .chain(handshake.reads)
            {
                collect(*at, &mut Pointers::default(), &mut document);
                collect(*at, &mut document, &mut Pointers::default());
            }
        }
        let coverage = provider.schemes().map(|scheme| Arc::new(Coverage::of(provider, scheme))).collect();
        let names = |names: &[&'static str]| names.iter().map(|name| Named::of(name)).collect();
        let (required, borne): (Option<_>, Option<_>) = (names(provider.requires), names(provider.bears));
        let (required, borne) = (required?, borne?);
        let contract = Arc::new(Contract::of(provider));
        let header = |at| if let At::Header(name) = at { Some(name) } else { None };
        let places =
            provider.schemes().flat_map(|scheme| iter::once(scheme.place()).chain(scheme.others().iter().copied()));
        let proofs = places.filter_map(header).collect();
        let asked = e.stable == At::PayloadDigest || e.identity.contains(&At::PayloadDigest);
        let begins = |scheme: &Scheme| scheme.template().is_some_and(|hmac| hmac.parts.first() == Some(&Part::Body));
        let digests = asked && e.batch == Batch::One && provider.schemes().any(begins);
        let few = document.len() <= 64 && item.len() <= 64;
        few.then_some(Self { document, item, coverage, contract, digests, proofs, required, borne })
    }
}

fn collect(at: At, document: &mut Pointers, item: &mut Pointers) {
    match at {
        At::Json(pointer) | At::Attribute(pointer) | At::Inner(pointer) => item.add(pointer),
        At::Document(pointer) | At::Number(pointer) => document.add(pointer),
        At::NameOf(pointers) => pointers.iter().for_each(|pointer| item.add(pointer)),
        At::Day(inner) | At::Optional(inner) | At::Made(inner, _) => collect(*inner, document, item),
        At::FirstOf(all) | At::Joined(all, _) => all.iter().for_each(|at| collect(*at, document, item)),
        _ => {}
    }
}

fn when(when: When) -> At {
    match when {
        When::Always => At::Nowhere,
        When::Has(at) | When::Is(at, _) => at,
    }
}

fn echo(echo: Echo) -> At {
    match echo {
        Echo::Empty | Echo::Grant | Echo::MadeJson(_) | Echo::MadeText(_) => At::Nowhere,
        Echo::Text(at) | Echo::Json(_, at) | Echo::Header(_, at) => at,
    }
}
