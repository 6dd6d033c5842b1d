use super::{At, JwtClaim, Jwt, JwtAlgorithm, JwtKeys, Provider, Retries, Scheme};

/// [Plaid](https://plaid.com/docs/api/webhooks/webhook-verification/): everything about items, transactions and
/// transfers. The kind is `webhook_type` and `webhook_code`, such as `TRANSACTIONS.SYNC_UPDATES_AVAILABLE`.
///
/// The token names the body's hash, so that white space counts. Its key has to be asked for by its id at Plaid's own
/// API (`/webhook_verification_key/get`), with the client's id and secret: nothing here can do that, so a source of keys
/// has to, which hands over the `key` of the answer, or all of it, as JSON. A key with an `expired_at` no longer counts.
/// Nothing says for whom the token was made: the `environment` in the body, and whether the item is known, do.
///
/// Events have no id: the same one may well come twice, and that is not known from a retry.
pub const PLAID: Provider = Provider::new(
    "plaid",
    Scheme::Jwt(
        Jwt::new(JwtAlgorithm::Es256)
            .at(At::Header("plaid-verification"))
            .keys(JwtKeys::Asked("https://production.plaid.com/webhook_verification_key/get"))
            .claims(&[JwtClaim::Issued, JwtClaim::BodyHash("request_body_sha256")]),
    ),
)
.docs("https://plaid.com/docs/api/webhooks/webhook-verification/")
.accepts(&["application/json"])
.tolerance(300, 60)
.kind(At::FirstOf(&[At::Joined(&[At::Json("/webhook_type"), At::Json("/webhook_code")], "."), At::Json("/webhook_code")]))
.deadline(10)
.retries(Retries::Hours(24));
