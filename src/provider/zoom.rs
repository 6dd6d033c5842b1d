use super::{At, Challenge, Digest, Encoding, Handshake, Hmac, Part, Provider, Retries, Scheme, Syntax, TimeUnit};

const KIND: At = At::Json("/event");
const TIME: At = At::Json("/event_ts");
const PLAIN: At = At::Json("/payload/plainToken");

/// [Zoom](https://developers.zoom.us/docs/api/webhooks/): events and the `endpoint.url_validation` challenge, which is
/// repeated every few days; the secret is the app's secret token.
///
/// Zoom asks for no limit on the age of its timestamps and does not say whether a retry is signed anew, an hour and a
/// half later: no tolerance is set.
///
/// Events have no id. Kind, time in milliseconds and the payload's digest together are one event.
pub const ZOOM: Provider = Provider::new(
    "zoom",
    Scheme::Hmac(
        Hmac::new(Digest::Sha256)
            .over(&[Part::Text("v0:"), Part::Timestamp, Part::Text(":"), Part::Body])
            .signature(At::Header("x-zm-signature"), Syntax::Prefixed("v0="))
            .timestamp(At::Header("x-zm-request-timestamp"), TimeUnit::Seconds),
    ),
)
.docs("https://developers.zoom.us/docs/api/webhooks/")
.accepts(&["application/json"])
.identity(&[KIND, TIME, At::PayloadDigest])
.kind(KIND)
.time(TIME, TimeUnit::Millis)
.payload(At::FirstOf(&[At::Json("/payload"), At::Json("")]))
.handshakes(&[Handshake::post(KIND, "endpoint.url_validation").answer_json(&[PLAIN], validated)])
.deadline(3)
.retries(Retries::Hours(2));

fn validated(challenge: &Challenge<'_>) -> Option<String> {
    let plain = challenge.text(PLAIN)?;
    let encrypted = challenge.tag(&plain, Encoding::Hex);
    Some(serde_json::json!({ "plainToken": plain, "encryptedToken": encrypted }).to_string())
}
