//! Addresses that may be fetched, by what they look like before anybody looks.

use http::Uri;

/// The addresses of one service: `https`, one of these hosts, and a path of this form. No port, user, query or fragment,
/// nothing escaped, and no step up.
///
/// ```
/// use inhook::provider::{Host, Pinned};
///
/// const CERTIFICATES: Pinned = Pinned::new(&[Host::Is("keys.example.com")]).path("/certs/", ".pem");
///
/// assert!(CERTIFICATES.has("https://keys.example.com/certs/1.pem"));
/// assert!(!CERTIFICATES.has("https://keys.example.com@evil.example/certs/1.pem"));
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Pinned {
    hosts: &'static [Host],
    start: &'static str,
    end: &'static str,
    query: bool,
}

/// A host's name, or the names of several.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Host {
    /// This one.
    Is(&'static str),
    /// One label of at least three characters between these: `sns.` and `.amazonaws.com` make `sns.us-east-1.amazonaws.com`.
    Label(&'static str, &'static str),
    /// Any letters, digits, hyphens and dots between these, or nothing.
    Between(&'static str, &'static str),
}

/// Longer addresses than this are nobody's.
const LONGEST: usize = 1024;

impl Pinned {
    /// Any path on these hosts.
    pub const fn new(hosts: &'static [Host]) -> Self {
        Self { hosts, start: "/", end: "", query: false }
    }

    /// Paths that start and end like this.
    pub const fn path(mut self, start: &'static str, end: &'static str) -> Self {
        (self.start, self.end) = (start, end);
        self
    }

    /// A query may follow.
    pub const fn with_query(mut self) -> Self {
        self.query = true;
        self
    }

    /// Whether the address is one of these.
    pub fn has(&self, url: &str) -> bool {
        // Where two readers of an address could differ, it is not read at all.
        let plain = |b: u8| b.is_ascii_graphic() && !matches!(b, b'#' | b'@' | b'\\' | b'"' | b'<' | b'>' | b'`');
        if url.len() > LONGEST || !url.bytes().all(plain) || !url.starts_with("https://") {
            return false;
        }
        let Ok(uri) = url.parse::<Uri>() else { return false };
        let Some(authority) = uri.authority() else { return false };
        let path = uri.path();
        let fits = path.len() >= self.start.len() + self.end.len()
            && path.starts_with(self.start)
            && path.ends_with(self.end)
            && !path.contains("..")
            && !path.contains("//")
            && !path.contains(['%', ';']);
        // What follows the host is its path and query and nothing else.
        fits && uri.scheme_str() == Some("https")
            && (self.query || uri.query().is_none() && !url.contains('?'))
            && self.hosts.iter().any(|host| host.is(authority.as_str()))
    }
}

impl Host {
    /// Whether it is this name, in lower case as it is written.
    pub(crate) fn is(self, name: &str) -> bool {
        let between = |before: &str, after: &str| name.strip_prefix(before)?.strip_suffix(after);
        let letters = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
        match self {
            Self::Is(host) => name == host,
            Self::Label(before, after) => {
                between(before, after).is_some_and(|label| label.len() >= 3 && label.bytes().all(letters))
            }
            Self::Between(before, after) => {
                between(before, after).is_some_and(|middle| middle.bytes().all(|b| letters(b) || b == b'.'))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SNS: Pinned = Pinned::new(&[Host::Label("sns.", ".amazonaws.com"), Host::Label("sns.", ".amazonaws.com.cn")])
        .path("/", ".pem");

    #[test]
    fn only_the_services_own_addresses_fit() {
        for url in [
            "https://sns.us-east-1.amazonaws.com/SimpleNotificationService-0123456789abcdef.pem",
            "https://sns.cn-north-1.amazonaws.com.cn/SimpleNotificationService-1.pem",
        ] {
            assert!(SNS.has(url), "{url}");
        }
        for url in [
            "",
            "https://",
            "https:///x.pem",
            "http://sns.us-east-1.amazonaws.com/x.pem",
            "HTTPS://sns.us-east-1.amazonaws.com/x.pem",
            "ftp://sns.us-east-1.amazonaws.com/x.pem",
            "//sns.us-east-1.amazonaws.com/x.pem",
            "https://evil.example/x.pem",
            "https://sns.us-east-1.amazonaws.com.evil.example/x.pem",
            "https://sns.evil.com#.amazonaws.com/x.pem",
            "https://sns.evil.com?.amazonaws.com/x.pem",
            "https://sns.evil.com/.amazonaws.com/x.pem",
            "https://sns.evil.com\\.amazonaws.com/x.pem",
            "https://sns.us-east-1.amazonaws.com@evil.example/x.pem",
            "https://evil@sns.us-east-1.amazonaws.com/x.pem",
            "https://sns.us-east-1.amazonaws.com:443/x.pem",
            "https://sns.us-east-1.amazonaws.com:8443/x.pem",
            "https://sns.us-east-1.amazonaws.com./x.pem",
            "https://sns.us-east-1.amazonaws.com/x.pem?y",
            "https://sns.us-east-1.amazonaws.com/x.pem?",
            "https://sns.us-east-1.amazonaws.com/x.pem#",
            "https://sns.us-east-1.amazonaws.com/x.pem#.pem",
            "https://sns.us-east-1.amazonaws.com/x?.pem",
            "https://sns.us-east-1.amazonaws.com/x",
            "https://sns.us-east-1.amazonaws.com/../x.pem",
            "https://sns.us-east-1.amazonaws.com//evil.example/x.pem",
            "https://sns.us-east-1.amazonaws.com/%2e%2e/x.pem",
            "https://sns.us-east-1.amazonaws.com/x.pem ",
            " https://sns.us-east-1.amazonaws.com/x.pem",
            "https://sns.us-east-1.amazonaws.com/\u{e9}.pem",
            "https://bucket.s3.amazonaws.com/x.pem",
            "https://sns.us-east-1.s3.amazonaws.com/x.pem",
            "https://sns.s3.us-east-1.amazonaws.com/x.pem",
            "https://s3.amazonaws.com/sns.us-east-1.amazonaws.com/x.pem",
            "https://snsXus-east-1.amazonaws.com/x.pem",
            "https://sns.u.amazonaws.com/x.pem",
            "https://sns..amazonaws.com/x.pem",
            "https://sns.amazonaws.com/x.pem",
            "https://SNS.us-east-1.amazonaws.com/x.pem",
            "https://sns.us_east.amazonaws.com/x.pem",
            "https://[::1]/x.pem",
            "https://127.0.0.1/x.pem",
        ] {
            assert!(!SNS.has(url), "{url}");
        }
        assert!(!SNS.has(&format!("https://sns.us-east-1.amazonaws.com/{}.pem", "a".repeat(LONGEST))));
    }

    #[test]
    fn a_query_is_only_taken_where_it_may_be() {
        let subscribe = Pinned::new(&[Host::Label("sns.", ".amazonaws.com")]).with_query();
        assert!(subscribe.has("https://sns.us-east-1.amazonaws.com/?Action=ConfirmSubscription&Token=1"));
        assert!(!subscribe.has("https://evil.example/?x=sns.us-east-1.amazonaws.com"));
        assert!(!subscribe.has("https://sns.evil.com?.amazonaws.com/"));
    }
}
