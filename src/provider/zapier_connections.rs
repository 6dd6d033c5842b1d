use super::{At, Provider, Retries, standard_webhooks::UNBRANDED};

/// [Zapier](https://docs.zapier.com/white-label/connection-webhooks/verify-signatures) White Label connection webhooks: what
/// becomes of the app connections that a partner manages. There is one kind of event, which is not read: take it with
/// [`otherwise`](crate::Handlers::otherwise). For a Zap that posts to you there is [`ZAPIER`](super::ZAPIER).
///
/// Standard Webhooks to the letter. The delivery's id stays the same on its retries, of which there are a few within half
/// an hour; a 4xx other than 429 is not tried again.
pub const ZAPIER_CONNECTIONS: Provider = Provider::new("zapier_connections", UNBRANDED)
    .docs("https://docs.zapier.com/white-label/connection-webhooks/verify-signatures")
    .accepts(&["application/json"])
    .tolerance(300, 300)
    .label(At::SignedId)
    .identity(&[At::SignedId])
    .retries(Retries::Hours(1));
