use super::{At, Custom, Digest, Encoding, Exhibit, Genuine, Part, Provider, Scheme, TimeUnit, Unsigned};
use crate::Error;

const SIGNATURE: &str = "sanity-webhook-signature";
const KEY: At = At::Header("idempotency-key");
/// The start of 2021 in milliseconds: before it Sanity had signed nothing.
const FIRST: u64 = 1_609_459_200_000;

/// [Sanity](https://www.sanity.io/docs/content-lake/webhooks) webhooks with a secret. The kind is the document's `_type`,
/// if the projection has it.
///
/// Stricter than pairs that may stand in any order: Sanity's own library makes the whole header anew and compares, so
/// the time comes first, nothing parts it from the signature but a comma, and a time in seconds is none. Neither it nor
/// the documentation sets a limit on age, and whether a retry is signed anew is not said: no tolerance is set.
///
/// A webhook without a projection brings a document; `_id` and `_type` are the document's. The identity is the
/// idempotency key, which is not signed, and the payload's digest.
pub const SANITY: Provider = Provider::new(
    "sanity",
    Scheme::Custom(
        Custom::new(At::Header(SIGNATURE), Digest::Sha256, judge)
            .covers(&[Part::Body], &[])
            .signed_by(sign, r#"{"_id":"d1","_type":"post"}"#),
    ),
)
.docs("https://www.sanity.io/docs/content-lake/webhooks")
.accepts(&["application/json"])
.needs_body()
.label(KEY)
.identity(&[KEY, At::PayloadDigest])
.kind(At::Json("/_type"))
.time(At::Json("/_updatedAt"), TimeUnit::Rfc3339);

fn judge(exhibit: &Exhibit<'_>) -> Result<Option<Genuine>, Error> {
    const UNREADABLE: Error = Exhibit::malformed("it is not a time and a signature");
    let header = exhibit.header(SIGNATURE)?.ok_or(Exhibit::missing())?;
    let (time, claimed) = parts(header).ok_or(UNREADABLE)?;
    let made = exhibit.is_made_of(&[time, b".", exhibit.body()], Encoding::Base64UrlUnpadded, claimed);
    Ok(made.then(|| Genuine::at(time, TimeUnit::Millis)))
}

fn sign(request: &mut Unsigned<'_>) -> Option<()> {
    let time = request.time(TimeUnit::Millis)?;
    let tag = request.tag(&[time.as_bytes(), b".", request.request().body()], Encoding::Base64UrlUnpadded);
    request.set_header(SIGNATURE, &format!("t={time},v1={tag}"))
}

/// Time and signature of `t=…,v1=…`, the time as its digits are written in one way only.
fn parts(header: &[u8]) -> Option<(&[u8], &[u8])> {
    let rest = header.strip_prefix(b"t=")?;
    let (time, signature) = rest.split_at(rest.iter().position(|b| *b == b',')?);
    let number: u64 = str::from_utf8(time).ok()?.parse().ok()?;
    let canonical = number >= FIRST && number.to_string().as_bytes() == time;
    Some((canonical.then_some(time)?, signature.strip_prefix(b",v1=")?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_way_of_writing_is_taken() {
        assert_eq!(parts(b"t=1633519811129,v1=abc"), Some((&b"1633519811129"[..], &b"abc"[..])));
        for header in [
            "",
            "t=,v1=abc",
            "t=1633519811129",
            "t=1633519811129, v1=abc",
            "t=1633519811129,v2=abc",
            "v1=abc,t=1633519811129",
            "t=+1633519811129,v1=abc",
            "t=01633519811129,v1=abc",
            "t=1633519811,v1=abc",
        ] {
            assert_eq!(parts(header.as_bytes()), None, "{header}");
        }
    }
}
