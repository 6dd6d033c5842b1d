//! Recorded requests with verdicts from the providers' own libraries, and GitHub's published payloads.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
    sync::LazyLock,
};

use inhook::provider::ALL;

use self::conformance::Score;

#[path = "../../examples/conformance.rs"]
#[expect(dead_code, reason = "its `main`")]
mod conformance;

const DIR: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/vectors");

static SCORE: LazyLock<Score> = LazyLock::new(|| conformance::run(Path::new(DIR)).unwrap());

#[test]
fn every_verdict_is_right() {
    assert_eq!(SCORE.wrong, [""; 0]);
    assert_eq!(SCORE.skipped, BTreeMap::new());
    let files = fs::read_dir(DIR).unwrap().map(|entry| entry.unwrap().path());
    let main = files.filter(|path| path.to_str().is_some_and(|p| p.ends_with(".jsonl") && !p.contains(".disputed.")));
    let cases: usize = main.map(|path| fs::read_to_string(path).unwrap().lines().count()).sum();
    assert_eq!(SCORE.passed, cases);
    assert!(cases > 900, "only {cases} cases were found");
}

#[test]
fn labels_kinds_reasons_and_handshakes_are_those_of_the_vectors() {
    assert_eq!(SCORE.differences, [""; 0]);
}

/// They are authentic, and no JSON is in them: nothing to compare, and nothing that may be taken for an event.
#[test]
fn only_bodies_that_are_no_event_cannot_be_read() {
    for case in &SCORE.unread {
        let (_, name) = case.split_once(' ').unwrap();
        assert!(
            ["body-binaryish", "body-empty", "valid-empty-object", "valid-get"].contains(&name)
                || name.starts_with("published-")
                || name.starts_with("published-"),
            "{case}"
        );
    }
    assert!(SCORE.unread.contains("stripe body-empty"));
}

#[test]
fn there_are_vectors_for_every_provider_and_for_no_other() {
    let files: BTreeSet<_> =
        fs::read_dir(DIR).unwrap().map(|f| f.unwrap().file_name().into_string().unwrap()).collect();
    let mut expected: BTreeSet<_> = ["DISPUTED.md", "payloads"].map(str::to_owned).into();
    for provider in ALL {
        let name = provider.name();
        // Where no library of the provider's was asked, none disagrees.
        let disputed = format!("{name}.disputed.jsonl");
        expected.extend(files.contains(&disputed).then_some(disputed));
        expected.insert(format!("{name}.jsonl"));
    }
    assert_eq!(files, expected);
}

#[test]
fn disputed_cases_go_as_decided() {
    let table = fs::read_to_string(Path::new(DIR).join("DISPUTED.md")).unwrap();
    assert_eq!(SCORE.disputed, conformance::decisions(&table));
    assert_eq!(
        SCORE.disputed.len(),
        table.lines().filter(|line| line.starts_with("| ")).count() - 2,
        "a row is broken"
    );
}

#[test]
fn what_the_runner_does_not_know_is_a_failure() {
    let dir = tempfile::tempdir().unwrap();
    let vectors = fs::read_to_string(Path::new(DIR).join("stripe.jsonl")).unwrap();
    let line = vectors.lines().next().unwrap();
    let lines = [
        line.to_owned(),
        line.replacen('{', r#"{"keys":{"k":"v"},"#, 1),
        line.replace("tolerance_secs", "tolerance_millis"),
        line.replace(r#""expect":"accept""#, r#""expect":"reject""#),
        line.replace(r#""provider":"stripe""#, r#""provider":"nobody","keys":{}"#),
    ];
    fs::write(dir.path().join("stripe.jsonl"), lines.join("\n")).unwrap();
    let score = conformance::run(dir.path()).unwrap();
    assert_eq!((score.passed, score.wrong.len(), score.skipped.len()), (1, 3, 1), "{:?}", score.wrong);
}

/// The table in the payloads' README names each file's event and action.
#[test]
fn published_payloads_have_their_kind() {
    use inhook::{Verifier, provider::GITHUB, testing::signed};

    let dir = Path::new(DIR).join("payloads/github");
    let readme = fs::read_to_string(dir.join("README.md")).unwrap();
    let verifier = Verifier::new(&GITHUB, "secret").unwrap();
    let mut seen = 0;
    for row in readme.lines().filter(|line| line.starts_with("| ") && line.contains(".json |")) {
        let cells: Vec<_> = row.trim_matches('|').split('|').map(str::trim).collect();
        let [file, event, action, _bytes] = cells[..] else { panic!("{row}") };
        let body = fs::read(dir.join(file)).unwrap();
        let request = signed(&GITHUB, "secret", body.clone()).header("x-github-event", event).label(file).build();
        let events = verifier.verify(&request).unwrap().into_events();
        let kind = if action.is_empty() { event.to_owned() } else { format!("{event}.{action}") };
        assert_eq!(events.len(), 1, "{file}");
        assert_eq!(events[0].kind, Some(kind), "{file}");
        assert_eq!(events[0].label.as_deref(), Some(file));
        assert_eq!(events[0].raw().as_bytes(), body, "{file}");
        seen += 1;
    }
    assert_eq!(seen, fs::read_dir(&dir).unwrap().count() - 1);
}
