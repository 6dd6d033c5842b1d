//! A sender that hangs up changes nothing: what has begun ends, and what failed is free, whatever serves it.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use actix_web::{HttpRequest, web};
use axum::{Router, extract::State, routing::any};
use bytes::Bytes;
use http::Request;
use inhook::{
    Answer, Event, Failure, Handlers, Receiver, Verifier, axum::Webhook, provider::STRIPE, store::MemoryStore,
    testing::signed,
};
use tokio::sync::{Notify, mpsc};

use crate::adapters::{ALL, Server, Stack, Wire};

const SECRET: &str = "whsec_c2VjcmV0";

/// How a client goes.
#[derive(Clone, Copy, Debug)]
enum Bye {
    Fin,
    Rst,
}

/// A receiver whose handler says when it has begun, and ends when it is told.
struct Scene {
    receiver: Receiver,
    begun: Arc<Notify>,
    go: Arc<Notify>,
    ends: mpsc::UnboundedReceiver<&'static str>,
    calls: Arc<AtomicUsize>,
}

impl Scene {
    fn new(fails: bool) -> Self {
        let (begun, go, calls) = (Arc::new(Notify::new()), Arc::new(Notify::new()), Arc::new(AtomicUsize::new(0)));
        let (started, wait, seen) = (begun.clone(), go.clone(), calls.clone());
        let (sender, ends) = mpsc::unbounded_channel();
        let handler = async move |_: Event| -> Result<Answer, Failure> {
            let call = seen.fetch_add(1, Ordering::SeqCst) + 1;
            if call == 1 {
                started.notify_one();
                wait.notified().await;
                if fails {
                    return Err("not yet".into());
                }
            }
            Ok(Answer::text(format!("call {call}")))
        };
        let receiver = Receiver::builder(Verifier::new(&STRIPE.deadline(3600), SECRET).unwrap(), MemoryStore::new())
            .timeout(Duration::from_secs(3600))
            .observe(move |outcome| sender.send(outcome.end.as_str()).unwrap())
            .handle(Handlers::new().otherwise(handler))
            .unwrap();
        Self { receiver, begun, go, ends, calls }
    }
}

fn event() -> Request<Bytes> {
    signed(&STRIPE, SECRET, r#"{"id":"evt_1","type":"a.b"}"#).url("https://example.com/api/hooks/hook").build()
}

/// Says when a request's own future is gone.
struct Gone(Arc<Notify>);

impl Drop for Gone {
    fn drop(&mut self) {
        self.0.notify_one();
    }
}

/// As a user's own handlers would call it, so that it can be seen when they are dropped.
async fn server(stack: Stack, receiver: Receiver, gone: Arc<Notify>) -> Server {
    match stack {
        Stack::Axum => {
            let hook = async move |request: axum::extract::Request| {
                let _gone = Gone(gone);
                tower::ServiceExt::oneshot(receiver, request).await
            };
            Server::axum(Router::new().route("/api/hooks/hook", any(hook))).await
        }
        Stack::Actix => Server::actix(move |config| {
            let (receiver, gone) = (receiver.clone(), gone.clone());
            let hook = move |request: HttpRequest, body: Bytes| {
                let (receiver, gone) = (receiver.clone(), Gone(gone.clone()));
                async move {
                    let _gone = gone;
                    let request = inhook::actix::request(&request, body).unwrap();
                    inhook::actix::response(receiver.receive(request).await)
                }
            };
            config.service(web::resource("/api/hooks/hook").to(hook));
        }),
        Stack::Hyper => Server::start(Stack::Hyper, vec![("hook", receiver)]).await,
    }
}

async fn hang_up(stream: tokio::net::TcpStream, bye: Bye) {
    if let Bye::Rst = bye {
        stream.set_zero_linger().unwrap();
    }
    drop(stream);
}

#[tokio::test]
async fn an_event_that_has_begun_is_done_all_the_same() {
    for stack in ALL {
        for bye in [Bye::Fin, Bye::Rst] {
            for fails in [false, true] {
                let (mut scene, gone) = (Scene::new(fails), Arc::new(Notify::new()));
                let server = server(stack, scene.receiver.clone(), gone.clone()).await;
                let wire = Wire::new(&event());
                let stream = wire.write(server.at).await;
                scene.begun.notified().await;
                hang_up(stream, bye).await;
                // axum lets go of its handler then, in either way; actix-web and plain hyper may as well.
                if stack == Stack::Axum {
                    gone.notified().await;
                }
                scene.go.notify_one();
                let (end, heard) = if fails { ("failed", "call 2") } else { ("handled", "call 1") };
                assert_eq!(scene.ends.recv().await, Some(end), "{stack:?} {bye:?}");
                // The provider comes again: it is a duplicate, or free.
                let again = wire.send(server.at).await;
                assert_eq!((again.status, &*again.body), (200, heard), "{stack:?} {bye:?}");
                assert_eq!(scene.calls.load(Ordering::SeqCst), if fails { 2 } else { 1 });
                assert_eq!(scene.receiver.close(Duration::from_secs(60)).await, 0);
            }
        }
    }
}

#[tokio::test]
async fn what_was_dispatched_by_hand_is_done_as_well() {
    type App = (Receiver, Arc<Notify>);
    #[derive(Clone)]
    struct Parts(App, Verifier);
    impl axum::extract::FromRef<Parts> for App {
        fn from_ref(parts: &Parts) -> Self {
            parts.0.clone()
        }
    }
    impl axum::extract::FromRef<Parts> for Verifier {
        fn from_ref(parts: &Parts) -> Self {
            parts.1.clone()
        }
    }
    async fn hook(State((receiver, gone)): State<App>, hook: Webhook) -> String {
        let _gone = Gone(gone);
        receiver.dispatch(hook.delivery).await.settled().to_string()
    }
    let (mut scene, gone) = (Scene::new(false), Arc::new(Notify::new()));
    let parts = Parts((scene.receiver.clone(), gone.clone()), Verifier::new(&STRIPE, SECRET).unwrap());
    let server = Server::axum(Router::new().route("/api/hooks/hook", any(hook)).with_state(parts)).await;
    let wire = Wire::new(&event());
    let stream = wire.write(server.at).await;
    scene.begun.notified().await;
    drop(stream);
    gone.notified().await;
    scene.go.notify_one();
    assert_eq!(scene.ends.recv().await, Some("handled"));
    assert_eq!(wire.send(server.at).await.body, "true");
    assert_eq!(scene.calls.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn a_sender_that_hangs_up_within_its_body_leaves_nothing_behind() {
    for stack in ALL {
        for bye in [Bye::Fin, Bye::Rst] {
            let scene = Scene::new(false);
            let server = Server::start(stack, vec![("hook", scene.receiver.clone())]).await;
            let stream = Wire::new(&event()).only(5).write(server.at).await;
            hang_up(stream, bye).await;
            // A second one, so that the first has surely been accepted.
            let wire = Wire::new(&event());
            let sender = tokio::spawn(async move { wire.send(server.at).await.body });
            scene.begun.notified().await;
            scene.go.notify_one();
            assert_eq!(sender.await.unwrap(), "call 1", "{stack:?} {bye:?}");
            assert_eq!(scene.receiver.close(Duration::from_secs(60)).await, 0, "{stack:?} {bye:?}");
        }
    }
}
