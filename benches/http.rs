//! Over loopback: axum with this crate beside a bare axum handler that checks the same HMAC by hand. Both serve in turn,
//! each on a thread of its own; the client writes requests that are made beforehand but for their ids and signatures.
//!
//! Once with a connection for each request, as most deliveries come, be it from their senders or through a proxy that
//! keeps none; and once over connections that are kept, where all that a request takes is what its handler does.

mod support;

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use axum::{
    Router,
    body::Bytes,
    http::{HeaderMap, StatusCode},
    routing::{get, post},
};
use cpu_time::ThreadTime;
use data_encoding::HEXLOWER;
use inhook::{Event, Handlers, Receiver, Verifier, provider::GITHUB, store::MemoryStore};
use support::{
    asked,
    data::{self, SECRET, Sent},
    ideal, median, rounds,
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    runtime,
};

/// Requests that are under way at once.
const CLIENTS: usize = 32;
const SLICE: Duration = Duration::from_millis(200);

fn main() {
    compare(Connections::Own);
    compare(Connections::Kept);
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Connections {
    Own,
    Kept,
}

fn compare(connections: Connections) {
    let title = match connections {
        Connections::Own => "a connection for each request",
        Connections::Kept => "connections kept",
    };
    if !asked(title) {
        return;
    }
    let sent = Arc::new(data::github(data::named_body(&"0".repeat(36), 1024)));
    let key = ideal::key(SECRET.as_bytes());
    let by_hand = async move |headers: HeaderMap, body: Bytes| {
        if ideal::github(&key, &headers, &body) { StatusCode::OK } else { StatusCode::UNAUTHORIZED }
    };
    let store = MemoryStore::with_capacity(100_000_000);
    let handlers = Handlers::new().otherwise(async |_: Event| Ok(()));
    let receiver = Receiver::builder(Verifier::new(&GITHUB, SECRET).unwrap(), store).handle(handlers).unwrap();
    let servers = [serve(Router::new().route("/", post(by_hand))), serve(Router::new().route_service("/", receiver))];
    let client = runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let mut turns = [Vec::new(), Vec::new()];
    for _ in 0..rounds() {
        for (server, turns) in servers.iter().zip(&mut turns) {
            turns.push(client.block_on(load(*server, &sent, connections)));
        }
    }
    println!("\nhttp, 1024 B, {CLIENTS} at once, {title}");
    println!("{:34}{:>11}{:>9}{:>14}{:>9}", "", "requests/s", "/ first", "server's us", "/ first");
    let [first, _] = &turns;
    for (turns, name) in turns.iter().zip(["axum, HMAC by hand", "axum with inhook"]) {
        let pairs = || turns.iter().zip(first);
        let (rate, rates) = (median(turns.iter().map(|load| load.rate)), median(pairs().map(|(a, b)| a.rate / b.rate)));
        let (busy, busies) =
            (median(turns.iter().map(|load| load.busy)), median(pairs().map(|(a, b)| a.busy / b.busy)));
        println!("{name:34}{rate:>11.0}{rates:>9.3}{busy:>14.2}{busies:>9.3}");
    }
}

struct Load {
    /// Requests a second.
    rate: f64,
    /// Microseconds that the server's thread worked for each: what else the machine does hardly shows in it.
    busy: f64,
}

fn serve(router: Router) -> SocketAddr {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let address = listener.local_addr().unwrap();
    let busy = get(async || ThreadTime::now().as_duration().as_nanos().to_string());
    let router = router.route("/busy", busy);
    std::thread::spawn(move || {
        let runtime = runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let serve = async { axum::serve(TcpListener::from_std(listener).unwrap(), router).await.unwrap() };
        allocation_counter::opt_out(|| runtime.block_on(serve));
    });
    address
}

/// For how many nanoseconds the server's thread has worked.
async fn busy(server: SocketAddr) -> f64 {
    let mut stream = TcpStream::connect(server).await.unwrap();
    stream.write_all(b"GET /busy HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n").await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer.rsplit_once("\r\n\r\n").unwrap().1.parse().unwrap()
}

async fn load(server: SocketAddr, sent: &Arc<Sent>, connections: Connections) -> Load {
    let before = busy(server).await;
    let start = Instant::now();
    let clients: Vec<_> =
        (0..CLIENTS).map(|_| tokio::spawn(client(server, Arc::clone(sent), connections, start))).collect();
    let mut answered = 0;
    for client in clients {
        answered += client.await.unwrap();
    }
    let rate = f64::from(answered) / start.elapsed().as_secs_f64();
    Load { rate, busy: (busy(server).await - before) / f64::from(answered) / 1000.0 }
}

async fn client(server: SocketAddr, sent: Arc<Sent>, connections: Connections, start: Instant) -> u32 {
    static IDS: AtomicU64 = AtomicU64::new(0);
    let mut request = Request::new(&sent, connections);
    let mut stream = connect(server).await;
    let (mut response, mut answered) = ([0; 1024], 0);
    loop {
        stream.write_all(request.named(IDS.fetch_add(1, Ordering::Relaxed))).await.unwrap();
        // Both answer without a body, in one piece.
        let read = stream.read(&mut response).await.unwrap();
        assert!(response[..read].starts_with(b"HTTP/1.1 200 ") && response[..read].ends_with(b"\r\n\r\n"));
        answered += 1;
        if start.elapsed() >= SLICE {
            return answered;
        }
        if connections == Connections::Own {
            assert_eq!(stream.read(&mut response).await.unwrap(), 0);
            stream = connect(server).await;
        }
    }
}

async fn connect(server: SocketAddr) -> TcpStream {
    let stream = TcpStream::connect(server).await.unwrap();
    stream.set_nodelay(true).unwrap();
    stream
}

/// A request as it goes over the wire, and where in it stands what differs from event to event.
struct Request {
    bytes: Vec<u8>,
    delivery: usize,
    signature: usize,
    body: usize,
    key: ideal::Key,
}

impl Request {
    fn new(sent: &Sent, connections: Connections) -> Self {
        let (mut bytes, mut delivery, mut signature) = (b"POST / HTTP/1.1\r\n".to_vec(), 0, 0);
        for (name, value) in &sent.headers {
            bytes.extend_from_slice(name.as_str().as_bytes());
            bytes.extend_from_slice(b": ");
            match name.as_str() {
                "x-github-delivery" => delivery = bytes.len(),
                "x-hub-signature-256" => signature = bytes.len() + "sha256=".len(),
                _ => {}
            }
            bytes.extend_from_slice(value.as_bytes());
            bytes.extend_from_slice(b"\r\n");
        }
        if connections == Connections::Own {
            bytes.extend_from_slice(b"connection: close\r\n");
        }
        bytes.extend_from_slice(b"\r\n");
        let body = bytes.len();
        bytes.extend_from_slice(&sent.body);
        Self { bytes, delivery, signature, body, key: sent.key.clone() }
    }

    /// An event of its own: id, payload and signature.
    fn named(&mut self, id: u64) -> &[u8] {
        let id = format!("{id:036x}");
        self.write(self.delivery, &id);
        self.write(self.body + r#"{"id":""#.len(), &id);
        let tag = ideal::tag(&self.key, &[&self.bytes[self.body..]]);
        self.write(self.signature, &HEXLOWER.encode(&tag));
        &self.bytes
    }

    fn write(&mut self, at: usize, text: &str) {
        self.bytes[at..at + text.len()].copy_from_slice(text.as_bytes());
    }
}
