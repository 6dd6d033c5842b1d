//! HTTP by hand, so that nothing is put right on its way.

use std::{collections::BTreeMap, fmt, net::SocketAddr, time::Duration};

use bytes::Bytes;
use http::{Request, header::CONTENT_LENGTH};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

/// One request as it goes over the wire.
#[derive(Clone)]
pub(crate) struct Wire {
    head: Vec<u8>,
    body: Vec<u8>,
    is_head: bool,
    then_close: bool,
}

/// What came back: less what no two servers say alike.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Answered {
    pub(crate) status: u16,
    pub(crate) headers: BTreeMap<String, String>,
    pub(crate) body: String,
}

impl fmt::Debug for Wire {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&String::from_utf8_lossy(&[&*self.head, b"\r\n", &*self.body].concat()))
    }
}

impl Wire {
    /// With a declared length, unless the request says one itself.
    pub(crate) fn new(request: &Request<Bytes>) -> Self {
        let mut wire = Self::headed(request);
        if !request.headers().contains_key(CONTENT_LENGTH) && !request.body().is_empty() {
            wire.head.extend(format!("content-length: {}\r\n", request.body().len()).bytes());
        }
        wire.body = request.body().to_vec();
        wire
    }

    /// In two chunks, with no length declared.
    pub(crate) fn chunked(request: &Request<Bytes>) -> Self {
        let mut wire = Self::headed(request);
        wire.head.extend(b"transfer-encoding: chunked\r\n");
        let (first, second) = request.body().split_at(request.body().len() / 2);
        for chunk in [first, second] {
            wire.body.extend(format!("{:x}\r\n", chunk.len()).bytes());
            wire.body.extend(chunk);
            wire.body.extend(b"\r\n");
        }
        wire.body.extend(b"0\r\n\r\n");
        wire
    }

    fn headed(request: &Request<Bytes>) -> Self {
        let target = request.uri().path_and_query().unwrap().as_str();
        let mut head = format!("{} {target} HTTP/1.1\r\nhost: localhost\r\n", request.method()).into_bytes();
        for (name, value) in request.headers() {
            head.extend(name.as_str().bytes().chain(*b": ").chain(value.as_bytes().iter().copied()).chain(*b"\r\n"));
        }
        Self { head, body: Vec::new(), is_head: request.method() == "HEAD", then_close: false }
    }

    /// Only this much of the body is sent; then the client waits.
    pub(crate) fn only(mut self, bytes: usize) -> Self {
        self.body.truncate(bytes);
        self
    }

    /// Only this much of the body is sent; then the client says that it sends no more.
    pub(crate) fn cut(mut self, bytes: usize) -> Self {
        self.then_close = true;
        self.only(bytes)
    }

    /// Another body, as it is.
    pub(crate) fn body(mut self, body: &[u8]) -> Self {
        self.body = body.to_vec();
        self
    }

    pub(crate) async fn write(&self, to: SocketAddr) -> TcpStream {
        let mut stream = TcpStream::connect(to).await.unwrap();
        let all = [&*self.head, b"\r\n", &*self.body].concat();
        stream.write_all(&all).await.unwrap();
        if self.then_close {
            stream.shutdown().await.unwrap();
        }
        stream
    }

    pub(crate) async fn send(&self, to: SocketAddr) -> Answered {
        let stream = self.write(to).await;
        let answered = tokio::time::timeout(Duration::from_secs(30), self.read(stream)).await;
        answered.unwrap_or_else(|_| panic!("no answer to {self:?}"))
    }

    pub(crate) async fn read(&self, mut stream: TcpStream) -> Answered {
        let mut bytes = Vec::new();
        let head = loop {
            if let Some(at) = bytes.windows(4).position(|w| w == b"\r\n\r\n") {
                break at;
            }
            let read = stream.read_buf(&mut bytes).await.unwrap();
            assert!(read > 0, "no answer to {self:?}: {bytes:?}");
        };
        let text = String::from_utf8(bytes[..head].to_vec()).unwrap();
        let mut lines = text.split("\r\n");
        let status = lines.next().unwrap().split(' ').nth(1).unwrap().parse().unwrap();
        let mut headers = BTreeMap::new();
        for (name, value) in lines.map(|line| line.split_once(": ").unwrap()) {
            assert_eq!(headers.insert(name.to_lowercase(), value.to_owned()), None, "{name} twice");
        }
        let length = headers.remove("content-length").map_or(0, |length| length.parse().unwrap());
        let length = if self.is_head { 0 } else { length };
        let mut body = bytes.split_off(head + 4);
        while body.len() < length {
            let read = stream.read_buf(&mut body).await.unwrap();
            assert!(read > 0, "the answer was cut off");
        }
        assert_eq!(body.len(), length, "more than the answer");
        for name in ["date", "connection", "keep-alive"] {
            headers.remove(name);
        }
        Answered { status, headers, body: String::from_utf8(body).unwrap() }
    }
}
