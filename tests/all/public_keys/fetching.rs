//! Keys that have to be fetched: once, from the provider's own hosts, and not over and over.

mod hosts;
mod subscriptions;

use std::{
    future::pending,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
};

use inhook::{Clock, Error, Event, Handlers, KeySource, Tenant};
use tokio::sync::Semaphore;

use super::*;
use crate::polls::once;

const TOPIC: &str = "arn:aws:sns:us-east-1:123456789012:test";
const BODY: &str = r#"{"Message":"hello","MessageId":"m1"}"#;

/// A key server that counts, waits where it is told to, and may be down.
#[derive(Clone)]
struct Server {
    keys: StaticKeys,
    asked: Arc<Mutex<Vec<String>>>,
    open: Arc<Semaphore>,
    up: Arc<AtomicUsize>,
}

impl Server {
    fn new(keys: StaticKeys) -> Self {
        let open = Arc::new(Semaphore::new(Semaphore::MAX_PERMITS));
        Self { keys, asked: Arc::default(), open, up: Arc::new(AtomicUsize::new(1)) }
    }

    fn closed(keys: StaticKeys) -> Self {
        Self { open: Arc::new(Semaphore::new(0)), ..Self::new(keys) }
    }

    fn asked(&self) -> usize {
        self.asked.lock().unwrap().len()
    }
}

impl KeySource for Server {
    async fn fetch(&self, id: &KeyId) -> Result<KeyMaterial, Error> {
        self.asked.lock().unwrap().push(id.url.clone());
        let _pass = self.open.acquire().await.unwrap();
        match self.up.load(Ordering::SeqCst) {
            0 => Err(Error::key_source("it is down")),
            2 => panic!("a fault of its own"),
            _ => self.keys.fetch(id).await,
        }
    }
}

/// A clock that is moved by hand.
#[derive(Clone, Default)]
struct Hands(Arc<AtomicUsize>);

impl Hands {
    fn clock(&self) -> Clock {
        let seconds = self.0.clone();
        Clock::new(move || NOW + time::Duration::seconds(seconds.load(Ordering::SeqCst) as i64))
    }

    fn forward(&self, seconds: usize) {
        self.0.fetch_add(seconds, Ordering::SeqCst);
    }
}

fn sns() -> Verifier {
    let builder = Verifier::builder(&AWS_SNS).expect("topic_arn", TOPIC);
    builder.trust(Trust::roots(TEST_ROOT).unwrap()).build().unwrap()
}

fn handlers() -> Handlers {
    Handlers::new().otherwise(async |_: Event| Ok(()))
}

fn receiver(server: &Server, time: &Hands) -> Receiver {
    let builder = Receiver::builder(sns(), MemoryStore::new()).keys(server.clone()).clock(time.clock());
    builder.handle(handlers()).unwrap()
}

fn known() -> StaticKeys {
    certificates(&AWS_SNS, SECRET)
}

fn message() -> Request<Bytes> {
    signed(&AWS_SNS, SECRET, BODY).at(NOW).build()
}

/// The same, with its certificate elsewhere.
fn with_url(url: &str) -> Request<Bytes> {
    let mut body: serde_json::Value = serde_json::from_slice(message().body()).unwrap();
    body["SigningCertURL"] = url.into();
    message().map(|_| Bytes::from(body.to_string()))
}

#[tokio::test]
async fn a_key_is_fetched_once_and_kept() {
    let (server, time) = (Server::new(known()), Hands::default());
    let receiver = receiver(&server, &time);
    for _ in 0..3 {
        assert_eq!(receiver.receive(message()).await.status(), StatusCode::OK);
    }
    assert_eq!(server.asked(), 1);
    // A day later it is asked for again, in case it was taken back.
    time.forward(24 * 3600);
    assert_eq!(receiver.receive(message()).await.status(), StatusCode::OK);
    assert_eq!(server.asked(), 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_many_that_need_a_key_one_fetches_it() {
    let (server, time) = (Server::closed(known()), Hands::default());
    let receiver = receiver(&server, &time);
    let all: Vec<_> = (0..64)
        .map(|_| {
            let receiver = receiver.clone();
            tokio::spawn(async move { receiver.receive(message()).await.status() })
        })
        .collect();
    while server.asked() == 0 {
        tokio::task::yield_now().await;
    }
    server.open.add_permits(1);
    for status in all {
        let status = status.await.unwrap();
        assert!(status == StatusCode::OK || status == StatusCode::SERVICE_UNAVAILABLE, "{status}");
    }
    assert_eq!(server.asked(), 1);
}

/// Whoever fetched for all went away: somebody else does.
#[tokio::test]
async fn a_fetch_that_is_dropped_is_taken_up_by_another() {
    let (server, time) = (Server::closed(known()), Hands::default());
    let receiver = receiver(&server, &time);
    let mut first = Box::pin(receiver.receive(message()));
    let mut second = Box::pin(receiver.receive(message()));
    for future in [&mut first, &mut second] {
        assert!(once(future.as_mut()).is_none());
    }
    assert_eq!(server.asked(), 1);
    drop(first);
    server.open.add_permits(2);
    assert_eq!(second.await.status(), StatusCode::OK);
    assert_eq!(server.asked(), 2);
}

/// SNS repeats only after a 5xx: a 4xx for want of the certificate would lose the message.
#[tokio::test]
async fn a_key_server_that_is_down_is_a_503_and_is_left_alone_for_a_while() {
    for fault in [0, 2] {
        let (server, time) = (Server::new(known()), Hands::default());
        server.up.store(fault, Ordering::SeqCst);
        let receiver = receiver(&server, &time);
        for _ in 0..5 {
            let response = receiver.receive(message()).await;
            assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
            assert_eq!(&**response.body(), b"key_unavailable");
            assert!(response.headers().contains_key("retry-after"));
        }
        assert_eq!(server.asked(), 1, "{fault}");
        server.up.store(1, Ordering::SeqCst);
        time.forward(31);
        assert_eq!(receiver.receive(message()).await.status(), StatusCode::OK);
        assert_eq!(server.asked(), 2);
    }
}

#[tokio::test(start_paused = true)]
async fn a_key_server_that_hangs_holds_nobody_up_past_the_deadline() {
    struct Hangs(Arc<AtomicUsize>);
    impl KeySource for Hangs {
        async fn fetch(&self, _id: &KeyId) -> Result<KeyMaterial, Error> {
            self.0.fetch_add(1, Ordering::SeqCst);
            pending().await
        }
    }
    let asked = Arc::new(AtomicUsize::new(0));
    let builder = Receiver::builder(sns(), MemoryStore::new()).keys(Hangs(asked.clone()));
    let receiver = builder.clock(Clock::new(|| NOW)).handle(handlers()).unwrap();
    let start = tokio::time::Instant::now();
    let [one, two] = [(); 2].map(|()| receiver.receive(message()));
    let (one, two) = tokio::join!(one, two);
    assert_eq!([one.status(), two.status()], [StatusCode::SERVICE_UNAVAILABLE; 2]);
    assert_eq!(receiver.receive(message()).await.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert!(start.elapsed() < std::time::Duration::from_secs(15));
    assert_eq!(asked.load(Ordering::SeqCst), 1);
}

/// Names of keys cost nothing to make up, fetching them does.
#[tokio::test]
async fn a_storm_of_unknown_keys_is_no_storm_of_fetches() {
    let (server, time) = (Server::new(StaticKeys::new()), Hands::default());
    let receiver = receiver(&server, &time);
    for n in 0..200 {
        let url = format!("https://sns.us-east-1.amazonaws.com/SimpleNotificationService-{n}.pem");
        assert_eq!(receiver.receive(with_url(&url)).await.status(), StatusCode::SERVICE_UNAVAILABLE);
    }
    assert_eq!(server.asked(), 30);
    time.forward(61);
    let url = "https://sns.us-east-1.amazonaws.com/SimpleNotificationService-999.pem";
    receiver.receive(with_url(url)).await;
    assert_eq!(server.asked(), 31);
}

/// A key that was learned is fetched again when its time is over, however many names somebody makes up meanwhile.
#[tokio::test]
async fn made_up_names_do_not_keep_a_known_key_out() {
    let (server, time) = (Server::new(known()), Hands::default());
    let receiver = receiver(&server, &time);
    assert_eq!(receiver.receive(message()).await.status(), StatusCode::OK);
    time.forward(24 * 3600);
    for n in 0..40 {
        let url = format!("https://sns.us-east-1.amazonaws.com/SimpleNotificationService-{n}x.pem");
        assert_eq!(receiver.receive(with_url(&url)).await.status(), StatusCode::SERVICE_UNAVAILABLE);
    }
    assert_eq!(receiver.receive(message()).await.status(), StatusCode::OK);
    assert_eq!(server.asked(), 32);
}

/// Keys of one address serve any number of tenants, each of which learns them.
#[tokio::test]
async fn many_tenants_of_one_key_are_no_storm() {
    let server = Server::new(known());
    let verifiers: Vec<Verifier> = (0..50).map(|_| sns()).collect();
    let builder = Receiver::tenants(
        async move |head: &http::request::Parts| {
            let name = head.uri.path().rsplit('/').next().unwrap().to_owned();
            let verifier = verifiers[name.parse::<usize>().unwrap()].clone();
            Ok(Some(Tenant::new(name, verifier)))
        },
        MemoryStore::new(),
    );
    let receiver = builder.keys(server.clone()).clock(Clock::new(|| NOW)).handle(handlers()).unwrap();
    for n in 0..50 {
        let request = signed(&AWS_SNS, SECRET, BODY).url(format!("https://example.com/hooks/{n}")).at(NOW).build();
        assert_eq!(receiver.receive(request).await.status(), StatusCode::OK, "{n}");
    }
}

/// Each tenant's verifier learns for itself; the source is one.
#[tokio::test]
async fn tenants_learn_each_for_themselves() {
    let server = Server::new(known());
    let verifiers = [sns(), sns()];
    let builder = Receiver::tenants(
        async move |head: &http::request::Parts| {
            let n: usize = head.uri.path().ends_with("/b").into();
            Ok(Some(Tenant::new(n.to_string(), verifiers[n].clone())))
        },
        MemoryStore::new(),
    );
    let receiver = builder.keys(server.clone()).clock(Clock::new(|| NOW)).handle(handlers()).unwrap();
    for (path, asked) in [("a", 1), ("a", 1), ("b", 2), ("b", 2)] {
        let request = signed(&AWS_SNS, SECRET, BODY).url(format!("https://example.com/hooks/{path}")).at(NOW).build();
        assert_eq!(receiver.receive(request).await.status(), StatusCode::OK);
        assert_eq!(server.asked(), asked);
    }
}
