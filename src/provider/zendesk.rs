use super::{At, Digest, Encoding, Hmac, Part, Provider, Scheme, Syntax, TimeUnit};

const VERSION: At = At::Json("/zendesk_event_version");

/// [Zendesk](https://developer.zendesk.com/documentation/webhooks/verifying/) webhooks. The kind is the event's type, such
/// as `zen:event-type:ticket.created`.
///
/// The secret looks like base64 and is used as text. Time and body are signed with nothing between them, and can be cut
/// in one way only, for a time in RFC 3339 ends with its zone. An older page of the documentation has them the other way
/// round. Zendesk sets no limit on age, so no tolerance is set. A webhook that is tried before it is made is signed with
/// a secret that everybody knows: never configure it.
///
/// An event that a webhook has subscribed to has an id. What a trigger or an automation sends is its author's own: an
/// `id` in it may well be the ticket's, so it is no identity.
pub const ZENDESK: Provider = Provider::new(
    "zendesk",
    Scheme::Hmac(
        Hmac::new(Digest::Sha256)
            .over(&[Part::Timestamp, Part::Body])
            .signature(At::Header("x-zendesk-webhook-signature"), Syntax::Bare)
            .encoding(Encoding::Base64)
            .timestamp(At::Header("x-zendesk-webhook-signature-timestamp"), TimeUnit::Rfc3339),
    ),
)
.docs("https://developer.zendesk.com/documentation/webhooks/verifying/")
.label(At::Header("x-zendesk-webhook-invocation-id"))
.identity(&[VERSION, At::Json("/id")])
.kind(At::Json("/type"))
.time(At::Json("/time"), TimeUnit::Rfc3339)
.version(VERSION);
