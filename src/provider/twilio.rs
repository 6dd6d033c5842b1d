use data_encoding::HEXLOWER;
use sha2::{Digest as _, Sha256};

use super::{At, Custom, Digest, Encoding, Exhibit, Genuine, Judge, Part, Provider, Scheme, Sign, Unsigned};
use crate::{Error, body::form::canonical};

const SIGNATURE: &str = "x-twilio-signature";
const SETTINGS: &str = "x-twilio-webhooks-signature-settings";
const BODY_HASH: &str = "bodySHA256";
const SHA1: &[u8] = b"HMAC_SHA1";
const SHA256: &[u8] = b"HMAC_SHA256";
const MESSAGE: At = At::Form("MessageSid");

/// [Twilio](https://www.twilio.com/docs/usage/webhooks/webhooks-security): messages, calls and what becomes of them, as
/// forms; JSON where Twilio signs its hash. The secret is the primary auth token, or a
/// shared key.
///
/// The signature covers the address as it was entered at Twilio, so it has to be configured, and behind it every form
/// field, sorted, a value that comes again left out. Twilio is not of one mind on whether a port belongs to the address:
/// with it and without it, either will do. A body that is no form stands in the address as `bodySHA256`, and one that
/// does not is refused, for nothing would cover it. A header says where a shared key was used in place of the auth token,
/// and with which hash: SHA-1 if it does not say, SHA-256 if it does, and no other.
///
/// Events have no id of their own: identity is the message with its status, else the token that a retry repeats, which is
/// not signed, and the payload's digest. An address that was entered with GET is sent the same fields in its query, and its
/// verifier is [told so](crate::VerifierBuilder::by_get). An answer's body is TwiML where Twilio waits for instructions.
///
/// **Where a field ends is not signed**, only the text that all of them make: who saw one request can have it read as other
/// fields, the message's id and status among them. The payload's digest is that of this text, so whatever is made of one
/// request has the same [fingerprint](crate::store::Slot::fingerprint), and is known as a [twin](crate::Twins).
pub const TWILIO: Provider = Provider::new(
    "twilio",
    Scheme::Custom(scheme(Digest::Sha1, judge, sign).only_where(At::Header(SETTINGS), |settings| algorithm(settings) == SHA1)),
)
.or(Scheme::Custom(scheme(Digest::Sha256, judge_sha256, sign_sha256)))
.docs("https://www.twilio.com/docs/usage/webhooks/webhooks-security")
.accepts(&["application/x-www-form-urlencoded", "application/json"])
.label(At::FirstOf(&[MESSAGE, At::Form("SmsSid"), At::Form("CallSid")]))
.identity(&[
    At::FirstOf(&[
        At::Joined(&[MESSAGE, At::Form("MessageStatus")], " "),
        At::Joined(&[MESSAGE, At::Form("SmsStatus")], " "),
        At::Header("i-twilio-idempotency-token"),
    ]),
    At::PayloadDigest,
])
.by_get()
.needs_body()
.kind(At::FirstOf(&[At::Form("MessageStatus"), At::Form("SmsStatus"), At::Form("CallStatus"), At::Form("EventType")]))
.deadline(15);

const fn scheme(digest: Digest, judge: Judge, sign: Sign) -> Custom {
    Custom::new(At::Header(SIGNATURE), digest, judge)
        .covers(&[Part::Url, Part::SortedForm], &[])
        .signed_by(sign, "MessageSid=SM1&SmsStatus=received&Body=Hello")
}

fn judge_sha256(exhibit: &Exhibit<'_>) -> Result<Option<Genuine>, Error> {
    if algorithm(exhibit.header(SETTINGS)?) != SHA256 {
        return Err(Exhibit::malformed("it is signed by a hash that does not count"));
    }
    judge(exhibit)
}

fn sign_sha256(request: &mut Unsigned<'_>) -> Option<()> {
    request.set_header(SETTINGS, "key=webhooks_sharedkey_test,algorithm=HMAC_SHA256")?;
    sign(request)
}

fn judge(exhibit: &Exhibit<'_>) -> Result<Option<Genuine>, Error> {
    let claimed = exhibit.header(SIGNATURE)?.ok_or(Exhibit::missing())?;
    let fields = match (exhibit.query(BODY_HASH)?, exhibit.fields()) {
        _ if exhibit.body().is_empty() => Vec::new(),
        // Whatever the body says of itself: who has its hash signed signs no fields.
        (Some(hash), _) if *hash == *body_hash(exhibit.body()).as_bytes() => Vec::new(),
        (Some(_), _) => return Ok(None),
        (None, Some(fields)) if fields.is_empty() => return Err(Exhibit::malformed_body("a form without fields")),
        (None, Some(fields)) => canonical(&fields),
        (None, None) => return Err(Exhibit::missing()),
    };
    let made = addresses(&exhibit.url()?)
        .iter()
        .any(|url| exhibit.is_made_of(&[url.as_bytes(), &fields], Encoding::Base64, claimed));
    Ok(made.then(Genuine::new))
}

fn sign(request: &mut Unsigned<'_>) -> Option<()> {
    let fields = request.fields().map(|fields| canonical(&fields));
    if fields.is_none() && !request.request().body().is_empty() {
        let hash = body_hash(request.request().body());
        request.add_query(BODY_HASH, &hash)?;
    }
    let tag = request.tag(&[request.url().as_bytes(), &fields.unwrap_or_default()], Encoding::Base64);
    request.set_header(SIGNATURE, &tag)
}

/// The hash that the settings name, in capitals.
fn algorithm(settings: Option<&[u8]>) -> Vec<u8> {
    let mut parts = settings.unwrap_or_default().split(|b| *b == b',').map(<[u8]>::trim_ascii);
    let named = parts.find_map(|part| part.strip_prefix(b"algorithm=")).map(<[u8]>::trim_ascii);
    named.filter(|name| !name.is_empty()).unwrap_or(SHA1).to_ascii_uppercase()
}

fn body_hash(body: &[u8]) -> String {
    HEXLOWER.encode(&Sha256::digest(body))
}

/// The address without a port, and with the one it has or the usual one.
fn addresses(url: &str) -> [String; 2] {
    let (scheme, rest) = url.split_at(url.find("://").map_or(0, |at| at + 3));
    let (authority, path) = rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len()));
    let host_starts = authority.find(']').or_else(|| authority.rfind('@')).unwrap_or_default();
    let port_starts = authority.get(host_starts..).and_then(|host| host.find(':')).map(|at| at + host_starts);
    let host = authority.get(..port_starts.unwrap_or(authority.len())).unwrap_or(authority);
    let usual = if scheme == "http://" { "80" } else { "443" };
    let with_port = match port_starts {
        Some(_) => url.to_owned(),
        None => format!("{scheme}{host}:{usual}{path}"),
    };
    [format!("{scheme}{host}{path}"), with_port]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_is_left_out_and_put_in() {
        let both = |url| addresses(url);
        assert_eq!(both("https://a.example/x?y=:1"), ["https://a.example/x?y=:1", "https://a.example:443/x?y=:1"]);
        assert_eq!(both("http://a.example"), ["http://a.example", "http://a.example:80"]);
        assert_eq!(both("https://a.example:8443/x"), ["https://a.example/x", "https://a.example:8443/x"]);
        assert_eq!(both("https://u:p@a.example/x"), ["https://u:p@a.example/x", "https://u:p@a.example:443/x"]);
        assert_eq!(both("https://[::1]/x"), ["https://[::1]/x", "https://[::1]:443/x"]);
        assert_eq!(both("https://u:p@[::1]:8443/"), ["https://u:p@[::1]/", "https://u:p@[::1]:8443/"]);
    }

    #[test]
    fn a_hash_is_known_by_its_name() {
        let named = |settings: &str| algorithm(Some(settings.as_bytes()));
        assert_eq!(algorithm(None), SHA1);
        for settings in ["", "key=k", "key=k,algorithm=", "key=k, algorithm=HMAC_SHA1", "algorithm=hmac_sha1,key=k"] {
            assert_eq!(named(settings), SHA1, "{settings}");
        }
        for settings in ["algorithm=HMAC_SHA256", "key=k, algorithm=hmac_sha256"] {
            assert_eq!(named(settings), SHA256, "{settings}");
        }
        for settings in ["algorithm=none", "key=k,algorithm=HMAC_SHA512", "algorithm=HMAC_SHA1x"] {
            assert!(![SHA1, SHA256].contains(&&*named(settings)), "{settings}");
        }
    }
}
