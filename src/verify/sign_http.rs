//! HTTP Message Signatures as their signer makes them, for tests.

use bytes::Bytes;
use data_encoding::BASE64;
use http::Request;
use sfv::{Dictionary, ListEntry, Parser};
use sha2::{Digest as _, Sha256};

use super::{
    components,
    http_signature::{DIGEST, SIGNATURE},
    put::put,
    sign::Stamps,
};
use crate::{
    Error, ErrorKind, Incoming,
    provider::{At, HttpSignature, Part},
};

/// Covers what it has to, and says when it was made.
pub(super) fn sign(
    data: &HttpSignature,
    request: &mut Request<Bytes>,
    stamps: Stamps<'_>,
    make: impl FnOnce(&str) -> Vec<u8>,
) -> Result<(), Error> {
    const NOT_WRITTEN: Error = Error::new(ErrorKind::Config, "such a signature cannot be written");
    if data.parts.contains(&Part::Body) {
        let digest = format!("sha-256=:{}:", BASE64.encode(&Sha256::digest(request.body())));
        put(request, At::Header(DIGEST), digest.as_bytes())?;
    }
    let names = data.parts.iter().map(|part| match part {
        Part::Method => "\"@method\"".to_owned(),
        Part::Url => "\"@target-uri\"".to_owned(),
        Part::Path => "\"@path\"".to_owned(),
        Part::Query => "\"@query\"".to_owned(),
        Part::Body => format!("\"{DIGEST}\""),
        Part::Header(name) => format!("\"{name}\""),
        _ => String::new(),
    });
    let names: Vec<_> = names.collect();
    let created = stamps.time.map_or_else(|| stamps.at.unix_timestamp().to_string(), str::to_owned);
    let label = data.label.unwrap_or("sig1");
    let tag = data.tag.map(|tag| format!(";tag=\"{tag}\"")).unwrap_or_default();
    let algorithm = data.algorithm.name();
    let input = format!("{label}=({});created={created};keyid=\"test\";alg=\"{algorithm}\"{tag}", names.join(" "));
    put(request, At::Header("signature-input"), input.as_bytes())?;
    let parsed = Parser::new(&input).parse::<Dictionary>().ok().and_then(|mut all| all.pop());
    let text = match parsed {
        Some((_, ListEntry::InnerList(list))) => {
            components::text(&list, &Incoming::from(&*request), Some(stamps.base))?
        }
        // A time that cannot be said is signed all the same, for a verifier to refuse.
        _ => input,
    };
    let signature = format!("{label}=:{}:", BASE64.encode(&make(&text)));
    put(request, At::Header(SIGNATURE), signature.as_bytes()).map_err(|_| NOT_WRITTEN)
}
