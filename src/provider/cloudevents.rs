//! **Nothing is signed**: CloudEvents leave it to whoever sends them. Here a token is asked for, as a bearer token or, as
//! the specification allows and does not recommend, in the address as `access_token`. It proves who sent, not what. For
//! a sender that signs, keep the envelope and change the [scheme](super::Provider::scheme).
//!
//! All three modes are read: binary, where attributes are `ce-` headers and the body is the data; structured; and batched,
//! both in JSON only (another format is a 415). Before it sends, a sender may ask by OPTIONS whether it may: tell the
//! verifier [whom to allow](crate::VerifierBuilder::allow_origin). The address for a later answer that it can name is never
//! visited. A 410 from a handler makes it stop for good.

use super::{At, Handshake, Provider, Scheme, StaticToken};

/// [CloudEvents](https://github.com/cloudevents/spec/blob/main/cloudevents/http-webhook.md) 1.0 over HTTP.
pub const CLOUDEVENTS: Provider = Provider::new("cloudevents", Scheme::Token(StaticToken::bearer()))
    .or(Scheme::Token(StaticToken::bare(At::Query("access_token"))))
    .docs("https://github.com/cloudevents/spec/blob/main/cloudevents/http-webhook.md")
    .cloud_events()
    .handshakes(&[Handshake::web_hook_origin(&[])]);
