use super::{At, Batch, Digest, Encoding, Handshake, Hmac, Part, Provider, Scheme, Syntax, TimeUnit};

/// [Mandrill](https://mailchimp.com/developer/transactional/guides/track-respond-activity-webhooks/#authenticating-webhook-requests)
/// (Mailchimp Transactional): batches of up to 1,000 events.
///
/// The signature covers the address as it was entered at Mandrill, so it has to be configured, and every form field by
/// its decoded value. SHA-1 is all that Mandrill offers. Nothing in it has a time, so nothing expires.
///
/// `_id` is the message's: identity is the message with what happened to it, when, and for clicks and opens where from.
/// Events about the block list have none, and may be handled twice. Before it sends anything Mandrill asks with HEAD,
/// and if that fails with an empty batch that is signed with a key everybody knows.
pub const MANDRILL: Provider = Provider::new(
    "mandrill",
    Scheme::Hmac(
        Hmac::new(Digest::Sha1)
            .over(&[Part::Url, Part::SortedForm])
            .signature(At::Header("x-mandrill-signature"), Syntax::Bare)
            .encoding(Encoding::Base64),
    ),
)
.docs("https://mailchimp.com/developer/transactional/guides/track-respond-activity-webhooks/#authenticating-webhook-requests")
.accepts(&["application/x-www-form-urlencoded"])
.form_json("mandrill_events")
.batch(Batch::List(""))
.label(At::Json("/_id"))
.identity(&[
    At::Json("/_id"),
    At::Json("/event"),
    At::Json("/ts"),
    At::Optional(&At::Json("/url")),
    At::Optional(&At::Json("/ip")),
])
.kind(At::FirstOf(&[At::Json("/event"), At::Joined(&[At::Json("/type"), At::Json("/action")], ".")]))
.time(At::Json("/ts"), TimeUnit::Seconds)
.handshakes(&[
    Handshake::head(),
    Handshake::post(At::Form("mandrill_events"), "[]").signed_with("test-webhook"),
]);
