use super::{At, Provider, Retries, Scheme, StaticToken};

/// **Nothing is signed**: user name and password of HTTP's basic authentication, put into the webhook's address, are
/// all that Postmark sends. They prove who sent, not what. The secret is both with a colon between them.
///
/// [Postmark](https://postmarkapp.com/developer/webhooks/webhooks-overview): deliveries, bounces, opens, inbound mail.
/// Nothing is signed. The kind is the record's type, such as `Bounce`, the label the message's id.
///
/// A message's id comes with all that happens to it: what happened and the payload's digest make an event. Inbound mail
/// has no kind: give it to `otherwise`. It [comes
/// again](https://postmarkapp.com/support/article/understanding-inbound-webhook-retries-in-postmark) for ten and a half
/// hours unless it is answered 200; a 403 ends that.
pub const POSTMARK: Provider = Provider::new("postmark", Scheme::Token(StaticToken::basic()))
    .docs("https://postmarkapp.com/developer/webhooks/webhooks-overview")
    .accepts(&["application/json"])
    .label(At::Json("/MessageID"))
    .identity(&[At::Json("/MessageID"), At::Optional(&At::Json("/RecordType")), At::PayloadDigest])
    .kind(At::Json("/RecordType"))
    .retries(Retries::Hours(11));
