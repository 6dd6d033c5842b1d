use super::{At, Digest, Encoding, Handshake, Hmac, Part, Provider, Scheme, Syntax, TimeUnit};

/// [Trello](https://developer.atlassian.com/cloud/trello/guides/rest-api/webhooks/); the secret is the application's.
///
/// The signature covers the body and then the callback's address as it was registered, so it has to be configured. SHA-1
/// is all that Trello offers, and nothing expires.
///
/// The identity is the action's id: an action that two webhooks of one address watch is one event. Before a webhook is
/// made Trello asks with HEAD.
pub const TRELLO: Provider = Provider::new(
    "trello",
    Scheme::Hmac(
        Hmac::new(Digest::Sha1)
            .over(&[Part::Body, Part::Url])
            .signature(At::Header("x-trello-webhook"), Syntax::Bare)
            .encoding(Encoding::Base64),
    ),
)
.docs("https://developer.atlassian.com/cloud/trello/guides/rest-api/webhooks/")
.accepts(&["application/json"])
.label(At::Json("/action/id"))
.identity(&[At::Json("/action/id")])
.kind(At::Json("/action/type"))
.time(At::Json("/action/date"), TimeUnit::Rfc3339)
.handshakes(&[Handshake::head()]);
