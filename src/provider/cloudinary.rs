use super::{At, Digest, Hmac, Part, Provider, Scheme, Syntax, TimeUnit};

const fn provider(name: &'static str, digest: Digest) -> Provider {
    let scheme = Hmac::new(digest)
        .plain_hash_before_secret()
        .over(&[Part::Body, Part::Timestamp])
        .signature(At::Header("x-cld-signature"), Syntax::Bare)
        .timestamp(At::Header("x-cld-timestamp"), TimeUnit::Seconds);
    Provider::new(name, Scheme::Hmac(scheme))
        .docs("https://cloudinary.com/documentation/notification_signatures")
        .accepts(&["application/json"])
        .needs_body()
        .tolerance(7200, 300)
        .label(At::Json("/public_id"))
        .kind(At::Json("/notification_type"))
}

/// [Cloudinary](https://cloudinary.com/documentation/notification_signatures) notifications of an account that signs
/// with SHA-256. The kind is the type, such as `upload`.
///
/// No HMAC but a plain hash of body, time and the product environment's API secret, in this order. One provider for
/// each hash, so that nobody can choose the weaker one: an account signs with SHA-1 unless it asked Cloudinary for
/// SHA-256. Who can make two messages of one SHA-1 sum can have the one vouch for the other.
///
/// Body and time can be cut in one way only, as the body is a JSON object. A time, in seconds, is good for two hours,
/// as in its [library for Node](https://github.com/cloudinary/cloudinary_npm/blob/HEAD/lib/utils/index.js), which takes
/// any in the future; more than five minutes ahead is refused here.
///
/// No notification has an id, and nothing here makes two requests the same: say [`key_by`](crate::Builder::key_by).
pub const CLOUDINARY: Provider = provider("cloudinary", Digest::Sha256);

/// The same as [`CLOUDINARY`] with SHA-1, which accounts sign with unless they asked for another.
pub const CLOUDINARY_SHA1: Provider = provider("cloudinary_sha1", Digest::Sha1);
