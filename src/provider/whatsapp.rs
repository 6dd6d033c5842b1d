use super::{At, Provider, TimeUnit, meta::platform};

const MESSAGE: At = At::Json("/changes/0/value/messages/0/id");
const STATUS: At = At::Json("/changes/0/value/statuses/0/id");

/// [WhatsApp](https://developers.facebook.com/docs/whatsapp/cloud-api/guides/set-up-webhooks) Cloud API. The kind is the
/// first change's field, such as `messages`.
///
/// Signed as all of [`META`](super::META)'s webhooks are, with the app secret.
///
/// One request brings a batch of entries, and an entry may bring several messages or statuses: its first one is the
/// label, and with the payload's digest the identity. So an entry that comes again in another company is handled again;
/// each message's own id tells a handler what it has seen. A status bears the id of the message that it is about.
pub const WHATSAPP: Provider = platform("whatsapp")
    .docs("https://developers.facebook.com/docs/whatsapp/cloud-api/guides/set-up-webhooks")
    .label(At::FirstOf(&[MESSAGE, STATUS, At::Json("/id")]))
    .identity(&[
        At::FirstOf(&[MESSAGE, At::Joined(&[STATUS, At::Json("/changes/0/value/statuses/0/status")], " ")]),
        At::PayloadDigest,
    ])
    .kind(At::FirstOf(&[At::Json("/changes/0/field"), At::Document("/object")]))
    .time(
        At::FirstOf(&[
            At::Json("/changes/0/value/messages/0/timestamp"),
            At::Json("/changes/0/value/statuses/0/timestamp"),
        ]),
        TimeUnit::Seconds,
    );
