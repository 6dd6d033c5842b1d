use data_encoding::BASE64;
use memchr::memchr;

use super::{
    At, Challenge, Custom, Digest, Encoding, Exhibit, Genuine, Handshake, KeyForm, Make, Provider, Scheme, TimeUnit,
    Unsigned,
};
use crate::{Error, body::form};

const SIGNATURE: &str = "bt_signature";
const PAYLOAD: &str = "bt_payload";
const CHALLENGE: At = At::Query("bt_challenge");

/// [Braintree](https://developer.paypal.com/braintree/docs/guides/webhooks/overview). The secret is the private key;
/// the [public key](crate::VerifierBuilder::public_key) has to be told too.
///
/// A form of two fields: a payload (base64 of XML) and signatures of it, each behind the public key of the pair of keys
/// that made it, of which only the configured one counts. The private key is hashed before it is a key, with SHA-1,
/// which is all that Braintree offers. A form that lost the payload's last line break still holds, as in Braintree's
/// own libraries.
///
/// Events have no id. The payload names kind, subject and the second, so the payload is the identity; a handler is given
/// the form. An address is proved by a GET that nobody signs and that is answered with a signature: only for challenges
/// that cannot be taken for a payload.
pub const BRAINTREE: Provider = Provider::new(
    "braintree",
    Scheme::Custom(
        Custom::new(At::Form(SIGNATURE), Digest::Sha1, judge)
            .key(KeyForm::Sha1)
            .covers(&[], &[At::Form(PAYLOAD)])
            .signed_by(sign, SAMPLE),
    ),
)
.docs("https://developer.paypal.com/braintree/docs/guides/webhooks/overview")
.needs_public_key()
.accepts(&["application/x-www-form-urlencoded"])
.identity(&[At::Made(&At::Form(PAYLOAD), Make(without_last_break))])
.kind(At::Made(&At::Form(PAYLOAD), Make(kind)))
.time(At::Made(&At::Form(PAYLOAD), Make(time)), TimeUnit::Rfc3339)
.handshakes(&[Handshake::get(CHALLENGE)
    .unsigned()
    .answer_text(&[CHALLENGE], answer)
    .sample("20f9f8ed05f77439fe955c977e4c8a53")]);

const SAMPLE: &str = "bt_payload=PG5vdGlmaWNhdGlvbj48a2luZD5jaGVjazwva2luZD48L25vdGlmaWNhdGlvbj4%3D%0A";

fn judge(exhibit: &Exhibit<'_>) -> Result<Option<Genuine>, Error> {
    const NO_PAYLOAD: Error = Exhibit::malformed_body("there is no payload in it");
    let fields = exhibit.fields().unwrap_or_default();
    let field = |name| form::last(&fields, name).map(|value| &**value).filter(|value| !value.is_empty());
    let (payload, signatures) = (field(PAYLOAD).ok_or(NO_PAYLOAD)?, field(SIGNATURE).unwrap_or_default());
    // Whoever asks has a challenge signed: it must not pass for a payload.
    if is_challenge(payload) || !payload.iter().all(|b| b.is_ascii_alphanumeric() || b"+/=\n".contains(b)) {
        return Err(NO_PAYLOAD);
    }
    let pairs: Vec<_> = signatures.split(|b| *b == b'&').filter_map(|pair| pair.split_at_checked(memchr(b'|', pair)?)).collect();
    if pairs.is_empty() {
        return Err(Exhibit::malformed("no key stands before the signature"));
    }
    let key = exhibit.public_key().map(str::as_bytes);
    let own = pairs.iter().filter(|(of, _)| Some(*of) == key).filter_map(|(_, signature)| signature.strip_prefix(b"|"));
    let own: Vec<_> = own.collect();
    let made = exhibit.is_any_of(&[payload], Encoding::Hex, &own)
        || exhibit.is_any_of(&[payload, b"\n"], Encoding::Hex, &own);
    Ok(made.then(Genuine::new))
}

fn sign(unsigned: &mut Unsigned<'_>) -> Option<()> {
    let fields = form::fields(unsigned.request().headers(), unsigned.request().body())?;
    let tag = unsigned.tag(&[form::last(&fields, PAYLOAD)?], Encoding::Hex);
    let signature = format!("{}|{tag}", unsigned.public_key());
    unsigned.put(At::Form(SIGNATURE), &signature)
}

/// A signature, to whoever asks.
fn answer(challenge: &Challenge<'_>) -> Option<String> {
    let asked = challenge.text(CHALLENGE).filter(|asked| is_challenge(asked.as_bytes()))?;
    Some(format!("{}|{}", challenge.public_key()?, challenge.tag(&asked, Encoding::Hex)))
}

/// 20 to 32 hexadecimal digits.
fn is_challenge(text: &[u8]) -> bool {
    (20..=32).contains(&text.len()) && text.iter().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(b))
}

/// The signature holds with the payload's last line break and without it: both are one event.
fn without_last_break(payload: &str) -> Option<String> {
    Some(payload.strip_suffix('\n').unwrap_or(payload).to_owned())
}

fn kind(payload: &str) -> Option<String> {
    child(payload, "kind")
}

fn time(payload: &str) -> Option<String> {
    child(payload, "timestamp")
}

/// The text of an element right below the root of the XML in a payload.
fn child(payload: &str, name: &str) -> Option<String> {
    let xml = BASE64.decode(payload.replace('\n', "").as_bytes()).ok()?;
    let mut rest = str::from_utf8(&xml).ok()?;
    let mut depth = 0_u32;
    while let Some((_, tag)) = rest.split_once('<') {
        let (tag, after) = tag.split_once('>')?;
        rest = after;
        if tag.starts_with('/') {
            depth = depth.checked_sub(1)?;
        } else if !tag.starts_with(['?', '!']) && !tag.ends_with('/') {
            if depth == 1 && tag.split_whitespace().next() == Some(name) {
                return Some(after.split('<').next()?.trim().to_owned());
            }
            depth = depth.checked_add(1)?;
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;
    use crate::{ErrorKind, Verifier};

    /// The expected answer was made with Braintree's own library for Python.
    #[test]
    fn only_a_challenge_is_answered() {
        let builder = Verifier::builder(&BRAINTREE).secret("integration_private_key");
        let verifier = builder.public_key("integration_public_key").build().unwrap();
        let ask = |challenge: &str| {
            let request = http::Request::get(format!("https://example.com/?bt_challenge={challenge}"));
            let delivery = verifier.verify(&request.body(Bytes::new()).unwrap()).map_err(|e| e.kind())?;
            Ok(String::from_utf8(delivery.reply().unwrap().body().to_vec()).unwrap())
        };
        let answer = "integration_public_key|d9b899556c966b3f06945ec21311865d35df3ce4";
        assert_eq!(ask("20f9f8ed05f77439fe955c977e4c8a53"), Ok(answer.to_owned()));
        for other in ["20f9f8ed05f77439fe9", "20F9F8ED05F77439FE955C977E4C8A53", "20f9f8ed05f77439fe955c977e4c8a53a", "PG5v"] {
            assert_eq!(ask(other), Err(ErrorKind::Envelope), "{other}");
        }
        assert_eq!(Verifier::new(&BRAINTREE, "integration_private_key").unwrap_err().kind(), ErrorKind::Config);
    }

    fn kind_of(xml: &str) -> Option<String> {
        let mut payload = BASE64.encode(xml.as_bytes());
        payload.push('\n');
        kind(&payload)
    }

    #[test]
    fn the_kind_is_the_roots_own() {
        let check = Some("check".to_owned());
        assert_eq!(kind_of("<?xml version=\"1.0\"?><n><kind> check </kind></n>"), check);
        assert_eq!(kind_of("<n><subject><kind>x</kind></subject><nil/><kind a=\"b\">check</kind></n>"), check);
        for none in ["", "<kind>check</kind>", "<n><kind/></n>", "<n><subject><kind>x</kind></subject></n>", "</n>", "<"] {
            assert_eq!(kind_of(none), None, "{none}");
        }
        assert_eq!(kind("%"), None);
    }
}
