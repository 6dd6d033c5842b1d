use super::{Algorithm, At, Batch, Encoding, KeyForm, Part, Provider, PublicKey, Retries, Scheme, Syntax, TimeUnit};

pub(super) const SIGNED: Scheme = Scheme::PublicKey(
    PublicKey::new(&[Algorithm::EcdsaP256Sha256])
        .key(KeyForm::Base64)
        .over(&[Part::Timestamp, Part::Body])
        .signature(At::Header("x-twilio-email-event-webhook-signature"), Syntax::Bare)
        .encoding(Encoding::Base64PaddedOrNot)
        .timestamp(At::Header("x-twilio-email-event-webhook-timestamp"), TimeUnit::Seconds),
);

/// [SendGrid](https://www.twilio.com/docs/sendgrid/for-developers/tracking-events/getting-started-event-webhook-security-features):
/// the event webhook, signed.
///
/// Signing is switched on in the mail settings; the key there is the secret here. The body ends with a line break and has
/// others between its events, all of them signed: anything that trims or writes the body anew breaks the signature.
///
/// The header's time is that of signing, and its age is not judged: SendGrid sends again for a day and does not say
/// whether it signs again. Refuse old ones with a [tolerance](crate::VerifierBuilder::tolerance) of your own.
pub const SENDGRID: Provider = Provider::new("sendgrid", SIGNED)
    .docs("https://www.twilio.com/docs/sendgrid/for-developers/tracking-events/getting-started-event-webhook-security-features")
    .batch(Batch::List(""))
    .label(At::Json("/sg_event_id"))
    .identity(&[At::Json("/sg_event_id")])
    .kind(At::Json("/event"))
    .time(At::Json("/timestamp"), TimeUnit::Seconds)
    .retries(Retries::Hours(24));
