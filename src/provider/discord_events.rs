use super::{At, Handshake, Provider, Retries, TimeUnit, discord::SIGNED};

/// [Discord's webhook events](https://docs.discord.com/developers/events/webhook-events): an application was authorised,
/// an entitlement bought. Its secret is the application's public key.
///
/// Signed as [interactions](super::DISCORD) are, with the same key. Events have no id, so one is told by what it says and
/// when. They are sent again for ten minutes, and any answer other than an empty 204 is a failure.
pub const DISCORD_EVENTS: Provider = Provider::new("discord_events", SIGNED)
    .docs("https://docs.discord.com/developers/events/webhook-events")
    .identity(&[
        At::Json("/application_id"),
        At::Json("/event/type"),
        At::Json("/event/timestamp"),
        At::PayloadDigest,
    ])
    .kind(At::Json("/event/type"))
    .time(At::Json("/event/timestamp"), TimeUnit::Rfc3339)
    .payload(At::Json("/event"))
    .handshakes(&[Handshake::post(At::Number("/type"), "0").unless(At::Json("/event")).status(204)])
    .success(204)
    .deadline(3)
    .retries(Retries::Hours(1));
