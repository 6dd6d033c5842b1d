//! cargo run --example blocking --features testing
//!
//! A program without async: it takes one request from a socket, under limits, verifies it and answers. A thread of its
//! own sends that request, so that it ends by itself.

use std::{
    error::Error,
    io::{self, BufRead, BufReader, Read, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    thread,
    time::Duration,
};

use bytes::Bytes;
use http::{Request, StatusCode};
use inhook::{Delivery, Verifier, provider::GITHUB, testing::signed};

const MOST_HEAD: u64 = 16 << 10;
const MOST_BODY: usize = 1 << 20;
const PATIENCE: Duration = Duration::from_secs(5);

fn main() -> Result<(), Box<dyn Error>> {
    let verifier = Verifier::new(&GITHUB, "secret")?;
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let address = listener.local_addr()?;
    let sender = thread::spawn(move || send(address));

    let (stream, _) = listener.accept()?;
    // For each read, so a sender that trickles can take longer: a server for the open network limits the whole.
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    let status = match receive(&stream, &verifier) {
        Ok(delivery) => {
            for event in delivery.events() {
                println!("{:?} {:?}: {} bytes", event.kind, event.label, event.raw().as_bytes().len());
            }
            StatusCode::OK
        }
        Err(status) => status,
    };
    let reason = status.canonical_reason().unwrap_or_default();
    let head = format!("HTTP/1.1 {} {reason}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n", status.as_str());
    (&stream).write_all(head.as_bytes())?;
    drop(stream);

    let answer = sender.join().map_err(|_| "the sender panicked")??;
    println!("answered: {answer}");
    Ok(())
}

/// What the request brought, or what to answer.
fn receive(stream: &TcpStream, verifier: &Verifier) -> Result<Delivery, StatusCode> {
    let mut reader = BufReader::new(stream);
    let request = read(&mut reader)?;
    verifier.verify(&request).map_err(|refused| {
        println!("refused: {refused}");
        refused.status()
    })
}

/// As much of HTTP/1.1 as this needs: a head, and a body whose length is said.
fn read(reader: &mut impl BufRead) -> Result<Request<Bytes>, StatusCode> {
    let mut head = reader.by_ref().take(MOST_HEAD);
    let line = |head: &mut io::Take<_>| {
        let mut line = String::new();
        BufRead::read_line(head, &mut line).map_err(|_| StatusCode::BAD_REQUEST)?;
        match line.strip_suffix("\r\n") {
            Some(line) => Ok(line.to_owned()),
            None if head.limit() == 0 => Err(StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE),
            None => Err(StatusCode::BAD_REQUEST),
        }
    };
    let start = line(&mut head)?;
    let [method, target, "HTTP/1.1"] = start.split(' ').collect::<Vec<_>>()[..] else {
        return Err(StatusCode::BAD_REQUEST);
    };
    let mut request = Request::builder().method(method).uri(target);
    loop {
        let header = line(&mut head)?;
        if header.is_empty() {
            break;
        }
        let (name, value) = header.split_once(':').ok_or(StatusCode::BAD_REQUEST)?;
        request = request.header(name, value.trim());
    }
    let length = request.headers_ref().and_then(|headers| headers.get("content-length"));
    let length = length.ok_or(StatusCode::LENGTH_REQUIRED)?;
    let length = length.to_str().ok().and_then(|n| n.parse::<usize>().ok()).ok_or(StatusCode::BAD_REQUEST)?;
    // Refused before a byte of it is read.
    if length > MOST_BODY {
        return Err(StatusCode::PAYLOAD_TOO_LARGE);
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).map_err(|_| StatusCode::REQUEST_TIMEOUT)?;
    request.body(Bytes::from(body)).map_err(|_| StatusCode::BAD_REQUEST)
}

/// What GitHub would send; gives the status line of the answer.
fn send(to: SocketAddr) -> io::Result<String> {
    let request =
        signed(&GITHUB, "secret", r#"{"action":"opened","issue":{"number":1}}"#).kind("issues.opened").build();
    let mut stream = TcpStream::connect(to)?;
    write!(stream, "POST {} HTTP/1.1\r\nhost: {to}\r\n", request.uri().path())?;
    for (name, value) in request.headers() {
        stream.write_all(&[name.as_str().as_bytes(), b": ", value.as_bytes(), b"\r\n"].concat())?;
    }
    write!(stream, "content-length: {}\r\n\r\n", request.body().len())?;
    stream.write_all(request.body())?;
    let mut answer = String::new();
    BufReader::new(stream).read_line(&mut answer)?;
    Ok(answer.trim_end().to_owned())
}
