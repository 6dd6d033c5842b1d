//! README's table of providers, made from their data.

use super::{ALL, At, Batch, Digest, Handshake, Part, Provider, Retries, Scheme, Verb};
#[cfg(feature = "asymmetric")]
use super::{Algorithm, PublicKey};

const HEAD: &str = "| name | scheme | signed | identity of an event | kind | payload | tolerance | batch | handshake | sends again |\n\
     | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |\n";
const START: &str = "<!-- providers: made from the data, see src/provider/table.rs -->\n";
const END: &str = "<!-- end of providers -->";

fn table() -> String {
    ALL.iter().fold(HEAD.to_owned(), |table, provider| table + &row(provider))
}

fn row(provider: &Provider) -> String {
    let e = &provider.envelope;
    let schemes = unique(provider.schemes().map(scheme));
    let signed = unique(provider.schemes().map(signed));
    let identity = if e.identity.is_empty() {
        "none: handled at least once".to_owned()
    } else {
        e.identity.iter().map(place).collect::<Vec<_>>().join(", ")
    };
    let (kind, payload) = (place(&e.kind), place(&e.payload));
    let tolerance = provider.past.map_or(String::new(), |past| span(past.as_secs()));
    let batch = match e.batch {
        Batch::One => String::new(),
        Batch::List("") => "list".to_owned(),
        Batch::List(pointer) => format!("`{}`", dotted(pointer)),
        Batch::CloudEvents => "by mode".to_owned(),
        Batch::Lines => "lines".to_owned(),
    };
    let handshakes = unique(provider.handshakes.iter().map(method));
    let retries = match provider.retries {
        Retries::Never => "never".to_owned(),
        Retries::Hours(hours) if u64::from(hours) * 3600 == provider.remember.as_secs() => "not said".to_owned(),
        Retries::Hours(hours) => span(u64::from(hours) * 3600),
    };
    let retries = match provider.again {
        Some(again) => format!("{retries}, after {again}"),
        None => retries,
    };
    let name = format!("[`{}`]({})", provider.name, provider.docs);
    format!(
        "| {name} | {schemes} | {signed} | {identity} | {kind} | {payload} | {tolerance} | {batch} | {handshakes} | \
         {retries} |\n"
    )
}

fn unique(parts: impl Iterator<Item = String>) -> String {
    let mut unique: Vec<String> = Vec::new();
    for part in parts {
        if !unique.contains(&part) {
            unique.push(part);
        }
    }
    unique.join(" or ")
}

fn scheme(scheme: &Scheme) -> String {
    let hash = |digest| match digest {
        Digest::Sha1 => "SHA1",
        Digest::Sha256 => "SHA256",
        Digest::Sha384 => "SHA384",
        Digest::Sha512 => "SHA512",
    };
    match scheme {
        Scheme::Token(_) => "token".to_owned(),
        Scheme::Jwt(jwt) => format!("JWT {}", jwt.algorithm.name()),
        Scheme::Hmac(hmac) if hmac.plain.is_some() => format!("plain {}", hash(hmac.digest)),
        Scheme::Hmac(hmac) => format!("HMAC-{}", hash(hmac.digest)),
        #[cfg(feature = "http-signatures")]
        Scheme::HttpSignature(scheme) => format!("RFC 9421 {}", scheme.algorithm.name()),
        Scheme::Custom(custom) => format!("HMAC-{}", hash(custom.digest)),
        #[cfg(feature = "asymmetric")]
        Scheme::PublicKey(scheme) => unique(scheme.algorithms.iter().map(|algorithm| {
            match algorithm {
                Algorithm::Ed25519 => "Ed25519",
                Algorithm::EcdsaP256Sha256 | Algorithm::EcdsaP256Sha256Fixed => "ECDSA-P256",
                Algorithm::RsaPkcs1Sha256 => "RSA-SHA256",
                Algorithm::RsaPssSha512 => "RSA-PSS-SHA512",
                Algorithm::RsaPkcs1Sha1 => "RSA-SHA1",
            }
            .to_owned()
        })),
    }
}

fn signed(scheme: &Scheme) -> String {
    let (parts, places) = scheme.covers();
    let named = parts.iter().filter_map(|part| match part {
        Part::Text(_) => None,
        Part::Body | Part::BodyBase64 => Some("body".to_owned()),
        #[cfg(feature = "asymmetric")]
        Part::BodyCrc32 => Some("CRC-32 of the body".to_owned()),
        Part::Expected(name) => Some(format!("your `{name}`")),
        Part::Timestamp => Some("time".to_owned()),
        Part::Id => Some("id".to_owned()),
        Part::Header(name) => Some(format!("`{name}`")),
        Part::Method => Some("method".to_owned()),
        Part::Url => Some("URL".to_owned()),
        Part::Path => Some("path".to_owned()),
        Part::Query => Some("query".to_owned()),
        Part::SortedForm => Some("form".to_owned()),
        Part::Token => Some("event".to_owned()),
    });
    let fields = match scheme {
        #[cfg(feature = "asymmetric")]
        Scheme::PublicKey(PublicKey { read: Some(_), .. }) => places.iter().map(place).collect(),
        Scheme::Custom(_) => places.iter().map(place).collect(),
        _ => Vec::new(),
    };
    let all: Vec<String> = named.chain(fields).collect();
    if all.is_empty() { "**nothing**".to_owned() } else { all.join(", ") }
}

fn place(at: &At) -> String {
    let all = |places: &[At], between: &str| places.iter().map(place).collect::<Vec<_>>().join(between);
    match at {
        At::Nowhere => String::new(),
        At::Header(name) | At::Form(name) | At::SignaturePair(name) => format!("`{name}`"),
        At::Attribute(name) => format!("`{name}`"),
        At::Query(name) => format!("`?{name}`"),
        At::Json("") | At::Document("") => "the event".to_owned(),
        At::Json(pointer) | At::Number(pointer) | At::Document(pointer) | At::Inner(pointer) => {
            format!("`{}`", dotted(pointer))
        }
        At::SignedId => "signed id".to_owned(),
        At::SignatureTime => "signed time".to_owned(),
        At::PayloadDigest => "payload".to_owned(),
        At::Day(_) => "day".to_owned(),
        At::Made(inner, _) => place(inner),
        At::NameOf(pointers) if pointers.len() > 3 => "the name of what it brings".to_owned(),
        At::NameOf(pointers) => pointers.iter().map(|p| format!("`{}`", dotted(p))).collect::<Vec<_>>().join(" or "),
        At::FirstOf(places) => {
            // One name in a header, a form and JSON is one name.
            let mut named: Vec<String> = places.iter().map(place).collect();
            named.dedup();
            named.join(" or ")
        }
        At::Joined(places, _) => all(places, " and "),
        At::Optional(inner) => format!("{}?", place(inner)),
        At::Text(text) => format!("\u{201c}{text}\u{201d}"),
    }
}

fn dotted(pointer: &str) -> String {
    pointer.trim_start_matches('/').replace('/', ".")
}

fn method(handshake: &Handshake) -> String {
    match handshake.method {
        Verb::Get => "GET",
        Verb::Head => "HEAD",
        Verb::Options => "OPTIONS",
        Verb::Post => "POST",
    }
    .to_owned()
}

fn span(secs: u64) -> String {
    match secs {
        0..60 => format!("{secs} s"),
        60..3600 => format!("{} min", secs / 60),
        3600..172_800 => format!("{} h", secs / 3600),
        _ => format!("{} days", secs.div_ceil(86_400)),
    }
}

/// With `INHOOK_BLESS=1` it writes the table instead. Without a feature its providers do not exist.
#[cfg(feature = "asymmetric")]
#[test]
fn readme_has_the_table() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/README.md");
    let readme = std::fs::read_to_string(path).unwrap();
    let (before, rest) = readme.split_once(START).expect("where the table starts");
    let (found, after) = rest.split_once(END).expect("where the table ends");
    if std::env::var_os("INHOOK_BLESS").is_some() {
        std::fs::write(path, [before, START, &table(), END, after].concat()).unwrap();
    } else {
        assert_eq!(found, table(), "run this test with INHOOK_BLESS=1");
    }
}
