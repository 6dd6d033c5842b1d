use super::{
    Algorithm, At, Certificates, Encoding, Host, Part, Pinned, Provider, PublicKey, Retries, Scheme, Syntax, TimeUnit,
};

const ADDRESSES: Pinned = Pinned::new(&[
    Host::Is("api.paypal.com"),
    Host::Is("api-m.paypal.com"),
    Host::Is("api.sandbox.paypal.com"),
    Host::Is("api-m.sandbox.paypal.com"),
])
.path("/v1/notifications/certs/", "");

/// The certificates that PayPal's own libraries bring along: an intermediate one, which is not always served, and the
/// root above it, which browsers no longer hold.
const OTHERS: &[&str] = &[include_str!("paypal.pem")];

const SIGNER: Certificates = Certificates::new(
    At::Header("paypal-cert-url"),
    ADDRESSES,
    "https://api.paypal.com/v1/notifications/certs/CERT-0-0-0",
    &[Host::Between("messageverificationcerts", ".paypal.com")],
)
.roots("DigiCert", OTHERS);

/// **The signature covers the body's CRC-32, not the body**: whoever has one genuine delivery can write another body with
/// the same checksum. So the transmission id, which is signed, is a nonce: it is good for one event with one payload, and
/// a second one under it is refused.
///
/// [PayPal](https://developer.paypal.com/api/rest/webhooks/rest/): REST webhooks. It has no secret; say
/// `expect("webhook_id", …)`.
///
/// Requests name their certificate's address. Only PayPal's own hosts are asked, and what they serve must lead to a root
/// of DigiCert's and bear the name of PayPal's signer. The webhook's id is a part of what is signed and not of the
/// request: a delivery for somebody else's webhook is refused. Time is signed and PayPal says nothing of its age; past 30
/// days it is refused here, before its id is forgotten and could be used for another body.
pub const PAYPAL: Provider = Provider::new(
    "paypal",
    Scheme::PublicKey(
        PublicKey::new(&[Algorithm::RsaPkcs1Sha256])
            .certificates(&SIGNER)
            .named(At::Header("paypal-auth-algo"), "SHA256withRSA")
            .over(&[
                Part::Id,
                Part::Text("|"),
                Part::Timestamp,
                Part::Text("|"),
                Part::Expected("webhook_id"),
                Part::Text("|"),
                Part::BodyCrc32,
            ])
            .signature(At::Header("paypal-transmission-sig"), Syntax::Bare)
            .encoding(Encoding::Base64)
            .timestamp(At::Header("paypal-transmission-time"), TimeUnit::Rfc3339)
            .id(At::Header("paypal-transmission-id")),
    ),
)
.docs("https://developer.paypal.com/api/rest/webhooks/rest/")
.expects(&["webhook_id"])
.label(At::Json("/id"))
.identity(&[At::Json("/id")])
.tolerance(30 * 24 * 3600, 300)
.nonce(At::SignedId)
.kind(At::Json("/event_type"))
.time(At::Json("/create_time"), TimeUnit::Rfc3339)
.version(At::Json("/resource_version"))
.retries(Retries::Hours(72));
