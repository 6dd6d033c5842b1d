use std::borrow::Cow;

use serde_json::Value;

use super::{
    At, Batch, Custom, Digest, Encoding, Exhibit, Genuine, KeyForm, Provider, Retries, Scheme, TimeUnit, Unsigned,
};
use crate::{
    Error,
    body::json::{self, Pointers},
};

const FIRST: At = At::Json("/notificationItems/0/NotificationRequestItem/additionalData/hmacSignature");
const SIGNATURE: &str = "/NotificationRequestItem/additionalData/hmacSignature";
const PSP_REFERENCE: &str = "/NotificationRequestItem/pspReference";
const EVENT_CODE: &str = "/NotificationRequestItem/eventCode";
const SUCCESS: &str = "/NotificationRequestItem/success";
const SIGNED: [&str; 8] = [
    PSP_REFERENCE,
    "/NotificationRequestItem/originalReference",
    "/NotificationRequestItem/merchantAccountCode",
    "/NotificationRequestItem/merchantReference",
    "/NotificationRequestItem/amount/value",
    "/NotificationRequestItem/amount/currency",
    EVENT_CODE,
    SUCCESS,
];

/// **The signature covers eight fields, not the body**: reason, payment method, date and all additional data can be
/// changed by whoever saw one notification. It stands in the body, with each item, and here every item must hold, which
/// Adyen's own libraries leave to their caller. The fields are joined by colons without any escape, so none may stand in
/// those that tell events apart. The key is hexadecimal digits, of which the bytes are used.
///
/// [Adyen](https://docs.adyen.com/development-resources/webhooks/secure-webhooks/verify-hmac-signatures): standard
/// notifications of payments, as JSON. The kind is the event code, such as `AUTHORISATION`.
///
/// Adyen sends no id of the event's own; duplicates have reference, event code and `success` in common, which are all
/// signed. It takes any 2xx today and once demanded the text `[accepted]`, which does no harm.
pub const ADYEN: Provider = Provider::new(
    "adyen",
    Scheme::Custom(
        Custom::new(FIRST, Digest::Sha256, judge)
            .key(KeyForm::Hex)
            .covers(&[], &[At::Json(PSP_REFERENCE), At::Json(EVENT_CODE), At::Json(SUCCESS)])
            .signed_by(sign, SAMPLE),
    ),
)
.docs("https://docs.adyen.com/development-resources/webhooks/secure-webhooks/verify-hmac-signatures")
.accepts(&["application/json"])
.batch(Batch::List("/notificationItems"))
.label(At::Json(PSP_REFERENCE))
.identity(&[At::Json(PSP_REFERENCE), At::Json(EVENT_CODE), At::Json(SUCCESS)])
.kind(At::Json(EVENT_CODE))
.time(At::Json("/NotificationRequestItem/eventDate"), TimeUnit::Rfc3339)
.payload(At::FirstOf(&[At::Json("/NotificationRequestItem"), At::Json("")]))
.success_text("[accepted]")
.deadline(10)
.retries(Retries::Hours(24 * 30));

const SAMPLE: &str = r#"{"live":"false","notificationItems":[{"NotificationRequestItem":{"additionalData":{},"amount":{"currency":"EUR","value":1000},"eventCode":"AUTHORISATION","merchantAccountCode":"Acme","merchantReference":"order-1","pspReference":"7914073381342284","success":"true"}}]}"#;

fn judge(exhibit: &Exhibit<'_>) -> Result<Option<Genuine>, Error> {
    const UNREADABLE: Error = Exhibit::malformed_body("it is no list of notifications");
    const COLON: Error = Exhibit::malformed_body("what tells events apart holds a colon, which is what parts the fields");
    let mut list = Pointers::default();
    list.add("/notificationItems");
    let found = list.pick(json::without_mark(exhibit.body())).map_err(|e| UNREADABLE.because(e))?;
    let items = found.raw("/notificationItems").and_then(json::items).filter(|items| !items.is_empty());
    let mut places = Pointers::default();
    SIGNED.iter().chain([&SIGNATURE]).for_each(|place| places.add(place));
    for item in items.ok_or(UNREADABLE)? {
        let picked = places.pick(item.as_bytes()).map_err(|e| UNREADABLE.because(e))?;
        let claimed = picked.text(SIGNATURE).unwrap_or_default();
        let fields = SIGNED.map(|place| picked.text(place).unwrap_or(Cow::Borrowed("")));
        // The fields between these three can be cut otherwise all the same, and do not tell events apart.
        let own = [PSP_REFERENCE, EVENT_CODE, SUCCESS];
        let moved = |(place, text): (&&str, &Cow<'_, str>)| own.contains(place) && text.contains(':');
        if SIGNED.iter().zip(&fields).any(moved) {
            return Err(COLON);
        }
        if !exhibit.is_made_of(&[fields.join(":").as_bytes()], Encoding::Base64, claimed.as_bytes()) {
            return Ok(None);
        }
    }
    Ok(Some(Genuine::new()))
}

fn sign(unsigned: &mut Unsigned<'_>) -> Option<()> {
    let mut body: Value = serde_json::from_slice(unsigned.request().body()).ok()?;
    for item in body.get_mut("notificationItems")?.as_array_mut()? {
        let text = |place: &&str| match item.pointer(place) {
            None | Some(Value::Null) => String::new(),
            Some(Value::String(text)) => text.clone(),
            Some(other) => other.to_string(),
        };
        let fields: Vec<String> = SIGNED.iter().map(text).collect();
        let tag = unsigned.tag(&[fields.join(":").as_bytes()], Encoding::Base64);
        let item = item.get_mut("NotificationRequestItem")?.as_object_mut()?;
        let additional = item.entry("additionalData").or_insert_with(|| Value::Object(serde_json::Map::new()));
        additional.as_object_mut()?.insert("hmacSignature".to_owned(), Value::from(tag));
    }
    unsigned.set_body(body.to_string());
    Some(())
}
