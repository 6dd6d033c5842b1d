use super::{At, Provider, Scheme, TimeUnit, StaticToken};

/// **Nothing is signed**: a bearer token that you type into the step's headers is all there is. It proves who sent, not
/// what.
///
/// [Zapier](https://help.zapier.com/hc/en-us/articles/8496326446989-Send-webhooks-in-Zaps): the action "Webhooks by
/// Zapier" with a header `Authorization: Bearer …`; JSON or a form.
///
/// The body is whatever the step was told to send: `id`, `event` and `occurred_at` are read if they are there. What an
/// `id` means is known to whoever built the Zap, and a row's id is the same whenever the row changes, so nothing here
/// makes two requests the same: say [`key_by`](crate::Builder::key_by).
pub const ZAPIER: Provider = Provider::new("zapier", Scheme::Token(StaticToken::bearer()))
    .docs("https://help.zapier.com/hc/en-us/articles/8496326446989-Send-webhooks-in-Zaps")
    .label(At::FirstOf(&[At::Json("/id"), At::Form("id")]))
    .kind(At::FirstOf(&[At::Json("/event"), At::Form("event")]))
    .time(At::FirstOf(&[At::Json("/occurred_at"), At::Form("occurred_at")]), TimeUnit::Rfc3339);
