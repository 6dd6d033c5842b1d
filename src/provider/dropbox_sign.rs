use super::{At, Custom, Digest, Encoding, Exhibit, Genuine, Provider, Scheme, TimeUnit, Unsigned};
use crate::{
    Error,
    body::{
        form,
        json::{self, Pointers},
    },
};

const FIELD: &str = "json";
const HASH: &str = "/event/event_hash";
const TYPE: &str = "/event/event_type";
const TIME: &str = "/event/event_time";

const fn scheme(at: At, sample: &'static str) -> Scheme {
    let custom = Custom::new(at, Digest::Sha256, judge).covers(&[], &[At::Json(TYPE), At::Json(TIME)]);
    Scheme::Custom(custom.signed_by(sign, sample))
}

/// **The signature covers the event's time and type and nothing else**: whoever saw one delivery can change all the rest
/// and send it again, so read back from the API what matters. It is no nonce either, since two events of one type in one
/// second bear the same. The identity is what is known of the event and the payload's digest.
///
/// [Dropbox Sign](https://developers.hellosign.com/docs/events/walkthrough/) (formerly HelloSign): signature requests,
/// templates, account callbacks.
///
/// JSON comes in the field `json` of a form, multipart unless configured otherwise (which needs the feature
/// `multipart`), or as it is. The key is the API key. Dropbox Sign takes an event for delivered only where the answer
/// says so, in words of its own.
pub const DROPBOX_SIGN: Provider = Provider::new(
    "dropbox_sign",
    scheme(
        At::Form(FIELD),
        "json=%7B%22event%22%3A%7B%22event_type%22%3A%22callback_test%22%2C%22event_time%22%3A%221700000000%22%7D%7D",
    ),
)
.or(scheme(At::Json(HASH), r#"{"event":{"event_type":"callback_test","event_time":"1700000000"}}"#))
.docs("https://developers.hellosign.com/docs/events/walkthrough/")
.accepts(&["multipart/form-data", "application/x-www-form-urlencoded", "application/json"])
.form_json(FIELD)
.identity(&[
    At::Json(TYPE),
    At::Json(TIME),
    At::Optional(&At::Json("/signature_request/signature_request_id")),
    At::Optional(&At::Json("/event/event_metadata/related_signature_id")),
    At::PayloadDigest,
])
.kind(At::Json(TYPE))
.time(At::Json(TIME), TimeUnit::Seconds)
.success_text("Hello API Event Received");

fn judge(exhibit: &Exhibit<'_>) -> Result<Option<Genuine>, Error> {
    const UNREADABLE: Error = Exhibit::malformed_body("no event stands in it");
    let fields = exhibit.fields();
    let document = match &fields {
        Some(fields) => form::last(fields, FIELD).ok_or(UNREADABLE)?,
        None => json::without_mark(exhibit.body()),
    };
    let mut places = Pointers::default();
    [HASH, TYPE, TIME].into_iter().for_each(|place| places.add(place));
    let event = places.pick(document).map_err(|e| UNREADABLE.because(e))?;
    let (Some(kind), Some(time)) = (event.text(TYPE), event.text(TIME)) else { return Err(UNREADABLE) };
    let hash = event.text(HASH).filter(|hash| !hash.is_empty()).ok_or(Exhibit::missing())?;
    let genuine = exhibit.is_made_of(&[time.as_bytes(), kind.as_bytes()], Encoding::Hex, hash.as_bytes());
    Ok(genuine.then(Genuine::new))
}

fn sign(unsigned: &mut Unsigned<'_>) -> Option<()> {
    let request = unsigned.request();
    let fields = form::fields(request.headers(), request.body());
    let document = match &fields {
        Some(fields) => form::last(fields, FIELD)?,
        None => &request.body()[..],
    };
    let mut event: serde_json::Value = serde_json::from_slice(document).ok()?;
    let text = |place| Some(event.pointer(place)?.as_str()?.to_owned());
    let tag = unsigned.tag(&[text(TIME)?.as_bytes(), text(TYPE)?.as_bytes()], Encoding::Hex);
    event.get_mut("event")?.as_object_mut()?.insert("event_hash".to_owned(), tag.into());
    match fields {
        Some(_) => unsigned.put(At::Form(FIELD), &event.to_string()),
        None => {
            unsigned.set_body(event.to_string());
            Some(())
        }
    }
}
