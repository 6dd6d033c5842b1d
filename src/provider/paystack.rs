use super::{At, Digest, Hmac, Provider, Scheme, Syntax};

const ID: At = At::FirstOf(&[
    At::Json("/data/id"),
    At::Json("/data/reference"),
    At::Json("/data/subscription_code"),
    At::Json("/data/invoice_code"),
]);

/// [Paystack](https://paystack.com/docs/payments/webhooks/): charges, transfers, subscriptions. The label is the id of
/// the object.
///
/// Signed with SHA-512 and the API's secret key. Events have no id: what happened to which object, and the object as it
/// is then, are the identity. Nothing signed has a time that could expire.
pub const PAYSTACK: Provider = Provider::new(
    "paystack",
    Scheme::Hmac(Hmac::new(Digest::Sha512).signature(At::Header("x-paystack-signature"), Syntax::Bare)),
)
.docs("https://paystack.com/docs/payments/webhooks/")
.accepts(&["application/json"])
.label(ID)
.identity(&[At::Json("/event"), ID, At::PayloadDigest])
.kind(At::Json("/event"))
.payload(At::FirstOf(&[At::Json("/data"), At::Json("")]));
