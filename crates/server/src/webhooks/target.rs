//! Where a webhook leads: its URL, taken apart, and the addresses behind its name.
//!
//! A URL is read by the rules of browsers, so `https://0x7f.1/` is 127.0.0.1 here as well. A name
//! is looked up once for each attempt, and the connection goes to one of the addresses that were
//! vetted: what the name leads to a moment later does not matter.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use url::{Host, Url};

use super::addresses;
use crate::config::Networks;

/// The most characters of a URL.
const URL_CHARS_MAX: usize = 2_000;
/// How long a name may take to be found while someone waits for the answer.
const LOOKUP_MAX: Duration = Duration::from_secs(2);
/// Addresses of one name that are looked at.
const ADDRESSES_MAX: usize = 16;

/// A URL that a webhook may have, taken apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Target {
    /// Whether it is `https`.
    pub(super) has_tls: bool,
    host: Host<String>,
    port: u16,
    /// For the header `Host`: the name, and the port where it is not the usual one.
    pub(super) authority: String,
    /// The path and the query.
    pub(super) path: String,
}

/// Why no address was found to connect to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum NoAddress {
    /// The name is not known, or whoever knows it does not answer.
    Unknown(String),
    /// It leads where webhooks may not.
    Refused(String),
}

impl Target {
    /// Takes a URL apart.
    ///
    /// # Errors
    /// What is wrong with it, as a sentence.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        if text.chars().count() > URL_CHARS_MAX {
            return Err(format!("A URL has at most {URL_CHARS_MAX} characters."));
        }
        let url = Url::parse(text).map_err(|_| {
            "A URL is written as in https://hooks.example.com/stockroom.".to_owned()
        })?;
        let has_tls = match url.scheme() {
            "https" => true,
            "http" => false,
            _ => return Err("A URL begins with https://.".to_owned()),
        };
        if !url.username().is_empty() || url.password().is_some() {
            return Err("A URL names no user: deliveries are known by their signature.".to_owned());
        }
        if url.fragment().is_some() {
            return Err("What follows a # is never sent: leave it out.".to_owned());
        }
        let host = url.host().map(|host| host.to_owned());
        let host = host.ok_or_else(|| "A URL names a host.".to_owned())?;
        let port = url.port_or_known_default().unwrap_or_default();
        if port < 1_024 && !matches!((has_tls, port), (true, 443) | (false, 80)) {
            return Err(format!(
                "Port {port} belongs to another service: 443 is for https, or take 1024 and more."
            ));
        }
        let authority = match url.port() {
            Some(port) => format!("{host}:{port}"),
            None => host.to_string(),
        };
        let path = match url.query() {
            Some(query) => format!("{}?{query}", url.path()),
            None => url.path().to_owned(),
        };
        Ok(Self { has_tls, host, port, authority, path })
    }

    /// The name that the certificate has to be for.
    pub(super) fn server_name(&self) -> String {
        match &self.host {
            Host::Domain(name) => name.trim_end_matches('.').to_owned(),
            Host::Ipv4(address) => address.to_string(),
            Host::Ipv6(address) => address.to_string(),
        }
    }

    /// The addresses to connect to. One that is refused spoils all: such a name is up to
    /// something.
    ///
    /// # Errors
    /// There is none.
    pub(super) async fn resolve(&self, allowed: &Networks) -> Result<Vec<SocketAddr>, NoAddress> {
        let found: Vec<SocketAddr> = match &self.host {
            Host::Ipv4(address) => vec![(IpAddr::V4(*address), self.port).into()],
            Host::Ipv6(address) => vec![(IpAddr::V6(*address), self.port).into()],
            Host::Domain(name) => tokio::net::lookup_host((name.as_str(), self.port))
                .await
                .map_err(|error| NoAddress::Unknown(format!("{name} is not found: {error}")))?
                .take(ADDRESSES_MAX)
                .collect(),
        };
        if found.is_empty() {
            return Err(NoAddress::Unknown(format!("{} has no address", self.host)));
        }
        for address in &found {
            addresses::refuse(address.ip(), allowed, self.has_tls).map_err(|what| {
                NoAddress::Refused(match &self.host {
                    Host::Domain(name) => format!("{name} leads to {what}"),
                    _ => what,
                })
            })?;
        }
        Ok(found)
    }

    /// Refuses a URL that leads where webhooks may not. A name that is not found now is none of
    /// these: it is looked up for each delivery.
    ///
    /// # Errors
    /// What is wrong with it, as a sentence.
    pub(super) async fn check(&self, allowed: &Networks) -> Result<(), String> {
        match tokio::time::timeout(LOOKUP_MAX, self.resolve(allowed)).await {
            Ok(Err(NoAddress::Refused(why))) => Err(format!("This cannot be reached: {why}.")),
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_is_taken_apart() {
        let check = |text: &str, authority: &str, path: &str| {
            let target = Target::parse(text).expect(text);
            assert_eq!((&*target.authority, &*target.path), (authority, path), "{text}");
        };
        check("https://hooks.example.com", "hooks.example.com", "/");
        check("https://Hooks.Example.com:443/a?b=c", "hooks.example.com", "/a?b=c");
        check("https://hooks.example.com:8443/ä", "hooks.example.com:8443", "/%C3%A4");
        check("https://[2606:4700::1111]:8443/", "[2606:4700::1111]:8443", "/");
        check("https://0x7f.1/", "127.0.0.1", "/");
        check("http://bücher.example/", "xn--bcher-kva.example", "/");
    }

    #[test]
    fn a_url_that_cannot_be_meant_is_refused() {
        let check = |text: &str, words: &str| {
            let said = Target::parse(text).expect_err(text);
            assert!(said.contains(words), "{text}: {said}");
        };
        check("hooks.example.com", "is written as");
        check("", "is written as");
        check("https://", "is written as");
        check("https://a b/", "is written as");
        check("ftp://hooks.example.com/", "begins with https");
        check("file:///etc/passwd", "begins with https");
        check("https://me:secret@hooks.example.com/", "names no user");
        check("https://me@hooks.example.com/", "names no user");
        check("https://hooks.example.com/#a", "never sent");
        check("https://hooks.example.com:22/", "Port 22");
        check("https://hooks.example.com:80/", "Port 80");
        check("http://hooks.example.com:443/", "Port 443");
        check("https://hooks.example.com:0/", "Port 0");
        check(&format!("https://hooks.example.com/{}", "x".repeat(2_000)), "at most 2000");
    }

    #[tokio::test]
    async fn an_address_is_vetted_however_it_is_written() {
        let none = Networks::default();
        for text in [
            "https://127.0.0.1/",
            "https://2130706433/",
            "https://0x7f.1/",
            "https://0177.0.0.1/",
            "https://[::1]/",
            "https://[::ffff:10.0.0.1]/",
            "https://localhost/",
            "http://1.1.1.1/",
        ] {
            let target = Target::parse(text).expect(text);
            let refused = target.resolve(&none).await;
            assert!(matches!(refused, Err(NoAddress::Refused(_))), "{text}: {refused:?}");
            assert!(target.check(&none).await.is_err(), "{text}");
        }
        let target = Target::parse("https://1.1.1.1/").expect("a URL");
        assert_eq!(target.resolve(&none).await, Ok(vec!["1.1.1.1:443".parse().expect("one")]));
        let unknown = Target::parse("https://nowhere.invalid/").expect("a URL");
        assert!(matches!(unknown.resolve(&none).await, Err(NoAddress::Unknown(_))));
        assert_eq!(unknown.check(&none).await, Ok(()));
    }
}
