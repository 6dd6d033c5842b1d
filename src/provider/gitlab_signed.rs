use super::{At, Provider, standard_webhooks::UNBRANDED};

/// [GitLab](https://docs.gitlab.com/user/project/integrations/webhooks/) with a signing token. The kind is the body's,
/// such as `push`.
///
/// Standard Webhooks, without its body. The signed id is the idempotency key: the same on a retry and on a request sent
/// again by hand. The kind is what the signed body says (`push`, `merge_request`), for the header that
/// [`GITLAB`](super::GITLAB) reads is not signed; a custom template that leaves it out leaves events without a kind.
pub const GITLAB_SIGNED: Provider = Provider::new("gitlab_signed", UNBRANDED)
    .docs("https://docs.gitlab.com/user/project/integrations/webhooks/")
    .tolerance(300, 300)
    .label(At::SignedId)
    .identity(&[At::SignedId])
    .kind(At::FirstOf(&[At::Json("/object_kind"), At::Json("/event_name")]))
    .deadline(10);
