use super::{
    Provider, SVIX,
    standard_webhooks_v1a::{UNBRANDED, scheme},
};

/// [Svix](https://docs.svix.com/receiving/verifying-payloads/how-manual) with an asymmetric key, `whpk_…`; with its own
/// headers or unbranded ones.
///
/// As [`SVIX`](super::SVIX), with Ed25519: a request that bears a `svix-signature` is judged by its `svix-` headers alone.
pub const SVIX_V1A: Provider =
    SVIX.named("svix_v1a").scheme(scheme("svix-id", "svix-timestamp", "svix-signature")).or(UNBRANDED);
