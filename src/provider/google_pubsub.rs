use super::{At, Attempt, JwtClaim, Jwt, JwtAlgorithm, JwtKeys, Provider, Retries, Scheme, TimeUnit};

const ID: At = At::FirstOf(&[At::Json("/message/messageId"), At::Header("x-goog-pubsub-message-id")]);

pub(super) const KEYS: JwtKeys = JwtKeys::Set("https://www.googleapis.com/oauth2/v3/certs");
pub(super) const CLAIMS: &[JwtClaim] = &[
    JwtClaim::OneOf("iss", &["https://accounts.google.com", "accounts.google.com"]),
    JwtClaim::Expected("aud", "audience"),
    JwtClaim::Expected("email", "service_account_email"),
    JwtClaim::True("email_verified"),
    JwtClaim::Expires,
];

pub(super) const EXPECTS: &[&str] = &["audience", "service_account_email"];

/// [Google Cloud Pub/Sub](https://cloud.google.com/pubsub/docs/authenticate-push-subscriptions): push subscriptions,
/// wrapped and unwrapped. What to [expect](crate::VerifierBuilder::expect) is the `audience` of the subscription, which
/// is its address unless something else was entered, and the `service_account_email` that it signs as. The payload is `message`: [`PubSub`](crate::PubSub) decodes its `data`, which is base64.
///
/// Google makes such a token for anybody, for any audience: its signature alone proves nothing. The service account of
/// the subscription is what tells your project from another's, so both have to be said. One token is sent with many
/// messages, and none vouches for a body; a subscription without authentication has no token and is refused.
///
/// A message comes wrapped in JSON, its data in base64, or unwrapped: then the body is the data, and what is known of it
/// stands in headers, where the subscription is told to write them. The id is the same on each redelivery, and another
/// for what a publisher sends again. Only 102, 200, 201, 202 and 204 are taken for an acknowledgement.
pub const GOOGLE_PUBSUB: Provider =
    Provider::new("google_pubsub", Scheme::Jwt(Jwt::new(JwtAlgorithm::Rs256).keys(KEYS).claims(CLAIMS)))
        .docs("https://cloud.google.com/pubsub/docs/authenticate-push-subscriptions")
        .expects(EXPECTS)
        .label(ID)
        .identity(&[ID])
        .time(
            At::FirstOf(&[At::Json("/message/publishTime"), At::Header("x-goog-pubsub-publish-time")]),
            TimeUnit::Rfc3339,
        )
        .payload(At::FirstOf(&[At::Json("/message"), At::Json("")]))
        .attempt(Attempt::Count(At::Json("/deliveryAttempt")))
        .deadline(10)
        .retries(Retries::Hours(31 * 24));
