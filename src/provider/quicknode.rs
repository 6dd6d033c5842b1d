use super::{At, Custom, Digest, Encoding, Exhibit, Genuine, Part, Provider, Scheme, TimeUnit, Unsigned};
use crate::Error;

const SIGNATURE: &str = "x-qn-signature";
const NONCE: &str = "x-qn-nonce";
const TIME: &str = "x-qn-timestamp";

/// [QuickNode](https://www.quicknode.com/guides/quicknode-products/streams/validating-incoming-streams-webhook-messages)
/// Streams and Webhooks, not compressed. It has no kinds: give it to `otherwise`.
///
/// A nonce, a time and the body are signed, in this order with nothing between them. They can be cut in one way only,
/// for the body is a JSON object or list, the time is digits, and a nonce with a bracket in it is refused. QuickNode
/// says neither whether the time counts seconds or milliseconds nor how old it may be, so nothing expires.
///
/// **Turn compression off** where the stream's destination is set up: QuickNode signs the body as it was before, and
/// nothing is decompressed here before it is known who sent it. What a proxy of yours has decompressed holds.
///
/// A body is whatever a stream's filter makes of a block. None has an id, and nothing here makes two requests the same:
/// say [`key_by`](crate::Builder::key_by). The older QuickAlerts signed otherwise.
pub const QUICKNODE: Provider = Provider::new(
    "quicknode",
    Scheme::Custom(
        Custom::new(At::Header(SIGNATURE), Digest::Sha256, judge)
            .covers(&[Part::Body], &[])
            .signed_by(sign, r#"{"data":[{"number":"0x1"}]}"#),
    ),
)
.docs("https://www.quicknode.com/guides/quicknode-products/streams/validating-incoming-streams-webhook-messages")
.accepts(&["application/json"])
.needs_body();

fn judge(exhibit: &Exhibit<'_>) -> Result<Option<Genuine>, Error> {
    let need = |name| exhibit.header(name)?.ok_or(Exhibit::missing());
    let (claimed, nonce, time) = (need(SIGNATURE)?, need(NONCE)?, need(TIME)?);
    if !time.iter().all(u8::is_ascii_digit) || nonce.iter().any(|b| matches!(b, b'{' | b'[')) {
        return Err(Exhibit::malformed("nonce or time could be cut in two ways"));
    }
    if !matches!(exhibit.body().first(), Some(b'{' | b'[')) {
        return Err(Exhibit::malformed_body("it is no JSON object or list; is it compressed?"));
    }
    Ok(exhibit.is_made_of(&[nonce, time, exhibit.body()], Encoding::Hex, claimed).then(Genuine::new))
}

fn sign(unsigned: &mut Unsigned<'_>) -> Option<()> {
    let time = unsigned.time(TimeUnit::Seconds)?;
    let nonce = "7b3f9c2a1d5e4f60";
    let tag = unsigned.tag(&[nonce.as_bytes(), time.as_bytes(), unsigned.request().body()], Encoding::Hex);
    [(NONCE, nonce), (TIME, &time), (SIGNATURE, &tag)]
        .into_iter()
        .try_for_each(|(name, value)| unsigned.set_header(name, value))
}
