use super::{At, Digest, Hmac, Part, Provider, Retries, Scheme, Syntax, TimeUnit};

const OBJECT: At = At::Json("/object_type");
const EVENT: At = At::Json("/event_type");

/// [Recurly](https://docs.recurly.com/recurly-subscriptions/docs/signature-verification): accounts, subscriptions,
/// invoices. The kind is object and event, such as `account.created`, the label the object's id.
///
/// Times are in milliseconds, and good for five minutes either way, as in its [library for
/// Ruby](https://github.com/recurly/recurly-client-ruby/blob/HEAD/lib/recurly/webhooks.rb). While the endpoint's key is
/// changed several signatures come, of which one that holds is enough. The key is used as text, though it looks like
/// hexadecimal digits. Only JSON is signed: an endpoint that is set to XML sends no signature, and is refused.
///
/// No request has an id of its event, only the object's: site, object, what happened to it and the second make one.
/// Recurly says that notifications come more than once and out of order. They are [tried
/// again](https://docs.recurly.com/docs/automatic-retries) ten times within three days.
pub const RECURLY: Provider = Provider::new(
    "recurly",
    Scheme::Hmac(
        Hmac::new(Digest::Sha256)
            .over(&[Part::Timestamp, Part::Text("."), Part::Body])
            .signature(At::Header("recurly-signature"), Syntax::AfterTime { separator: ',' })
            .timestamp(At::SignatureTime, TimeUnit::Millis),
    ),
)
.docs("https://docs.recurly.com/recurly-subscriptions/docs/signature-verification")
.accepts(&["application/json"])
.tolerance(300, 300)
.label(At::Json("/id"))
.identity(&[At::Optional(&At::Json("/site_id")), OBJECT, At::Json("/id"), EVENT, At::Json("/event_time")])
.kind(At::Joined(&[OBJECT, EVENT], "."))
.time(At::Json("/event_time"), TimeUnit::Rfc3339)
.deadline(5)
.retries(Retries::Hours(73));
