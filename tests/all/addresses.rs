//! Who may send, by network address, and whose word counts for it.

use std::{
    net::{IpAddr, SocketAddr},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use bytes::Bytes;
use http::{HeaderName, Request, StatusCode, request::Parts};
use inhook::{
    ErrorKind, Event, Forwarder, Handlers, OverTls, PeerAddr, Receiver, Senders, Verifier, provider::GITHUB,
    store::MemoryStore, testing::signed,
};
use proptest::prelude::*;

const SENDER: &str = "192.0.2.7";
const PROXY: &str = "10.0.0.1";

/// One address of a sender's, and the proxies of a private network.
fn senders() -> Senders {
    Senders::new([SENDER, "2001:db8::/32", "198.51.100.0/24"]).unwrap().behind(["10.0.0.0/8", "127.0.0.1"]).unwrap()
}

fn head(peer: &str, headers: &[(&str, &str)]) -> Parts {
    let mut request = Request::post("https://example.com/").body(()).unwrap();
    let peer: IpAddr = peer.parse().unwrap();
    request.extensions_mut().insert(PeerAddr(SocketAddr::new(peer, 40_000)));
    for (name, value) in headers {
        request.headers_mut().append(HeaderName::try_from(*name).unwrap(), value.parse().unwrap());
    }
    request.into_parts().0
}

fn judged(senders: &Senders, peer: &str, headers: &[(&str, &str)]) -> Result<String, ErrorKind> {
    senders.judge(&head(peer, headers)).map(|address| address.to_string()).map_err(|e| e.kind())
}

const REFUSED: Result<String, ErrorKind> = Err(ErrorKind::Address);

fn is(address: &str) -> Result<String, ErrorKind> {
    Ok(address.to_owned())
}

#[test]
fn the_connection_counts_where_it_is_no_proxys() {
    let senders = senders();
    assert_eq!(judged(&senders, SENDER, &[]), is(SENDER));
    assert_eq!(judged(&senders, "198.51.100.255", &[]), is("198.51.100.255"));
    assert_eq!(judged(&senders, "2001:db8:ffff::1", &[]), is("2001:db8:ffff::1"));
    for other in ["192.0.2.8", "198.51.101.0", "2001:db9::1", "203.0.113.9"] {
        assert_eq!(judged(&senders, other, &[]), REFUSED, "{other}");
        for name in ["x-forwarded-for", "forwarded", "x-real-ip", "x-client-ip", "true-client-ip", "cf-connecting-ip"] {
            let value = if name == "forwarded" { "for=192.0.2.7" } else { SENDER };
            assert_eq!(judged(&senders, other, &[(name, value)]), REFUSED, "{other} {name}");
        }
    }
    // A sender's own header changes nothing.
    assert_eq!(judged(&senders, SENDER, &[("x-forwarded-for", "203.0.113.9")]), is(SENDER));
}

#[test]
fn an_address_mapped_into_ipv6_is_the_ipv4_address() {
    let senders = senders();
    assert_eq!(judged(&senders, "::ffff:192.0.2.7", &[]), is(SENDER));
    assert_eq!(judged(&senders, "::ffff:10.0.0.1", &[("x-forwarded-for", "::ffff:192.0.2.7")]), is(SENDER));
    assert_eq!(judged(&senders, "::ffff:127.0.0.1", &[]), REFUSED);
    assert_eq!(judged(&senders, "::192.0.2.7", &[]), REFUSED);
}

#[test]
fn of_what_proxies_forward_the_first_from_the_right_counts_that_is_none() {
    let senders = senders();
    let by = |value: &str| judged(&senders, PROXY, &[("x-forwarded-for", value)]);
    assert_eq!(by(SENDER), is(SENDER));
    assert_eq!(by("203.0.113.9, 192.0.2.7"), is(SENDER));
    assert_eq!(by("192.0.2.7, 10.0.0.2, 10.0.0.3"), is(SENDER));
    assert_eq!(by("203.0.113.9, 192.0.2.7, 10.0.0.2"), is(SENDER));
    assert_eq!(by("192.0.2.7:51000"), is(SENDER));
    assert_eq!(by("[2001:db8::7]:51000"), is("2001:db8::7"));
    for forged in ["192.0.2.7, 203.0.113.9", "192.0.2.7, 203.0.113.9, 10.0.0.2", "203.0.113.9"] {
        assert_eq!(by(forged), REFUSED, "{forged}");
    }
    for unreadable in
        ["", "unknown", "192.0.2.7, ?", "192.0.2.7, _x", "192.0.2.7 10.0.0.2", "\"192.0.2.7\"", "192.0.2.7/32"]
    {
        assert_eq!(by(unreadable), REFUSED, "{unreadable}");
    }
    // Several lines are one list, in their order.
    let lines = |lines: [&str; 2]| judged(&senders, PROXY, &lines.map(|line| ("x-forwarded-for", line)));
    assert_eq!(lines(["203.0.113.9", SENDER]), is(SENDER));
    assert_eq!(lines([SENDER, "203.0.113.9"]), REFUSED);
    // The header that the proxies do not write is the client's.
    assert_eq!(judged(&senders, PROXY, &[("forwarded", "for=192.0.2.7")]), REFUSED);
    let forwarded = senders.clone().forwarder(Forwarder::Forwarded);
    assert_eq!(judged(&forwarded, PROXY, &[("x-forwarded-for", SENDER)]), REFUSED);
    let by = |value: &str| judged(&forwarded, PROXY, &[("forwarded", value)]);
    assert_eq!(by("for=192.0.2.7"), is(SENDER));
    assert_eq!(by("for=203.0.113.9, for=192.0.2.7;proto=https, for=10.0.0.2;by=10.0.0.1"), is(SENDER));
    assert_eq!(by("for=\"[2001:db8::7]:4711\""), is("2001:db8::7"));
    for forged in [
        "for=192.0.2.7, for=203.0.113.9",
        "for=192.0.2.7, for=unknown",
        "for=192.0.2.7, proto=https",
        "for=192.0.2.7, for=\"",
        "host=x",
    ] {
        assert_eq!(by(forged), REFUSED, "{forged}");
    }
    // A quote that a client leaves open does not swallow what the proxy adds.
    assert_eq!(by("for=192.0.2.7;x=\", for=203.0.113.9"), REFUSED);
    assert_eq!(by("for=192.0.2.7, for=\"x, for=\"[2001:db8::7]\""), REFUSED);
}

#[test]
fn a_proxy_is_no_sender() {
    let senders = Senders::new(["10.0.0.0/8"]).unwrap().behind(["10.0.0.1"]).unwrap();
    assert_eq!(judged(&senders, PROXY, &[]), REFUSED);
    assert_eq!(judged(&senders, PROXY, &[("x-forwarded-for", PROXY)]), REFUSED);
    assert_eq!(judged(&senders, PROXY, &[("x-forwarded-for", "10.0.0.2")]), is("10.0.0.2"));
    // A chain that is longer than any is not followed to its end.
    let chain = vec!["10.0.0.1"; 40].join(",");
    assert_eq!(judged(&senders, PROXY, &[("x-forwarded-for", &format!("10.0.0.2,{chain}"))]), REFUSED);
}

/// CVE-2026-26316 and CVE-2026-29613 (OpenClaw's BlueBubbles), and lists of senders that held 127.0.0.1 (Symfony's Postmark
/// and Brevo): behind a proxy on the same machine every request comes from loopback.
#[test]
fn cve_2026_26316_loopback_is_no_sender() {
    for list in ["127.0.0.1", "127.0.0.0/8", "::1", "127.1.2.3"] {
        assert_eq!(Senders::new([SENDER, list]).unwrap_err().kind(), ErrorKind::Config, "{list}");
    }
    let all = Senders::new(["0.0.0.0/0", "::/0"]).unwrap();
    for senders in [&all, &all.clone().behind(["127.0.0.1", "::1"]).unwrap()] {
        for peer in ["127.0.0.1", "127.9.9.9", "::1", "::ffff:127.0.0.1"] {
            assert_eq!(judged(senders, peer, &[]), REFUSED, "{peer}");
            assert_eq!(judged(senders, peer, &[("x-forwarded-for", "127.0.0.1")]), REFUSED, "{peer}");
        }
        assert_eq!(judged(senders, "203.0.113.9", &[("x-forwarded-for", "127.0.0.1")]), is("203.0.113.9"));
    }
    assert_eq!(judged(&all.behind(["127.0.0.1"]).unwrap(), "127.0.0.1", &[("x-forwarded-for", SENDER)]), is(SENDER));
    let test = Senders::new([SENDER]).unwrap().loopback();
    assert_eq!(judged(&test, "127.0.0.1", &[]), is("127.0.0.1"));
    assert_eq!(judged(&test, "203.0.113.9", &[]), REFUSED);
}

/// CVE-2026-28465 (OpenClaw), and yap's forwarded hosts: what a request says of its own way counts only if a listed proxy
/// says it.
#[test]
fn cve_2026_28465_nobody_but_a_listed_proxy_is_believed() {
    let https = Senders::anybody().https_only();
    for headers in [
        &[("x-forwarded-proto", "https"), ("x-forwarded-for", "10.0.0.1")][..],
        &[("forwarded", "for=10.0.0.1;proto=https")],
        &[("x-forwarded-ssl", "on"), ("front-end-https", "on"), ("x-forwarded-scheme", "https")],
    ] {
        // The URI says `https`, too.
        assert_eq!(judged(&https, "203.0.113.9", headers), REFUSED);
        assert_eq!(judged(&https.clone().behind(["10.0.0.1"]).unwrap(), "203.0.113.9", headers), REFUSED);
    }
}

#[test]
fn https_is_what_the_outermost_proxy_says() {
    let https = senders().https_only();
    let by = |proto: &str| judged(&https, PROXY, &[("x-forwarded-for", SENDER), ("x-forwarded-proto", proto)]);
    assert_eq!((by("https"), by("HTTPS")), (is(SENDER), is(SENDER)));
    for plain in ["http", "", "wss", "http, https", "https, http", "https2"] {
        assert_eq!(by(plain), REFUSED, "{plain}");
    }
    assert_eq!(judged(&https, PROXY, &[("x-forwarded-for", SENDER)]), REFUSED);
    let https = https.forwarder(Forwarder::Forwarded);
    let by = |value: &str| judged(&https, PROXY, &[("forwarded", value), ("x-forwarded-proto", "https")]);
    assert_eq!(by("for=192.0.2.7;proto=https"), is(SENDER));
    assert_eq!(by("for=192.0.2.7;proto=https, for=10.0.0.2;proto=http"), is(SENDER));
    assert_eq!(by("for=203.0.113.9;proto=https, for=192.0.2.7;proto=http"), REFUSED);
    assert_eq!(by("for=192.0.2.7"), REFUSED);
    // Without a proxy it is the connection itself.
    assert_eq!(judged(&https, SENDER, &[]), REFUSED);
    let mut own = head(SENDER, &[]);
    own.extensions.insert(OverTls);
    assert!(https.judge(&own).is_ok());
    // Between a proxy and this server TLS says nothing of the way before.
    let mut inner = head(PROXY, &[("forwarded", "for=192.0.2.7;proto=http")]);
    inner.extensions.insert(OverTls);
    assert_eq!(https.judge(&inner).unwrap_err().kind(), ErrorKind::Address);
    assert!(Senders::anybody().judge(&head("127.0.0.1", &[])).is_ok());
}

#[test]
fn what_is_no_network_is_refused_when_it_is_configured() {
    for list in [
        "",
        "localhost",
        "192.0.2",
        "192.0.2.0/33",
        "192.0.2.1/24",
        "192.0.2.0/-1",
        "2001:db8::1/32",
        "::ffff:192.0.2.0/120",
        "::ffff:192.0.2.1",
        "192.0.2.0/24 ",
        "192.0.2.0-192.0.2.9",
    ] {
        assert_eq!(Senders::new([list]).unwrap_err().kind(), ErrorKind::Config, "{list}");
        assert_eq!(senders().behind([list]).unwrap_err().kind(), ErrorKind::Config, "{list}");
    }
    assert_eq!(Senders::new::<[&str; 0]>([]).unwrap_err().kind(), ErrorKind::Config);
}

fn receiver(senders: Senders) -> (Receiver, Arc<AtomicUsize>) {
    let handled = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&handled);
    let handlers = Handlers::new().otherwise(async move |_: Event| {
        count.fetch_add(1, Ordering::SeqCst);
        Ok(())
    });
    let verifier = Verifier::new(&GITHUB, "secret").unwrap();
    let receiver = Receiver::builder(verifier, MemoryStore::new()).from_addresses(senders).handle(handlers).unwrap();
    (receiver, handled)
}

fn request(peer: Option<&str>) -> Request<Bytes> {
    let mut request = signed(&GITHUB, "secret", "{}").build();
    if let Some(peer) = peer {
        request.extensions_mut().insert(PeerAddr(SocketAddr::new(peer.parse().unwrap(), 1)));
    }
    request
}

/// However genuine it is, and before anything of its body is read.
#[test]
fn a_receiver_refuses_by_the_head() {
    let (receiver, handled) = receiver(senders());
    let refused = |request: &Request<Bytes>| {
        let (head, ()) = request.clone().map(drop).into_parts();
        receiver.admit(&head).err().map(|response| response.status())
    };
    assert_eq!(refused(&request(Some(SENDER))), None);
    assert_eq!(refused(&request(Some("203.0.113.9"))), Some(StatusCode::FORBIDDEN));
    // Never open where it is not known whose connection it is.
    assert_eq!(refused(&request(None)), Some(StatusCode::INTERNAL_SERVER_ERROR));
    let answer = |request| block_on(receiver.receive(request));
    let response = answer(request(Some("203.0.113.9")));
    assert_eq!((response.status(), &**response.body()), (StatusCode::FORBIDDEN, &b"address"[..]));
    assert_eq!(answer(request(None)).status(), StatusCode::INTERNAL_SERVER_ERROR);
    assert_eq!(handled.load(Ordering::SeqCst), 0);
    assert_eq!(answer(request(Some(SENDER))).status(), StatusCode::OK);
    // An address is no signature.
    let forged = signed(&GITHUB, "other", "{}").build();
    let mut forged_from = request(Some(SENDER)).map(|_| forged.body().clone());
    *forged_from.headers_mut() = forged.headers().clone();
    assert_eq!(answer(forged_from).status(), StatusCode::UNAUTHORIZED);
    assert_eq!(handled.load(Ordering::SeqCst), 1);
}

fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future)
}

/// axum, actix-web and hyper each say where the connection comes from.
#[cfg(all(feature = "axum", feature = "actix"))]
#[tokio::test(flavor = "multi_thread")]
async fn every_adapter_says_whose_connection_it_is() {
    use crate::adapters::{ALL, Server, Wire};

    let hooks = [
        ("open", Senders::new([SENDER]).unwrap().loopback(), 200),
        ("listed", Senders::new([SENDER]).unwrap(), 403),
        ("proxied", senders(), 200),
        ("other", Senders::new(["198.51.100.0/24"]).unwrap().behind(["127.0.0.1"]).unwrap(), 403),
        ("https", senders().https_only(), 200),
        ("plain", Senders::anybody().https_only(), 403),
    ];
    for stack in ALL {
        let receivers = hooks.iter().map(|(name, senders, _)| (*name, receiver(senders.clone()).0)).collect();
        let server = Server::start(stack, receivers).await;
        for (name, _, status) in &hooks {
            let request = signed(&GITHUB, "secret", "{}")
                .url(format!("http://{}/api/hooks/{name}", server.at))
                .header("x-forwarded-for", SENDER)
                .header("x-forwarded-proto", "https")
                .build();
            let answered = Wire::new(&request).send(server.at).await;
            assert_eq!(answered.status, *status, "{stack:?} {name}: {answered:?}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() })]

    /// Whatever a client writes before it, the proxy's last word decides.
    #[test]
    fn nothing_that_a_client_writes_decides(
        before in "[ -~]{0,60}",
        client in any::<u32>(),
        by in prop_oneof![Just(Forwarder::XForwarded), Just(Forwarder::Forwarded)],
    ) {
        let client = IpAddr::from(client.to_be_bytes());
        let (name, before, last) = match by {
            Forwarder::XForwarded => ("x-forwarded-for", before, client.to_string()),
            _ => ("forwarded", before, format!("for={client};proto=https")),
        };
        let senders = senders().forwarder(by);
        let direct = judged(&senders, &client.to_string(), &[]);
        for headers in [vec![(name, format!("{before}, {last}"))], vec![(name, before), (name, last)]] {
            let headers: Vec<_> = headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
            let found = judged(&senders, PROXY, &headers);
            prop_assert!(found == REFUSED || found == direct, "{:?} {:?}", headers, found);
        }
    }
}
