use super::{At, Provider, Scheme, StaticToken};

pub(super) const LABEL: At = At::FirstOf(&[At::Json("/job/id"), At::Json("/build/id"), At::Json("/agent/id")]);

/// **Nothing is signed**: a static token is sent with every request. It proves who sent, not what. Buildkite signs if it
/// is told to: prefer [`BUILDKITE_SIGNED`](super::BUILDKITE_SIGNED).
///
/// [Buildkite](https://buildkite.com/docs/apis/webhooks/pipelines) with a token. The kind is the event, such as
/// `build.finished`; the label is the id of the job, build or agent.
///
/// No request has an id of its event, and a payload can show a later state than that of the event it is sent for, so
/// nothing here makes two requests the same: say [`key_by`](crate::Builder::key_by).
pub const BUILDKITE: Provider =
    Provider::new("buildkite", Scheme::Token(StaticToken::bare(At::Header("x-buildkite-token"))))
        .docs("https://buildkite.com/docs/apis/webhooks/pipelines")
        .label(LABEL)
        .kind(At::Json("/event"));
