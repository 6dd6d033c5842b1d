//! Any bytes as the record of an event or of an answer: an error, or something whose own record brings it back.
#![no_main]

use inhook::{Answer, ErrorKind, Field, dangerous::event_from_record};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    match event_from_record(data) {
        Ok(event) => {
            let record = event.to_record();
            let again = event_from_record(&record).expect("a record is read");
            assert_eq!(again.to_record(), record);
            assert_eq!(format!("{again:?}"), format!("{event:?}"));
            assert_eq!((again.id(), again.key("c")), (event.id(), event.key("c")));
            assert_eq!(
                (again.raw(), again.envelope(), &**again.headers()),
                (event.raw(), event.envelope(), &**event.headers())
            );
            for field in
                [Field::Body, Field::Identity, Field::Kind, Field::Label, Field::Payload, Field::Time, Field::Url]
            {
                assert_eq!(again.covers(field), event.covers(field));
            }
        }
        Err(error) => assert_eq!(error.kind(), ErrorKind::Store),
    }
    match Answer::from_record(data) {
        Ok(answer) => assert_eq!(Answer::from_record(&answer.to_record()).expect("a record is read"), answer),
        Err(error) => assert_eq!(error.kind(), ErrorKind::Store),
    }
    let text = Answer::text(String::from_utf8_lossy(data));
    assert_eq!(Answer::from_record(&text.to_record()).expect("a record is read"), text);
});
