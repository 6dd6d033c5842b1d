use super::{At, Provider, standard_webhooks::UNBRANDED};

/// [Replicate](https://replicate.com/docs/webhooks): predictions and trainings. The kind is the
/// status, such as `succeeded`.
///
/// Standard Webhooks' headers around a prediction, which has no event of its own: the kind is its status, and the signed
/// id makes the event. Only `v1` counts, and the window is that of the standard, neither of which Replicate's own library
/// looks at.
pub const REPLICATE: Provider = Provider::new("replicate", UNBRANDED)
    .docs("https://replicate.com/docs/webhooks")
    .tolerance(300, 300)
    .label(At::SignedId)
    .identity(&[At::SignedId])
    .kind(At::Json("/status"));
