//! [`Receiver`] as a service for axum, hyper and every other tower stack.

use std::{
    convert::Infallible,
    error,
    future::Future,
    pin::{Pin, pin},
    task::{Context, Poll},
};

use bytes::Bytes;
use http::{Request, Response, request::Parts};
use http_body_util::{BodyExt, Full, LengthLimitError, Limited};

use crate::{Admitted, Error, ErrorKind, Receiver, rt};

/// Every method reaches it, so that handshakes by GET and HEAD work: in axum use `route_service`, not `post_service`.
///
/// It reads the body itself, under the receiver's limit and timeout. Nested in an axum router, with the feature `axum`,
/// it goes by the URI that was sent, not by what is left of it.
#[cfg_attr(inhook_docs, doc(cfg(feature = "tower")))]
impl<B> tower_service::Service<Request<B>> for Receiver
where
    B: http_body::Body + Send + 'static,
    B::Data: Send,
    B::Error: Into<Box<dyn error::Error + Send + Sync>>,
{
    type Response = Response<Full<Bytes>>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let receiver = self.clone();
        let (head, body) = request.into_parts();
        let mut head = as_sent(head);
        Box::pin(async move {
            // Nothing is awaited within a `match`, or what it looks at would be kept meanwhile.
            let mut admitted = match receiver.admit(&head) {
                Ok(admitted) => admitted,
                Err(refused) => return Ok(refused.map(Full::new)),
            };
            let body = match read(body, &mut admitted).await {
                Ok(body) => body,
                Err(refused) => return Ok(receiver.refuse(refused).map(Full::new)),
            };
            Ok(receiver.take(&mut head, &body, admitted).await.map(Full::new))
        })
    }
}

async fn read<B>(body: B, admitted: &mut Admitted) -> Result<Bytes, Error>
where
    B: http_body::Body,
    B::Error: Into<Box<dyn error::Error + Send + Sync>>,
{
    let whole = pin!(Limited::new(body, admitted.body_limit()).collect());
    let read = pin!(rt::within(admitted.read_timeout(), whole));
    match rt::timed(&mut admitted.spent, read).await {
        Some(Ok(body)) => Ok(body.to_bytes()),
        Some(Err(e)) if e.is::<LengthLimitError>() => Err(Error::new(ErrorKind::TooLarge, "")),
        Some(Err(_)) => Err(Error::new(ErrorKind::Incomplete, "cut off")),
        None => Err(Error::new(ErrorKind::Incomplete, "too slow")),
    }
}

#[cfg(feature = "axum")]
pub(crate) fn as_sent(mut head: Parts) -> Parts {
    if let Some(::axum::extract::OriginalUri(uri)) = head.extensions.remove() {
        head.uri = uri;
    }
    #[cfg(feature = "addresses")]
    if let Some(::axum::extract::ConnectInfo(peer)) = head.extensions.get::<::axum::extract::ConnectInfo<_>>().copied()
        && head.extensions.get::<crate::PeerAddr>().is_none()
    {
        head.extensions.insert(crate::PeerAddr(peer));
    }
    head
}

#[cfg(not(feature = "axum"))]
fn as_sent(head: Parts) -> Parts {
    head
}
