use super::{At, JwtClaim, Handshake, Jwt, JwtAlgorithm, Provider, Scheme};

const CHALLENGE: At = At::Json("/challenge");

/// [monday.com](https://developer.monday.com/apps/docs/integration-authorization): the webhooks of an app. What to
/// [expect](crate::VerifierBuilder::expect) is the `audience`, the address as it was entered. The kind is `event.type`, such as
/// `update_column_value`, or a life cycle event's `type`.
///
/// The token stands alone in its header, without `Bearer`, and vouches for nothing of the body; it lives for five minutes
/// and is meant for one address. Webhooks of an app's own are signed with the signing secret, those of its life cycle
/// with the client secret: say both, if both come to one address. What was made with a personal token is not signed at
/// all, and refused here.
///
/// The question that is asked before events are sent need not be signed either: it brings nothing. Nothing documented is
/// the same on each try.
pub const MONDAY: Provider = Provider::new(
    "monday",
    Scheme::Jwt(
        Jwt::new(JwtAlgorithm::Hs256).behind("").claims(&[JwtClaim::Expected("aud", "audience"), JwtClaim::Expires]),
    ),
)
.docs("https://developer.monday.com/apps/docs/integration-authorization")
.expects(&["audience"])
.accepts(&["application/json"])
.kind(At::FirstOf(&[At::Json("/event/type"), At::Json("/type")]))
.payload(At::FirstOf(&[At::Json("/event"), At::Json("")]))
.handshakes(&[Handshake::post_with(CHALLENGE).unsigned().echo_json("challenge", CHALLENGE)]);
