use super::{
    Provider, Retries, STANDARD_WEBHOOKS,
    standard_webhooks::{UNBRANDED, scheme},
};

/// [Svix](https://docs.svix.com/receiving/verifying-payloads/how-manual), with its own headers or unbranded ones.
///
/// Standard Webhooks under another name. A request that bears a `svix-signature` is judged by its `svix-` headers
/// alone, and only one without by its `webhook-` headers: the two sets are never mixed.
///
/// Several services send it: give each its own [name](Provider::named) where their receivers share a store.
pub const SVIX: Provider = STANDARD_WEBHOOKS
    .named("svix")
    .scheme(scheme("svix-id", "svix-timestamp", "svix-signature"))
    .or(UNBRANDED)
    .docs("https://docs.svix.com/receiving/verifying-payloads/how-manual")
    .retries(Retries::Hours(28));
