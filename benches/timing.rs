//! Whether the time of a refusal tells where a signature or token goes wrong: two classes of forgeries, one wrong in its
//! first byte and one in its last, and Welch's t-test of their times, as dudect does it. A |t| of more than 4.5 says yes.

mod support;

use std::hint::black_box;

use bytes::Bytes;
use data_encoding::{BASE64, HEXLOWER};
use dudect_bencher::{
    BenchRng, Class, CtRunner,
    ctbench::{BenchMetadata, BenchName, BenchOpts, run_benches_console},
    rand::{Rng, RngExt},
};
use http::{HeaderMap, HeaderValue};
use inhook::{
    Provider, Verifier,
    provider::{At, Digest, Encoding, Hmac, Scheme, StaticToken, Syntax},
};
use support::{data::SECRET, ideal};

const SAMPLES: usize = 2_000_000;
const AT_ONCE: usize = 10_000;
const PLACE: At = At::Header("x-signature");
const HMAC: Hmac = Hmac::new(Digest::Sha256).signature(PLACE, Syntax::Bare);
const HEX: Provider = Provider::new("hex", Scheme::Hmac(HMAC));
const BASE_64: Provider = Provider::new("base64", Scheme::Hmac(HMAC.encoding(Encoding::Base64)));
const TOKEN: Provider = Provider::new("token", Scheme::Token(StaticToken::bare(PLACE)));

fn main() {
    let bench = |name, benchfn| BenchMetadata { name: BenchName(name), seed: None, benchfn };
    let benches = vec![
        bench("signature in base64", |run, random| signature(run, random, &BASE_64, |tag| BASE64.encode(tag))),
        bench("signature in hexadecimal", |run, random| signature(run, random, &HEX, |tag| HEXLOWER.encode(tag))),
        bench("token", token),
    ];
    run_benches_console(BenchOpts::default(), benches).unwrap();
}

/// A body of its own for each sample, so that nothing but the place of the error differs between the classes.
fn signature(run: &mut CtRunner, random: &mut BenchRng, provider: &Provider, encode: fn(&[u8]) -> String) {
    let verifier = Verifier::new(provider, SECRET).unwrap();
    let key = ideal::key(SECRET.as_bytes());
    forgeries(
        run,
        random,
        &verifier,
        |random| {
            let mut body = [0; 64];
            random.fill_bytes(&mut body);
            (Bytes::copy_from_slice(&body), ideal::tag(&key, &[&body]).to_vec())
        },
        encode,
    );
}

fn token(run: &mut CtRunner, random: &mut BenchRng) {
    let verifier = Verifier::new(&TOKEN, SECRET).unwrap();
    let text = |token: &[u8]| String::from_utf8_lossy(token).into_owned();
    forgeries(run, random, &verifier, |_| (Bytes::new(), SECRET.as_bytes().to_vec()), text);
}

fn forgeries(
    run: &mut CtRunner,
    random: &mut BenchRng,
    verifier: &Verifier,
    mut genuine: impl FnMut(&mut BenchRng) -> (Bytes, Vec<u8>),
    encode: fn(&[u8]) -> String,
) {
    for _ in 0..SAMPLES / AT_ONCE {
        let forged: Vec<(Class, HeaderMap, Bytes)> = (0..AT_ONCE)
            .map(|_| {
                let (body, mut proof) = genuine(random);
                let (class, wrong) = if random.random() { (Class::Left, 0) } else { (Class::Right, proof.len() - 1) };
                proof[wrong] ^= 1;
                let value = HeaderValue::try_from(encode(&proof)).unwrap();
                (class, HeaderMap::from_iter([("x-signature".parse().unwrap(), value)]), body)
            })
            .collect();
        for (class, headers, body) in forged {
            run.run_one(class, || black_box(verifier.authenticate((&headers, &body))).is_err());
        }
    }
}
