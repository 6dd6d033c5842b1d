use super::{At, Batch, Digest, Encoding, Hmac, Provider, Retries, Scheme, Syntax, TimeUnit};

/// [Xero](https://developer.xero.com/documentation/guides/webhooks/overview/): contacts, invoices, subscriptions. The
/// kind is category and type, such as `CONTACT.UPDATE`, the label the object's id.
///
/// The key's text is used as it is, though it looks like base64. Before it sends anything Xero proves the endpoint's
/// "intent to receive": requests without events, some signed and some wrongly, of which the first must be answered 200
/// and the others 401, with no body and no cookies.
///
/// An event has no id, only a place in a numbered batch. It says that an object has changed, not how: which one, how and
/// when, to the millisecond, is the identity.
pub const XERO: Provider = Provider::new(
    "xero",
    Scheme::Hmac(
        Hmac::new(Digest::Sha256)
            .signature(At::Header("x-xero-signature"), Syntax::Bare)
            .encoding(Encoding::Base64),
    ),
)
.docs("https://developer.xero.com/documentation/guides/webhooks/overview/")
.accepts(&["application/json"])
.batch(Batch::List("/events"))
.label(At::Json("/resourceId"))
.identity(&[
    At::Json("/tenantId"),
    At::Json("/resourceId"),
    At::Json("/eventCategory"),
    At::Json("/eventType"),
    At::Json("/eventDateUtc"),
])
.kind(At::Joined(&[At::Json("/eventCategory"), At::Json("/eventType")], "."))
.time(At::Json("/eventDateUtc"), TimeUnit::Utc)
.deadline(5)
.retries(Retries::Hours(24));
