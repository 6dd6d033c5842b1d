//! The signature covers the address as it was entered at Twilio, so it has to be configured, and behind it every form
//! field, sorted, a value that comes again left out. Twilio is not of one mind on whether a port belongs to the address:
//! with it and without it, either will do. A body that is no form stands in the address as `bodySHA256`, and one that
//! does not is refused, for nothing would cover it. SHA-1 with the auth token is the only hash taken here: a request that
//! says it was signed with a shared key by another one is refused.
//!
//! Events have no id of their own: identity is the message with its status, else the token that a retry repeats, which is
//! not signed, and the payload's digest. An answer's body is TwiML where Twilio waits for instructions.

use std::collections::BTreeSet;

use data_encoding::HEXLOWER;
use sha2::{Digest as _, Sha256};

use super::{At, Custom, Digest, Encoding, Exhibit, Genuine, Part, Provider, Scheme, Unsigned};
use crate::{Error, body::form::Field};

const SIGNATURE: &str = "x-twilio-signature";
const SETTINGS: &str = "x-twilio-webhooks-signature-settings";
const BODY_HASH: &str = "bodySHA256";
const MESSAGE: At = At::Form("MessageSid");

/// [Twilio](https://www.twilio.com/docs/usage/webhooks/webhooks-security): messages, calls and what becomes of them, as
/// forms; JSON where Twilio signs its hash. The secret is the primary auth token.
pub const TWILIO: Provider = Provider::new(
    "twilio",
    Scheme::Custom(
        Custom::new(At::Header(SIGNATURE), Digest::Sha1, judge)
            .covers(&[Part::Url, Part::SortedForm], &[])
            .signed_by(sign, "MessageSid=SM1&SmsStatus=received&Body=Hello"),
    ),
)
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
.kind(At::FirstOf(&[At::Form("MessageStatus"), At::Form("SmsStatus"), At::Form("CallStatus"), At::Form("EventType")]))
.deadline(15);

fn judge(exhibit: &Exhibit<'_>) -> Result<Option<Genuine>, Error> {
    let claimed = exhibit.header(SIGNATURE)?.ok_or(Exhibit::missing())?;
    if exhibit.header(SETTINGS)?.is_some_and(|settings| !is_sha1(settings)) {
        return Err(Exhibit::malformed("it is signed by another hash"));
    }
    let fields = match exhibit.fields() {
        Some(fields) => fields,
        None if exhibit.body().is_empty() => Vec::new(),
        None => {
            let hash = exhibit.query(BODY_HASH)?.ok_or(Exhibit::missing())?;
            if *hash != *body_hash(exhibit.body()).as_bytes() {
                return Ok(None);
            }
            Vec::new()
        }
    };
    let fields = sorted(&fields);
    let made = addresses(&exhibit.url()?)
        .iter()
        .any(|url| exhibit.is_made_of(&[url.as_bytes(), &fields], Encoding::Base64, claimed));
    Ok(made.then(Genuine::new))
}

fn sign(request: &mut Unsigned<'_>) -> Option<()> {
    let fields = request.fields().map(|fields| sorted(&fields));
    if fields.is_none() && !request.request().body().is_empty() {
        let hash = body_hash(request.request().body());
        request.add_query(BODY_HASH, &hash)?;
    }
    let tag = request.tag(&[request.url().as_bytes(), &fields.unwrap_or_default()], Encoding::Base64);
    request.set_header(SIGNATURE, &tag)
}

/// Whether the settings name the hash that counts, or none.
fn is_sha1(settings: &[u8]) -> bool {
    let named = settings.split(|b| *b == b',').find_map(|part| part.trim_ascii().strip_prefix(b"algorithm="));
    named.is_none_or(|name| name.is_empty() || name.eq_ignore_ascii_case(b"HMAC_SHA1"))
}

/// Names and values with nothing between them, each pair once.
fn sorted(fields: &[Field<'_>]) -> Vec<u8> {
    let fields: BTreeSet<&Field<'_>> = fields.iter().collect();
    fields.into_iter().flat_map(|(name, value)| name.iter().chain(value.iter()).copied()).collect()
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
    fn pairs_are_sorted_and_come_once() {
        let form = b"b=2&a=2&a=1&a=2&c=";
        let fields: Vec<_> = crate::body::form::pairs(form).collect();
        assert_eq!(sorted(&fields), b"a1a2b2c");
    }

    #[test]
    fn another_hash_is_known_by_its_name() {
        for settings in ["", "key=k", "key=k,algorithm=", "key=k, algorithm=HMAC_SHA1", "algorithm=hmac_sha1,key=k"] {
            assert!(is_sha1(settings.as_bytes()), "{settings}");
        }
        for settings in ["algorithm=HMAC_SHA256", "key=k,algorithm=HMAC_SHA256", "key=k, algorithm=none"] {
            assert!(!is_sha1(settings.as_bytes()), "{settings}");
        }
    }
}
