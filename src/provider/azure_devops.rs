use super::{At, Provider, Retries, Scheme, StaticToken, TimeUnit};

/// **Nothing is signed**: user name and password of HTTP's basic authentication are all that Azure DevOps sends. They
/// prove who sent, not what. The secret is both with a colon between them.
///
/// [Azure DevOps](https://learn.microsoft.com/azure/devops/service-hooks/services/webhooks) service hooks. Nothing is
/// signed. The kind is the event's type, such as `git.push`.
///
/// **Only 408, 502, 503 and 504 are [tried
/// again](https://learn.microsoft.com/azure/devops/service-hooks/troubleshoot)**, eight times within minutes, so a
/// failure is answered 503. Any other puts the subscription on probation, and a 410 disables it.
pub const AZURE_DEVOPS: Provider = Provider::new("azure_devops", Scheme::Token(StaticToken::basic()))
    .docs("https://learn.microsoft.com/azure/devops/service-hooks/services/webhooks")
    .accepts(&["application/json"])
    .label(At::Json("/id"))
    .identity(&[At::Json("/id")])
    .kind(At::Json("/eventType"))
    .time(At::Json("/createdDate"), TimeUnit::Rfc3339)
    .payload(At::FirstOf(&[At::Json("/resource"), At::Json("")]))
    .version(At::Json("/resourceVersion"))
    .again(503)
    .retries(Retries::Hours(1));
