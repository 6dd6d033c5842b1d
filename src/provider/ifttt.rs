use super::{At, Provider, Scheme, TimeUnit, StaticToken};

/// **Nothing is signed**: the service key is sent with every request. It proves who sent, not what.
///
/// [IFTTT](https://ifttt.com/docs/api_reference): requests with an `IFTTT-Service-Key`; JSON or a form.
///
/// No request has an id of its event, so nothing here makes two requests the same: say
/// [`key_by`](crate::Builder::key_by). The body is whatever the applet was told to send: `event` and `occurred_at` are
/// read if they are there.
pub const IFTTT: Provider = Provider::new("ifttt", Scheme::Token(StaticToken::bare(At::Header("ifttt-service-key"))))
    .docs("https://ifttt.com/docs/api_reference")
    .kind(At::FirstOf(&[At::Json("/event"), At::Form("event")]))
    .time(At::FirstOf(&[At::Json("/occurred_at"), At::Form("occurred_at")]), TimeUnit::Rfc3339);
