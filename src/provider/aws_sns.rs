use data_encoding::BASE64;

use super::{
    Algorithm, At, Certificates, Claim, Encoding, Exhibit, Handshake, Host, Pinned, Provider, PublicKey, Read, Retries, Scheme,
    Syntax, TimeUnit, Unsigned,
};
use crate::{
    Error, ErrorKind,
    body::json::{self, Picked, Pointers},
};

const HOSTS: &[Host] = &[Host::Label("sns.", ".amazonaws.com"), Host::Label("sns.", ".amazonaws.com.cn")];

/// Whose certificates sign: of the service as a whole, or of a region.
const NAMES: &[Host] = &[
    Host::Is("sns.amazonaws.com"),
    Host::Between("sns.", ".amazonaws.com"),
    Host::Between("sns.", ".amazonaws.com.cn"),
    Host::Between("sns-signing.", ".amazonaws.com"),
    Host::Between("sns-signing.", ".amazonaws.com.cn"),
    Host::Between("sns-us-gov-", ".amazonaws.com"),
];

const EXAMPLE: &str = "https://sns.us-east-1.amazonaws.com/SimpleNotificationService-0123456789abcdef0123456789abcdef.pem";

const SIGNER: Certificates =
    Certificates::new(At::Json("/SigningCertURL"), Pinned::new(HOSTS).path("/", ".pem"), EXAMPLE, NAMES);

const SIGNED: &[At] = &[
    At::Json("/Message"),
    At::Json("/MessageId"),
    At::Json("/Subject"),
    At::Json("/Timestamp"),
    At::Json("/TopicArn"),
    At::Json("/Type"),
];

/// [AWS SNS](https://docs.aws.amazon.com/sns/latest/dg/sns-verify-signature-of-message.html) over HTTPS. It has no
/// secret; say `expect("topic_arn", …)`. The payload is the message's text; kinds are SNS's own, so give notifications to
/// `on("Notification", …)`.
///
/// Signature and certificate's address stand in the body, and so does the version of the signature: 1 is RSA with SHA-1,
/// 2 with SHA-256. Both are taken, for 1 is what topics use unless they are told otherwise; set `SignatureVersion` to 2
/// on the topic and take [`AWS_SNS.only`](super::Provider::only)`(&[Algorithm::RsaPkcs1Sha256])`.
///
/// Anybody can have AWS send a genuine message of a topic of their own, so a verifier must be told to `expect` its
/// `topic_arn`. Certificates come from `sns.<region>.amazonaws.com` alone. That host vouches for them, as in the vendor's
/// own validators; tell the verifier to [`trust`](crate::VerifierBuilder::trust) roots if you know which. Message
/// attributes and headers are not signed.
///
/// A subscription begins with a message that asks for a visit to an address: that is no event but a
/// [confirmation](crate::Delivery::confirmation). Nothing is visited unless the receiver is given somebody to
/// [do it](crate::Builder::confirm_by). **Raw delivery is not signed at all**, and refused here: use it only behind
/// another credential, with a provider of your own.
pub const AWS_SNS: Provider = Provider::new(
    "aws_sns",
    Scheme::PublicKey(
        PublicKey::new(&[Algorithm::RsaPkcs1Sha256, Algorithm::RsaPkcs1Sha1])
            .certificates(&SIGNER)
            .signature(At::Json("/Signature"), Syntax::Bare)
            .read_by(Read(read), &[], SIGNED)
            .signed_by(sign, r#"{"Message":"hello"}"#),
    ),
)
.docs("https://docs.aws.amazon.com/sns/latest/dg/sns-verify-signature-of-message.html")
.expects(&["topic_arn"])
.label(At::Json("/MessageId"))
.identity(&[At::Json("/MessageId")])
.kind(At::Json("/Type"))
.time(At::Json("/Timestamp"), TimeUnit::Rfc3339)
.payload(At::Inner("/Message"))
.handshakes(&[
    Handshake::post(At::Json("/Type"), SUBSCRIPTION)
        .confirm(At::Json("/SubscribeURL"), Pinned::new(HOSTS).with_query()),
    // Its address would subscribe anew.
    Handshake::post(At::Json("/Type"), "UnsubscribeConfirmation"),
])
.deadline(15)
.retries(Retries::Hours(24));

const SUBSCRIPTION: &str = "SubscriptionConfirmation";

/// What is signed of each type, in order; what is absent is left out.
const NOTIFICATION: &[&str] = &["/Message", "/MessageId", "/Subject", "/Timestamp", "/TopicArn", "/Type"];
const CONFIRMATION: &[&str] =
    &["/Message", "/MessageId", "/SubscribeURL", "/Timestamp", "/Token", "/TopicArn", "/Type"];

fn read(request: &Exhibit<'_>) -> Result<Claim, Error> {
    let pointers = pointers();
    let body = json::without_mark(request.body());
    let picked = pointers.pick(body).map_err(|e| Error::new(ErrorKind::MalformedBody, "it is no JSON").because(e))?;
    let need = |pointer: &str| string(&picked, pointer).filter(|text| !text.is_empty()).ok_or(Exhibit::missing());
    let order = match &*need("/Type")? {
        "Notification" => NOTIFICATION,
        SUBSCRIPTION | "UnsubscribeConfirmation" => CONFIRMATION,
        _ => return Err(Exhibit::malformed_body("it is no message of a type that is known")),
    };
    let algorithm = match &*need("/SignatureVersion")? {
        "1" => Algorithm::RsaPkcs1Sha1,
        "2" => Algorithm::RsaPkcs1Sha256,
        _ => return Err(Error::new(ErrorKind::WrongAlgorithm, "the version of its signature is not known")),
    };
    // Lines alone part the fields from each other: with a break in any other than the message, whoever wrote a message
    // could have it end early and the rest of it be the id or the subject.
    let breaks = |pointer: &&&str| **pointer != "/Message" && string(&picked, pointer).is_some_and(|t| t.contains('\n'));
    if order.iter().any(|pointer| breaks(&pointer)) {
        return Err(Exhibit::malformed_body("only a message may have several lines"));
    }
    // What is there and left out of what is signed would be anybody's.
    if picked.raw("/Subject").is_some() && string(&picked, "/Subject").is_none() {
        return Err(Exhibit::malformed_body("its subject is no text"));
    }
    let message = message(order, &picked).ok_or(Exhibit::missing())?;
    const FORGED: Error = Error::new(ErrorKind::BadSignature, "it is not in base64");
    let signature = BASE64.decode(need("/Signature")?.as_bytes()).map_err(|_| FORGED)?;
    let mut claim = Claim::new(algorithm, need("/SigningCertURL")?.into_owned(), message, signature);
    claim.time = Some((need("/Timestamp")?.as_bytes().to_vec(), TimeUnit::Rfc3339));
    claim.meant_for = Some(("topic_arn", need("/TopicArn")?.into_owned()));
    Ok(claim)
}

fn pointers() -> Pointers {
    let mut pointers = Pointers::default();
    for pointer in NOTIFICATION.iter().chain(CONFIRMATION) {
        pointers.add(pointer);
    }
    for pointer in ["/Signature", "/SignatureVersion", "/SigningCertURL"] {
        pointers.add(pointer);
    }
    pointers
}

/// Names and values in order, each on a line of its own.
fn message(order: &[&str], picked: &Picked<'_, '_>) -> Option<Vec<u8>> {
    let mut message = Vec::new();
    for pointer in order {
        let name = pointer.trim_start_matches('/');
        match string(picked, pointer) {
            Some(value) => {
                for piece in [name, "\n", &*value, "\n"] {
                    message.extend_from_slice(piece.as_bytes());
                }
            }
            None if name == "Subject" => {}
            None => return None,
        }
    }
    Some(message)
}

/// Whatever a message has and this one lacks; by version 2, whatever it was sent by before.
fn sign(request: &mut Unsigned<'_>) -> Option<()> {
    let (time, topic) = (request.time(TimeUnit::Rfc3339)?, request.expected("topic_arn")?.to_owned());
    let defaults = [
        ("/Type", "Notification"),
        ("/MessageId", "22b80b92-fdea-4c2c-8f9d-bdfb0c7bf324"),
        ("/TopicArn", &*topic),
        ("/Message", "{}"),
        ("/Timestamp", &*time),
        ("/SigningCertURL", EXAMPLE),
        ("/Token", "token"),
        ("/SubscribeURL", "https://sns.us-east-1.amazonaws.com/?Action=ConfirmSubscription&Token=token"),
    ];
    let pointers = pointers();
    let body = request.request().body().clone();
    let is_there = |picked: &Picked<'_, '_>, pointer| string(picked, pointer).is_some();
    let kind = string(&pointers.pick(json::without_mark(&body)).ok()?, "/Type").map(|kind| kind.into_owned());
    let notifies = kind.is_none_or(|kind| kind == "Notification");
    for (pointer, value) in defaults {
        let body = request.request().body().clone();
        let picked = pointers.pick(json::without_mark(&body)).ok()?;
        // Each try is signed with the message's own time.
        let due = NOTIFICATION.contains(&pointer) || !notifies || !CONFIRMATION.contains(&pointer);
        if due && !is_there(&picked, pointer) {
            request.put(At::Json(pointer), value)?;
        }
    }
    request.put(At::Json("/SignatureVersion"), "2")?;
    let body = request.request().body().clone();
    let order = if notifies { NOTIFICATION } else { CONFIRMATION };
    let message = message(order, &pointers.pick(json::without_mark(&body)).ok()?)?;
    let tag = request.tag(&[&message], Encoding::Base64);
    request.put(At::Json("/Signature"), &tag)
}

/// A string and nothing else: what is signed is its text, and a number's could be written in two ways.
fn string<'t>(picked: &Picked<'_, 't>, pointer: &str) -> Option<std::borrow::Cow<'t, str>> {
    picked.raw(pointer).filter(|raw| raw.starts_with('"'))?;
    picked.text(pointer)
}
