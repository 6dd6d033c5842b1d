//! cargo run --example lambda --features tower,testing
//!
//! Receivers in AWS Lambda, behind a function URL or API Gateway, through the tower adapter; what to mind there stands in
//! the documentation under `_functions`. Built for Lambda this is the whole function. Started anywhere else it starts
//! itself once more behind a stand-in of Lambda's runtime interface, hands itself events in both payload formats as AWS
//! sends them, looks at the answers, and ends.

use std::{convert::Infallible, env, process::Stdio, sync::Arc, time::Duration};

use axum::{
    Router,
    extract::{Path, State},
    http::{HeaderMap, StatusCode},
    routing::{get, post},
};
use bytes::Bytes;
use data_encoding::BASE64;
use http::{Request, Response};
use http_body_util::Full;
use inhook::{
    Event, Handlers, Provider, Receiver, Verifier,
    provider::{GITHUB, SLACK, SQUARE, STRIPE},
    store::MemoryStore,
    testing::signed,
};
use serde_json::{Value, json};
use tokio::{
    net::TcpListener,
    process::Command,
    sync::{Mutex, mpsc},
};
use tower::ServiceExt;

type Error = Box<dyn std::error::Error + Send + Sync>;

const SECRET: &str = "whsec_from_the_configuration";
const HOST: &str = "abc123.execute-api.eu-central-1.amazonaws.com";

#[tokio::main]
async fn main() -> Result<(), Error> {
    if env::var_os("AWS_LAMBDA_RUNTIME_API").is_some() { function().await } else { try_it().await }
}

/// What runs in Lambda.
async fn function() -> Result<(), Error> {
    // Environments share nothing: in earnest this is a store that they all reach, such as `PgStore`.
    let store = Arc::new(MemoryStore::new());
    let receiver = |provider: &'static Provider| {
        let handlers = Handlers::new().otherwise(async move |event: Event| {
            eprintln!("handled: {} {:?}", event.provider, event.kind);
            Ok(())
        });
        // Where the provider signs its address it is the one that it was given, stage and all.
        let verifier = Verifier::builder(provider).secret(SECRET).public_base(format!("https://{HOST}")).build()?;
        // Less than any of these providers waits, so that no handler is at work when the environment is frozen.
        Receiver::builder(verifier, Arc::clone(&store)).timeout(Duration::from_millis(1_500)).handle(handlers)
    };
    let hooks = [
        ("stripe", receiver(&STRIPE)?),
        ("github", receiver(&GITHUB)?),
        ("slack", receiver(&SLACK)?),
        ("square", receiver(&SQUARE)?),
    ];
    let route = move |request: lambda_http::Request| {
        let name = request.uri().path().rsplit('/').next().unwrap_or_default();
        let receiver = hooks.iter().find(|(known, _)| *known == name).map(|(_, receiver)| receiver.clone());
        async move {
            match receiver {
                // The body is decoded by now: base64 is how the event carried it.
                Some(receiver) => receiver.oneshot(request).await,
                None => {
                    let mut nowhere = Response::new(Full::<Bytes>::default());
                    *nowhere.status_mut() = StatusCode::NOT_FOUND;
                    Ok::<_, Infallible>(nowhere)
                }
            }
        }
    };
    lambda_http::run(tower::service_fn(route)).await
}

/// As function URLs and HTTP APIs send it: payload format 2.0.
fn format_2(request: &Request<Bytes>, base64: bool) -> Value {
    let path = request.uri().path();
    json!({
        "version": "2.0", "routeKey": "$default", "rawPath": path, "rawQueryString": "",
        "headers": headers(request),
        "requestContext": {
            "accountId": "anonymous", "apiId": "abc123", "domainName": HOST, "domainPrefix": "abc123",
            "http": {"method": "POST", "path": path, "protocol": "HTTP/1.1", "sourceIp": "192.0.2.7", "userAgent": "test"},
            "requestId": "e1506fd5-9e7b-434f-bd42-4f8fa224b599", "routeKey": "$default", "stage": "$default",
            "time": "21/Nov/2026:06:41:00 +0000", "timeEpoch": 1_795_243_260_000_u64,
        },
        "body": body(request, base64), "isBase64Encoded": base64,
    })
}

/// As REST APIs send it: payload format 1.0, in which the stage stands beside the path.
fn format_1(request: &Request<Bytes>, base64: bool) -> Value {
    let with_stage = request.uri().path();
    let path = with_stage.strip_prefix("/prod").unwrap_or(with_stage);
    let many: serde_json::Map<String, Value> =
        headers(request).into_iter().map(|(name, value)| (name, json!([value]))).collect();
    json!({
        "resource": "/{proxy+}", "path": path, "httpMethod": "POST",
        "headers": headers(request), "multiValueHeaders": many,
        "queryStringParameters": null, "multiValueQueryStringParameters": null,
        "pathParameters": {"proxy": path.trim_start_matches('/')}, "stageVariables": null,
        "requestContext": {
            "accountId": "123456789012", "apiId": "abc123", "domainName": HOST, "domainPrefix": "abc123",
            "extendedRequestId": "x", "httpMethod": "POST", "identity": {"sourceIp": "192.0.2.7", "userAgent": "test"},
            "path": with_stage, "protocol": "HTTP/1.1", "requestId": "c6af9ac6-7b61-11e6-9a41-93e8deadbeef",
            "requestTime": "21/Nov/2026:06:41:00 +0000", "requestTimeEpoch": 1_795_243_260_000_u64,
            "resourceId": "r", "resourcePath": "/{proxy+}", "stage": "prod",
        },
        "body": body(request, base64), "isBase64Encoded": base64,
    })
}

fn headers(request: &Request<Bytes>) -> serde_json::Map<String, Value> {
    let sent = request.headers().iter();
    let mut all: serde_json::Map<String, Value> =
        sent.map(|(name, value)| (name.to_string(), String::from_utf8_lossy(value.as_bytes()).into())).collect();
    all.insert("host".to_owned(), HOST.into());
    all
}

fn body(request: &Request<Bytes>, base64: bool) -> String {
    if base64 { BASE64.encode(request.body()) } else { String::from_utf8_lossy(request.body()).into_owned() }
}

async fn try_it() -> Result<(), Error> {
    let sent = |provider: &Provider, secret: &str, path: &str, body: &str| {
        signed(provider, secret, body.to_owned()).url(format!("https://{HOST}{path}")).build()
    };
    let stripe = sent(&STRIPE, SECRET, "/stripe", r#"{"id":"evt_1","object":"event","type":"invoice.paid"}"#);
    let github = sent(&GITHUB, SECRET, "/prod/github", r#"{"zen":"Grüße"}"#);
    let slack = signed(&SLACK, SECRET, r#"{"type":"block_actions","trigger_id":"1"}"#)
        .content_type("application/x-www-form-urlencoded")
        .url(format!("https://{HOST}/slack"));
    let challenge = sent(&SLACK, SECRET, "/slack", r#"{"type":"url_verification","challenge":"3eZbrw1aB"}"#);
    let square = sent(&SQUARE, SECRET, "/prod/square", r#"{"event_id":"1","type":"payment.created"}"#);
    let forged = sent(&STRIPE, "whsec_guessed", "/stripe", r#"{"id":"evt_2","object":"event","type":"invoice.paid"}"#);
    let rows = [
        ("a function URL", format_2(&stripe, false), 200, ""),
        ("a function URL, the same again", format_2(&stripe, false), 200, ""),
        ("a function URL, in base64", format_2(&slack.build(), true), 200, ""),
        ("an HTTP API, a handshake", format_2(&challenge, false), 200, "3eZbrw1aB"),
        ("a REST API", format_1(&github, false), 200, ""),
        ("a REST API, in base64", format_1(&github, true), 200, ""),
        ("a REST API, where stage and path are signed", format_1(&square, false), 200, ""),
        ("a function URL, forged", format_2(&forged, false), 401, "bad_signature"),
        ("a REST API, base64 that nobody signed", format_1(&forged, true), 401, "bad_signature"),
    ];
    let mut lambda = Lambda::start().await?;
    for (what, event, status, said) in rows {
        let answer = lambda.invoke(event).await?;
        println!("{what}: {} {}", answer["statusCode"], answer["body"]);
        let body = match answer["isBase64Encoded"] {
            Value::Bool(true) => BASE64.decode(answer["body"].as_str().unwrap_or_default().as_bytes())?,
            _ => answer["body"].as_str().unwrap_or_default().as_bytes().to_vec(),
        };
        if answer["statusCode"] != status || body != said.as_bytes() {
            return Err(format!("{what}: expected {status} {said:?}, heard {answer}").into());
        }
    }
    lambda.function.kill().await?;
    Ok(())
}

/// A stand-in for Lambda's [runtime interface](https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html), which a
/// function asks for events and tells its answers.
struct Lambda {
    function: tokio::process::Child,
    events: mpsc::Sender<Value>,
    answers: mpsc::Receiver<(StatusCode, Value)>,
}

struct Desk {
    events: Mutex<mpsc::Receiver<Value>>,
    answers: mpsc::Sender<(StatusCode, Value)>,
}

impl Lambda {
    async fn start() -> Result<Self, Error> {
        let ((events, waiting), (told, answers)) = (mpsc::channel(1), mpsc::channel(1));
        let desk = Arc::new(Desk { events: Mutex::new(waiting), answers: told });
        let app = Router::new()
            .route("/2018-06-01/runtime/invocation/next", get(next))
            .route("/2018-06-01/runtime/invocation/{id}/{what}", post(answered))
            .with_state(desk);
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let function = Command::new(env::current_exe()?)
            .env("AWS_LAMBDA_RUNTIME_API", listener.local_addr()?.to_string())
            .env("AWS_LAMBDA_FUNCTION_NAME", "hooks")
            .env("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "128")
            .env("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST")
            .env("AWS_LAMBDA_LOG_GROUP_NAME", "/aws/lambda/hooks")
            .env("AWS_LAMBDA_LOG_STREAM_NAME", "1")
            .stdin(Stdio::null())
            .kill_on_drop(true)
            .spawn()?;
        tokio::spawn(async move { axum::serve(listener, app).await });
        Ok(Self { function, events, answers })
    }

    async fn invoke(&mut self, event: Value) -> Result<Value, Error> {
        self.events.send(event).await?;
        let answered = tokio::time::timeout(Duration::from_secs(30), self.answers.recv()).await?;
        match answered.ok_or("the function is gone")? {
            (StatusCode::ACCEPTED, answer) => Ok(answer),
            (_, error) => Err(format!("the function failed: {error}").into()),
        }
    }
}

async fn next(State(desk): State<Arc<Desk>>) -> Result<(HeaderMap, String), StatusCode> {
    let event = desk.events.lock().await.recv().await.ok_or(StatusCode::GONE)?;
    let mut head = HeaderMap::new();
    for (name, value) in [
        ("lambda-runtime-aws-request-id", "8476a536-e9f4-11e8-9739-2dfe598c3fcd"),
        ("lambda-runtime-deadline-ms", "32503680000000"),
        ("lambda-runtime-invoked-function-arn", "arn:aws:lambda:eu-central-1:123456789012:function:hooks"),
    ] {
        head.insert(name, http::HeaderValue::from_static(value));
    }
    Ok((head, event.to_string()))
}

async fn answered(State(desk): State<Arc<Desk>>, Path((_, what)): Path<(String, String)>, body: Bytes) -> StatusCode {
    let status = if what == "response" { StatusCode::ACCEPTED } else { StatusCode::BAD_GATEWAY };
    let answer = serde_json::from_slice(&body).unwrap_or(Value::Null);
    if desk.answers.send((status, answer)).await.is_ok() { StatusCode::ACCEPTED } else { StatusCode::GONE }
}
