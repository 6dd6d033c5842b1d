//! For actix-web 4: a handler, an extractor, and conversions for handlers of your own.
//!
//! actix-web speaks `http` 0.2, so heads are copied into `http` 1 here: repeated headers, their order and bytes are kept.

use std::{
    fmt,
    future::{Future, ready},
    marker::PhantomData,
    pin::{Pin, pin},
};

use ::actix_web::{
    FromRequest, Handler, HttpRequest, HttpResponse, HttpResponseBuilder, ResponseError,
    body::BoxBody,
    dev::Payload,
    error::InternalError,
    http::{StatusCode as ActixStatus, header as actix_header},
    web,
};
use bytes::Bytes;
use http::{
    HeaderMap, HeaderName, HeaderValue, Method, Request, Response, Uri, header::CONTENT_ENCODING, request::Parts,
};

use crate::{Admitted, Delivery, Error, ErrorKind, Receiver, Verifier, receiver::refused, rt};

/// The whole way as a handler: `web::resource("/hooks/stripe").to(handler(receiver))`, for every method, so that
/// handshakes by GET and HEAD work.
///
/// It reads the body itself, under the receiver's limit and timeout; `web::PayloadConfig` does not apply.
pub fn handler(receiver: Receiver) -> impl Handler<(HttpRequest, web::Payload), Output = HttpResponse> {
    move |request: HttpRequest, body: web::Payload| {
        let receiver = receiver.clone();
        async move {
            let mut head = match head(&request) {
                Ok(head) => head,
                Err(refused) => return response(receiver.refuse(refused)),
            };
            let answer = match receiver.admit(&head) {
                Err(refused) => refused,
                Ok(mut admitted) => match read(body, &mut admitted).await {
                    Ok(body) => *receiver.take(&mut head, &body, admitted).await,
                    Err(refused) => receiver.refuse(refused),
                },
            };
            response(answer)
        }
    }
}

async fn read(body: web::Payload, admitted: &mut Admitted) -> Result<Bytes, Error> {
    let whole = pin!(body.to_bytes_limited(admitted.body_limit()));
    let read = pin!(rt::within(admitted.read_timeout(), whole));
    match rt::timed(&mut admitted.spent, read).await {
        Some(Ok(Ok(body))) => Ok(body),
        Some(Ok(Err(_))) => Err(Error::new(ErrorKind::Incomplete, "cut off")),
        Some(Err(_)) => Err(Error::new(ErrorKind::TooLarge, "")),
        None => Err(Error::new(ErrorKind::Incomplete, "too slow")),
    }
}

/// The head of a request, for a handler of your own: `verifier.verify((&head(&req)?, &body))`.
///
/// # Errors
/// [`MalformedHeader`](ErrorKind::MalformedHeader) for more headers than can be held.
pub fn head(request: &HttpRequest) -> Result<Parts, Error> {
    const UNREADABLE: Error = Error::new(ErrorKind::MalformedHeader, "the request's head cannot be read");
    let (mut head, ()) = Request::new(()).into_parts();
    head.method = Method::from_bytes(request.method().as_str().as_bytes()).map_err(|_| UNREADABLE)?;
    head.uri = request.head().uri.to_string().parse::<Uri>().map_err(|_| UNREADABLE)?;
    let mut headers = HeaderMap::new();
    for (name, value) in request.headers() {
        let name = HeaderName::from_bytes(name.as_str().as_bytes()).map_err(|_| UNREADABLE)?;
        let value = HeaderValue::from_bytes(value.as_bytes()).map_err(|_| UNREADABLE)?;
        headers.try_append(name, value).map_err(|_| UNREADABLE)?;
    }
    head.headers = headers;
    #[cfg(feature = "addresses")]
    {
        if let Some(peer) = request.peer_addr() {
            head.extensions.insert(crate::PeerAddr(peer));
        }
        if request.app_config().secure() {
            head.extensions.insert(crate::OverTls);
        }
    }
    Ok(head)
}

/// A request, for a handler of your own: `response(receiver.receive(request(&req, body)?).await)`.
///
/// Bodies are signed as they are sent. Where a sender compresses them take `web::Payload`: `web::Bytes` has lost the
/// compression if actix-web is built with its default features.
///
/// # Errors
/// As [`head`].
pub fn request(request: &HttpRequest, body: Bytes) -> Result<Request<Bytes>, Error> {
    head(request).map(|head| Request::from_parts(head, body))
}

/// An answer as actix-web wants it.
pub fn response(response: Response<Bytes>) -> HttpResponse {
    let (head, body) = response.into_parts();
    let mut answer = HttpResponseBuilder::new(status(head.status));
    for (name, value) in &head.headers {
        answer.append_header((name.as_str(), value.as_bytes()));
    }
    answer.body(body)
}

fn status(status: http::StatusCode) -> ActixStatus {
    ActixStatus::from_u16(status.as_u16()).unwrap_or(ActixStatus::INTERNAL_SERVER_ERROR)
}

/// So that `?` works in a handler: refused with the [status](Error::status) of its kind.
impl ResponseError for Error {
    fn status_code(&self) -> ActixStatus {
        status(self.status())
    }

    fn error_response(&self) -> HttpResponse<BoxBody> {
        HttpResponseBuilder::new(self.status_code())
            .insert_header((actix_header::CONTENT_TYPE, "text/plain; charset=utf-8"))
            .body(self.kind().as_str())
    }
}

/// Verifies, and nothing else: for handlers that do the rest themselves, or call [`Receiver::dispatch`].
///
/// `V` is registered with `app_data(web::Data::new(..))`: the [`Verifier`], or where there are several a newtype of your
/// own for each, which is `AsRef<Verifier>`. The body's limit is that of `web::PayloadConfig`, and 256 KiB for a
/// compressed one, which is verified as it was sent. A handshake is a delivery without events; answer its
/// [reply](Delivery::reply).
///
/// It fetches nothing: where requests name keys (PayPal, AWS SNS), use a receiver, or [teach](Verifier::learn) the
/// verifier.
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

impl<V: AsRef<Verifier> + 'static> FromRequest for Webhook<V> {
    type Error = ::actix_web::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self, Self::Error>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        const ABSENT: Error = Error::new(ErrorKind::Config, "no such verifier in `app_data`");
        let verifier = request.app_data::<web::Data<V>>().map(|data| data.as_ref().as_ref().clone()).ok_or(ABSENT);
        let checked = head(request).and_then(|head| Ok((head, verifier?)));
        let (head, verifier) = match checked {
            Ok(checked) => checked,
            Err(e) => return Box::pin(ready(Err(e.into()))),
        };
        // Refused by its head where it can be, so that nobody's body is read who does not even claim to be genuine.
        if let Err(e) = verifier.admits(&head.method, &head.headers) {
            return Box::pin(ready(Err(rejection(e, &verifier))));
        }
        // actix-web hands out what is compressed without its compression, if it is built so; it is signed with it.
        let body: Pin<Box<dyn Future<Output = Result<Bytes, Self::Error>>>> =
            if head.headers.contains_key(CONTENT_ENCODING) {
                Box::pin(as_sent(web::Payload::from_request(request, payload)))
            } else {
                Box::pin(Bytes::from_request(request, payload))
            };
        Box::pin(async move {
            let delivery = verifier.verify((&head, body.await?)).map_err(|e| rejection(e, &verifier))?;
            Ok(Self { delivery, by: PhantomData })
        })
    }
}

/// actix-web's own limit, which cannot be asked for.
const COMPRESSED_LIMIT: usize = 256 << 10;

async fn as_sent(payload: <web::Payload as FromRequest>::Future) -> Result<Bytes, ::actix_web::Error> {
    match payload.await?.to_bytes_limited(COMPRESSED_LIMIT).await {
        Ok(body) => body,
        Err(_) => Err(Error::new(ErrorKind::TooLarge, "").into()),
    }
}

/// With what its provider wants to hear.
fn rejection(error: Error, verifier: &Verifier) -> ::actix_web::Error {
    let response = response(refused(&error, Some(verifier)));
    InternalError::from_response(error, response).into()
}
