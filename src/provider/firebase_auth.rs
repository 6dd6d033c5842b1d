use super::{At, Jwt, JwtAlgorithm, JwtClaim, JwtKeys, Provider, Scheme, TimeUnit};

const KEYS: JwtKeys =
    JwtKeys::Set("https://www.googleapis.com/robot/v1/metadata/x509/securetoken@system.gserviceaccount.com");
const ID: At = At::Json("/event_id");

/// [Firebase Authentication](https://firebase.google.com/docs/auth/extend-with-blocking-functions): blocking functions.
/// What to [expect](crate::VerifierBuilder::expect) is the `issuer`, `https://securetoken.google.com/` and the project's
/// id, and the `audience`, the address of the function. The kind is `event_type`, such as `beforeSignIn`; the payload is
/// what the token says.
///
/// What Firebase asks before it lets a user in: the whole event stands in a token within the body, and nothing else of the
/// body counts. Every project's tokens are signed by the same keys, so the issuer, which names the project, and the
/// audience, which is the function's address, are what tells yours from another's.
///
/// Firebase waits for the answer: JSON that says what of the user to change, `{}` where a handler says nothing, or an error
/// that keeps the user out.
pub const FIREBASE_AUTH: Provider = Provider::new(
    "firebase_auth",
    Scheme::Jwt(Jwt::new(JwtAlgorithm::Rs256).at(At::Json("/data/jwt")).keys(KEYS).is_the_event().claims(&[
        JwtClaim::Expected("iss", "issuer"),
        JwtClaim::Expected("aud", "audience"),
        JwtClaim::Expires,
    ])),
)
.docs("https://firebase.google.com/docs/auth/extend-with-blocking-functions")
.accepts(&["application/json"])
.expects(&["issuer", "audience"])
.label(ID)
.identity(&[ID])
.kind(At::Json("/event_type"))
.time(At::Json("/iat"), TimeUnit::Seconds)
.success_json("{}")
.deadline(7);
