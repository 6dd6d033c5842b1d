use super::{At, Digest, Hmac, Part, Provider, Scheme, Syntax, TimeUnit, buildkite::LABEL};

/// [Buildkite](https://buildkite.com/docs/apis/webhooks/pipelines) with a signature. The kind is the event, such as
/// `build.finished`; the label is the id of the job, build or agent.
///
/// The time is signed beside the body. No request has an id of its event, and a payload can show a later state than that
/// of the event it is sent for, so nothing here makes two requests the same: say
/// [`key_by`](crate::Builder::key_by).
pub const BUILDKITE_SIGNED: Provider = Provider::new(
    "buildkite_signed",
    Scheme::Hmac(
        Hmac::new(Digest::Sha256)
            .over(&[Part::Timestamp, Part::Text("."), Part::Body])
            .signature(
                At::Header("x-buildkite-signature"),
                Syntax::Pairs { separator: ',', signature: "signature", spaces: false },
            )
            .timestamp(At::SignaturePair("timestamp"), TimeUnit::Seconds),
    ),
)
.docs("https://buildkite.com/docs/apis/webhooks/pipelines")
.tolerance(300, 300)
.label(LABEL)
.kind(At::Json("/event"));
