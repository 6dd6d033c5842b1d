use super::{At, Digest, Hmac, Provider, Scheme, Syntax};

const ITEM: At = At::Json("/history_items/0/id");

/// [ClickUp](https://developer.clickup.com/docs/webhooks). The kind is the event, such as `taskCreated`.
///
/// Each webhook has a secret of its own. What happened is in a list of history items, and ClickUp names webhook and
/// item as the key to tell events by; one item can be two events. What comes without history may be handled twice.
pub const CLICKUP: Provider = Provider::new(
    "clickup",
    Scheme::Hmac(Hmac::new(Digest::Sha256).signature(At::Header("x-signature"), Syntax::Bare)),
)
.docs("https://developer.clickup.com/docs/webhooksignature")
.accepts(&["application/json"])
.label(ITEM)
.identity(&[At::Json("/webhook_id"), At::Json("/event"), ITEM, At::PayloadDigest])
.kind(At::Json("/event"));
