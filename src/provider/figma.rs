use super::{At, Handshake, Provider, Scheme, StaticToken, TimeUnit};

/// **Nothing is signed**: the passcode of the webhook stands in each body. It proves who sent, not what. A wrong one is
/// answered 400, as Figma asks, which makes it stop that webhook.
///
/// [Figma](https://developers.figma.com/docs/rest-api/webhooks/), webhooks of version 2.
///
/// Events have no id: the webhook, the time to the second, the kind and all that is said make one. Figma has been
/// [seen](https://github.com/atlassian-labs/figma-for-jira/blob/175e66940078f6dff46655a290b72630dc5c52d1/src/web/routes/figma/types.ts)
/// to say `retries` too, which it documents nowhere: if that counts up, each retry is handled anew, unless
/// [`key_by`](crate::Builder::key_by) says what is the same without it. A new webhook sends a ping, which is no event. Any other answer than 200
/// is an error, tried three times more.
pub const FIGMA: Provider = Provider::new("figma", Scheme::Token(StaticToken::bare(At::Json("/passcode"))))
    .docs("https://developers.figma.com/docs/rest-api/webhooks-security/")
    .accepts(&["application/json"])
    .identity(&[At::Json("/webhook_id"), At::Json("/timestamp"), At::Json("/event_type"), At::PayloadDigest])
    .kind(At::Json("/event_type"))
    .time(At::Json("/timestamp"), TimeUnit::Rfc3339)
    .handshakes(&[Handshake::post(At::Json("/event_type"), "PING")])
    .refused(400);
