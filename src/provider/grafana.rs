use super::{At, Digest, Hmac, Provider, Scheme, Syntax};

/// [Grafana](https://grafana.com/docs/grafana/latest/alerting/configure-notifications/manage-contact-points/integrations/webhook-notifier/)
/// alerting. The kind is the group's status, `firing` or `resolved`.
///
/// Signed only if a secret is entered, in the header that is proposed there, and over the body alone: leave the field for
/// a timestamp header empty.
///
/// One request is a group of alerts, which is sent again while it lasts, with the same bytes if nothing has changed:
/// nothing tells a reminder from a retry, so there is no identity.
pub const GRAFANA: Provider = Provider::new(
    "grafana",
    Scheme::Hmac(Hmac::new(Digest::Sha256).signature(At::Header("x-grafana-alerting-signature"), Syntax::Bare)),
)
.docs("https://grafana.com/docs/grafana/latest/alerting/configure-notifications/manage-contact-points/integrations/webhook-notifier/")
.accepts(&["application/json"])
.label(At::Json("/groupKey"))
.kind(At::Json("/status"));
