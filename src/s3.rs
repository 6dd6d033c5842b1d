//! What Amazon S3 tells of its objects, by SNS or however else it comes.

use std::borrow::Cow;

use percent_encoding::percent_decode_str;
use serde::de::Error as _;

use crate::{Error, Payload, Rank, Raw, object::read_object};

/// A [notification](https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html) of S3's: all
/// records that one message brings. None for the test that S3 sends when notifications are set up.
///
/// It is read from the notification itself and from a JSON string of it, which is what SNS makes of a message. The records
/// of one message share its id, and are one event to a receiver: what is done for one record should bear being done again,
/// by its [`id`](S3Record::id).
///
/// ```
/// use inhook::{Event, Handlers, S3Records};
///
/// let handlers = Handlers::new().otherwise(async |event: Event<S3Records>| {
///     for record in &event.payload.records {
///         println!("{} {}/{}", record.event_name, record.bucket, record.key);
///     }
///     Ok(())
/// });
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct S3Records {
    /// In the order of the message, which says nothing about theirs.
    pub records: Vec<S3Record>,
}

/// What happened to one object.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct S3Record {
    /// Such as `ObjectCreated:Put`.
    pub event_name: String,
    /// When, in RFC 3339.
    pub event_time: String,
    /// The bucket's name.
    pub bucket: String,
    /// The object's key, decoded from how the notification writes it.
    pub key: String,
    /// The object's version, in a bucket that keeps them.
    pub version_id: Option<String>,
    /// Its size in bytes, where there is one.
    pub size: Option<u64>,
    /// The hash of its content, where there is one.
    pub e_tag: Option<String>,
    /// Grows from event to event of one key; only for what puts and deletes.
    pub sequencer: Option<String>,
}

impl S3Record {
    /// What makes it the same record when it comes again. `None` for those without a sequencer.
    pub fn id(&self) -> Option<String> {
        let Self { event_name, bucket, key, version_id, sequencer, .. } = self;
        let parts = (event_name, bucket, key, version_id, sequencer.as_ref()?);
        serde_json::to_string(&parts).ok()
    }

    /// Its rank among the events of one key in one bucket, for [`Order`](crate::Order). `None` for those without a
    /// sequencer, and for one that is no hexadecimal number.
    pub fn rank(&self) -> Option<Rank> {
        // Compared as S3 wants it: as if the shorter one had zeros behind it.
        let digits = self.sequencer.as_deref()?.to_ascii_uppercase();
        let is_hex = !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_hexdigit());
        is_hex.then(|| Rank::bytes(digits.trim_end_matches('0').as_bytes()))
    }
}

impl Payload for S3Records {
    fn decode(_: Option<&str>, raw: Raw) -> Result<Self, Error> {
        let text = raw.as_bytes().trim_ascii();
        let message: Cow<'_, [u8]> = match text.first() {
            Some(b'"') => Cow::Owned(raw.json::<String>()?.into_bytes()),
            _ => Cow::Borrowed(text),
        };
        let message: Message = serde_json::from_slice(&message).map_err(Error::payload)?;
        let records = match (message.records, message.event.as_deref()) {
            (Some(records), _) => records.into_iter().map(Listed::read).collect::<Result<_, _>>()?,
            (None, Some("s3:TestEvent")) => Vec::new(),
            (None, _) => return Err(wrong("it is no notification of S3's")),
        };
        Ok(Self { records })
    }
}

fn wrong(what: &str) -> Error {
    Error::payload(serde_json::Error::custom(what))
}

struct Message {
    records: Option<Vec<Listed>>,
    event: Option<String>,
}

read_object!(Message { records: "Records", event: "Event" });

struct Listed {
    event_version: String,
    event_source: String,
    event_time: String,
    event_name: String,
    s3: Entity,
}

read_object!(Listed {
    event_version: "eventVersion",
    event_source: "eventSource",
    event_time: "eventTime",
    event_name: "eventName",
    s3: "s3",
});

struct Entity {
    bucket: Bucket,
    object: Object,
}

read_object!(Entity { bucket: "bucket", object: "object" });

struct Bucket {
    name: String,
}

read_object!(Bucket { name: "name" });

struct Object {
    key: String,
    size: Option<u64>,
    e_tag: Option<String>,
    version_id: Option<String>,
    sequencer: Option<String>,
}

read_object!(Object { key: "key", size: "size", e_tag: "eTag", version_id: "versionId", sequencer: "sequencer" });

impl Listed {
    fn read(self) -> Result<S3Record, Error> {
        let Self { event_version, event_source, event_time, event_name, s3: Entity { bucket, object } } = self;
        // A higher minor version only adds to it.
        if event_source != "aws:s3" || !event_version.starts_with("2.") {
            return Err(wrong("it is no record of S3's of version 2"));
        }
        let Object { key, size, e_tag, version_id, sequencer } = object;
        let key = key.replace('+', " ");
        let key = percent_decode_str(&key).decode_utf8().map_err(Error::payload)?.into_owned();
        Ok(S3Record { event_name, event_time, bucket: bucket.name, key, version_id, size, e_tag, sequencer })
    }
}

#[cfg(test)]
mod tests {
    use std::error::Error as _;

    use bytes::Bytes;
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;

    fn record(key: &str, sequencer: Option<&str>) -> Value {
        json!({
            "eventVersion": "2.3", "eventSource": "aws:s3", "awsRegion": "us-west-2",
            "eventTime": "1970-01-01T00:00:00.000Z", "eventName": "ObjectCreated:Put",
            "s3": {
                "s3SchemaVersion": "1.0", "bucket": {"name": "amzn-s3-demo-bucket", "arn": "arn:aws:s3:::b"},
                "object": {"key": key, "size": 1024, "eTag": "d41d", "versionId": null, "sequencer": sequencer},
            },
        })
    }

    fn read(message: &Value) -> Result<Vec<S3Record>, Error> {
        S3Records::decode(None, Raw::new(Bytes::from(message.to_string()))).map(|read| read.records)
    }

    fn one(key: &str, sequencer: Option<&str>) -> S3Record {
        read(&json!({ "Records": [record(key, sequencer)] })).unwrap().remove(0)
    }

    #[test]
    fn a_notification_is_read_as_it_is_and_as_sns_writes_it() {
        let message = json!({ "Records": [record("Happy+Face%2B%C3%BC.jpg", Some("0055AED6DCD90281E5"))] });
        let plain = read(&message).unwrap();
        assert_eq!(read(&Value::from(message.to_string())).unwrap(), plain);
        let [record] = &plain[..] else { panic!("{plain:?}") };
        assert_eq!(
            (&*record.key, &*record.bucket, record.size),
            ("Happy Face+ü.jpg", "amzn-s3-demo-bucket", Some(1024))
        );
        assert_eq!((&*record.event_name, record.version_id.as_deref()), ("ObjectCreated:Put", None));
        let test = json!({"Service": "Amazon S3", "Event": "s3:TestEvent", "Bucket": "b", "RequestId": "r"});
        assert_eq!(read(&test).unwrap(), []);
    }

    #[test]
    fn what_is_none_is_refused() {
        let changed = |pointer: &str, value: Value| {
            let mut message = json!({ "Records": [record("k", None)] });
            *message.pointer_mut(pointer).unwrap() = value;
            message
        };
        for message in [
            json!({}),
            json!([]),
            json!("text"),
            json!({"Event": "s3:Other"}),
            json!({"Records": {}}),
            changed("/Records/0/eventVersion", "3.0".into()),
            changed("/Records/0/eventVersion", "20.1".into()),
            changed("/Records/0/eventSource", "aws:sqs".into()),
            changed("/Records/0/s3/object/key", "%ff".into()),
            changed("/Records/0/s3/bucket", Value::Null),
        ] {
            assert!(read(&message).is_err(), "{message}");
        }
    }

    #[test]
    fn a_complaint_names_the_field() {
        let mut nameless = json!({ "Records": [record("k", None)] });
        nameless["Records"][0].as_object_mut().unwrap().remove("eventName");
        let twice =
            json!({ "Records": [record("k", None)] }).to_string().replacen("{", r#"{"Event":"a","Event":"b","#, 1);
        let complaint = |text: String| {
            let error = S3Records::decode(None, Raw::new(Bytes::from(text))).unwrap_err();
            error.source().unwrap().to_string()
        };
        assert!(complaint(nameless.to_string()).starts_with("missing field `eventName`"));
        assert!(complaint(twice).starts_with("duplicate field `Event`"));
    }

    /// All of it makes an identity; a key that holds what parts them is no two others.
    #[test]
    fn an_id_is_a_record_s_own() {
        let id = |key: &str, sequencer: &str| one(key, Some(sequencer)).id().unwrap();
        assert_eq!(id("a", "01"), id("a", "01"));
        assert_ne!(id("a", "01"), id("a", "02"));
        assert_ne!(id("a\",\"b", "01"), id("a", "01"));
        assert_eq!((one("a", None).id(), one("a", None).rank(), one("a", Some("xyz")).rank()), (None, None, None));
    }

    proptest! {
        #[test]
        fn ranks_sort_as_padded_sequencers(a in "[0-9A-Fa-f]{1,20}", b in "[0-9A-F]{1,20}") {
            let padded = |text: &str| format!("{:0<20}", text.to_ascii_uppercase());
            let rank = |text: &str| one("k", Some(text)).rank().unwrap();
            prop_assert_eq!(rank(&a).cmp(&rank(&b)), padded(&a).cmp(&padded(&b)));
        }
    }
}
