use super::{At, Batch, Digest, Encoding, Hmac, Provider, Scheme, Syntax, TimeUnit};

const fn provider(name: &'static str) -> Provider {
    let scheme =
        Hmac::new(Digest::Sha256).signature(At::Header("intuit-signature"), Syntax::Bare).encoding(Encoding::Base64);
    Provider::new(name, Scheme::Hmac(scheme))
        .docs("https://developer.intuit.com/app/developer/qbo/docs/develop/webhooks")
        .accepts(&["application/json"])
        .needs_body()
        .deadline(3)
}

/// [QuickBooks](https://developer.intuit.com/app/developer/qbo/docs/develop/webhooks) Online, as a list of CloudEvents.
/// The kind is the type, such as `qbo.invoice.updated.v1`; company and object are `intuitaccountid` and
/// `intuitentityid`.
///
/// The verifier token's text is the key. A notification says which object has changed, not how: fetch it. The list that
/// it comes in is of [CloudEvents](https://blogs.intuit.com/2025/11/12/upcoming-change-to-webhooks-payload-structure/)
/// since May 2026; what comes in the shape before that is for [`QUICKBOOKS_LEGACY`]. A body of the other's shape is
/// authentic and cannot be read.
///
/// Intuit [waits](https://developer.intuit.com/app/developer/qbo/docs/develop/webhooks/best-practices) three seconds,
/// tries again for as long as it takes, and may hold back what follows until then.
pub const QUICKBOOKS: Provider = provider("quickbooks")
    .batch(Batch::List(""))
    .label(At::Json("/intuitentityid"))
    .identity(&[At::Json("/source"), At::Json("/id")])
    .kind(At::Json("/type"))
    .time(At::Json("/time"), TimeUnit::Rfc3339)
    .version(At::Json("/specversion"));

/// [QuickBooks](QUICKBOOKS) Online before CloudEvents: each event is a company with all that changed in it, which has no id of its
/// own; its first change and the digest of all make one. The label is the company (`realmId`). It has no kinds.
pub const QUICKBOOKS_LEGACY: Provider =
    provider("quickbooks_legacy").batch(Batch::List("/eventNotifications")).label(At::Json("/realmId")).identity(&[
        At::Json("/realmId"),
        At::Json("/dataChangeEvent/entities/0/name"),
        At::Json("/dataChangeEvent/entities/0/id"),
        At::Json("/dataChangeEvent/entities/0/operation"),
        At::Json("/dataChangeEvent/entities/0/lastUpdated"),
        At::PayloadDigest,
    ]);
