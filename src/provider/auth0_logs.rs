use super::{At, Batch, Provider, Retries, Scheme, TimeUnit, StaticToken};

/// **Nothing is signed**: the authorization token that was configured for the stream is sent with every request, as it
/// was entered. It proves who sent, not what.
///
/// [Auth0](https://auth0.com/docs/customize/log-streams/custom-log-streams): log streams to a webhook. The kind is the log
/// event's type code, such as `s`. For event streams there is [`AUTH0`](super::AUTH0).
///
/// One request brings one record a line, an array of them or one object, as the stream was told; each record has an id
/// of its own. What fails is tried again for a week, then the stream is paused.
pub const AUTH0_LOGS: Provider = Provider::new("auth0_logs", Scheme::Token(StaticToken::bare(At::Header("authorization"))))
    .docs("https://auth0.com/docs/customize/log-streams/custom-log-streams")
    .batch(Batch::Lines)
    .label(At::Json("/log_id"))
    .identity(&[At::Json("/log_id")])
    .kind(At::Json("/data/type"))
    .time(At::Json("/data/date"), TimeUnit::Rfc3339)
    .payload(At::FirstOf(&[At::Json("/data"), At::Json("")]))
    .retries(Retries::Hours(7 * 24));
