use super::{At, Provider, Scheme, StaticToken};

const EVENT_KEY: At = At::Header("idempotency-key");

/// **Nothing is signed**: a static token is sent with every request. It proves who sent, not what. Newer GitLab signs if
/// it is told to: prefer [`GITLAB_SIGNED`](super::GITLAB_SIGNED).
///
/// [GitLab](https://docs.gitlab.com/user/project/integrations/webhooks/) with a secret token. The kind is the header's,
/// such as `Push Hook`.
///
/// The idempotency key stays the same on a retry and on a request sent again by hand; the webhook's UUID is made anew for
/// every request, and is a label. The identity is the key and the payload's digest.
pub const GITLAB: Provider = Provider::new("gitlab", Scheme::Token(StaticToken::bare(At::Header("x-gitlab-token"))))
    .docs("https://docs.gitlab.com/user/project/integrations/webhooks/")
    .label(At::Header("x-gitlab-webhook-uuid"))
    .identity(&[EVENT_KEY, At::PayloadDigest])
    .kind(At::Header("x-gitlab-event"))
    .deadline(10);
