use super::{At, Provider, Scheme, StaticToken, TimeUnit};

/// **Nothing is signed**: all there is, is a secret that you append to the address, as `?secret=…`. Whoever sees an
/// access log sees it.
///
/// [Docker Hub](https://docs.docker.com/docker-hub/repos/manage/webhooks/): pushes to a repository. Nothing is signed.
/// It has no kinds; the label is the repository's name.
///
/// A push has no id, and nothing here makes two requests the same: say [`key_by`](crate::Builder::key_by). The address
/// in `callback_url` is not supported any more, and never visited.
pub const DOCKER_HUB: Provider = Provider::new("docker_hub", Scheme::Token(StaticToken::bare(At::Query("secret"))))
    .docs("https://docs.docker.com/docker-hub/repos/manage/webhooks/")
    .accepts(&["application/json"])
    .label(At::Json("/repository/repo_name"))
    .time(At::Json("/push_data/pushed_at"), TimeUnit::Seconds);
