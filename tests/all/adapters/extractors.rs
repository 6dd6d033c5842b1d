//! `Webhook` under axum and actix-web: the same statuses.

use actix_web::HttpResponse;
use axum::{
    body::Body,
    extract::{DefaultBodyLimit, FromRef},
    response::IntoResponse,
    routing::any,
};
use http::Method;
use inhook::{
    Delivery, Provider, Verifier,
    provider::{MANDRILL, OKTA, STANDARD_WEBHOOKS, STRIPE},
    testing::signed,
};

use super::*;

/// Whoever is told 401 gives up here.
const SHY: Provider = STANDARD_WEBHOOKS.refused(406);
const SECRET: &str = "whsec_c2VjcmV0";

fn verifier(provider: &Provider) -> Verifier {
    Verifier::builder(provider).secret(SECRET).public_base("https://example.com").build().unwrap()
}

/// A newtype for each verifier, as a user writes it.
#[derive(Clone)]
struct Okta(Verifier);
#[derive(Clone)]
struct Mandrill(Verifier);
#[derive(Clone)]
struct Shy(Verifier);

impl AsRef<Verifier> for Shy {
    fn as_ref(&self) -> &Verifier {
        &self.0
    }
}

impl AsRef<Verifier> for Okta {
    fn as_ref(&self) -> &Verifier {
        &self.0
    }
}

impl AsRef<Verifier> for Mandrill {
    fn as_ref(&self) -> &Verifier {
        &self.0
    }
}

#[derive(Clone)]
struct State {
    stripe: Verifier,
    okta: Okta,
    mandrill: Mandrill,
    shy: Shy,
}

impl State {
    fn new() -> Self {
        let (okta, mandrill, shy) = (Okta(verifier(&OKTA)), Mandrill(verifier(&MANDRILL)), Shy(verifier(&SHY)));
        Self { stripe: verifier(&STRIPE), okta, mandrill, shy }
    }
}

impl FromRef<State> for Verifier {
    fn from_ref(state: &State) -> Self {
        state.stripe.clone()
    }
}

impl FromRef<State> for Shy {
    fn from_ref(state: &State) -> Self {
        state.shy.clone()
    }
}

impl FromRef<State> for Okta {
    fn from_ref(state: &State) -> Self {
        state.okta.clone()
    }
}

impl FromRef<State> for Mandrill {
    fn from_ref(state: &State) -> Self {
        state.mandrill.clone()
    }
}

/// The handshake's reply, or the kinds that came.
fn answer(delivery: Delivery) -> Response<Bytes> {
    if let Some(reply) = delivery.reply() {
        return reply.clone();
    }
    let kinds: Vec<_> = delivery.into_events().into_iter().filter_map(|event| event.kind).collect();
    Response::new(Bytes::from(kinds.join(" ")))
}

async fn by_axum<V>(hook: inhook::axum::Webhook<V>) -> impl IntoResponse {
    answer(hook.delivery).map(Body::from)
}

async fn by_actix<V>(hook: inhook::actix::Webhook<V>) -> HttpResponse {
    inhook::actix::response(answer(hook.delivery))
}

const LIMIT: usize = 1024;

async fn servers() -> [Server; 2] {
    let hooks = Router::new()
        .route("/stripe", any(by_axum::<Verifier>))
        .route("/okta", any(by_axum::<Okta>))
        .route("/mandrill", any(by_axum::<Mandrill>))
        .route("/standard_webhooks", any(by_axum::<Shy>))
        .layer(DefaultBodyLimit::max(LIMIT))
        .with_state(State::new());
    let axum = Server::axum(Router::new().nest("/api", hooks)).await;
    let actix = Server::actix(|config| {
        let State { stripe, okta, mandrill, shy } = State::new();
        config
            .app_data(web::PayloadConfig::new(LIMIT))
            .app_data(web::Data::new(stripe))
            .app_data(web::Data::new(okta))
            .app_data(web::Data::new(mandrill))
            .app_data(web::Data::new(shy))
            .service(
                web::scope("/api")
                    .service(web::resource("/stripe").to(by_actix::<Verifier>))
                    .service(web::resource("/okta").to(by_actix::<Okta>))
                    .service(web::resource("/mandrill").to(by_actix::<Mandrill>))
                    .service(web::resource("/standard_webhooks").to(by_actix::<Shy>)),
            );
    });
    [axum, actix]
}

fn request(provider: &Provider, body: String) -> Request<Bytes> {
    signed(provider, SECRET, body).url(format!("https://example.com/api/{}?a=%2F+b", provider.name())).build()
}

fn changed(mut request: Request<Bytes>, change: fn(&mut Request<Bytes>)) -> Wire {
    change(&mut request);
    Wire::new(&request)
}

#[tokio::test]
async fn both_extractors_give_the_same_status() {
    let stripe = |body: &str| request(&STRIPE, body.to_owned());
    let good = || stripe(r#"{"id":"1","type":"a.b"}"#);
    let batch = r#"[{"_id":"1","event":"send","ts":1},{"_id":"1","event":"open","ts":2}]"#;
    let challenge = Request::get("https://example.com/api/okta")
        .header("authorization", SECRET)
        .header("x-okta-verification-challenge", "abc")
        .body(Bytes::new())
        .unwrap();
    let rows = [
        (Wire::new(&good()), 200, Some("a.b")),
        (Wire::chunked(&good()), 200, Some("a.b")),
        (Wire::new(&request(&MANDRILL, batch.to_owned())), 200, Some("send open")),
        (Wire::new(&challenge), 200, Some(r#"{"verification":"abc"}"#)),
        (changed(good(), |r| *r.method_mut() = Method::PUT), 405, Some("method")),
        (changed(good(), |r| drop(r.headers_mut().remove("stripe-signature"))).only(0), 400, Some("missing_header")),
        (changed(good(), |r| *r.body_mut() = Bytes::from("{}")), 401, Some("bad_signature")),
        (
            changed(good(), |r| drop(r.headers_mut().insert("content-type", "text/xml".parse().unwrap()))).only(0),
            415,
            Some("media_type"),
        ),
        (Wire::new(&stripe("[]")), 500, Some("envelope")),
        (changed(request(&SHY, "{}".to_owned()), |r| *r.body_mut() = Bytes::from("[]")), 406, Some("bad_signature")),
        // Signed as it is sent, whatever it says of itself.
        (
            changed(good(), |r| drop(r.headers_mut().insert("content-encoding", "gzip".parse().unwrap()))),
            200,
            Some("a.b"),
        ),
        (Wire::new(&stripe(&format!(r#"{{"id":"{}"}}"#, "x".repeat(LIMIT)))), 413, None),
        (Wire::chunked(&stripe(&format!(r#"{{"id":"{}"}}"#, "x".repeat(LIMIT)))), 413, None),
    ];
    for server in servers().await {
        for (wire, status, body) in &rows {
            let answered = wire.send(server.at).await;
            assert_eq!(answered.status, *status, "{wire:?}");
            if let Some(body) = body {
                assert_eq!(&answered.body, body, "{wire:?}");
            }
            let allow = answered.headers.get("allow").map(|allow| &**allow);
            assert_eq!(allow, (*status == 405).then_some("POST"), "{wire:?}");
        }
    }
}

#[tokio::test]
async fn a_verifier_that_was_forgotten_is_a_500() {
    let server = Server::actix(|config| {
        config.service(web::resource("/api/stripe").to(by_actix::<Verifier>));
    });
    let answered = Wire::new(&request(&STRIPE, "{}".to_owned())).send(server.at).await;
    assert_eq!((answered.status, &*answered.body), (500, "config"));
}
