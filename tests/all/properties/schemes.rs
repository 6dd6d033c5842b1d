//! Any scheme that data can describe.

use inhook::provider::{Encoding, KeyForm, TimeUnit};
use proptest::sample::{select, subsequence};
use sha1::{Digest as _, Sha1};
use sha2::{Sha384, Sha512};
use time::format_description::well_known::Rfc3339;

use super::*;

const BASE: &str = "https://example.com/in";

/// A scheme at random, with a secret that goes with it.
#[derive(Clone, Debug)]
struct Case {
    digest: Digest,
    plain: bool,
    form: KeyForm,
    secret: String,
    key: Vec<u8>,
    syntax: Syntax,
    encoding: Encoding,
    parts: Vec<Part>,
    time: Option<(At, TimeUnit)>,
    id: Option<At>,
    signature: At,
    body: Vec<u8>,
    at: i64,
    other_secret_first: bool,
}

const SYNTAXES: [Syntax; 6] = [
    Syntax::Bare,
    Syntax::Prefixed("sha="),
    Syntax::List { separator: ' ', prefix: "v1," },
    Syntax::Pairs { separator: ',', signature: "v1", spaces: false },
    Syntax::Pairs { separator: ';', signature: "h", spaces: true },
    Syntax::AfterTime { separator: ',' },
];

fn key() -> impl Strategy<Value = (KeyForm, String, Vec<u8>)> {
    let forms = [
        KeyForm::Text,
        KeyForm::Base64,
        KeyForm::Base64After("whsec_"),
        KeyForm::Base64AfterOrText("base64:"),
        KeyForm::Sha1,
        KeyForm::Hex,
    ];
    (select(forms.to_vec()), vec(any::<u8>(), 1..150), "[!-~]{1,80}", any::<bool>()).prop_map(
        |(form, bytes, text, bare)| {
            let (secret, key) = match form {
                KeyForm::Base64 => (BASE64.encode(&bytes), bytes),
                KeyForm::Base64After(_) if bare => (BASE64.encode(&bytes).trim_end_matches('=').to_owned(), bytes),
                KeyForm::Base64After(prefix) => (format!("{prefix}{}", BASE64.encode(&bytes)), bytes),
                KeyForm::Base64AfterOrText(prefix) if !bare => (format!("{prefix}{}", BASE64.encode(&bytes)), bytes),
                KeyForm::Sha1 => (text.clone(), Sha1::digest(text.as_bytes()).to_vec()),
                KeyForm::Hex => (HEXLOWER.encode(&bytes), bytes),
                _ => (text.clone(), text.into_bytes()),
            };
            (form, secret, key)
        },
    )
}

fn case() -> impl Strategy<Value = Case> {
    let digest = select([Digest::Sha1, Digest::Sha256, Digest::Sha384, Digest::Sha512].to_vec());
    let encodings = [Encoding::Hex, Encoding::Base64, Encoding::Base64Url, Encoding::Base64UrlUnpadded];
    let places = [At::Header("x-time"), At::Query("time"), At::SignaturePair("t")];
    let units = [TimeUnit::Seconds, TimeUnit::Millis, TimeUnit::Rfc3339];
    let time = proptest::option::of((select(places.to_vec()), select(units.to_vec())));
    let id = proptest::option::of(select([At::Header("x-id"), At::Query("id"), At::SignaturePair("i")].to_vec()));
    let parts = [Part::Method, Part::Path, Part::Query, Part::Url, Part::Header("x-other"), Part::Text("v0:")];
    let parts = subsequence(parts.to_vec(), 0..=parts.len());
    let signature = select([At::Header("x-signature"), At::Query("signature")].to_vec());
    let scheme = (digest, any::<bool>(), key(), select(SYNTAXES.to_vec()), select(encodings.to_vec()));
    let what = (parts, time, id, signature, any::<u64>());
    let message = (vec(any::<u8>(), 1..120), -2_000_000_000..4_000_000_000_i64, any::<bool>());
    (scheme, what, message).prop_map(|(scheme, what, message)| {
        let (digest, plain, (form, secret, key), syntax, encoding) = scheme;
        let (mut parts, mut time, mut id, mut signature, order) = what;
        let (body, at, other_secret_first) = message;
        let pairs = matches!(syntax, Syntax::Pairs { .. });
        let unfit = |at: At| matches!(at, At::SignaturePair(_)) && !pairs;
        time = time.filter(|(at, _)| !unfit(*at));
        if let Syntax::AfterTime { .. } = syntax {
            time = Some((At::SignatureTime, time.map_or(TimeUnit::Millis, |(_, unit)| unit)));
        }
        id = id.filter(|at| !unfit(*at));
        // Neither is over what is put into it later.
        if parts.contains(&Part::Query) || parts.contains(&Part::Url) {
            signature = At::Header("x-signature");
        }
        parts.push(Part::Body);
        parts.extend(time.map(|_| Part::Timestamp));
        // What parts an id from the next part is in no id.
        parts.extend(id.map(|_| [Part::Id, Part::Text("|")]).into_iter().flatten());
        let by = (order % parts.len() as u64) as usize;
        parts.rotate_left(if id.is_some() { 0 } else { by });
        // Only times that can be written without a sign, and not before the calendar of RFC 3339 begins.
        let at = at.abs();
        let plain = plain && digest == Digest::Sha256;
        Case {
            digest,
            plain,
            form,
            secret,
            key,
            syntax,
            encoding,
            parts,
            time,
            id,
            signature,
            body,
            at,
            other_secret_first,
        }
    })
}

impl Case {
    fn provider(&self) -> Provider {
        let mut scheme = Scheme::new(self.digest)
            .key(self.form)
            .over(self.parts.clone().leak())
            .signature(self.signature, self.syntax)
            .encoding(self.encoding);
        if self.plain {
            scheme = scheme.plain_hash();
        }
        if let Some((at, unit)) = self.time {
            scheme = scheme.timestamp(at, unit);
        }
        if let Some(at) = self.id {
            scheme = scheme.id(at);
        }
        let provider = Provider::new("acme", AnyScheme::Hmac(scheme));
        // Without a time there is nothing for it to judge.
        if self.time.is_some() { provider.tolerance(300, 300) } else { provider }
    }

    fn at(&self) -> OffsetDateTime {
        OffsetDateTime::from_unix_timestamp(self.at).unwrap()
    }

    fn verifier(&self) -> Verifier {
        let mut builder = Verifier::builder(&self.provider()).public_base(BASE);
        if self.other_secret_first {
            builder = builder.secret("6f74686572207365637265742e2e2e2e");
        }
        builder.secret(self.secret.as_str()).build().unwrap()
    }

    fn time_text(&self) -> String {
        match self.time {
            Some((_, TimeUnit::Millis)) => format!("{}123", self.at),
            Some((_, TimeUnit::Rfc3339)) => self.at().format(&Rfc3339).unwrap(),
            _ => self.at.to_string(),
        }
    }

    fn encode(&self, tag: &[u8]) -> String {
        match self.encoding {
            Encoding::Hex => HEXLOWER,
            Encoding::Base64 => BASE64,
            Encoding::Base64Url => BASE64URL,
            _ => BASE64URL_NOPAD,
        }
        .encode(tag)
    }

    fn tag(&self, message: &[u8]) -> Vec<u8> {
        match self.digest {
            _ if self.plain => Sha256::digest([&self.key, message].concat()).to_vec(),
            Digest::Sha1 => mac(Hmac::<Sha1>::new_from_slice(&self.key).unwrap(), message),
            Digest::Sha384 => mac(Hmac::<Sha384>::new_from_slice(&self.key).unwrap(), message),
            Digest::Sha512 => mac(Hmac::<Sha512>::new_from_slice(&self.key).unwrap(), message),
            _ => mac(Hmac::<Sha256>::new_from_slice(&self.key).unwrap(), message),
        }
    }

    /// Made without the crate's own signing.
    fn request(&self) -> Request<Bytes> {
        let (time, id) = (self.time_text(), "id.1");
        let mut query = vec!["q=%2f".to_owned()];
        let mut request = Request::post("/").body(Bytes::from(self.body.clone())).unwrap();
        request.headers_mut().insert("x-other", HeaderValue::from_static("other, value"));
        let mut pairs = Vec::new();
        for (at, text) in [(self.time.map(|(at, _)| at), &*time), (self.id, id)] {
            match at {
                Some(At::Header(name)) => drop(request.headers_mut().insert(name, text.parse().unwrap())),
                Some(At::Query(name)) => query.push(format!("{name}={}", text.replace('+', "%2B"))),
                Some(At::SignaturePair(name)) => pairs.push(format!("{name}={text}")),
                Some(At::SignatureTime) => pairs.push(text.to_owned()),
                _ => {}
            }
        }
        let path = "/hooks/%41?";
        let message: Vec<u8> = self
            .parts
            .iter()
            .flat_map(|part| match part {
                Part::Text(text) => text.as_bytes().to_vec(),
                Part::Body => self.body.clone(),
                Part::Timestamp => time.clone().into_bytes(),
                Part::Id => id.as_bytes().to_vec(),
                Part::Header(_) => b"other, value".to_vec(),
                Part::Method => b"POST".to_vec(),
                Part::Path => b"/hooks/%41".to_vec(),
                Part::Query => query.join("&").into_bytes(),
                _ => format!("{BASE}{path}{}", query.join("&")).into_bytes(),
            })
            .collect();
        let tag = self.encode(&self.tag(&message));
        let signature = match self.syntax {
            Syntax::Prefixed(prefix) => format!("{prefix}{tag}"),
            Syntax::List { prefix, .. } => format!("{prefix}{tag}"),
            Syntax::Pairs { separator, signature, .. } => {
                pairs.push(format!("{signature}={tag}"));
                pairs.join(&separator.to_string())
            }
            Syntax::AfterTime { separator } => {
                pairs.push(tag);
                pairs.join(&separator.to_string())
            }
            _ => tag,
        };
        match self.signature {
            At::Header(name) => drop(request.headers_mut().insert(name, signature.parse().unwrap())),
            _ => query.push(format!(
                "signature={}",
                percent_encoding::percent_encode(signature.as_bytes(), percent_encoding::NON_ALPHANUMERIC)
            )),
        }
        *request.uri_mut() = format!("{path}{}", query.join("&")).parse().unwrap();
        request
    }
}

/// The request with one bit changed in everything that is signed or signs, one after the other.
fn changed(case: &Case, request: &Request<Bytes>, bit: usize) -> Vec<(&'static str, Request<Bytes>)> {
    let mut all = vec![("body", request.clone().map(|body| Bytes::from(flipped(&body, bit))))];
    let mut header = |name: &'static str| {
        let Some(value) = request.headers().get(name) else { return };
        let Ok(value) = HeaderValue::from_bytes(&flipped(value.as_bytes(), bit)) else { return };
        let mut request = request.clone();
        request.headers_mut().insert(name, value);
        all.push((name, request));
    };
    ["x-signature", "x-time", "x-id"].into_iter().for_each(&mut header);
    if case.parts.contains(&Part::Header("x-other")) {
        header("x-other");
    }
    let signs = |part| case.parts.contains(&part);
    if signs(Part::Url) || (signs(Part::Path) && signs(Part::Query)) {
        let target = flipped(request.uri().to_string().as_bytes(), bit);
        if let Some(target) = Uri::try_from(target).ok().filter(|uri| uri.authority().is_none()) {
            let mut request = request.clone();
            *request.uri_mut() = target;
            all.push(("target", request));
        }
    }
    if signs(Part::Method) {
        let mut request = request.clone();
        *request.method_mut() = "PUT".parse().unwrap();
        all.push(("method", request));
    }
    all
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn what_is_signed_passes_and_one_bit_less_does_not(case in case(), bits in vec(any::<usize>(), 4)) {
        let (verifier, request, at) = (case.verifier(), case.request(), case.at());
        let verified = verifier.authenticate_at(&request, at).map_err(|e| TestCaseError::fail(format!("{e:?}")))?;
        prop_assert_eq!(verified.which_secret(), Some(usize::from(case.other_secret_first)));
        prop_assert_eq!(verified.signed_at().map(OffsetDateTime::unix_timestamp), case.time.map(|_| case.at));
        for bit in bits {
            for (what, changed) in changed(&case, &request, bit) {
                prop_assert!(verifier.authenticate_at(&changed, at).is_err(), "{what}: {changed:?}");
            }
        }
        if case.time.is_some() {
            for by in [Duration::seconds(302), Duration::seconds(-302)] {
                prop_assert!(verifier.authenticate_at(&request, at + by).is_err());
            }
        }
        let others = ["x", "6f74686572207365637265742e2e2e2f"];
        // An HMAC takes in zeros behind a key that is short.
        let is_key = |text: &str| case.key.strip_prefix(text.as_bytes()).is_some_and(|rest| rest.iter().all(|b| *b == 0));
        for secret in others.into_iter().filter(|other| !is_key(other)) {
            if let Ok(other) = Verifier::builder(&case.provider()).public_base(BASE).secret(secret).build() {
                prop_assert!(other.authenticate_at(&request, at).is_err(), "{secret}");
            }
        }
        // The other direction reads the same data: what it makes passes too.
        let made = signed(&case.provider(), case.secret.as_str(), case.body.clone())
            .at(at).header("x-other", "x").url("https://example.com/in/hooks").build();
        let direct = Verifier::builder(&case.provider()).public_base("https://example.com").secret(case.secret.as_str());
        prop_assert!(direct.build().unwrap().authenticate_at(&made, at).is_ok());
    }
}
