use super::{At, Handshake, Provider, Scheme, StaticToken};

const SECRET: At = At::Query("secret");

/// **Nothing is signed**: all there is, is a secret that you append to the address, as `?secret=…`. Whoever sees an
/// access log sees it.
///
/// [Mailchimp](https://mailchimp.com/developer/marketing/guides/sync-audience-data-webhooks/): webhooks of an audience.
/// The kind is the type, such as `unsubscribe`. Mailchimp Transactional is [`MANDRILL`](super::MANDRILL).
///
/// Bodies are forms with names in brackets: `data[email]`. Events have no id; type, time and member with all of the
/// payload make one, so that only what says the same of the same second is one. Before it accepts an address Mailchimp
/// asks it with GET. A 410 disables the webhook at once.
pub const MAILCHIMP: Provider = Provider::new("mailchimp", Scheme::Token(StaticToken::bare(SECRET)))
    .docs("https://mailchimp.com/developer/marketing/guides/sync-audience-data-webhooks/")
    .accepts(&["application/x-www-form-urlencoded"])
    .label(At::Form("data[id]"))
    .identity(&[At::Form("type"), At::Form("fired_at"), At::Optional(&At::Form("data[id]")), At::PayloadDigest])
    .kind(At::Form("type"))
    .handshakes(&[Handshake::get(SECRET)]);
