use super::{At, Attempt, Digest, Handshake, Hmac, Part, Provider, Scheme, Syntax, TimeUnit};

const CHALLENGE: At = At::Json("/challenge");

/// [Twitch](https://dev.twitch.tv/docs/eventsub/handling-webhook-events/) EventSub: notifications, revocations and the
/// challenge. The kind is the subscription's type, such as `channel.follow`.
///
/// Id, time and body are signed with nothing between them. They can still be cut in one way only: a time in RFC 3339
/// starts with four digits and a dash, and ends with its zone.
///
/// What a message is stands in a header that is not signed, so it is told from the body, which is: only a challenge has
/// one. A revocation comes under the kind of the subscription that has ended, with a `status` other than `enabled` and
/// without an `event`; that is why the payload is the whole message.
pub const TWITCH: Provider = Provider::new(
    "twitch",
    Scheme::Hmac(
        Hmac::new(Digest::Sha256)
            .over(&[Part::Id, Part::Timestamp, Part::Body])
            .signature(At::Header("twitch-eventsub-message-signature"), Syntax::Prefixed("sha256="))
            .timestamp(At::Header("twitch-eventsub-message-timestamp"), TimeUnit::Rfc3339)
            .id(At::Header("twitch-eventsub-message-id")),
    ),
)
.docs("https://dev.twitch.tv/docs/eventsub/handling-webhook-events/")
.accepts(&["application/json"])
.tolerance(600, 600)
.label(At::SignedId)
.identity(&[At::SignedId])
.kind(At::Json("/subscription/type"))
.version(At::Json("/subscription/version"))
.attempt(Attempt::Retry(At::Header("twitch-eventsub-message-retry")))
.handshakes(&[Handshake::post_with(CHALLENGE).echo_text(CHALLENGE)])
.deadline(10);
