//! Standard Webhooks under another name. A request that bears a `svix-signature` is judged by its `svix-` headers
//! alone, and only one without by its `webhook-` headers: the two sets are never mixed.
//!
//! Several services send it: give each its own [name](Provider::named) where their receivers share a store.

use super::{
    At, Provider, Retries, TimeUnit,
    standard_webhooks::{UNBRANDED, scheme},
};

/// [Svix](https://docs.svix.com/receiving/verifying-payloads/how-manual), with its own headers or unbranded ones.
pub const SVIX: Provider = Provider::new("svix", scheme("svix-id", "svix-timestamp", "svix-signature"))
    .or(UNBRANDED)
    .docs("https://docs.svix.com/receiving/verifying-payloads/how-manual")
    .tolerance(300, 300)
    .label(At::SignedId)
    .identity(&[At::SignedId])
    .kind(At::Json("/type"))
    .time(At::Json("/timestamp"), TimeUnit::Rfc3339)
    .deadline(15)
    .retries(Retries::Hours(28));
