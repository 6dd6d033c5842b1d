use super::{At, Batch, Handshake, Provider, Retries, Scheme, StaticToken};

const TOKEN: At = At::Query("validationToken");

/// **Nothing is signed**: each notification repeats the `clientState` of its subscription, which proves who sent, not what.
/// One request brings notifications of several subscriptions, so every one of them must bear one of the verifier's secrets;
/// give it those of all subscriptions. A subscription without `clientState` cannot be received here. The tokens in
/// `validationTokens` are not looked at, and encrypted content is left as it came.
///
/// [Microsoft Graph](https://learn.microsoft.com/graph/change-notifications-delivery-webhooks) change and lifecycle
/// notifications. The kind is the change, such as `updated`, or the lifecycle event, such as `reauthorizationRequired`.
///
/// A new subscription asks with a `validationToken` in the address, which nobody signs: it is repeated as plain text and
/// brings nothing. Lifecycle notifications come in the same form, under their own kinds; they have no identity, and neither
/// has a change without id and without the resource's ETag: say what makes those the same with a key of your own.
pub const MICROSOFT_GRAPH: Provider = Provider::new(
    "microsoft_graph",
    Scheme::Token(StaticToken::in_each("/value", "/clientState", "/value/0/clientState")),
)
.docs("https://learn.microsoft.com/graph/change-notifications-delivery-webhooks")
.accepts(&["application/json"])
.batch(Batch::List("/value"))
.label(At::Json("/id"))
.identity(&[
    At::Json("/subscriptionId"),
    At::FirstOf(&[
        At::Joined(&[At::Json("/changeType"), At::Json("/resource"), At::Json("/resourceData/@odata.etag")], " "),
        At::Json("/id"),
    ]),
])
.kind(At::FirstOf(&[At::Json("/lifecycleEvent"), At::Json("/changeType")]))
.handshakes(&[Handshake::post_with(TOKEN).unsigned().echo_text(TOKEN)])
.deadline(10)
.retries(Retries::Hours(4));
