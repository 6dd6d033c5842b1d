use super::{At, Provider, Retries, Scheme, StaticToken, TimeUnit};

/// **Nothing is signed**: an API destination's connection sends an API key in a header of any name, here `x-api-key`, or a
/// user and password. It proves who sent, not what. Change the [scheme](super::Provider::scheme) for another header, or
/// for OAuth.
///
/// [Amazon EventBridge](https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-api-destinations.html) API destinations
/// by POST. The kind is the event's `detail-type`, the payload its `detail`.
///
/// The body is the whole event, unless an input transformer makes something else of it: leave it out. A replay from an
/// archive says so, and is another event than the one it repeats. All that fails is tried again for a day, but of 4xx
/// answers 429 alone.
pub const AWS_EVENTBRIDGE: Provider =
    Provider::new("aws_eventbridge", Scheme::Token(StaticToken::bare(At::Header("x-api-key"))))
        .or(Scheme::Token(StaticToken::basic()))
        .docs("https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-api-destinations.html")
        .accepts(&["application/json"])
        .label(At::Json("/id"))
        .identity(&[At::Json("/id"), At::Optional(&At::Json("/replay-name"))])
        .kind(At::Json("/detail-type"))
        .time(At::Json("/time"), TimeUnit::Rfc3339)
        .payload(At::FirstOf(&[At::Json("/detail"), At::Json("")]))
        .version(At::Json("/version"))
        .deadline(5)
        .retries(Retries::Hours(24));
