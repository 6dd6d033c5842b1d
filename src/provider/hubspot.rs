use super::{At, Attempt, Batch, Digest, Encoding, Hmac, Part, Provider, Scheme, Syntax, TimeUnit};

const fn provider(name: &'static str, scheme: Hmac) -> Provider {
    Provider::new(name, Scheme::Hmac(scheme))
        .docs("https://developers.hubspot.com/docs/apps/legacy-apps/authentication/validating-requests")
        .accepts(&["application/json"])
        .batch(Batch::List(""))
        .label(At::Json("/eventId"))
        .identity(&[
            At::Json("/subscriptionId"),
            At::Json("/eventId"),
            At::Json("/subscriptionType"),
            At::Json("/occurredAt"),
            At::Optional(&At::Json("/portalId")),
            At::Optional(&At::Json("/objectId")),
            At::Optional(&At::Json("/propertyName")),
            At::Optional(&At::Json("/propertyValue")),
            At::Optional(&At::Json("/fromObjectId")),
            At::Optional(&At::Json("/toObjectId")),
            At::Optional(&At::Json("/associationType")),
        ])
        .unstable_payload()
        .kind(At::Json("/subscriptionType"))
        .time(At::Json("/occurredAt"), TimeUnit::Millis)
        .attempt(Attempt::Retry(At::Json("/attemptNumber")))
}

const OLD: Hmac = Hmac::new(Digest::Sha256).plain_hash().signature(At::Header("x-hubspot-signature"), Syntax::Bare);

/// [HubSpot](https://developers.hubspot.com/docs/apps/legacy-apps/authentication/validating-requests), version 3 of the
/// signature: the one to use. The secret is the app's client secret.
///
/// One provider for each version of the signature, so that nobody can choose the weaker one: version 3 is an HMAC with a
/// time, 2 and 1 are plain hashes that begin with the secret, never expire, and whose owner can be made to vouch for more
/// than was signed. HubSpot sends the older headers beside the newer ones. Versions 3 and 2 cover the address, so it has
/// to be configured.
///
/// A notification's id is not unique, HubSpot says; with what happened to what, and when, it is. The try is counted
/// within each notification, so its bytes change from try to try.
pub const HUBSPOT: Provider = provider(
    "hubspot",
    Hmac::new(Digest::Sha256)
        .over(&[Part::Method, Part::Url, Part::Body, Part::Timestamp])
        .signature(At::Header("x-hubspot-signature-v3"), Syntax::Bare)
        .encoding(Encoding::Base64)
        .timestamp(At::Header("x-hubspot-request-timestamp"), TimeUnit::Millis),
)
.tolerance(300, 300);

/// [HubSpot](HUBSPOT), version 2 of the signature: a hash of secret, method, address and body, without a time.
pub const HUBSPOT_V2: Provider = provider("hubspot_v2", OLD.over(&[Part::Method, Part::Url, Part::Body]));

/// [HubSpot](HUBSPOT), version 1 of the signature: a hash of secret and body, without a time.
pub const HUBSPOT_V1: Provider = provider("hubspot_v1", OLD);
