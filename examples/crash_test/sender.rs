//! The provider: it sends twice, in the wrong order, hangs up, and tries again until it hears a 2xx.

use std::{
    net::SocketAddr,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicU64, Ordering::Relaxed},
    },
    time::{Duration, Instant},
};

use bytes::Bytes;
use fastrand::Rng;
use http::{Request, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::TokioExecutor,
};
use standardwebhooks::Webhook;
use time::{OffsetDateTime, format_description::well_known::Rfc3339};
use tokio::{
    io::AsyncWriteExt,
    net::TcpStream,
    task::JoinSet,
    time::{sleep, timeout},
};

use crate::{
    Anyhow, SECRET,
    change::{Change, Envelope, Mode, Plan},
    fleet::{Addresses, Counts, lock},
};

const SENDERS: usize = 120;
/// Which of so many comes next is left to chance.
const WINDOW: usize = 64;
/// Of so many events one is given up after a few tries, whatever was answered.
const GIVEN_UP: u32 = 40;

/// One event, and what became of it.
pub(crate) struct Sent {
    pub(crate) mode: Mode,
    pub(crate) change: Change,
    body: Bytes,
    /// It is given up after so many tries.
    tries: u32,
    pub(crate) acknowledged: AtomicBool,
}

impl Sent {
    pub(crate) fn is_given_up(&self) -> bool {
        self.tries < u32::MAX
    }
}

pub(crate) struct Sender {
    client: Client<HttpConnector, Full<Bytes>>,
    signer: Webhook,
    addresses: Addresses,
    pub(crate) counts: Counts,
    waiting: Mutex<(Plan, Vec<Arc<Sent>>, Rng)>,
    pub(crate) all: Mutex<Vec<Arc<Sent>>>,
    pub(crate) requests: AtomicU64,
    stop: AtomicBool,
}

impl Sender {
    pub(crate) fn new(addresses: Addresses, seed: u64) -> Anyhow<Arc<Self>> {
        Ok(Arc::new(Self {
            client: Client::builder(TokioExecutor::new()).build_http(),
            signer: Webhook::new(SECRET)?,
            addresses,
            counts: Counts::default(),
            waiting: Mutex::new((Plan::new(), Vec::new(), Rng::with_seed(seed))),
            all: Mutex::default(),
            requests: AtomicU64::new(0),
            stop: AtomicBool::new(false),
        }))
    }

    /// No new events from now on; those that are on their way go on.
    pub(crate) fn stop(&self) {
        self.stop.store(true, Relaxed);
    }

    /// Sends until it is stopped, and after that until every event is acknowledged, or until `end`.
    pub(crate) async fn run(self: Arc<Self>, end: Instant) -> Anyhow<()> {
        let mut senders = JoinSet::new();
        for _ in 0..SENDERS {
            let sender = Arc::clone(&self);
            senders.spawn(async move {
                let mut late = JoinSet::new();
                while let Some(sent) = sender.next()? {
                    let copies = [1, 1, 1, 2, 2, 3][fastrand::usize(..6)];
                    let mut each = JoinSet::new();
                    for _ in 0..copies {
                        each.spawn(Arc::clone(&sender).deliver(Arc::clone(&sent), end));
                    }
                    while let Some(done) = each.join_next().await {
                        done??;
                    }
                    if fastrand::u8(..) < 30 {
                        let sender = Arc::clone(&sender);
                        late.spawn(async move {
                            sleep(Duration::from_millis(fastrand::u64(..4000))).await;
                            sender.deliver(sent, end).await
                        });
                    }
                }
                while let Some(done) = late.join_next().await {
                    done??;
                }
                Anyhow::Ok(())
            });
        }
        while let Some(done) = senders.join_next().await {
            done??;
        }
        Ok(())
    }

    fn next(&self) -> Anyhow<Option<Arc<Sent>>> {
        if self.stop.load(Relaxed) {
            return Ok(None);
        }
        let mut waiting = lock(&self.waiting);
        let (plan, window, rng) = &mut *waiting;
        while window.len() < WINDOW {
            let (mode, change) = plan.next(rng);
            let envelope = Envelope {
                r#type: "change".to_owned(),
                timestamp: OffsetDateTime::now_utc().format(&Rfc3339)?,
                data: change.clone(),
            };
            let tries = if rng.u32(..GIVEN_UP) == 0 { rng.u32(1..4) } else { u32::MAX };
            let body = serde_json::to_vec(&envelope)?.into();
            window.push(Arc::new(Sent { mode, change, body, tries, acknowledged: AtomicBool::new(false) }));
        }
        let at = rng.usize(..window.len());
        let sent = window.swap_remove(at);
        lock(&self.all).push(Arc::clone(&sent));
        Ok(Some(sent))
    }

    async fn deliver(self: Arc<Self>, sent: Arc<Sent>, end: Instant) -> Anyhow<()> {
        for attempt in 0..sent.tries {
            let Some(address) = self.addresses.any() else {
                sleep(Duration::from_millis(20)).await;
                continue;
            };
            self.requests.fetch_add(1, Relaxed);
            let done = match fastrand::u8(..100) {
                0..6 => self.hang_up(address, &sent).await,
                _ => self.post(address, &sent).await,
            };
            match done {
                Ok(status) if status.is_success() => {
                    self.counts.add("2xx");
                    sent.acknowledged.store(true, Relaxed);
                    return Ok(());
                }
                Ok(status) => self.counts.add(status.as_str()),
                Err(why) => self.counts.add(why),
            }
            if Instant::now() > end {
                return Ok(());
            }
            sleep(Duration::from_millis(fastrand::u64(5..20) << attempt.min(5))).await;
        }
        Ok(())
    }

    fn request(&self, address: SocketAddr, sent: &Sent) -> Anyhow<Request<Full<Bytes>>> {
        let at = OffsetDateTime::now_utc().unix_timestamp();
        let signature = self.signer.sign(&sent.change.id, at, &sent.body)?;
        let request = Request::post(format!("http://{address}{}", sent.mode.path()))
            .header("content-type", "application/json")
            .header("webhook-id", &sent.change.id)
            .header("webhook-timestamp", at)
            .header("webhook-signature", signature);
        Ok(request.body(Full::new(sent.body.clone()))?)
    }

    async fn post(&self, address: SocketAddr, sent: &Sent) -> Result<StatusCode, &'static str> {
        let request = self.request(address, sent).map_err(|_| "no request")?;
        let whole = async {
            let response = self.client.request(request).await.ok()?;
            let status = response.status();
            response.into_body().collect().await.ok()?;
            Some(status)
        };
        let patience = Duration::from_millis(fastrand::u64(400..4000));
        match timeout(patience, whole).await {
            Ok(Some(status)) => Ok(status),
            Ok(None) => Err("connection lost"),
            Err(_) => Err("gave up waiting"),
        }
    }

    /// Hangs up somewhere in its own request, or before it is answered.
    async fn hang_up(&self, address: SocketAddr, sent: &Sent) -> Result<StatusCode, &'static str> {
        let request = self.request(address, sent).map_err(|_| "no request")?;
        let mut text = format!("POST {} HTTP/1.1\r\nhost: {address}\r\n", sent.mode.path());
        for (name, value) in request.headers() {
            text.push_str(&format!("{name}: {}\r\n", value.to_str().map_err(|_| "no request")?));
        }
        text.push_str(&format!("content-length: {}\r\n\r\n", sent.body.len()));
        let bytes = [text.as_bytes(), &sent.body].concat();
        let end = if fastrand::bool() { bytes.len() } else { fastrand::usize(..bytes.len()) };
        let write = async {
            let mut stream = TcpStream::connect(address).await.ok()?;
            stream.write_all(bytes.get(..end)?).await.ok()?;
            sleep(Duration::from_millis(fastrand::u64(..30))).await;
            Some(())
        };
        let _written = timeout(Duration::from_secs(2), write).await;
        Err("hung up on purpose")
    }
}
