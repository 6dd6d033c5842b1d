//! From outcomes to what the provider hears: the one table of answers.

use std::{borrow::Cow, time::Duration};

use bytes::Bytes;
use http::{HeaderValue, Response, StatusCode, header};

use crate::{Answer, End, Error, ErrorKind, Event, Verifier, answer::empty, provider::Contract, report::Outcome};

/// When a provider that is told to come back should do so, where nothing better is known.
const SOON: Duration = Duration::from_secs(1);

impl Outcome {
    pub(super) fn of(event: &Event, end: End) -> Self {
        Self {
            provider: Some(event.provider.clone()),
            tenant: event.tenant.clone(),
            secret: None,
            key: None,
            label: event.label.clone(),
            kind: event.kind.clone(),
            twin: false,
            end,
        }
    }

    pub(super) fn refused(error: Error, verifier: Option<&Verifier>, tenant: Option<String>) -> Self {
        Self::of_request(End::Refused(error), verifier.map(|v| v.provider().into()), tenant)
    }

    pub(super) fn of_request(end: End, provider: Option<Cow<'static, str>>, tenant: Option<String>) -> Self {
        Self { provider, tenant, secret: None, key: None, label: None, kind: None, twin: false, end }
    }
}

/// What a request that brought no event is answered.
pub(super) fn refusal(outcome: &Outcome, verifier: Option<&Verifier>) -> Response<Bytes> {
    let End::Refused(error) = &outcome.end else { return empty(StatusCode::INTERNAL_SERVER_ERROR) };
    refused(error, verifier)
}

/// The same for a verifier alone.
pub(crate) fn refused(error: &Error, verifier: Option<&Verifier>) -> Response<Bytes> {
    if error.status().is_server_error() {
        return ours(error.status(), error.kind().as_str(), SOON, verifier.and_then(|verifier| verifier.data().again));
    }
    let status = match (error.kind(), verifier) {
        (ErrorKind::BadSignature | ErrorKind::StaleTimestamp | ErrorKind::FutureTimestamp, Some(verifier)) => {
            StatusCode::from_u16(verifier.data().refused).unwrap_or(error.status())
        }
        _ => error.status(),
    };
    let mut response = said(status, error.kind().as_str());
    if error.kind() == ErrorKind::Method
        && let Some(verifier) = verifier
    {
        let methods: Vec<String> = verifier.methods().map(|m| m.to_string()).collect();
        if let Ok(allow) = HeaderValue::from_str(&methods.join(", ")) {
            response.headers_mut().insert(header::ALLOW, allow);
        }
    }
    response
}

/// What a delivery is answered: failure if any event failed, "come back" if any is busy, else success. Of `one` event the
/// sender hears what its handler said; of several consumers the first that says something.
pub(super) fn response(outcomes: &[Outcome], one: bool, contract: &Contract) -> Response<Bytes> {
    let success = StatusCode::from_u16(contract.success).unwrap_or(StatusCode::OK);
    let worst = outcomes.iter().map(|o| &o.end).filter(|end| !end.settled()).max_by_key(|end| severity(end));
    match worst {
        None => {
            let said = |outcome: &Outcome| match &outcome.end {
                End::Handled(answer) | End::Duplicate(Some(answer)) if !answer.is_success() => Some(answer.clone()),
                _ => None,
            };
            let own = outcomes.iter().filter(|_| one).find_map(said);
            own.unwrap_or_else(|| Answer::thanks(contract.thanks)).into_response(success)
        }
        Some(end) => failure(end, contract.again),
    }
}

/// What an end that did not settle is answered.
pub(super) fn failure(end: &End, again: Option<u16>) -> Response<Bytes> {
    match end {
        End::Refused(error) if error.status().is_server_error() => {
            ours(error.status(), error.kind().as_str(), SOON, again)
        }
        End::Refused(error) => said(error.status(), error.kind().as_str()),
        End::Busy { retry_after } => ours(StatusCode::SERVICE_UNAVAILABLE, end.as_str(), *retry_after, again),
        End::Lost => ours(StatusCode::SERVICE_UNAVAILABLE, end.as_str(), SOON, again),
        end => ours(StatusCode::INTERNAL_SERVER_ERROR, end.as_str(), SOON, again),
    }
}

/// Whether the rest of its stream has to wait for the next try: not for what will be refused then, too.
pub(super) fn holds_up(end: &End) -> bool {
    !end.settled() && !matches!(end, End::Refused(error) if error.kind() == ErrorKind::Replay)
}

/// What a delivery is answered whose handlers are still at work when its provider is about to give up.
pub(super) fn still_at_work(again: Option<u16>) -> Response<Bytes> {
    ours(StatusCode::SERVICE_UNAVAILABLE, "busy", SOON, again)
}

fn severity(end: &End) -> u8 {
    match end {
        End::Skipped => 0,
        // After a 4xx some providers do not send again what beside it has failed.
        End::Refused(error) if error.status().is_client_error() => 1,
        End::Busy { .. } | End::Lost => 2,
        End::Refused(error) if error.status() == StatusCode::SERVICE_UNAVAILABLE => 3,
        _ => 4,
    }
}

/// A body that is one of our own words, never anything that was received.
fn said(status: StatusCode, why: &'static str) -> Response<Bytes> {
    let mut response = Response::new(Bytes::from_static(why.as_bytes()));
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    response
}

/// Of what is not the sender's fault it is told when to come back; some do so after one status alone.
fn ours(status: StatusCode, why: &'static str, after: Duration, again: Option<u16>) -> Response<Bytes> {
    let status = again.and_then(|again| StatusCode::from_u16(again).ok()).unwrap_or(status);
    let mut response = said(status, why);
    if status != StatusCode::INTERNAL_SERVER_ERROR {
        come_back(&mut response, after);
    }
    response
}

fn come_back(response: &mut Response<Bytes>, after: Duration) {
    let secs = after.as_millis().div_ceil(1000).clamp(1, 3600);
    if let Ok(value) = HeaderValue::try_from(secs.to_string()) {
        response.headers_mut().insert(header::RETRY_AFTER, value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_is_told_to_come_back_is_given_whole_seconds_and_never_none() {
        let told = |after: Duration| {
            let mut response = Response::new(Bytes::new());
            come_back(&mut response, after);
            response.headers()[header::RETRY_AFTER].to_str().unwrap().parse::<u64>().unwrap()
        };
        for (millis, secs) in [(0, 1), (1, 1), (1000, 1), (1001, 2), (59_999, 60), (7_200_000, 3600)] {
            assert_eq!(told(Duration::from_millis(millis)), secs, "{millis}");
        }
        assert_eq!(told(Duration::MAX), 3600);
    }
}
