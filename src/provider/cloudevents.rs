use super::{At, Handshake, Provider, Scheme, StaticToken};

/// **Nothing is signed**: CloudEvents leave it to whoever sends them. Here a token is asked for, as a bearer token or, as
/// the specification allows and does not recommend, in the address as `access_token`. It proves who sent, not what. For
/// a sender that signs, keep the envelope and change the [scheme](super::Provider::scheme).
///
/// [CloudEvents](https://github.com/cloudevents/spec/blob/main/cloudevents/http-webhook.md) 1.0 over HTTP.
///
/// ```
/// use http::Request;
/// use inhook::{Verifier, provider::CLOUDEVENTS};
///
/// let verifier = Verifier::builder(&CLOUDEVENTS).secret("token").allow_origin("events.example.com").build()?;
/// let request = Request::post("https://example.com/in")
///     .header("authorization", "Bearer token")
///     .header("ce-specversion", "1.0")
///     .header("ce-id", "1")
///     .header("ce-source", "/orders")
///     .header("ce-type", "order.paid")
///     .header("ce-subject", "order%2042")
///     .body("{}".into())
///     .unwrap();
/// let event = verifier.verify(&request)?.into_events().remove(0);
/// assert_eq!(event.kind.as_deref(), Some("order.paid"));
/// assert_eq!(event.attribute("subject").as_deref(), Some("order 42"));
/// # Ok::<(), inhook::Error>(())
/// ```
///
/// All three modes are read: binary, where attributes are `ce-` headers and the body is the data; structured; and batched,
/// both in JSON only (another format is a 415). Before it sends, a sender may ask by OPTIONS whether it may: tell the
/// verifier [whom to allow](crate::VerifierBuilder::allow_origin). The address for a later answer that it can name is never
/// visited. A 410 from a handler makes it stop for good.
pub const CLOUDEVENTS: Provider = Provider::new("cloudevents", Scheme::Token(StaticToken::bearer()))
    .or(Scheme::Token(StaticToken::bare(At::Query("access_token"))))
    .docs("https://github.com/cloudevents/spec/blob/main/cloudevents/http-webhook.md")
    .cloud_events()
    .handshakes(&[Handshake::web_hook_origin(&[])]);
