//! As [`SVIX`](super::SVIX), with Ed25519: a request that bears a `svix-signature` is judged by its `svix-` headers alone.

use super::{
    At, Provider, Retries, TimeUnit,
    standard_webhooks_v1a::{UNBRANDED, scheme},
};

/// [Svix](https://docs.svix.com/receiving/verifying-payloads/how-manual) with an asymmetric key, `whpk_…`; with its own
/// headers or unbranded ones.
pub const SVIX_V1A: Provider = Provider::new("svix_v1a", scheme("svix-id", "svix-timestamp", "svix-signature"))
    .or(UNBRANDED)
    .docs("https://docs.svix.com/receiving/verifying-payloads/how-manual")
    .tolerance(300, 300)
    .label(At::SignedId)
    .identity(&[At::SignedId])
    .kind(At::Json("/type"))
    .time(At::Json("/timestamp"), TimeUnit::Rfc3339)
    .deadline(15)
    .retries(Retries::Hours(28));
