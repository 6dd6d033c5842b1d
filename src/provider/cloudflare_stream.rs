use super::{At, Digest, Hmac, Part, Provider, Scheme, Syntax, TimeUnit};

const VIDEO: At = At::Json("/uid");
const STATE: At = At::Json("/status/state");

/// [Cloudflare Stream](https://developers.cloudflare.com/stream/manage-video-library/using-webhooks/): videos that are ready
/// or failed. The kind is the state, such as `ready`. For notifications there is [`CLOUDFLARE`](super::CLOUDFLARE).
///
/// Each try says when it was signed, but not how old that may be: five minutes here. Cloudflare sends no id: a video becomes
/// ready or fails once, so the identity is the video and its state.
pub const CLOUDFLARE_STREAM: Provider = Provider::new(
    "cloudflare_stream",
    Scheme::Hmac(
        Hmac::new(Digest::Sha256)
            .over(&[Part::Timestamp, Part::Text("."), Part::Body])
            .signature(
                At::Header("webhook-signature"),
                Syntax::Pairs { separator: ',', signature: "sig1", spaces: false },
            )
            .timestamp(At::SignaturePair("time"), TimeUnit::Seconds),
    ),
)
.docs("https://developers.cloudflare.com/stream/manage-video-library/using-webhooks/")
.accepts(&["application/json"])
.tolerance(300, 300)
.label(VIDEO)
.identity(&[VIDEO, STATE])
.kind(STATE)
.time(At::Json("/modified"), TimeUnit::Rfc3339);
