//! The request itself: what was said, what the provider always sends, and the proof.

use bytes::Bytes;
use http::{HeaderValue, Method, Request, Uri, header::CONTENT_TYPE};
use time::OffsetDateTime;

use super::{super::fill::Draft, FORM, Signed};
use crate::{
    Error, Provider,
    body::Kind,
    provider::{At, Batch, Part, Scheme},
    verify::{Signer, Stamps, put},
};

const JSON: &str = "application/json";

impl Signed {
    /// The request, a POST to an absolute address.
    ///
    /// # Panics
    /// For a secret that the provider cannot use, for an address without host, and if a label, kind or claim was said that
    /// the provider's requests, or this body, have no place for.
    pub fn build(self) -> Request<Bytes> {
        let scheme = self.choose();
        let says = matches!(scheme, Scheme::Jwt(_)) || self.instead.claims.is_empty();
        assert!(says, "a request of `{}` has no place for a claim", self.provider.name);
        self.sign(self.draft(&scheme, Method::POST), self.signer(&scheme))
    }

    pub(in crate::testing) fn signer(&self, scheme: &Scheme) -> Result<Signer, Error> {
        Signer::new(scheme, &self.secret, &self.others)
    }

    #[expect(clippy::expect_used, clippy::panic, reason = "a helper for tests")]
    pub(in crate::testing) fn sign(&self, mut draft: Draft<'_>, signer: Result<Signer, Error>) -> Request<Bytes> {
        let uri = draft.request.uri();
        let base = format!("{}://{}", uri.scheme_str().expect("http or https"), uri.authority().expect("a host"));
        let at = self.at.unwrap_or_else(OffsetDateTime::now_utc);
        let stamps = Stamps {
            base: &base,
            at,
            time: self.time.as_deref(),
            id: &draft.id,
            public_key: &self.public_key,
            expected: &self.expected,
            instead: &self.instead,
        };
        match signer.and_then(|signer| signer.sign(&mut draft.request, stamps)) {
            Ok(()) => draft.request,
            Err(error) => panic!("a request of `{}` cannot be signed: {error:?}", self.provider.name),
        }
    }

    /// The scheme that goes with the body.
    #[expect(clippy::expect_used, reason = "a helper for tests")]
    pub(in crate::testing) fn choose(&self) -> Scheme {
        let is_form = self.says_form();
        let fits = |scheme: &&Scheme| match scheme.place() {
            At::Form(_) => is_form,
            At::Json(_) => !is_form,
            _ => true,
        };
        let said = self.content_type.is_some() || self.headers.contains_key(CONTENT_TYPE);
        // What nobody said follows the scheme.
        let any = || self.provider.schemes().next().filter(|_| !said);
        let chosen = self.scheme.or_else(|| self.provider.schemes().find(fits).or_else(any).copied());
        chosen.expect("a scheme that goes with this content type")
    }

    fn says_form(&self) -> bool {
        let headers = self.content_type.iter().map(|v| (CONTENT_TYPE, v.clone())).collect();
        Kind::of(&headers).is_form() || Kind::of(&self.headers).is_form()
    }

    /// All of it but the proof.
    #[expect(clippy::expect_used, reason = "a helper for tests")]
    pub(in crate::testing) fn draft(&self, scheme: &Scheme, method: Method) -> Draft<'_> {
        let mut request = Request::new(self.body.clone());
        *request.method_mut() = method;
        *request.uri_mut() = self.url.parse::<Uri>().expect("an address");
        request.headers_mut().clone_from(&self.headers);
        let said = self.content_type.clone().or_else(|| self.headers.get(CONTENT_TYPE).cloned());
        let usual = HeaderValue::from_static(if needs_form(&self.provider, scheme) { FORM } else { JSON });
        if request.method() == Method::POST {
            request.headers_mut().insert(CONTENT_TYPE, said.unwrap_or(usual));
        }
        let envelope = &self.provider.envelope;
        let start = self.body.trim_ascii_start().first();
        if let (Kind::Form, Some(field), Some(b'{' | b'[')) = (Kind::of(request.headers()), envelope.form_json, start) {
            let one_of_list = envelope.batch == Batch::List("") && start == Some(&b'{');
            let json = if one_of_list { [b"[", &*self.body, b"]"].concat() } else { self.body.to_vec() };
            *request.body_mut() = Bytes::new();
            put(&mut request, At::Form(field), &json).expect("a form has room for a field");
        }
        let mut draft = Draft { provider: &self.provider, request, id: self.fresh.clone() };
        for (what, at, value) in [("kind", envelope.kind, &self.kind), ("label", envelope.label, &self.label)] {
            if let Some(value) = value {
                assert!(draft.put(at, value), "a request of `{}` has no place for a {what}", self.provider.name);
            }
        }
        draft.complete(scheme, &self.fresh, self.attempt);
        draft
    }
}

/// Whether it sends forms and nothing else.
pub(in crate::testing) fn needs_form(provider: &Provider, scheme: &Scheme) -> bool {
    provider.accepts == [FORM] || scheme.covers().0.contains(&Part::SortedForm) || matches!(scheme.place(), At::Form(_))
}
