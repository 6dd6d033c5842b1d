use super::{At, Digest, Hmac, Provider, Retries, Scheme, Syntax};

const SESSION: At = At::FirstOf(&[At::Json("/id"), At::Json("/verification/id"), At::Json("/sessionId")]);
const ATTEMPT: At = At::FirstOf(&[At::Json("/attemptId"), At::Json("/verification/attemptId")]);
const WHAT: At = At::FirstOf(&[
    At::Json("/action"),
    At::Json("/verification/status"),
    At::Json("/eventType"),
    At::Json("/checkType"),
]);

/// [Veriff](https://devdocs.veriff.com/docs/webhooks-guide): events and decisions of verification sessions, and
/// [screenings](https://devdocs.veriff.com/docs/watchlist-screening-webhook). The kind is the event's action or the
/// decision, such as `submitted` or `approved`, else its type, such as `fullauto` or `updated_result`; the label is the
/// session's id.
///
/// The shared secret key signs the body; the header's newer name is `vrf-hmac-signature`. The older `x-signature`, a
/// plain hash, is never looked at, and neither is `x-auth-client`, which nobody signs.
///
/// No request has an id of its own. Session, attempt and what came of it, with the payload's digest, make one: a
/// session can be decided again. What is about no session has no identity. Veriff [tries
/// hourly](https://help.veriff.com/en/articles/3250261-how-long-does-it-take-for-veriff-to-communicate-a-decision) for
/// a week until it is answered 200.
pub const VERIFF: Provider = Provider::new(
    "veriff",
    Scheme::Hmac(
        Hmac::new(Digest::Sha256)
            .signature(At::Header("x-hmac-signature"), Syntax::Bare)
            .or_at(&[At::Header("vrf-hmac-signature")]),
    ),
)
.docs("https://devdocs.veriff.com/docs/hmac-authentication-and-endpoint-security")
.accepts(&["application/json"])
.needs_body()
.label(SESSION)
.identity(&[SESSION, At::Optional(&ATTEMPT), WHAT, At::PayloadDigest])
.kind(WHAT)
.retries(Retries::Hours(168));
