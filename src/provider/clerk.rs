use super::{At, Provider, Retries, TimeUnit, standard_webhooks::scheme};

/// [Clerk](https://clerk.com/docs/guides/development/webhooks/overview): users, sessions, organizations.
///
/// Sent through Svix, with its own headers only. The event's time is in milliseconds.
pub const CLERK: Provider = Provider::new("clerk", scheme("svix-id", "svix-timestamp", "svix-signature"))
    .docs("https://clerk.com/docs/guides/development/webhooks/overview")
    .accepts(&["application/json"])
    .tolerance(300, 300)
    .label(At::SignedId)
    .identity(&[At::SignedId])
    .kind(At::Json("/type"))
    .time(At::Json("/timestamp"), TimeUnit::Millis)
    .payload(At::FirstOf(&[At::Json("/data"), At::Json("")]))
    .deadline(15)
    .retries(Retries::Hours(28));
