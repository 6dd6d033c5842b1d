//! Multipart forms, read by `multer` from a body that is all there.

use std::{
    borrow::Cow,
    convert::Infallible,
    future::Future,
    pin::{Pin, pin},
    task::{Context, Poll, Waker},
};

use bytes::Bytes;
use futures_core::Stream;
use http::{HeaderMap, header::CONTENT_TYPE};
use multer::Multipart;

use super::form::{Field, MOST_FIELDS};

struct Whole(Option<Bytes>);

impl Stream for Whole {
    type Item = Result<Bytes, Infallible>;

    fn poll_next(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        Poll::Ready(self.0.take().map(Ok))
    }
}

pub(super) fn fields<'b>(headers: &HeaderMap, body: &Bytes) -> Option<Vec<Field<'b>>> {
    // What stands before the first boundary is passed over by readers. Senders of forms write nothing there, but what is
    // signed right before the body could be moved into it.
    if !body.starts_with(b"--") {
        return None;
    }
    let boundary = multer::parse_boundary(headers.get(CONTENT_TYPE)?.to_str().ok()?).ok()?;
    let mut form = Multipart::new(Whole(Some(body.clone())), boundary);
    let read = async {
        let mut fields = Vec::new();
        while let Some(field) = form.next_field().await.ok()? {
            if fields.len() == MOST_FIELDS {
                return None;
            }
            let name = Cow::Owned(field.name().unwrap_or_default().as_bytes().to_vec());
            fields.push((name, Cow::Owned(field.bytes().await.ok()?.to_vec())));
        }
        Some(fields)
    };
    // Nothing in it waits: the one chunk is there. A reader that would wait says that the body is broken.
    match pin!(read).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(fields) => fields,
        Poll::Pending => None,
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn read(body: &str) -> Option<Vec<(String, String)>> {
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("multipart/form-data; boundary=xx"));
        let fields = fields(&headers, &Bytes::from(body.to_owned()))?;
        let text = |b: Cow<'_, [u8]>| String::from_utf8(b.into_owned()).unwrap();
        Some(fields.into_iter().map(|(n, v)| (text(n), text(v))).collect())
    }

    #[test]
    fn fields_and_files_are_read() {
        let body = "--xx\r\nContent-Disposition: form-data; name=\"token\"\r\n\r\nabc\r\n--xx\r\nContent-Disposition: \
                    form-data; name=\"file\"; filename=\"a.txt\"\r\nContent-Type: text/plain\r\n\r\nhello\r\n--xx--\r\n";
        let pair = |n: &str, v: &str| (n.to_owned(), v.to_owned());
        assert_eq!(read(body), Some(vec![pair("token", "abc"), pair("file", "hello")]));
    }

    #[test]
    fn a_cut_off_form_is_refused() {
        assert_eq!(read("--xx\r\nContent-Disposition: form-data; name=\"token\"\r\n\r\nab"), None);
        assert_eq!(read("nothing of the kind"), None);
    }

    #[test]
    fn nothing_stands_before_the_first_boundary() {
        let body = "--xx\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n1\r\n--xx--\r\n";
        assert!(read(body).is_some());
        assert_eq!(read(&format!("17{body}")), None);
        assert_eq!(read(&format!("17\r\n{body}")), None);
    }
}
