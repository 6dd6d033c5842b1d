//! What Google Cloud Pub/Sub pushes: a message around what was published.

use std::{collections::BTreeMap, fmt};

use bytes::Bytes;
use data_encoding::BASE64;
use serde::de::Error as _;

use crate::{Error, Json, Payload, Raw, object::read_object};

/// A [wrapped message](https://cloud.google.com/pubsub/docs/push#receive_push) of Pub/Sub's with its data decoded, as the
/// payload of `GOOGLE_PUBSUB`'s events. The data is read as `P`, any other [`Payload`]:
/// [`Json`], [`Bytes`] (unless said) or [`Raw`].
///
/// It is read from a message, and from the envelope around one, which is what Eventarc sends as
/// `google.cloud.pubsub.topic.v1.messagePublished`. A subscription that unwraps sends the data itself as the body: ask for
/// `Json<T>` or `Bytes` there, and look up id and attributes in the event's [headers](crate::Event::headers), the former
/// as `x-goog-pubsub-message-id`; they are sent where the subscription is told to write metadata.
///
/// Nothing of a message is signed, so its attributes are as good as its data and no better.
///
/// ```
/// use inhook::{Event, Handlers, Json, PubSub};
///
/// #[derive(serde::Deserialize)]
/// struct Order {
///     id: u64,
/// }
///
/// let handlers = Handlers::new().otherwise(async |event: Event<PubSub<Json<Order>>>| {
///     let message = event.payload;
///     println!("{} of {:?}", message.data.0.id, message.attributes.get("shop"));
///     Ok(())
/// });
/// ```
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct PubSub<P = Bytes> {
    /// What was published. Of a message that has attributes only, the data is empty bytes, and no JSON.
    pub data: P,
    /// What the publisher wrote beside it; empty where there is nothing.
    pub attributes: BTreeMap<String, String>,
    /// Unique in its topic, and the same on each redelivery.
    pub message_id: String,
    /// When Pub/Sub took it, in RFC 3339.
    pub publish_time: Option<String>,
    /// Messages of one key are ordered, where the subscription orders.
    pub ordering_key: Option<String>,
}

/// Without the data, which is a secret like any other payload.
impl<P> fmt::Debug for PubSub<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PubSub").field("message_id", &self.message_id).finish_non_exhaustive()
    }
}

impl<P: Payload> Payload for PubSub<P> {
    /// The data is decoded with the kind of the event, if it has one.
    fn decode(kind: Option<&str>, raw: Raw) -> Result<Self, Error> {
        let Json(Pushed { message, data, attributes, message_id, publish_time, ordering_key }) =
            Json::decode(None, raw)?;
        let bare = Message { data, attributes, message_id, publish_time, ordering_key };
        let Message { data, attributes, message_id, publish_time, ordering_key } = message.unwrap_or(bare);
        let message_id = message_id.ok_or_else(|| wrong("it is no message of Pub/Sub's"))?;
        let data = BASE64.decode(data.unwrap_or_default().as_bytes()).map_err(Error::payload)?;
        Ok(Self {
            data: P::decode(kind, Raw::new(Bytes::from(data)))?,
            attributes: attributes.unwrap_or_default(),
            message_id,
            publish_time,
            ordering_key: ordering_key.filter(|key| !key.is_empty()),
        })
    }
}

fn wrong(what: &str) -> Error {
    Error::payload(serde_json::Error::custom(what))
}

/// A message, bare or in an envelope.
struct Pushed {
    message: Option<Message>,
    data: Option<String>,
    attributes: Option<BTreeMap<String, String>>,
    message_id: Option<String>,
    publish_time: Option<String>,
    ordering_key: Option<String>,
}

// An envelope without a message is none: `null` must not pass for absence.
read_object!(Pushed {
    data: "data",
    attributes: "attributes",
    message_id: "messageId",
    publish_time: "publishTime",
    ordering_key: "orderingKey";
    message: "message",
});

/// The same stands in it twice: the names with `_` are older and ignored.
struct Message {
    data: Option<String>,
    attributes: Option<BTreeMap<String, String>>,
    message_id: Option<String>,
    publish_time: Option<String>,
    ordering_key: Option<String>,
}

read_object!(Message {
    data: "data",
    attributes: "attributes",
    message_id: "messageId",
    publish_time: "publishTime",
    ordering_key: "orderingKey",
});

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn read<P: Payload>(message: &Value) -> Result<PubSub<P>, Error> {
        PubSub::decode(None, Raw::new(Bytes::from(message.to_string())))
    }

    fn message() -> Value {
        json!({
            "attributes": {"shop": "7"}, "data": "eyJpZCI6N30=", "messageId": "136969346945", "message_id": "136969346945",
            "publishTime": "2026-11-21T06:41:00.1Z", "publish_time": "2026-11-21T06:41:00.1Z", "orderingKey": "k",
        })
    }

    #[test]
    fn a_message_is_read_bare_and_in_its_envelope() {
        let bare: PubSub<Json<Value>> = read(&message()).unwrap();
        assert_eq!((&bare.data.0, &*bare.message_id), (&json!({"id": 7}), "136969346945"));
        assert_eq!((bare.attributes["shop"].as_str(), bare.ordering_key.as_deref()), ("7", Some("k")));
        assert_eq!(bare.publish_time.as_deref(), Some("2026-11-21T06:41:00.1Z"));
        let wrapped = json!({"message": message(), "subscription": "projects/p/subscriptions/s", "deliveryAttempt": 2});
        assert_eq!(read::<Json<Value>>(&wrapped).unwrap(), bare);
        assert_eq!(&*read::<Bytes>(&message()).unwrap().data, br#"{"id":7}"#);
    }

    #[test]
    fn data_or_attributes_may_be_missing() {
        let message = json!({"messageId": "1", "attributes": {"a": "b"}, "orderingKey": ""});
        let read_bytes = |message| read::<Bytes>(message).unwrap();
        let only = read_bytes(&message);
        assert_eq!((&*only.data, only.attributes.len(), only.ordering_key), (&b""[..], 1, None));
        assert_eq!(read_bytes(&json!({"messageId": "1", "data": "/+8="})).data.as_ref(), b"\xff\xef");
        assert!(read::<Json<Value>>(&message).is_err());
    }

    #[test]
    fn what_is_none_is_refused() {
        let changed = |name: &str, value: Value| {
            let mut message = message();
            message[name] = value;
            message
        };
        for message in [
            json!({}),
            json!([]),
            json!("text"),
            json!({"message": null, "messageId": "1"}),
            json!({"message": {}}),
            json!({"data": "e30="}),
            changed("data", "eyJpZCI6N30".into()),
            changed("data", "-_8=".into()),
            changed("data", 7.into()),
            changed("messageId", Value::Null),
            changed("attributes", json!({"a": 1})),
            json!({"message": message(), "data": 7}),
        ] {
            assert!(read::<Bytes>(&message).is_err(), "{message}");
        }
    }

    #[test]
    fn what_stands_there_twice_is_refused() {
        for message in [r#""data":"","data":"""#, r#""message":{"messageId":"1"},"message":{"messageId":"2"}"#] {
            let raw = Raw::new(Bytes::from(format!(r#"{{"messageId":"1",{message}}}"#)));
            assert!(PubSub::<Bytes>::decode(None, raw).is_err(), "{message}");
        }
    }

    #[test]
    fn its_data_is_not_printed() {
        let shown = format!("{:?}", read::<Bytes>(&message()).unwrap());
        assert!(shown.contains("136969346945") && !shown.contains("id\"") && !shown.contains("shop"), "{shown}");
    }
}
