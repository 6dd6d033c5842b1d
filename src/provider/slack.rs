use super::{At, Attempt, Digest, Handshake, Hmac, Part, Provider, Retries, Scheme, Syntax, TimeUnit};

const ID: At = At::FirstOf(&[At::Json("/event_id"), At::Json("/trigger_id"), At::Form("trigger_id")]);

/// [Slack](https://docs.slack.dev/authentication/verifying-requests-from-slack): events, interactions, slash commands
/// and the `url_verification` challenge. A slash command's kind is the command, such as `/deploy`.
///
/// The signing secret is used as text, though it looks like hexadecimal digits. Future timestamps are refused as old
/// ones are, as Slack's Python library does and its Node library does not.
///
/// Events come as JSON, interactions as a form with JSON in `payload`, slash commands as a plain form. Only events are
/// sent again (three times, and hourly for a day where the app asks for it); the others have a `trigger_id` of their
/// own.
pub const SLACK: Provider = Provider::new(
    "slack",
    Scheme::Hmac(
        Hmac::new(Digest::Sha256)
            .over(&[Part::Text("v0:"), Part::Timestamp, Part::Text(":"), Part::Body])
            .signature(At::Header("x-slack-signature"), Syntax::Prefixed("v0="))
            .timestamp(At::Header("x-slack-request-timestamp"), TimeUnit::Seconds),
    ),
)
.docs("https://docs.slack.dev/authentication/verifying-requests-from-slack")
.accepts(&["application/json", "application/x-www-form-urlencoded"])
.tolerance(300, 300)
.form_json("payload")
.label(ID)
.identity(&[ID])
.kind(At::FirstOf(&[At::Json("/event/type"), At::Json("/type"), At::Form("command")]))
.time(At::FirstOf(&[At::Json("/event/event_ts"), At::Json("/event_time")]), TimeUnit::Seconds)
.payload(At::FirstOf(&[At::Json("/event"), At::Json("")]))
.attempt(Attempt::Retry(At::Header("x-slack-retry-num")))
.handshakes(&[
    Handshake::post(At::Json("/type"), "url_verification").echo_text(At::Json("/challenge")),
    Handshake::post(At::Form("ssl_check"), "1"),
])
.deadline(3)
.retries(Retries::Hours(26));
