//! Where a request comes from.
//!
//! The address is the connection's, unless that is a proxy's which the settings name: then it is
//! what the proxy says in `X-Forwarded-For`. The header is read from its end, where the nearest
//! proxy wrote; the first address that is no trusted proxy's is the client's. What stands before
//! it was written by the client itself, and means nothing.

use std::net::IpAddr;

use axum::http::{HeaderMap, HeaderName};

use crate::config::Networks;

const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const X_FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");

/// Where a request comes from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Client {
    /// The client's address; unknown in tests that come without a connection.
    pub address: Option<IpAddr>,
    /// Whether the client speaks TLS, with us or with a trusted proxy.
    pub is_secure: bool,
}

impl Client {
    /// The client of a request that came in by a connection from `peer`.
    pub fn of(peer: Option<IpAddr>, is_tls: bool, headers: &HeaderMap, trusted: &Networks) -> Self {
        let Some(peer) = peer.map(|peer| peer.to_canonical()) else {
            return Self { address: None, is_secure: is_tls };
        };
        if !trusted.contain(peer) {
            return Self { address: Some(peer), is_secure: is_tls };
        }
        let proto = headers.get(X_FORWARDED_PROTO).and_then(|value| value.to_str().ok());
        let is_https = proto.is_some_and(|proto| proto.trim().eq_ignore_ascii_case("https"));
        let address = forwarded(peer, headers, trusted);
        Self { address: Some(address), is_secure: is_tls || is_https }
    }
}

/// The nearest address that is no trusted proxy's; the farthest trusted one where there is none
/// before it, or what stands there is no address.
fn forwarded(peer: IpAddr, headers: &HeaderMap, trusted: &Networks) -> IpAddr {
    // Bytes: what a client wrote at the front need not be text.
    let lines: Vec<&[u8]> =
        headers.get_all(X_FORWARDED_FOR).iter().map(|line| line.as_bytes()).collect();
    let mut nearest = peer;
    let parts = lines.iter().rev().flat_map(|line| line.rsplit(|byte| *byte == b','));
    for part in parts {
        let part = std::str::from_utf8(part).unwrap_or_default();
        let Some(address) = parse(part.trim()) else { return nearest };
        nearest = address;
        if !trusted.contain(address) {
            return address;
        }
    }
    nearest
}

/// An address, with a port or without.
fn parse(text: &str) -> Option<IpAddr> {
    let address = text.parse::<IpAddr>().ok();
    let address = address
        .or_else(|| text.parse::<std::net::SocketAddr>().ok().map(|socket| socket.ip()))
        .or_else(|| text.strip_prefix('[')?.strip_suffix(']')?.parse().ok());
    address.map(|address| address.to_canonical())
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    fn check(peer: &str, lines: &[&str], expect: &str) {
        let config = crate::config::load(
            None,
            |name| {
                (name == "STOCKROOM_TRUSTED_PROXIES").then(|| "127.0.0.1, 10.0.0.0/8".to_owned())
            },
            &[],
        );
        let trusted = config.expect("settings").trusted_proxies;
        let mut headers = HeaderMap::new();
        for line in lines {
            let line = HeaderValue::from_bytes(line.as_bytes()).expect("a header");
            headers.append(X_FORWARDED_FOR, line);
        }
        let client = Client::of(peer.parse().ok(), false, &headers, &trusted);
        assert_eq!(client.address, expect.parse().ok(), "{peer} {lines:?}");
    }

    #[test]
    fn only_trusted_proxies_are_believed() {
        check("192.0.2.9", &["203.0.113.1"], "192.0.2.9");
        check("127.0.0.1", &["203.0.113.1"], "203.0.113.1");
        check("::ffff:127.0.0.1", &["203.0.113.1"], "203.0.113.1");
        check("127.0.0.1", &[], "127.0.0.1");
    }

    #[test]
    fn what_a_client_wrote_before_the_proxies_means_nothing() {
        check("127.0.0.1", &["1.2.3.4, 203.0.113.1"], "203.0.113.1");
        check("127.0.0.1", &["\u{e9}, 203.0.113.1"], "203.0.113.1");
        check("127.0.0.1", &["1.2.3.4", "203.0.113.1, 10.9.9.9"], "203.0.113.1");
        check("127.0.0.1", &["203.0.113.1, 10.0.0.5,10.0.0.6"], "203.0.113.1");
        check("127.0.0.1", &["10.0.0.5"], "10.0.0.5");
    }

    #[test]
    fn what_is_no_address_ends_the_search() {
        check("127.0.0.1", &["203.0.113.1, unknown"], "127.0.0.1");
        check("127.0.0.1", &["203.0.113.1, <script>, 10.0.0.5"], "10.0.0.5");
        check("127.0.0.1", &["203.0.113.1:4711"], "203.0.113.1");
        check("127.0.0.1", &["[2001:db8::1]:4711"], "2001:db8::1");
        check("127.0.0.1", &[""], "127.0.0.1");
    }
}
