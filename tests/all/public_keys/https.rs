//! Fetching over HTTPS, from a server on this machine.

use std::sync::{Arc, Mutex};

use inhook::{HttpKeys, KeySource};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
};
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject};
use tokio_rustls::{
    TlsAcceptor,
    rustls::{ServerConfig, crypto::aws_lc_rs},
};

use super::*;

const ROOT: &str = include_str!("tls/root.pem");

/// Answers each path in its own way, and notes it.
struct Site {
    port: u16,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Site {
    async fn open() -> Self {
        let chain = vec![CertificateDer::from_pem_slice(include_bytes!("tls/localhost.pem")).unwrap()];
        let key = PrivateKeyDer::from_pem_slice(include_bytes!("tls/localhost.key.pem")).unwrap();
        let config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(chain, key)
            .unwrap();
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let site = Self { port: listener.local_addr().unwrap().port(), asked: Arc::default() };
        let asked = site.asked.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (acceptor, asked) = (acceptor.clone(), asked.clone());
                tokio::spawn(async move {
                    let Ok(mut stream) = acceptor.accept(stream).await else { return };
                    let mut head = Vec::new();
                    while !head.ends_with(b"\r\n\r\n") {
                        let Ok(byte) = stream.read_u8().await else { return };
                        head.push(byte);
                    }
                    let line = String::from_utf8(head).unwrap().lines().next().unwrap().to_owned();
                    asked.lock().unwrap().push(line.clone());
                    let answer = match line.split(' ').nth(1).unwrap() {
                        "/good" => {
                            "HTTP/1.1 200 OK\r\ncache-control: max-age=600\r\ncontent-length: 3\r\n\r\nkey".to_owned()
                        }
                        "/moved" => "HTTP/1.1 302 Found\r\nlocation: /good\r\ncontent-length: 0\r\n\r\n".to_owned(),
                        "/long" => {
                            let body = "x".repeat(257 * 1024);
                            format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{body}", body.len())
                        }
                        "/hangs" => std::future::pending().await,
                        _ => "HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n".to_owned(),
                    };
                    let _sent_or_gone = stream.write_all(answer.as_bytes()).await;
                    let _closed_or_gone = stream.shutdown().await;
                });
            }
        });
        site
    }

    fn at(&self, path: &str) -> KeyId {
        KeyId::new(format!("https://localhost:{}{path}", self.port))
    }
}

#[tokio::test]
async fn a_key_is_had_by_https_and_nothing_else() {
    let site = Site::open().await;
    let http = HttpKeys::trusting(ROOT).unwrap();
    let material = http.fetch(&site.at("/good")).await.unwrap();
    assert_eq!((&*material.bytes, material.max_age), (&b"key"[..], Some(std::time::Duration::from_secs(600))));
    assert_eq!(*site.asked.lock().unwrap(), ["GET /good HTTP/1.1"]);
    let plain = KeyId::new(format!("http://localhost:{}/good", site.port));
    let by_number = KeyId::new(format!("https://127.0.0.1:{}/good", site.port));
    for id in [site.at("/moved"), site.at("/long"), site.at("/missing"), plain, by_number, KeyId::new("no address")] {
        let failed = http.fetch(&id).await.unwrap_err();
        assert_eq!(failed.kind(), ErrorKind::KeyUnavailable, "{id}");
    }
    let again = site.asked.lock().unwrap().iter().filter(|line| line.contains("/good")).count();
    assert_eq!(again, 1, "a redirect was followed");
    // The roots of the web do not vouch for this one.
    assert!(HttpKeys::new().unwrap().fetch(&site.at("/good")).await.is_err());
    let impatient = http.timeout(std::time::Duration::from_millis(50));
    assert_eq!(impatient.fetch(&site.at("/hangs")).await.unwrap_err().kind(), ErrorKind::KeyUnavailable);
}

#[test]
fn roots_that_are_none_are_refused() {
    for pem in ["", "nothing", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"] {
        assert_eq!(HttpKeys::trusting(pem).unwrap_err().kind(), ErrorKind::Config);
    }
}
