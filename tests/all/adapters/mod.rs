//! axum, actix-web and hyper, over real HTTP: the same request, the same answer.

mod answers;
mod extractors;
mod wire;

use std::{convert::Infallible, net::SocketAddr, thread};

use actix_web::{App, HttpServer, dev::ServerHandle, web};
use axum::Router;
use bytes::Bytes;
use http::{Request, Response};
use http_body_util::Full;
use hyper::{body::Incoming, server::conn::http1};
use hyper_util::{rt::TokioIo, service::TowerToHyperService};
use inhook::Receiver;
use tokio::{net::TcpListener, task::AbortHandle};
use tower::ServiceExt;

pub(crate) use self::wire::{Answered, Wire};

/// What a receiver is served by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stack {
    Axum,
    Actix,
    Hyper,
}

pub(crate) const ALL: [Stack; 3] = [Stack::Axum, Stack::Actix, Stack::Hyper];

/// A server that runs until it is dropped.
pub(crate) struct Server {
    pub(crate) at: SocketAddr,
    stop: Stop,
}

enum Stop {
    Task(AbortHandle),
    Actix(ServerHandle),
}

impl Drop for Server {
    fn drop(&mut self) {
        match &self.stop {
            Stop::Task(task) => task.abort(),
            // What it gives is only for those who wait for the end.
            Stop::Actix(server) => drop(server.stop(false)),
        }
    }
}

impl Server {
    /// Serves each receiver under `/api/hooks/` and its name, and what stands below it.
    pub(crate) async fn start(stack: Stack, receivers: Vec<(&'static str, Receiver)>) -> Self {
        match stack {
            Stack::Axum => {
                let mut hooks = Router::new();
                for (name, receiver) in receivers {
                    hooks = hooks
                        .route_service(&format!("/{name}"), receiver.clone())
                        .route_service(&format!("/{name}/{{rest}}"), receiver);
                }
                Self::axum(Router::new().nest("/api", Router::new().nest("/hooks", hooks))).await
            }
            Stack::Actix => Self::actix(move |config| {
                let mut hooks = web::scope("/hooks");
                for (name, receiver) in receivers.clone() {
                    let paths = [format!("/{name}"), format!("/{name}/{{rest:.*}}")];
                    hooks = hooks.service(web::resource(paths.to_vec()).to(inhook::actix::handler(receiver)));
                }
                config.service(web::scope("/api").service(hooks));
            }),
            Stack::Hyper => Self::hyper(receivers).await,
        }
    }

    pub(crate) async fn axum(app: Router) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let at = listener.local_addr().unwrap();
        let app = app.into_make_service_with_connect_info::<SocketAddr>();
        let task = tokio::spawn(async move { axum::serve(listener, app).await });
        Self { at, stop: Stop::Task(task.abort_handle()) }
    }

    pub(crate) fn actix(configure: impl Fn(&mut web::ServiceConfig) + Clone + Send + 'static) -> Self {
        let (sender, started) = std::sync::mpsc::channel();
        thread::spawn(move || {
            actix_web::rt::System::new().block_on(async move {
                let app = move || App::new().configure(configure.clone());
                let server = HttpServer::new(app).workers(1).disable_signals().bind(("127.0.0.1", 0)).unwrap();
                let at = server.addrs()[0];
                let server = server.run();
                sender.send((at, server.handle())).unwrap();
                server.await.unwrap();
            });
        });
        let (at, handle) = started.recv().unwrap();
        Self { at, stop: Stop::Actix(handle) }
    }

    async fn hyper(receivers: Vec<(&'static str, Receiver)>) -> Self {
        let route = move |request: Request<Incoming>| {
            let name = request.uri().path().split('/').nth(3).unwrap_or_default().to_owned();
            let receiver = receivers.iter().find(|(n, _)| *n == name).map(|(_, receiver)| receiver.clone());
            async move {
                match receiver {
                    Some(receiver) => receiver.oneshot(request).await,
                    None => Ok::<_, Infallible>(Response::new(Full::<Bytes>::default())),
                }
            }
        };
        let service = tower::service_fn(route);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let at = listener.local_addr().unwrap();
        let task = tokio::spawn(async move {
            while let Ok((stream, peer)) = listener.accept().await {
                let service = service.clone().map_request(move |request| from(request, peer));
                tokio::spawn(
                    http1::Builder::new().serve_connection(TokioIo::new(stream), TowerToHyperService::new(service)),
                );
            }
        });
        Self { at, stop: Stop::Task(task.abort_handle()) }
    }
}

#[cfg(feature = "addresses")]
fn from(mut request: Request<Incoming>, peer: SocketAddr) -> Request<Incoming> {
    request.extensions_mut().insert(inhook::PeerAddr(peer));
    request
}

#[cfg(not(feature = "addresses"))]
fn from(request: Request<Incoming>, _: SocketAddr) -> Request<Incoming> {
    request
}
