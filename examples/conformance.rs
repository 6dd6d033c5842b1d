//! cargo run --release --example conformance --all-features -- tests/vectors
//!
//! Judges recorded requests whose verdict is known, one JSON object a line in each `*.jsonl` of a directory, through the
//! public API alone. A verdict is what counts; labels, kinds, reasons and handshakes are compared beside it. Files named
//! `*.disputed.jsonl` hold requests that the providers' own libraries disagree on: they are scored against the rows of a
//! `DISPUTED.md` beside them, or else beside the project's own copy.

use std::{
    collections::{BTreeMap, BTreeSet},
    env,
    error::Error,
    fs,
    path::{Path, PathBuf},
    process::ExitCode,
    time::Duration,
};

use bytes::Bytes;
use data_encoding::BASE64;
use http::{HeaderName, HeaderValue, Method, Request, Uri};
use inhook::{
    ErrorKind, KeyId, KeyMaterial, Provider, StaticKeys, Tolerance, Verifier, VerifierBuilder, provider::by_name,
};
use serde::Deserialize;
use serde_json::Value;
use time::OffsetDateTime;

fn main() -> Result<ExitCode, Box<dyn Error>> {
    let Some(dir) = env::args().nth(1) else {
        println!("usage: conformance DIR");
        return Ok(ExitCode::SUCCESS);
    };
    let score = run(Path::new(&dir))?;
    for line in score.wrong.iter().chain(&score.differences) {
        println!("{line}");
    }
    for (provider, cases) in &score.skipped {
        println!("skipped: no provider `{provider}` ({cases} cases)");
    }
    let differ = |what| score.count(what);
    println!(
        "differences: {} labels, {} kinds, {} reasons, {} handshakes; {} envelopes that cannot be read",
        differ("label"),
        differ("kind"),
        differ("reason"),
        differ("handshake"),
        score.unread.len()
    );
    println!("disputed: {} as decided, {} not, {} undecided", score.decided.0, score.decided.1, score.undecided);
    let (failed, skipped) = (score.wrong.len(), score.skipped.values().sum::<usize>());
    println!("{} passed, {failed} failed, {skipped} skipped", score.passed);
    Ok(if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// What became of all the cases of a directory.
#[derive(Debug, Default)]
pub(crate) struct Score {
    pub(crate) passed: usize,
    /// One line a wrong verdict, or a case that this runner cannot run.
    pub(crate) wrong: Vec<String>,
    /// Cases of providers that do not exist, by provider.
    pub(crate) skipped: BTreeMap<String, usize>,
    /// One line a difference, each starting with what differs.
    pub(crate) differences: Vec<String>,
    /// Authentic requests with no envelope to compare.
    pub(crate) unread: BTreeSet<String>,
    /// Disputed cases that went as decided, and that did not.
    pub(crate) decided: (usize, usize),
    pub(crate) undecided: usize,
    /// What was found for each disputed case.
    pub(crate) disputed: BTreeMap<(String, String), bool>,
}

impl Score {
    pub(crate) fn count(&self, what: &str) -> usize {
        self.differences.iter().filter(|line| line.starts_with(what)).count()
    }
}

/// Runs every case of every file in `dir`.
pub(crate) fn run(dir: &Path) -> Result<Score, Box<dyn Error>> {
    let mut score = Score::default();
    let mut files: Vec<PathBuf> =
        fs::read_dir(dir)?.map(|entry| Ok(entry?.path())).collect::<Result<_, std::io::Error>>()?;
    files.retain(|file| file.extension().is_some_and(|ext| ext == "jsonl"));
    files.sort();
    // Beside the cases, or else beside the project's own copy of them.
    let own = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/vectors/DISPUTED.md"));
    let table = fs::read_to_string(dir.join("DISPUTED.md")).or_else(|_| fs::read_to_string(own));
    let decisions = table.map(|table| decisions(&table)).unwrap_or_default();
    for file in files {
        let disputed = file.to_string_lossy().ends_with(".disputed.jsonl");
        for line in fs::read_to_string(&file)?.lines().filter(|line| !line.trim().is_empty()) {
            let value: Value = serde_json::from_str(line)?;
            let name = value.get("provider").and_then(Value::as_str).unwrap_or_default();
            // A provider whose signature has versions is one constant a version, the newest of them without a number.
            // An installation is signed by a key of Atlassian's.
            let asymmetric = value.pointer("/options/asymmetric") == Some(&Value::Bool(true));
            let provider = match value.pointer("/options/signature_version").and_then(Value::as_str) {
                _ if asymmetric => by_name(&format!("{name}_install")),
                None | Some("v3") => by_name(name),
                Some(version) => by_name(&format!("{name}_{version}")),
            };
            let Some(provider) = provider else {
                *score.skipped.entry(name.to_owned()).or_default() += usize::from(!disputed);
                continue;
            };
            // What this runner does not know, it must not pretend to have judged.
            match serde_json::from_value::<Case>(value.clone()) {
                Ok(case) if disputed => score.dispute(provider, &case, &decisions),
                Ok(case) => score.judge(provider, &case),
                Err(unknown) => {
                    score.wrong.push(format!("cannot run: {} {}: {unknown}", file.display(), value["case"]))
                }
            }
        }
    }
    Ok(score)
}

/// The rows of a table `| provider | case | accept or reject | reason |`.
pub(crate) fn decisions(table: &str) -> BTreeMap<(String, String), bool> {
    let rows = table.lines().filter_map(|line| {
        let cells: Vec<_> = line.trim().trim_matches('|').split('|').map(str::trim).collect();
        let [provider, case, verdict @ ("accept" | "reject"), _reason] = cells[..] else { return None };
        Some(((provider.to_owned(), case.to_owned()), verdict == "accept"))
    });
    rows.collect()
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    provider: String,
    case: String,
    expect: Expect,
    reason: String,
    #[serde(rename = "why")]
    _why: String,
    #[serde(rename = "oracle")]
    _oracle: String,
    now: i64,
    method: String,
    url: String,
    headers: Vec<(String, String)>,
    body: String,
    secrets: Vec<String>,
    /// Public keys by a name of the file's own, and what stands at an address.
    #[serde(default)]
    keys: BTreeMap<String, Value>,
    #[serde(default)]
    options: Options,
    event: Option<Expected>,
}

#[derive(Deserialize, PartialEq)]
#[serde(rename_all = "lowercase")]
enum Expect {
    Accept,
    Reject,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Options {
    tolerance_secs: Option<u64>,
    public_key: Option<String>,
    verify_token: Option<String>,
    #[serde(default)]
    allowed_origins: Vec<String>,
    #[serde(default)]
    topics: Vec<String>,
    audience: Option<String>,
    issuer: Option<String>,
    service_account_email: Option<String>,
    client_key: Option<String>,
    base_url: Option<String>,
    asymmetric: Option<bool>,
    webhook_id: Option<String>,
    topic_arn: Option<String>,
    #[serde(rename = "signature_version")]
    _signature_version: Option<String>,
    expected_response: Option<Value>,
    expected_challenge: Option<Value>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Expected {
    id: Option<String>,
    r#type: Option<String>,
}

/// What an authentic request brought.
enum Brought {
    Event { label: Option<String>, kind: Option<String> },
    Handshake(Bytes),
    Unread,
}

impl Score {
    fn judge(&mut self, provider: &Provider, case: &Case) {
        let name = format!("{} {}", case.provider, case.case);
        let found = match authenticate(provider, case) {
            Ok(found) => found,
            Err(broken) => return self.wrong.push(format!("cannot run: {name}: {broken}")),
        };
        match (found, &case.expect) {
            (Ok(brought), Expect::Accept) => {
                self.passed += 1;
                self.compare(&name, case, brought);
            }
            (Err(kind), Expect::Reject) => {
                self.passed += 1;
                if !reasons(&case.reason).contains(&kind) {
                    self.differences.push(format!("reason: {name}: {} expected, found {kind}", case.reason));
                }
            }
            (Ok(_), Expect::Reject) => self.wrong.push(format!("wrong: {name}: accepted ({})", case.reason)),
            (Err(kind), Expect::Accept) => self.wrong.push(format!("wrong: {name}: refused ({kind})")),
        }
    }

    fn dispute(&mut self, provider: &Provider, case: &Case, decisions: &BTreeMap<(String, String), bool>) {
        let key = (case.provider.clone(), case.case.clone());
        let accepted = match authenticate(provider, case) {
            Ok(found) => found.is_ok(),
            Err(broken) => return self.wrong.push(format!("cannot run: {} {}: {broken}", case.provider, case.case)),
        };
        match decisions.get(&key) {
            Some(decided) if *decided == accepted => self.decided.0 += 1,
            Some(_) => {
                self.decided.1 += 1;
                self.differences.push(format!("disputed: {} {}: not as decided", case.provider, case.case));
            }
            None => self.undecided += 1,
        }
        self.disputed.insert(key, accepted);
    }

    fn compare(&mut self, name: &str, case: &Case, brought: Brought) {
        let Options { expected_response, expected_challenge, .. } = &case.options;
        let answer = expected_response.as_ref().or(expected_challenge.as_ref());
        let mut differ = |what, expected: &dyn std::fmt::Debug, found: &dyn std::fmt::Debug| {
            self.differences.push(format!("{what}: {name}: {expected:?} expected, found {found:?}"));
        };
        match (brought, &case.event, answer) {
            (Brought::Handshake(body), _, Some(expected)) => {
                let same = match expected {
                    Value::String(text) => body == text,
                    json => serde_json::from_slice::<Value>(&body).is_ok_and(|found| found == *json),
                };
                if !same {
                    differ("handshake", expected, &body);
                }
            }
            (Brought::Event { .. } | Brought::Unread, _, Some(expected)) => differ("handshake", expected, &"an event"),
            // A handshake is no event: what the vectors call its id and type is how it was recognised.
            (Brought::Handshake(_), _, None) => {}
            (Brought::Event { label, kind }, Some(expected), None) => {
                if label != expected.id {
                    differ("label", &expected.id, &label);
                }
                // Absent and empty are one.
                let expected = expected.r#type.as_ref().filter(|kind| !kind.is_empty());
                if kind.as_ref() != expected {
                    differ("kind", &expected, &kind);
                }
            }
            (Brought::Event { .. }, None, None) => {}
            (Brought::Unread, _, None) => {
                self.unread.insert(name.to_owned());
            }
        }
    }
}

/// Whose events come by GET where an address was entered so.
const BY_GET: [&str; 1] = ["twilio"];

type Verdict = Result<Brought, ErrorKind>;

/// The verdict, or why this runner cannot reach one.
fn authenticate(provider: &Provider, case: &Case) -> Result<Verdict, Box<dyn Error>> {
    let uri: Uri = case.url.parse()?;
    let base =
        format!("{}://{}", uri.scheme_str().unwrap_or_default(), uri.authority().ok_or("an address without host")?);
    let mut request = Request::new(Bytes::from(BASE64.decode(case.body.as_bytes())?));
    *request.method_mut() = Method::from_bytes(case.method.as_bytes())?;
    *request.uri_mut() = uri;
    for (name, value) in &case.headers {
        let value = HeaderValue::from_bytes(value.as_bytes().trim_ascii())?;
        request.headers_mut().append(HeaderName::from_bytes(name.as_bytes())?, value);
    }
    let tolerance = case.options.tolerance_secs.map(|secs| Tolerance::within(Duration::from_secs(secs)));
    let base = case.options.base_url.clone().unwrap_or(base);
    // What an installation is meant for is the app's own address, and its client key is news.
    let (audience, client_key) = match case.options.asymmetric {
        Some(true) => (&case.options.base_url, &None),
        _ => (&case.options.audience, &case.options.client_key),
    };
    let mut builder =
        Verifier::builder(provider).public_base(base).tolerance(tolerance.unwrap_or(Tolerance::Unlimited));
    let Options { issuer, service_account_email, webhook_id, topic_arn, .. } = &case.options;
    for (name, value) in [
        ("audience", audience),
        ("issuer", issuer),
        ("service_account_email", service_account_email),
        ("client_key", client_key),
        ("webhook_id", webhook_id),
        ("topic_arn", topic_arn),
    ] {
        if let Some(value) = value {
            builder = builder.expect(name, value);
        }
    }
    if case.method == "GET" && BY_GET.contains(&provider.name()) {
        builder = builder.by_get();
    }
    if let Some(token) = &case.options.verify_token {
        builder = builder.verify_token(token);
    }
    builder = case.options.allowed_origins.iter().fold(builder, |builder, origin| builder.allow_origin(origin));
    builder = case.options.topics.iter().fold(builder, |builder, topic| builder.topic(topic));
    for secret in &case.secrets {
        builder = builder.secret(secret);
    }
    if let Some(key) = &case.options.public_key {
        builder = builder.public_key(key);
    }
    let (mut keys, mut named) = (StaticKeys::new(), BTreeMap::new());
    for (name, key) in &case.keys {
        let text = key.as_str().map_or_else(|| key.to_string(), str::to_owned);
        builder = match name.as_str() {
            "root" => trusting(builder, &text)?,
            "public_key" | "old" | "new" => builder.secret(text),
            // Whether anybody may look there is for the library to say.
            url if url.contains("://") => {
                keys = keys.with(KeyId::new(url), KeyMaterial::new(text));
                builder
            }
            // What tokens call their keys; they have no secret beside them.
            kid if case.secrets.is_empty() => {
                named.insert(kid, key);
                builder
            }
            other => return Err(format!("the key `{other}` is none that this runner knows").into()),
        };
    }
    let verifier = match builder.build() {
        Ok(verifier) => verifier,
        Err(refused) if refused.kind() == ErrorKind::InvalidSecret => return Ok(Err(refused.kind())),
        Err(broken) => return Err(broken.into()),
    };
    let now = OffsetDateTime::from_unix_timestamp(case.now)?;
    // As a receiver does: fetched once, then judged once more.
    if let Err(refused) = verifier.authenticate_at(&request, now)
        && let Some(id) = refused.key_needed()
        && let Some(material) = keys.get(id).cloned().or_else(|| material(id, &named))
        && let Err(refused) = verifier.learn_at(id, material, now)
    {
        return Ok(Err(refused.kind()));
    }
    let verified = match verifier.authenticate_at(&request, now) {
        Ok(verified) => verified,
        Err(refused) => return Ok(Err(refused.kind())),
    };
    let Ok(delivery) = verified.delivery() else { return Ok(Ok(Brought::Unread)) };
    if let Some(reply) = delivery.reply() {
        return Ok(Ok(Brought::Handshake(reply.body().clone())));
    }
    // Of a batch the first event stands in the vectors.
    let first = delivery.events().first();
    let kind = first.and_then(|event| event.kind.as_deref());
    let kind = match provider.name() {
        // The vectors have the event's name without its action.
        "github" => kind.and_then(|kind| kind.split('.').next()),
        _ => kind,
    };
    Ok(Ok(Brought::Event { label: first.and_then(|event| event.label.clone()), kind: kind.map(str::to_owned) }))
}

/// With this root and no other.
#[cfg(feature = "asymmetric")]
fn trusting(builder: VerifierBuilder, root: &str) -> Result<VerifierBuilder, Box<dyn Error>> {
    Ok(builder.trust(inhook::Trust::roots(root)?))
}

/// No provider with certificates exists without the feature.
#[cfg(not(feature = "asymmetric"))]
fn trusting(_builder: VerifierBuilder, _root: &str) -> Result<VerifierBuilder, Box<dyn Error>> {
    Err("certificates need the feature `asymmetric`".into())
}

/// What its server would hand over for a token's key: one of those that the case has, or all of them for a set.
fn material(id: &KeyId, keys: &BTreeMap<&str, &Value>) -> Option<KeyMaterial> {
    let name = id.id.as_deref().or_else(|| id.url.rsplit('/').next());
    if let Some(key) = name.and_then(|name| keys.get(name)) {
        return Some(KeyMaterial::new(key.as_str().map_or_else(|| key.to_string(), str::to_owned)));
    }
    let is_certificate = |key: &&Value| key.as_str().is_some_and(|key| key.contains("CERTIFICATE"));
    if id.id.is_some() || keys.is_empty() {
        None
    } else if keys.values().all(|key| key.is_object()) {
        let keys: Vec<_> = keys.values().collect();
        Some(KeyMaterial::new(serde_json::json!({ "keys": keys }).to_string()))
    } else {
        keys.values().all(is_certificate).then(|| KeyMaterial::new(serde_json::json!(keys).to_string()))
    }
}

/// What a case's reason may be called here: a case says what was done to a request, an error what can be seen of it.
fn reasons(reason: &str) -> &'static [ErrorKind] {
    use ErrorKind::{
        BadSignature, FutureTimestamp, InvalidSecret, KeyUnavailable, KeyUntrusted, MalformedBody, MalformedHeader,
        MissingHeader, StaleTimestamp, Unexpected, WrongAlgorithm,
    };
    match reason {
        "missing_header" => &[MissingHeader],
        // Text that is no signature at all is a wrong one, and an empty part of a header is a missing one.
        "malformed_header" => &[MalformedHeader, BadSignature, MissingHeader],
        "bad_signature" | "body_tampered" | "wrong_url" => &[BadSignature],
        // An empty one is none.
        "wrong_secret" => &[BadSignature, InvalidSecret, MissingHeader],
        // A signature of a scheme that does not count is as good as none.
        "wrong_algorithm" | "downgrade" => &[BadSignature, MalformedHeader, MissingHeader, WrongAlgorithm],
        "claims" => &[Unexpected],
        // One that cannot be had is as good as none.
        "key_untrusted" => &[KeyUntrusted, KeyUnavailable],
        "stale_timestamp" => &[StaleTimestamp],
        "future_timestamp" => &[FutureTimestamp],
        "malformed_body" => &[MalformedBody, MissingHeader],
        _ => &[],
    }
}
