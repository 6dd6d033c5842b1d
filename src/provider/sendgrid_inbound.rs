use super::{Provider, sendgrid::SIGNED};

/// [SendGrid's Inbound Parse](https://www.twilio.com/docs/sendgrid/for-developers/parsing-email/securing-your-parse-webhooks):
/// one e-mail a request, signed. It has neither kind nor identity: give it to `otherwise`, and make what is done with a
/// mail bear being done again. The payload is the form as it was posted; its boundary stands in the
/// [header](crate::Event::headers) `content-type`, as a reader of multipart forms wants it.
///
/// Not signed unless a security policy with a signature is attached to the parse setting; the policy's public key is the
/// secret here, and it is another than the event webhook's. Both headers are named as there, and the whole multipart body
/// is signed as it was posted. Such a body can be read with the feature `multipart` only, and is refused as unsupported
/// without it.
///
/// An e-mail comes with up to 30 MB: raise the [limit](crate::Builder::body_limit) of the receiver. A mail's
/// `Message-ID` is its sender's choice, so it is no identity. The age of a signature is not judged, as for
/// [events](super::SENDGRID).
pub const SENDGRID_INBOUND: Provider = Provider::new("sendgrid_inbound", SIGNED)
    .docs("https://www.twilio.com/docs/sendgrid/for-developers/parsing-email/securing-your-parse-webhooks");
