use super::{At, Custom, Digest, Encoding, Exhibit, Genuine, Part, Provider, Retries, Scheme, TimeUnit, Unsigned};
use crate::Error;

const PRIMARY: &str = "box-signature-primary";
const SECONDARY: &str = "box-signature-secondary";
const TIME: &str = "box-delivery-timestamp";
const VERSION: &str = "box-signature-version";
const ALGORITHM: &str = "box-signature-algorithm";

/// [Box](https://developer.box.com/guides/webhooks/v2/signatures-v2/) webhooks of version 2. The kind is the trigger, such
/// as `FILE.UPLOADED`.
///
/// Two keys, each with a header of its own: the first secret is the primary key and the second the secondary one. Each
/// counts in its own header only, and one that holds is enough, so that either can be exchanged. Body and delivery time
/// are signed, in that order; version and algorithm are pinned. Box takes no time in the future, so neither is one
/// taken here, whatever the tolerance: the clock has to be right.
///
/// The event's id stands in the body. `box-delivery-id` is another one on every try.
pub const BOX: Provider = Provider::new(
    "box",
    Scheme::Custom(
        Custom::new(At::Header(PRIMARY), Digest::Sha256, judge)
            .or_at(&[At::Header(SECONDARY)])
            .covers(&[Part::Body], &[At::Header(TIME)])
            .signed_by(sign, r#"{"type":"webhook_event","id":"1","trigger":"FILE.UPLOADED"}"#),
    ),
)
.docs("https://developer.box.com/guides/webhooks/v2/signatures-v2/")
.accepts(&["application/json"])
.tolerance(600, 0)
.label(At::Json("/id"))
.identity(&[At::Json("/id")])
.kind(At::Json("/trigger"))
.time(At::Json("/created_at"), TimeUnit::Rfc3339)
.deadline(30)
.retries(Retries::Hours(2));

fn judge(exhibit: &Exhibit<'_>) -> Result<Option<Genuine>, Error> {
    let need = |name| exhibit.header(name)?.ok_or(Exhibit::missing());
    let own = match exhibit.which_secret() {
        0 => exhibit.header(PRIMARY)?,
        1 => exhibit.header(SECONDARY)?,
        _ => None,
    };
    if (need(VERSION)?, need(ALGORITHM)?) != (b"1", b"HmacSHA256") {
        return Err(Exhibit::malformed("another version or algorithm"));
    }
    let time = need(TIME)?;
    let genuine = own.is_some_and(|own| exhibit.is_made_of(&[exhibit.body(), time], Encoding::Base64, own));
    Ok(genuine.then(|| Genuine::at(time, TimeUnit::Rfc3339)))
}

/// With one key as both, so that whichever of them it is given as holds.
fn sign(unsigned: &mut Unsigned<'_>) -> Option<()> {
    let time = unsigned.time(TimeUnit::Rfc3339)?;
    let tag = unsigned.tag(&[unsigned.request().body(), time.as_bytes()], Encoding::Base64);
    let headers = [(PRIMARY, &*tag), (SECONDARY, &tag), (TIME, &time), (VERSION, "1"), (ALGORITHM, "HmacSHA256")];
    headers.into_iter().try_for_each(|(name, value)| unsigned.set_header(name, value))
}
