//! Who may send, by network address.

mod forwarded;

use std::net::{IpAddr, SocketAddr};

use http::request::Parts;
use ipnet::IpNet;

use crate::{Error, ErrorKind};

/// More proxies than anybody chains; entries before them are never read.
const MOST_HOPS: usize = 16;

/// Where the connection comes from that a request came by, as the server sees it: put it into the request's extensions
/// where no adapter does.
///
/// The actix-web adapter does so by itself; so does the one for axum, if the router is served with
/// `into_make_service_with_connect_info::<SocketAddr>()`. With hyper, another tower stack, or none:
///
/// ```
/// use std::net::SocketAddr;
/// use inhook::PeerAddr;
///
/// fn came_from(request: &mut http::Request<bytes::Bytes>, peer: SocketAddr) {
///     request.extensions_mut().insert(PeerAddr(peer));
/// }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "it is this one address")]
pub struct PeerAddr(pub SocketAddr);

/// That the connection itself is encrypted: put it into the request's extensions where this server ends TLS. The
/// actix-web adapter does so by itself.
///
/// A URI that begins with `https` is no sign of it: that is what the client says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "it is a mark")]
pub struct OverTls;

/// The header that the proxies in front of a server write. Only the one that is named is read: a proxy passes on what a
/// client wrote into the other.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Forwarder {
    /// `X-Forwarded-For` and, for HTTPS, `X-Forwarded-Proto`.
    #[default]
    XForwarded,
    /// `Forwarded`, as [RFC 7239](https://www.rfc-editor.org/rfc/rfc7239) has it.
    Forwarded,
}

/// Who may send, by network address: for [`Builder::from_addresses`](crate::Builder::from_addresses).
///
/// It stands **beside** a signature, never in its place: addresses are shared, lists of them change, and what a proxy
/// says is only as good as the proxy.
///
/// ```
/// use inhook::{Event, Handlers, Receiver, Senders, Verifier, provider::STRIPE, store::MemoryStore};
///
/// // Two of the addresses that Stripe lists, and the load balancers in front of this server.
/// let senders = Senders::new(["3.18.12.63", "3.130.192.231"])?.behind(["10.0.0.0/8"])?.https_only();
/// let receiver = Receiver::builder(Verifier::new(&STRIPE, "whsec_from_the_dashboard")?, MemoryStore::new())
///     .from_addresses(senders)
///     .handle(Handlers::new().otherwise(async |_: Event| Ok(())))?;
/// # Ok::<(), inhook::Error>(())
/// ```
///
/// # Whose address counts
/// The connection's, unless that is a listed proxy: then the last entry that it wrote, and if that is a listed proxy
/// too, the one before, and so on, to the first address from the right that is no listed proxy. Whatever stands to the
/// left of it the client may have written, and nobody reads it. Without listed proxies no header is read at all.
///
/// - A listed proxy is never a sender: a proxy that names no client is refused.
/// - **Loopback is never a sender**, whatever is listed, unless [said](Self::loopback): behind a proxy on the same
///   machine everybody would be.
/// - An IPv4 address that is mapped into IPv6 counts as the IPv4 address.
/// - A request whose connection is not [known](PeerAddr) is refused, as [`Config`](ErrorKind::Config).
#[derive(Clone, Debug)]
#[must_use]
pub struct Senders {
    /// `None`: anybody.
    allowed: Option<Vec<IpNet>>,
    proxies: Vec<IpNet>,
    forwarder: Forwarder,
    https: bool,
    loopback: bool,
}

impl Senders {
    /// These addresses and networks, such as `192.0.2.7`, `192.0.2.0/24` or `2001:db8::/32`.
    ///
    /// # Errors
    /// [`Config`](ErrorKind::Config) for none at all, for what is no address or network, for one with bits set behind its
    /// prefix, for IPv4 written as IPv6, and for loopback.
    pub fn new<I: IntoIterator<Item: AsRef<str>>>(allowed: I) -> Result<Self, Error> {
        const NOBODY: Error = Error::new(ErrorKind::Config, "a list of senders without one lets nobody in");
        const LOOPBACK: Error = Error::new(ErrorKind::Config, "loopback is no sender; for a test say `loopback`");
        let allowed = networks(allowed)?;
        if allowed.is_empty() {
            return Err(NOBODY);
        }
        if allowed.iter().any(|net| net.network().is_loopback()) {
            return Err(LOOPBACK);
        }
        Ok(Self { allowed: Some(allowed), ..Self::anybody() })
    }

    /// Any address: for [HTTPS only](Self::https_only), without a list.
    pub fn anybody() -> Self {
        Self { allowed: None, proxies: Vec::new(), forwarder: Forwarder::default(), https: false, loopback: false }
    }

    /// The proxies in front of this server, by the addresses that they connect from. List none that others can connect
    /// from, and see that each of them writes the header, whatever its client sent.
    ///
    /// # Errors
    /// As [`new`](Self::new); loopback may be a proxy.
    pub fn behind<I: IntoIterator<Item: AsRef<str>>>(mut self, proxies: I) -> Result<Self, Error> {
        self.proxies = networks(proxies)?;
        Ok(self)
    }

    /// The header that those proxies write: [`XForwarded`](Forwarder::XForwarded) unless said.
    pub fn forwarder(mut self, forwarder: Forwarder) -> Self {
        self.forwarder = forwarder;
        self
    }

    /// Refuses what did not come by HTTPS: [over TLS](OverTls) to this server, or to the outermost listed proxy as that
    /// one says. What nobody says anything of is refused, and so is an `X-Forwarded-Proto` in which anything but `https`
    /// stands: have the proxies set it, not add to it.
    pub fn https_only(mut self) -> Self {
        self.https = true;
        self
    }

    /// Lets loopback addresses in as well: for tests, and never behind a proxy on the same machine.
    pub fn loopback(mut self) -> Self {
        self.loopback = true;
        self
    }

    /// Whose request it is, where that one may send; from the head alone.
    ///
    /// # Errors
    /// [`Address`](ErrorKind::Address) for anybody else, and where a listed proxy writes what cannot be read;
    /// [`Config`](ErrorKind::Config) where the head does not say [where the connection comes from](PeerAddr).
    pub fn judge(&self, head: &Parts) -> Result<IpAddr, Error> {
        const UNKNOWN: Error =
            Error::new(ErrorKind::Config, "the connection's address is not known: insert `PeerAddr`");
        const PLAIN: Error = Error::new(ErrorKind::Address, "it did not come by HTTPS");
        let PeerAddr(peer) = head.extensions.get().ok_or(UNKNOWN)?;
        let (mut client, mut hops) = (peer.ip().to_canonical(), Vec::new());
        if self.is_proxy(client) {
            hops = forwarded::hops(self.forwarder, &head.headers, MOST_HOPS)?;
            let mut trusted = 0;
            while let Some(hop) = hops.get(trusted).filter(|_| self.is_proxy(client)) {
                client = hop.client()?;
                trusted += 1;
            }
            hops.truncate(trusted);
        }
        self.admits(client)?;
        let secure = match (hops.last(), self.is_proxy(peer.ip().to_canonical())) {
            (Some(outermost), _) => outermost.is_https(),
            (None, true) => false,
            (None, false) => head.extensions.get::<OverTls>().is_some(),
        };
        if self.https && !secure { Err(PLAIN) } else { Ok(client) }
    }

    fn admits(&self, client: IpAddr) -> Result<(), Error> {
        const NOT_ALLOWED: Error = Error::new(ErrorKind::Address, "");
        const NO_CLIENT: Error = Error::new(ErrorKind::Address, "the proxy names no client");
        const LOOPBACK: Error = Error::new(ErrorKind::Address, "loopback is no sender");
        let Some(allowed) = &self.allowed else { return Ok(()) };
        if client.is_loopback() {
            return if self.loopback { Ok(()) } else { Err(LOOPBACK) };
        }
        if self.is_proxy(client) {
            return Err(NO_CLIENT);
        }
        if allowed.iter().any(|net| net.contains(&client)) { Ok(()) } else { Err(NOT_ALLOWED) }
    }

    fn is_proxy(&self, address: IpAddr) -> bool {
        self.proxies.iter().any(|net| net.contains(&address))
    }
}

fn networks<I: IntoIterator<Item: AsRef<str>>>(texts: I) -> Result<Vec<IpNet>, Error> {
    const UNREADABLE: Error = Error::new(ErrorKind::Config, "an address or a network, such as `192.0.2.0/24`");
    const BITS: Error = Error::new(ErrorKind::Config, "a network has no bits set behind its prefix");
    const MAPPED: Error = Error::new(ErrorKind::Config, "write an IPv4 network as one");
    let one = |text: &str| {
        let net = match text.parse::<IpAddr>() {
            Ok(address) => IpNet::from(address),
            Err(_) => text.parse().map_err(|_| UNREADABLE)?,
        };
        if net.addr() != net.network() {
            Err(BITS)
        } else if matches!(net, IpNet::V6(net) if net.addr().to_ipv4_mapped().is_some()) {
            Err(MAPPED)
        } else {
            Ok(net)
        }
    };
    texts.into_iter().map(|text| one(text.as_ref())).collect()
}
