//! cargo run --example seeds: fills `corpus` with what the recorded requests of `tests/vectors` look like to each target.

use std::{
    error::Error,
    fs,
    hash::{DefaultHasher, Hash, Hasher},
    path::Path,
};

use bytes::Bytes;
use data_encoding::BASE64;
use inhook::{Answer, provider::ALL};
use inhook_fuzz::{FORM, Known, NOW, Text, build, known};
use serde_json::Value;

/// Longer ones only slow the search down.
const LONGEST: usize = 4096;

fn main() -> Result<(), Box<dyn Error>> {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let vectors = here.join("../vectors");
    let mut bodies: Vec<Vec<u8>> = Vec::new();
    for file in fs::read_dir(&vectors)? {
        let file = file?.path();
        if file.extension().is_none_or(|ext| ext != "jsonl") {
            continue;
        }
        for case in fs::read_to_string(&file)?.lines() {
            let case: Value = serde_json::from_str(case)?;
            let text = |name: &str| case[name].as_str().unwrap_or_default().to_owned();
            let body = BASE64.decode(text("body").as_bytes())?;
            let path = text("url").splitn(4, '/').nth(3).map_or("/".to_owned(), |path| format!("/{path}"));
            let mut request = format!("{} {path}\n", text("method")).into_bytes();
            for header in case["headers"].as_array().into_iter().flatten() {
                let [name, value] = [&header[0], &header[1]].map(|t| t.as_str().unwrap_or_default());
                request.extend_from_slice(format!("{name}: {value}\n").as_bytes());
                seed(here, "timestamps", value.as_bytes())?;
                value.split([',', '=', ' ']).try_for_each(|part| seed(here, "timestamps", part.as_bytes()))?;
                seed(here, "encodings", format!("\0{value}").as_bytes())?;
            }
            request.push(b'\n');
            request.extend_from_slice(&body[..body.len().min(2000)]);
            let which = ALL.iter().position(|p| p.name() == text("provider")).unwrap_or_default() as u8;
            let kind = u8::from(text("headers").contains("form"));
            // What these targets are given is nobody's.
            if !signed(&request) {
                seed(here, "headers", &request)?;
                seed(here, "receive", &[&[which, kind][..], &request].concat())?;
            }
            seed(here, "envelope", &[&[which, 0][..], &body].concat())?;
            seed(here, "envelope", &[&[which, 2 * kind][..], &body].concat())?;
            bodies.push(body);
        }
    }
    for body in &bodies {
        seed(here, "json", body)?;
        seed(here, "forms", body)?;
    }
    for which in 0..60 {
        for text in [
            "\x01",
            "v1=\x01",
            "v1,\x03 v1,\x01 v2,\x01",
            "t=1,v1=\x02,v1=\x01",
            "v0=1; v1=\x01",
            "v1=\x04\x05\x06\x07",
        ] {
            seed(here, "encodings", format!("{}{text}", char::from(which)).as_bytes())?;
        }
    }
    for text in [
        "1763707260",
        "1763707260700",
        "2026-11-21T06:41:00Z",
        "2026-11-21T07:41:00.5+01:00",
        "1795243260",
        "1795243260700",
    ] {
        seed(here, "timestamps", text.as_bytes())?;
    }
    for text in [
        &b"a\xffb\xffa|b\xff"[..],
        b"a|\xffb\xffa\\\xff|b",
        b"sha256:\xff\xff\xff",
        b"a\xffb\xffc\xff1\xffa\xffb\xffc\xff1",
    ] {
        seed(here, "ids", text)?;
    }
    for size in [255, 256, 257] {
        seed(here, "ids", &[&vec![b'x'; size][..], b"\xff", &vec![b'x'; size]].concat())?;
    }
    for known in known() {
        for body in bodies.iter().step_by(7) {
            let requests =
                [known.draft(Bytes::from(body.clone())), known.draft(Bytes::from(body.clone())).content_type(FORM)];
            for request in requests.into_iter().filter_map(build) {
                let Ok(delivery) = known.verifier.authenticate_at(&request, NOW).and_then(|v| v.delivery()) else {
                    continue;
                };
                delivery.events().iter().take(2).try_for_each(|event| seed(here, "records", &event.to_record()))?;
            }
        }
    }
    for answer in [Answer::success(), Answer::text("challenge"), Answer::json(&["a"])?] {
        seed(here, "records", &answer.to_record())?;
    }
    Ok(())
}

/// Whether the keys that fuzzing knows made its signature: some vectors are signed with the same.
fn signed(request: &[u8]) -> bool {
    let request = Text::of(request).request();
    let by_key = |known: &Known| {
        known.verifier.authenticate_at(&request, NOW).is_ok_and(|verified| verified.which_secret().is_some())
    };
    known().iter().any(by_key)
}

fn seed(here: &Path, target: &str, data: &[u8]) -> Result<(), Box<dyn Error>> {
    if data.len() > LONGEST {
        return Ok(());
    }
    let dir = here.join("corpus").join(target);
    fs::create_dir_all(&dir)?;
    let mut name = DefaultHasher::new();
    data.hash(&mut name);
    fs::write(dir.join(format!("{:016x}", name.finish())), data)?;
    Ok(())
}
