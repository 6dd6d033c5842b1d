//! cargo run --example send --features testing -- --provider stripe --secret whsec_x --file event.json http://127.0.0.1:3000/hooks/stripe
//!
//! Posts a file to a receiver on your machine as a provider would, signed, and prints the answer.

use std::{
    env,
    error::Error,
    fs,
    io::{Read, Write},
    net::TcpStream,
    path::PathBuf,
    time::Duration,
};

use inhook::{
    Verifier,
    provider::{ALL, by_name},
    testing::signed,
};
use lexopt::prelude::*;

const USAGE: &str = "\
usage: send --provider NAME --secret SECRET --file FILE [options] http://HOST[:PORT]/PATH

  --kind KIND        the event's kind, such as invoice.paid; else what the file says
  --label ID         the event's id; else what the file says, or a fresh one
  --attempt N        which try this is, from 1
  --content-type T   the body's type; else the provider's usual one

providers:";

fn main() -> Result<(), Box<dyn Error>> {
    let (mut provider, mut secret, mut file, mut url) = (None, None, None, None);
    let (mut kind, mut label, mut attempt, mut content_type) = (None, None, 1, None);
    let mut arguments = lexopt::Parser::from_env();
    while let Some(argument) = arguments.next()? {
        match argument {
            Long("provider") => provider = Some(arguments.value()?.string()?),
            Long("secret") => secret = Some(arguments.value()?.string()?),
            Long("file") => file = Some(PathBuf::from(arguments.value()?)),
            Long("kind") => kind = Some(arguments.value()?.string()?),
            Long("label") => label = Some(arguments.value()?.string()?),
            Long("attempt") => attempt = arguments.value()?.parse()?,
            Long("content-type") => content_type = Some(arguments.value()?.string()?),
            Value(value) if url.is_none() => url = Some(value.string()?),
            other => return Err(other.unexpected().into()),
        }
    }
    if env::args().len() == 1 {
        let names: Vec<_> = ALL.iter().map(|provider| provider.name()).collect();
        println!("{USAGE} {}", names.join(", "));
        return Ok(());
    }
    let (Some(provider), Some(secret), Some(file), Some(url)) = (provider, secret, file, url) else {
        return Err("a provider, a secret, a file and an address are needed; without arguments it says how".into());
    };
    let provider = by_name(&provider).ok_or("there is no such provider")?;
    let target = url.strip_prefix("http://").ok_or("the address starts with http://")?;
    let host = target.split(['/', '?']).next().unwrap_or_default();
    // Says what is wrong with a secret; signing would panic.
    Verifier::builder(provider).secret(secret.as_str()).public_base(format!("http://{host}")).build()?;

    let mut request = signed(provider, secret, fs::read(file)?).url(&url).attempt(attempt);
    if let Some(kind) = kind {
        request = request.kind(kind);
    }
    if let Some(label) = label {
        request = request.label(label);
    }
    if let Some(content_type) = content_type {
        request = request.content_type(content_type);
    }
    let request = request.build();

    let address = if host.contains(':') { host.to_owned() } else { format!("{host}:80") };
    let mut stream = TcpStream::connect(address)?;
    stream.set_read_timeout(Some(Duration::from_secs(30)))?;
    let path = request.uri().path_and_query().map_or("/", |target| target.as_str());
    write!(stream, "POST {path} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n")?;
    for (name, value) in request.headers() {
        println!("> {name}: {}", String::from_utf8_lossy(value.as_bytes()));
        stream.write_all(&[name.as_str().as_bytes(), b": ", value.as_bytes(), b"\r\n"].concat())?;
    }
    write!(stream, "content-length: {}\r\n\r\n", request.body().len())?;
    stream.write_all(request.body())?;
    let mut answer = Vec::new();
    stream.take(1 << 20).read_to_end(&mut answer)?;
    println!("{}", String::from_utf8_lossy(&answer));
    Ok(())
}
