use super::{At, Provider, Retries, TimeUnit, standard_webhooks::scheme};

/// [Resend](https://resend.com/docs/webhooks/verify-webhooks-requests): what became of emails.
///
/// Sent through Svix, with its own headers only.
pub const RESEND: Provider = Provider::new("resend", scheme("svix-id", "svix-timestamp", "svix-signature"))
    .docs("https://resend.com/docs/webhooks/verify-webhooks-requests")
    .accepts(&["application/json"])
    .tolerance(300, 300)
    .label(At::SignedId)
    .identity(&[At::SignedId])
    .kind(At::Json("/type"))
    .time(At::Json("/created_at"), TimeUnit::Rfc3339)
    .payload(At::FirstOf(&[At::Json("/data"), At::Json("")]))
    .deadline(15)
    .retries(Retries::Hours(28));
