//! What a provider hears about an event that was handled.

use bytes::Bytes;
use http::{HeaderValue, Response, StatusCode, header::CONTENT_TYPE};
use serde::Serialize;

use crate::{Error, ErrorKind, object::kept_object, provider::Thanks};

const JSON: &str = "application/json";
const TEXT: &str = "text/plain; charset=utf-8";

/// What a provider hears about an event that was handled. It is stored with the mark, and a duplicate hears the same.
///
/// Handlers return anything that becomes one; `()` is plain success.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Answer {
    json: Option<String>,
    text: Option<String>,
}

kept_object!(Answer { json unless is_none, text unless is_none });

impl Answer {
    /// What the provider counts as success, with no body: the same as `()`.
    pub fn success() -> Self {
        Self::default()
    }

    /// A JSON body, for senders that read the answer. A batch cannot be answered so: it hears plain success.
    ///
    /// # Errors
    /// [`Payload`](ErrorKind::Payload) if `body` cannot be serialised.
    pub fn json<T: Serialize + ?Sized>(body: &T) -> Result<Self, Error> {
        Ok(Self { json: Some(serde_json::to_string(body).map_err(Error::payload)?), text: None })
    }

    /// A plain text body.
    pub fn text(body: impl Into<String>) -> Self {
        Self { json: None, text: Some(body.into()) }
    }

    pub(crate) fn thanks(thanks: Thanks) -> Self {
        match thanks {
            Thanks::Nothing => Self::success(),
            Thanks::Text(text) => Self::text(text),
            Thanks::Json(json) => Self { json: Some(json.to_owned()), text: None },
        }
    }

    /// Whether it is plain success.
    pub fn is_success(&self) -> bool {
        self.json.is_none() && self.text.is_none()
    }

    /// For a store to keep.
    pub fn to_record(&self) -> Vec<u8> {
        serde_json::to_vec(self).unwrap_or_default()
    }

    /// What [`to_record`](Self::to_record) made.
    ///
    /// # Errors
    /// [`Store`](ErrorKind::Store) if it did not.
    pub fn from_record(record: &[u8]) -> Result<Self, Error> {
        serde_json::from_slice(record)
            .map_err(|e| Error::new(ErrorKind::Store, "the stored answer cannot be read").because(e))
    }

    pub(crate) fn into_response(self, success: StatusCode) -> Response<Bytes> {
        let (kind, body) = match (self.json, self.text) {
            (Some(json), _) => (JSON, json),
            (None, Some(text)) => (TEXT, text),
            (None, None) => return empty(success),
        };
        // 204 and its kin carry no body.
        let status = if success == StatusCode::NO_CONTENT { StatusCode::OK } else { success };
        let mut response = Response::new(Bytes::from(body));
        *response.status_mut() = status;
        response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(kind));
        response
    }
}

impl From<()> for Answer {
    fn from((): ()) -> Self {
        Self::success()
    }
}

pub(crate) fn empty(status: StatusCode) -> Response<Bytes> {
    let mut response = Response::new(Bytes::new());
    *response.status_mut() = status;
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_brings_back_the_answer() {
        for answer in [Answer::success(), Answer::text("hi"), Answer::json(&[1, 2]).unwrap()] {
            assert_eq!(Answer::from_record(&answer.to_record()).unwrap(), answer);
        }
        let record = |answer: Answer| String::from_utf8(answer.to_record()).unwrap();
        assert_eq!(record(Answer::success()), "{}");
        assert_eq!(record(Answer::text("hi")), r#"{"text":"hi"}"#);
        assert_eq!(record(Answer::json("hi").unwrap()), r#"{"json":"\"hi\""}"#);
        assert_eq!(Answer::from_record(br#"{"json":null,"text":null,"later":1}"#).unwrap(), Answer::success());
        assert_eq!(Answer::from_record(br#"{"text":"a","text":"b"}"#).unwrap_err().kind(), ErrorKind::Store);
        assert_eq!(Answer::from_record(b"nonsense").unwrap_err().kind(), ErrorKind::Store);
    }

    #[test]
    fn a_body_is_never_sent_with_204() {
        let response = Answer::text("hi").into_response(StatusCode::NO_CONTENT);
        assert_eq!((response.status(), &**response.body()), (StatusCode::OK, &b"hi"[..]));
    }
}
