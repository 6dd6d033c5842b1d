//! For axum 0.8: an extractor that verifies. To hand over everything, a [`Receiver`](crate::Receiver) is a service:
//! `Router::new().route_service("/hooks/stripe", receiver)`.

use std::{fmt, marker::PhantomData};

use ::axum::{
    body::{Body, Bytes},
    extract::{FromRef, FromRequest, Request, rejection::BytesRejection},
    response::{IntoResponse, Response},
};

use crate::{Delivery, Error, Verifier, receiver::refused, tower::as_sent};

/// Verifies, and nothing else: for handlers that do the rest themselves, or call
/// [`Receiver::dispatch`](crate::Receiver::dispatch).
///
/// `V` is a part of the router's state: the [`Verifier`], or where there are several a newtype of your own for each,
/// which is `AsRef<Verifier>`. The body's limit is axum's `DefaultBodyLimit`. A handshake is a delivery without events;
/// answer its [reply](Delivery::reply).
///
/// It fetches nothing: where requests name keys (PayPal, AWS SNS), use a receiver, or [teach](Verifier::learn) the verifier.
///
/// ```
/// use axum::{Router, routing::post};
/// use inhook::{Verifier, axum::Webhook, provider::STRIPE};
///
/// async fn hook(Webhook { delivery, .. }: Webhook) {
///     for event in delivery.events() {
///         println!("{:?}", event.kind);
///     }
/// }
///
/// let app: Router = Router::new()
///     .route("/hooks/stripe", post(hook))
///     .with_state(Verifier::new(&STRIPE, "whsec_from_the_dashboard")?);
/// # Ok::<(), inhook::Error>(())
/// ```
#[non_exhaustive]
pub struct Webhook<V = Verifier> {
    /// What the request brought.
    pub delivery: Delivery,
    by: PhantomData<fn() -> V>,
}

impl<V> fmt::Debug for Webhook<V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.delivery.fmt(f)
    }
}

impl<S, V> FromRequest<S> for Webhook<V>
where
    V: AsRef<Verifier> + FromRef<S>,
    S: Send + Sync,
{
    type Rejection = Rejection;

    async fn from_request(request: Request, state: &S) -> Result<Self, Rejection> {
        let verifier = V::from_ref(state).as_ref().clone();
        let (head, body) = request.into_parts();
        // Refused by its head where it can be, so that nobody's body is read who does not even claim to be genuine.
        verifier.admits(&head.method, &head.headers).map_err(|e| Rejection::refused(e, &verifier))?;
        // axum's limit travels in the extensions.
        let mut whole = Request::new(body);
        *whole.extensions_mut() = head.extensions.clone();
        let body = Bytes::from_request(whole, state).await.map_err(Rejection::unread)?;
        let head = as_sent(head);
        let delivery = verifier.verify((&head, body)).map_err(|e| Rejection::refused(e, &verifier))?;
        Ok(Self { delivery, by: PhantomData })
    }
}

/// Why a request did not become a [`Webhook`]; it is the response too.
#[derive(Debug)]
pub struct Rejection {
    error: Option<Error>,
    response: Box<Response>,
}

impl Rejection {
    /// Why it is not genuine, or not what its provider sends; `None` if axum could not read the body: 413 if it is too
    /// large, 400 if it was cut off.
    pub fn error(&self) -> Option<&Error> {
        self.error.as_ref()
    }

    fn refused(error: Error, verifier: &Verifier) -> Self {
        let response = refused(&error, Some(verifier)).map(Body::from);
        Self { error: Some(error), response: Box::new(response) }
    }

    fn unread(rejection: BytesRejection) -> Self {
        Self { error: None, response: Box::new(rejection.into_response()) }
    }
}

impl IntoResponse for Rejection {
    fn into_response(self) -> Response {
        *self.response
    }
}
