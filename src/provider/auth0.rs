use super::{At, Provider, Retries, Scheme, TimeUnit, StaticToken};

/// **Nothing is signed**: the bearer token that was configured for the stream is sent with every request. It proves who
/// sent, not what. Streams that authenticate otherwise (basic, a header of your own) are not read here.
///
/// [Auth0](https://auth0.com/docs/customize/events): event streams to a webhook, as CloudEvents. For log streams there is
/// [`AUTH0_LOGS`](super::AUTH0_LOGS).
///
/// Each event is tried four times within a few seconds, and a 4xx is not tried again; failed ones are sent again by hand
/// under the same id. A stream whose deliveries fail too often is disabled.
pub const AUTH0: Provider = Provider::new("auth0", Scheme::Token(StaticToken::bearer()))
    .docs("https://auth0.com/docs/customize/events")
    .label(At::Json("/id"))
    .identity(&[At::Json("/id")])
    .kind(At::Json("/type"))
    .time(At::Json("/time"), TimeUnit::Rfc3339)
    .payload(At::FirstOf(&[At::Json("/data"), At::Json("")]))
    .version(At::Json("/specversion"))
    .retries(Retries::Hours(1));
