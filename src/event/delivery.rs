//! A request's events, and what its provider wants to hear.

use std::{fmt, sync::Arc};

use bytes::Bytes;
use http::Response;

use super::Event;
use crate::provider::Contract;

/// What one authentic request brought; only a [`Verifier`](crate::Verifier) makes one.
#[derive(Clone, Debug)]
#[must_use]
pub struct Delivery {
    pub(crate) events: Brought,
    /// Boxed, since few have one.
    pub(crate) reply: Option<Box<Reply>>,
    pub(crate) confirmation: Option<Confirmation>,
    /// Whose endpoint it came to, where a receiver serves several.
    pub(crate) tenant: Option<String>,
    pub(crate) secret: Option<usize>,
    pub(crate) contract: Arc<Contract>,
}

/// What a provider wants visited before it sends events: AWS SNS, for each subscription.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Confirmation {
    /// The address to GET, which is one of the provider's own. Whoever visits it subscribes.
    pub url: String,
}

/// It holds a token.
impl fmt::Debug for Confirmation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Confirmation").finish_non_exhaustive()
    }
}

/// Most requests bring one event, which needs no list.
#[derive(Clone, Debug)]
pub(crate) enum Brought {
    /// Boxed, since it goes from hand to hand.
    One(Box<Event>),
    Many(Vec<Event>),
}

impl Brought {
    pub(crate) fn as_ref(&self) -> &[Event] {
        match self {
            Self::One(event) => std::slice::from_ref(event),
            Self::Many(events) => events,
        }
    }

    pub(crate) fn as_mut(&mut self) -> &mut [Event] {
        match self {
            Self::One(event) => std::slice::from_mut(event),
            Self::Many(events) => events,
        }
    }

    /// In the order they came.
    pub(crate) fn into_each(self) -> impl Iterator<Item = Box<Event>> {
        let (one, many) = match self {
            Self::One(event) => (Some(event), Vec::new()),
            Self::Many(events) => (None, events),
        };
        one.into_iter().chain(many.into_iter().map(Box::new))
    }
}

/// What a provider wants to hear back.
pub type Reply = Response<Bytes>;

impl Delivery {
    pub(super) fn of(events: Brought, contract: Arc<Contract>) -> Self {
        Self { events, reply: None, confirmation: None, tenant: None, secret: None, contract }
    }

    /// For what nobody waits for.
    pub(crate) fn of_record(event: Event) -> Self {
        let contract = Arc::new(Contract::of_record(event.provider.clone()));
        Self { tenant: event.tenant.clone(), ..Self::of(Brought::One(Box::new(event)), contract) }
    }

    /// The same delivery, to the endpoint of this tenant: what a receiver that serves
    /// [tenants](crate::Receiver::tenants) remembers it under in [`dispatch`](crate::Receiver::dispatch).
    pub fn of_tenant(mut self, id: impl Into<String>) -> Self {
        let id = id.into();
        for event in self.events.as_mut() {
            event.tenant = Some(id.clone());
        }
        self.tenant = Some(id);
        self
    }

    /// None for a handshake, several for a batch.
    pub fn events(&self) -> &[Event] {
        self.events.as_ref()
    }

    /// The same, to own.
    pub fn into_events(self) -> Vec<Event> {
        match self.events {
            Brought::One(event) => vec![*event],
            Brought::Many(events) => events,
        }
    }

    /// What this handshake wants visited; nothing here does so by itself. A [`Receiver`](crate::Receiver) does if it was
    /// given somebody [to do it](crate::Builder::confirm_by).
    pub fn confirmation(&self) -> Option<&Confirmation> {
        self.confirmation.as_ref()
    }

    /// A handshake's answer; such a request brings no event.
    pub fn reply(&self) -> Option<&Reply> {
        self.reply.as_deref()
    }
}
