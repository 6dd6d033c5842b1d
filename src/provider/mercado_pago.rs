use super::{At, Custom, Digest, Encoding, Exhibit, Genuine, Make, Provider, Scheme, TimeUnit, Unsigned};
use crate::Error;

const SIGNATURE: &str = "x-signature";
const REQUEST: &str = "x-request-id";
const ID: &str = "data.id";

/// **The body is not signed**: what is, is `data.id` of the address's query, the header `x-request-id` and a time. Ask
/// Mercado Pago for the object of that id; whatever else stands in a body, its kind and id too, can have been written
/// by anybody who saw one notification.
///
/// [Mercado Pago](https://www.mercadopago.com.mx/developers/en/docs/checkout-api-orders/notifications): payments,
/// orders, subscriptions. The body is not signed. The kind is the action, such as `payment.updated`, the label the
/// signed id of the object.
///
/// So the signature is a nonce, good for one event, and a second event under it is refused. One that is missing of the
/// three is left out of what is signed, name and all; one with a semicolon in it is refused, as it could stand for two.
/// The id is taken as it came, as Mercado Pago's own libraries do. The time has been in seconds and in milliseconds: it
/// is told by its length, and only says when that signature was made, so it may be 30 days old. Notifications of QR
/// codes are not signed, and refused. All of this is from its [library for
/// Node](https://github.com/mercadopago/sdk-nodejs/blob/HEAD/src/utils/webhook/index.ts).
pub const MERCADO_PAGO: Provider = Provider::new(
    "mercado_pago",
    Scheme::Custom(
        Custom::new(At::Header(SIGNATURE), Digest::Sha256, judge)
            .covers(&[], &[At::Query(ID), At::Header(REQUEST)])
            .signed_by(sign, r#"{"id":1,"type":"payment","action":"payment.updated","data":{"id":"1"}}"#),
    ),
)
.docs("https://www.mercadopago.com.mx/developers/en/docs/checkout-api-orders/notifications")
.accepts(&["application/json"])
.tolerance(30 * 86_400, 300)
.label(At::Query(ID))
.identity(&[At::Optional(&At::Query(ID)), At::Json("/id")])
.nonce(At::Made(&At::Header(SIGNATURE), Make(hash)))
.kind(At::FirstOf(&[At::Json("/action"), At::Json("/type")]))
.time(At::Json("/date_created"), TimeUnit::Rfc3339)
.deadline(22);

/// The time and the one signature of this version; others are passed over.
fn read(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let only = |name: &[u8]| {
        let mut values = text.split(|b| *b == b',').filter_map(|pair| pair.trim_ascii().strip_prefix(name));
        values.next().filter(|value| !value.is_empty() && values.next().is_none())
    };
    Some((only(b"ts=")?, only(b"v1=")?))
}

/// Written in one way alone, as it has been judged.
fn hash(text: &str) -> Option<String> {
    let (_, hash) = read(text.as_bytes())?;
    String::from_utf8(hash.to_vec()).ok()
}

fn unit(time: &[u8]) -> TimeUnit {
    if time.len() <= 11 { TimeUnit::Seconds } else { TimeUnit::Millis }
}

fn judge(exhibit: &Exhibit<'_>) -> Result<Option<Genuine>, Error> {
    const UNREADABLE: Error = Exhibit::malformed("a time and one signature are due");
    let text = exhibit.header(SIGNATURE)?.ok_or(Exhibit::missing())?;
    let (time, claimed) = read(text).ok_or(UNREADABLE)?;
    let (id, request) = (exhibit.query(ID)?, exhibit.header(REQUEST)?);
    let id = id.as_deref().unwrap_or_default();
    let request = request.unwrap_or_default();
    if [id, request].iter().any(|value| value.contains(&b';')) || !time.iter().all(u8::is_ascii_digit) {
        return Err(Exhibit::malformed("what is signed could be cut in two ways"));
    }
    let made = exhibit.is_made_of(&manifest(id, request, time), Encoding::Hex, claimed);
    Ok(made.then(|| Genuine::at(time, unit(time))))
}

/// What is signed, in pieces.
fn manifest<'a>(id: &'a [u8], request: &'a [u8], time: &'a [u8]) -> [&'a [u8]; 9] {
    let [a, b, c] = if id.is_empty() { [&b""[..]; 3] } else { [b"id:", id, b";"] };
    let [d, e, f] = if request.is_empty() { [&b""[..]; 3] } else { [b"request-id:", request, b";"] };
    [a, b, c, d, e, f, b"ts:", time, b";"]
}

fn sign(unsigned: &mut Unsigned<'_>) -> Option<()> {
    let time = unsigned.time(TimeUnit::Millis)?;
    if !unsigned.request().headers().contains_key(REQUEST) {
        // Another one for another event.
        let id = unsigned.tag(&[unsigned.request().body()], Encoding::Hex);
        unsigned.set_header(REQUEST, id.get(..32)?)?;
    }
    let sent = unsigned.request();
    let query = sent.uri().query().unwrap_or_default();
    let id =
        crate::body::form::pairs(query.as_bytes()).find_map(|(name, value)| (*name == *ID.as_bytes()).then_some(value));
    let request = sent.headers().get(REQUEST)?.as_bytes();
    let tag = unsigned.tag(&manifest(&id.unwrap_or_default(), request, time.as_bytes()), Encoding::Hex);
    unsigned.set_header(SIGNATURE, &format!("ts={time},v1={tag}"))
}
