//! Fetching keys over HTTPS.

use std::{fmt, sync::Arc, time::Duration};

use bytes::Bytes;
use http::{HeaderMap, Method, Request, StatusCode, Uri, header::CACHE_CONTROL};
use http_body_util::{BodyExt, Empty, Limited};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::TokioExecutor,
};
use pki_types::{CertificateDer, pem::PemObject};
use rustls::{ClientConfig, RootCertStore, crypto::aws_lc_rs};

use crate::{Confirm, Confirmation, Error, ErrorKind, KeyId, KeyMaterial, KeySource};

/// The longest document that is read, in bytes: sets of keys are a few thousand.
const LONGEST: usize = 256 * 1024;

/// Fetches keys by GET over HTTPS, and visits what AWS SNS wants visited.
///
/// It follows no redirect, reads no more than 256 KiB, waits no longer than it is told, and goes through no proxy. Hosts
/// prove themselves by the roots of the web.
///
/// ```no_run
/// use inhook::{Event, Handlers, HttpKeys, Receiver, Verifier, provider::AWS_SNS, store::MemoryStore};
///
/// let verifier = Verifier::builder(&AWS_SNS).expect("topic_arn", "arn:aws:sns:us-east-1:123456789012:orders").build()?;
/// let http = HttpKeys::new()?;
/// let receiver = Receiver::builder(verifier, MemoryStore::new()).keys(http.clone()).confirm_by(http).handle(
///     Handlers::new().on("Notification", async |event: Event| {
///         println!("{:?}", event.label);
///         Ok(())
///     }),
/// )?;
/// # Ok::<(), inhook::Error>(())
/// ```
#[derive(Clone)]
pub struct HttpKeys {
    client: Client<HttpsConnector<HttpConnector>, Empty<Bytes>>,
    timeout: Duration,
}

impl HttpKeys {
    /// With the roots of the web, and 3 seconds a fetch.
    ///
    /// # Errors
    /// [`Config`](ErrorKind::Config) if the cryptography has no safe protocol, which it has.
    pub fn new() -> Result<Self, Error> {
        let roots = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
        Self::of(roots)
    }

    /// With these roots alone, in PEM: for a network whose own authority vouches for what lies outside.
    ///
    /// # Errors
    /// [`Config`](ErrorKind::Config) if there is none, or one that cannot be read.
    pub fn trusting(pem: impl AsRef<[u8]>) -> Result<Self, Error> {
        const UNREADABLE: Error = Error::new(ErrorKind::Config, "a root certificate cannot be read");
        let mut roots = RootCertStore::empty();
        for der in CertificateDer::pem_slice_iter(pem.as_ref()) {
            roots.add(der.map_err(|_| UNREADABLE)?).map_err(|e| UNREADABLE.because(e))?;
        }
        if roots.is_empty() {
            return Err(Error::new(ErrorKind::Config, "there is no root certificate in it"));
        }
        Self::of(roots)
    }

    fn of(roots: RootCertStore) -> Result<Self, Error> {
        const NO_TLS: Error = Error::new(ErrorKind::Config, "there is no safe protocol");
        let tls = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(|e| NO_TLS.because(e))?
            .with_root_certificates(roots)
            .with_no_client_auth();
        let connector = HttpsConnectorBuilder::new().with_tls_config(tls).https_only().enable_http1().build();
        let client = Client::builder(TokioExecutor::new()).pool_max_idle_per_host(0).build(connector);
        Ok(Self { client, timeout: Duration::from_secs(3) })
    }

    /// For how long a fetch may take in all, 3 seconds unless said. A receiver waits no longer than its provider does,
    /// either.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    async fn get(&self, url: &str) -> Result<(HeaderMap, Bytes), Error> {
        tokio::time::timeout(self.timeout, self.answer(url)).await.map_err(Error::key_source)?
    }

    async fn answer(&self, url: &str) -> Result<(HeaderMap, Bytes), Error> {
        let uri: Uri = url.parse().map_err(Error::key_source)?;
        let mut request = Request::new(Empty::new());
        *request.method_mut() = Method::GET;
        *request.uri_mut() = uri;
        let response = self.client.request(request).await.map_err(Error::key_source)?;
        // A redirect is no answer, either.
        if response.status() != StatusCode::OK {
            return Err(Error::key_source(format!("its server answered {}", response.status())));
        }
        let (head, body) = response.into_parts();
        let body = Limited::new(body, LONGEST).collect().await.map_err(Error::key_source)?;
        Ok((head.headers, body.to_bytes()))
    }
}

impl KeySource for HttpKeys {
    async fn fetch(&self, id: &KeyId) -> Result<KeyMaterial, Error> {
        let (headers, body) = self.get(&id.url).await?;
        let material = KeyMaterial::new(body);
        Ok(match max_age(&headers) {
            Some(age) => material.max_age(age),
            None => material,
        })
    }
}

impl Confirm for HttpKeys {
    async fn confirm(&self, confirmation: &Confirmation) -> Result<(), Error> {
        self.get(&confirmation.url).await.map(drop).map_err(Error::unconfirmed)
    }
}

/// For how long a server says that its answer is good.
fn max_age(headers: &HeaderMap) -> Option<Duration> {
    let control = headers.get(CACHE_CONTROL)?.to_str().ok()?.to_ascii_lowercase();
    let mut directives = control.split(',').map(str::trim);
    if directives.clone().any(|d| matches!(d, "no-store" | "no-cache")) {
        return Some(Duration::ZERO);
    }
    directives.find_map(|d| d.strip_prefix("max-age=")?.trim_matches('"').parse().ok()).map(Duration::from_secs)
}

impl fmt::Debug for HttpKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpKeys").field("timeout", &self.timeout).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_age_is_read_as_it_is_written() {
        let age = |text: &'static str| {
            let headers = [(CACHE_CONTROL, http::HeaderValue::from_static(text))].into_iter().collect();
            max_age(&headers).map(|age| age.as_secs())
        };
        assert_eq!(age("public, max-age=19845, must-revalidate"), Some(19_845));
        assert_eq!((age("MAX-AGE=7"), age("max-age=\"7\"")), (Some(7), Some(7)));
        assert_eq!((age("max-age=60, no-cache"), age("no-store")), (Some(0), Some(0)));
        assert_eq!((age("public"), age("max-age=soon"), age("s-maxage=9")), (None, None, None));
    }
}
