//! Requests as a provider would send them.

mod build;

use std::{
    fmt,
    hash::{BuildHasher, Hasher, RandomState},
};

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue};
use serde::Serialize;
use time::OffsetDateTime;

pub(super) use self::build::needs_form;
use crate::{Provider, Secret, provider::Scheme, verify::Instead};

pub(super) const FORM: &str = "application/x-www-form-urlencoded";

/// A request that `provider` could have sent with this body: authentic for whoever holds `secret`.
///
/// The body is taken as it is. Where the provider posts its JSON in a form field, JSON is put into that field (one
/// object into a list, for a provider that sends lists); where the signature stands in the body, it is added there.
///
/// ```
/// use inhook::{Verifier, provider::GITHUB, testing::signed};
///
/// let request = signed(&GITHUB, "secret", r#"{"action":"opened"}"#).kind("issues.opened").build();
///
/// let verifier = Verifier::new(&GITHUB, "secret")?;
/// let delivery = verifier.verify(&request)?;
/// assert_eq!(delivery.events()[0].kind.as_deref(), Some("issues.opened"));
/// # Ok::<(), inhook::Error>(())
/// ```
pub fn signed(provider: &Provider, secret: impl Into<Secret>, body: impl Into<Bytes>) -> Signed {
    Signed {
        provider: *provider,
        secret: secret.into(),
        others: Vec::new(),
        body: body.into(),
        at: None,
        label: None,
        kind: None,
        attempt: 1,
        url: format!("https://example.com/hooks/{}", provider.name),
        headers: HeaderMap::new(),
        content_type: None,
        fresh: fresh(),
        scheme: None,
        time: None,
        public_key: "public-key".to_owned(),
        expected: provider.expects.iter().map(|name| ((*name).to_owned(), signed_expect(name).to_owned())).collect(),
        instead: Instead::default(),
    }
}

/// Puts a request together: see [`signed`].
///
/// An id that was not said is drawn once, by [`signed`]. So a clone that is built [`at`](Self::at) another time is a
/// retry of the same event, and another call of [`signed`] is another event (where the id does not stand in the body).
#[derive(Clone)]
#[must_use]
pub struct Signed {
    provider: Provider,
    secret: Secret,
    others: Vec<Secret>,
    body: Bytes,
    at: Option<OffsetDateTime>,
    label: Option<String>,
    kind: Option<String>,
    attempt: u32,
    url: String,
    headers: HeaderMap,
    content_type: Option<HeaderValue>,
    fresh: String,
    scheme: Option<Scheme>,
    time: Option<String>,
    public_key: String,
    expected: Vec<(String, String)>,
    instead: Instead,
}

/// Whom a request is meant for unless it is said.
pub(super) fn signed_expect(name: &str) -> &'static str {
    match name {
        "topic_arn" => "arn:aws:sns:us-east-1:123456789012:test",
        _ => "expected",
    }
}

impl Signed {
    /// When this try was signed; by the machine's clock, when it is built, unless said.
    pub fn at(mut self, at: OffsetDateTime) -> Self {
        self.at = Some(at);
        self
    }

    /// The event's [label](crate::Event::label). Without this the body's own counts, or a fresh id where the provider
    /// sends it in a header. A batch bears it in every item, if it is the items' and not the batch's.
    pub fn label(mut self, label: impl Into<String>) -> Self {
        self.label = Some(label.into());
        self
    }

    /// The event's [kind](crate::Event::kind). Without this the body's own counts, or `ping` where the provider sends
    /// it in a header. A batch bears it in every item.
    pub fn kind(mut self, kind: impl Into<String>) -> Self {
        self.kind = Some(kind.into());
        self
    }

    /// Signs with this secret too, as senders do while a secret is rotated; one that can send a single signature goes on
    /// to use the first.
    pub fn second_secret(mut self, secret: impl Into<Secret>) -> Self {
        self.others.push(secret.into());
        self
    }

    /// The public key that goes with the secret, for a provider that names it beside its signature; `public-key` unless
    /// said.
    pub fn public_key(mut self, key: impl Into<String>) -> Self {
        self.public_key = key.into();
        self
    }

    /// Whom it is meant for, by the name of what the verifier is told to
    /// [expect](crate::VerifierBuilder::expect). `expected` unless said, for AWS SNS
    /// `arn:aws:sns:us-east-1:123456789012:test`.
    pub fn expected(mut self, name: &str, value: impl Into<String>) -> Self {
        self.expected.retain(|(n, _)| n != name);
        self.expected.push((name.to_owned(), value.into()));
        self
    }

    /// What its token says under this name, instead or besides, for a provider that sends one.
    ///
    /// # Panics
    /// If it cannot be written as JSON.
    #[expect(clippy::expect_used, reason = "a helper for tests")]
    pub fn claim(mut self, name: impl Into<String>, value: impl Serialize) -> Self {
        let json = serde_json::to_string(&value).expect("something that JSON can say");
        self.instead.claims.push((name.into(), json));
        self
    }

    /// Which try this is, from 1, for providers that say so.
    pub fn attempt(mut self, attempt: u32) -> Self {
        self.attempt = attempt;
        self
    }

    /// Where it is sent to: `https://example.com/hooks/` and the provider's name unless said. Where the URL is signed,
    /// its scheme and host are what the verifier must have as its
    /// [`public_base`](crate::VerifierBuilder::public_base).
    pub fn url(mut self, url: impl Into<String>) -> Self {
        self.url = url.into();
        self
    }

    /// Another header, signed if the provider signs it; once more, it has several values.
    ///
    /// # Panics
    /// If HTTP allows no such header.
    #[expect(clippy::expect_used, reason = "a helper for tests")]
    pub fn header(mut self, name: impl AsRef<str>, value: impl AsRef<[u8]>) -> Self {
        let name = HeaderName::from_bytes(name.as_ref().as_bytes()).expect("a header's name");
        self.headers.append(name, HeaderValue::from_bytes(value.as_ref()).expect("a header's value"));
        self
    }

    /// The body's type: JSON unless said, or a form for a provider that signs a form's fields or sends nothing else.
    ///
    /// # Panics
    /// If it can be no header's value.
    #[expect(clippy::expect_used, reason = "a helper for tests")]
    pub fn content_type(mut self, content_type: impl AsRef<str>) -> Self {
        self.content_type = Some(HeaderValue::from_str(content_type.as_ref()).expect("a content type"));
        self
    }

    /// Signs by this scheme instead of the provider's first that goes with the body.
    pub(super) fn scheme(mut self, scheme: Scheme) -> Self {
        self.scheme = Some(scheme);
        self
    }

    /// Signs a token that says this.
    pub(super) fn instead(mut self, instead: Instead) -> Self {
        self.instead = instead;
        self
    }

    /// Signs with this secret instead.
    pub(super) fn secret(mut self, secret: impl Into<Secret>) -> Self {
        self.secret = secret.into();
        self
    }

    /// Signs this as the id, whatever it is.
    pub(super) fn id(mut self, id: impl Into<String>) -> Self {
        self.fresh = id.into();
        self
    }

    /// Signs this as the timestamp, whatever it is.
    pub(super) fn time(mut self, text: impl Into<String>) -> Self {
        self.time = Some(text.into());
        self
    }
}

impl fmt::Debug for Signed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Signed").field("provider", &self.provider.name).finish_non_exhaustive()
    }
}

/// An id that no other call makes.
pub(super) fn fresh() -> String {
    let random = || RandomState::new().build_hasher().finish();
    format!("{:016x}{:016x}", random(), random())
}

#[cfg(test)]
mod tests {
    use http::Request;

    use super::*;
    use crate::{
        Event, Verifier,
        provider::{GITHUB, MAILGUN, MANDRILL, SHOPIFY, SLACK, STANDARD_WEBHOOKS, STRIPE, TELEGRAM},
    };

    fn event(provider: &Provider, request: &Request<Bytes>) -> Event {
        let verifier = Verifier::builder(provider).secret("whsec_c2VjcmV0").public_base("https://example.com").build();
        verifier.unwrap().verify(request).unwrap().into_events().remove(0)
    }

    fn draft(provider: &Provider, body: &'static str) -> Signed {
        signed(provider, "whsec_c2VjcmV0", body)
    }

    #[test]
    fn label_and_kind_stand_where_they_are_read() {
        for provider in [&GITHUB, &MAILGUN, &MANDRILL, &SHOPIFY, &SLACK, &STANDARD_WEBHOOKS, &STRIPE] {
            let event = event(provider, &draft(provider, "{}").label("id 1").kind("a.b").build());
            assert_eq!(event.label.as_deref(), Some("id 1"), "{provider:?}");
            assert_eq!(event.kind.as_deref(), Some("a.b"), "{provider:?}");
        }
    }

    #[test]
    fn a_body_that_says_so_already_is_not_touched() {
        let body = r#"{ "action" : "opened", "n":1.0 }"#;
        let request = draft(&GITHUB, body).kind("issues.opened").build();
        assert_eq!(
            (&**request.body(), &request.headers()["x-github-event"]),
            (body.as_bytes(), &HeaderValue::from_static("issues"))
        );
    }

    #[test]
    fn a_clone_is_a_retry_and_another_call_is_not() {
        let first = draft(&STANDARD_WEBHOOKS, "{}");
        let at = OffsetDateTime::now_utc() - time::Duration::minutes(2);
        let (retry, other) = (first.clone().at(at).build(), draft(&STANDARD_WEBHOOKS, "{}").build());
        let first = first.build();
        assert_ne!(first.headers()["webhook-signature"], retry.headers()["webhook-signature"]);
        let id = |request: &Request<Bytes>| event(&STANDARD_WEBHOOKS, request).id().unwrap().into_owned();
        assert_eq!(id(&first), id(&retry));
        assert_ne!(id(&first), id(&other));
    }

    #[test]
    fn json_is_posted_as_the_provider_posts_it() {
        let request = draft(&MANDRILL, r#"{"event":"send","_id":"a","ts":1}"#).build();
        assert!(request.body().starts_with(b"mandrill%5Fevents=%5B%7B"), "{request:?}");
        let request = draft(&SLACK, r#"{"type":"block_actions","trigger_id":"t"}"#).content_type(FORM).build();
        assert_eq!(event(&SLACK, &request).kind.as_deref(), Some("block_actions"));
        let request = draft(&MAILGUN, "event=opened").content_type(FORM).build();
        assert_eq!(event(&MAILGUN, &request).kind.as_deref(), Some("opened"));
    }

    #[test]
    fn tries_are_counted_as_the_provider_counts() {
        assert_eq!(event(&SLACK, &draft(&SLACK, "{}").attempt(3).build()).attempt, 3);
        assert_eq!(event(&SLACK, &draft(&SLACK, "{}").build()).attempt, 1);
    }

    #[test]
    fn a_kind_that_is_a_name_is_written_as_one() {
        let kind = |body| event(&TELEGRAM, &draft(&TELEGRAM, body).kind("poll").build());
        assert_eq!(kind(r#"{"update_id":1}"#).kind.as_deref(), Some("poll"));
        let found = kind(r#"{"update_id":1,"poll":{"id":"7"}}"#);
        assert_eq!(found.raw().as_bytes(), br#"{"update_id":1,"poll":{"id":"7"}}"#);
    }

    #[test]
    #[should_panic(expected = "no place for a label")]
    fn what_has_no_place_is_not_dropped_in_silence() {
        draft(&STRIPE, "[]").label("evt_1").build();
    }
}
