//! Which addresses a webhook may lead to: those of the public internet, and those that the
//! operator has named (`webhook_networks`). Anything else would let whoever makes a webhook reach
//! what stands beside the server: databases, other machines, the cloud's metadata.
//!
//! The ranges are those of IANA's registries of special-purpose addresses (RFC 6890).

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::config::Networks;

/// Ranges of IPv4 that are not public: the first address, the bits that count, what they are.
const NOT_PUBLIC_V4: [([u8; 4], u32, &str); 16] = [
    ([0, 0, 0, 0], 8, "an address of this network"),
    ([10, 0, 0, 0], 8, "a private address"),
    ([100, 64, 0, 0], 10, "an address shared by a provider's customers"),
    ([127, 0, 0, 0], 8, "an address of this machine"),
    ([169, 254, 0, 0], 16, "a link-local address"),
    ([172, 16, 0, 0], 12, "a private address"),
    ([192, 0, 0, 0], 24, "an address for protocols"),
    ([192, 0, 2, 0], 24, "an address for documentation"),
    ([192, 31, 196, 0], 24, "an address for protocols"),
    ([192, 88, 99, 0], 24, "a 6to4 relay"),
    ([192, 168, 0, 0], 16, "a private address"),
    ([198, 18, 0, 0], 15, "an address for measurements"),
    ([198, 51, 100, 0], 24, "an address for documentation"),
    ([203, 0, 113, 0], 24, "an address for documentation"),
    ([224, 0, 0, 0], 4, "a multicast address"),
    ([240, 0, 0, 0], 4, "a reserved address"),
];

/// Ranges of IPv6 that get a name of their own, or lie within what is public (2000::/3).
const NOT_PUBLIC_V6: [([u16; 4], u32, &str); 8] = [
    ([0x64, 0xff9b, 1, 0], 48, "a private address"),
    ([0x2001, 0, 0, 0], 23, "an address for protocols"),
    ([0x2001, 0xdb8, 0, 0], 32, "an address for documentation"),
    ([0x2002, 0, 0, 0], 16, "a 6to4 address"),
    ([0x3fff, 0, 0, 0], 20, "an address for documentation"),
    ([0xfc00, 0, 0, 0], 7, "a private address"),
    ([0xfe80, 0, 0, 0], 10, "a link-local address"),
    ([0xff00, 0, 0, 0], 8, "a multicast address"),
];

/// Refuses an address: what it is instead of public. Without TLS only what is named is let
/// through.
pub(super) fn refuse(address: IpAddr, allowed: &Networks, has_tls: bool) -> Result<(), String> {
    if allowed.contain(address) {
        return Ok(());
    }
    let advice = "the setting webhook_networks names those that may be reached all the same";
    if let Some(what) = not_public(address) {
        return Err(format!("{address} is {what}; {advice}"));
    }
    if !has_tls {
        return Err(format!("{address} is reached by https alone; {advice}"));
    }
    Ok(())
}

/// What an address is, if it is not public.
fn not_public(address: IpAddr) -> Option<&'static str> {
    match address.to_canonical() {
        IpAddr::V4(address) => not_public_v4(address),
        IpAddr::V6(address) => not_public_v6(address),
    }
}

fn not_public_v4(address: Ipv4Addr) -> Option<&'static str> {
    let bits = address.to_bits();
    let found = NOT_PUBLIC_V4.iter().find(|(first, prefix, _)| {
        let first = Ipv4Addr::from(*first).to_bits();
        (first ^ bits) >> (32 - prefix) == 0
    });
    found.map(|(_, _, what)| *what)
}

fn not_public_v6(address: Ipv6Addr) -> Option<&'static str> {
    let segments = address.segments();
    let upper = |[a, b, c, d]: [u16; 4]| {
        [a, b, c, d].iter().fold(0_u64, |bits, segment| bits << 16 | u64::from(*segment))
    };
    let bits = upper([segments[0], segments[1], segments[2], segments[3]]);
    let found = NOT_PUBLIC_V6.iter().find(|(first, prefix, _)| {
        let first = upper(*first);
        (first ^ bits) >> (64 - prefix) == 0
    });
    if let Some((_, _, what)) = found {
        return Some(what);
    }
    // Behind NAT64 (RFC 6052), where a name without an IPv6 address gets one, what counts is the
    // address within.
    if segments[..6] == [0x64, 0xff9b, 0, 0, 0, 0] {
        let [.., a, b, c, d] = address.octets();
        return not_public_v4(Ipv4Addr::new(a, b, c, d));
    }
    match address {
        Ipv6Addr::LOCALHOST => Some("an address of this machine"),
        // Nothing else was ever given out.
        _ if segments[0] >> 13 != 1 => Some("a reserved address"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(address: &str, allowed: &Networks, has_tls: bool) -> bool {
        refuse(address.parse().expect("an address"), allowed, has_tls).is_err()
    }

    #[test]
    fn what_is_not_public_is_refused_in_every_form() {
        let none = Networks::default();
        for address in [
            "0.0.0.0",
            "0.1.2.3",
            "10.0.0.0",
            "10.255.255.255",
            "100.64.0.1",
            "100.127.255.255",
            "127.0.0.1",
            "127.255.255.254",
            "169.254.169.254",
            "172.16.0.1",
            "172.31.255.255",
            "192.0.0.8",
            "192.0.2.1",
            "192.31.196.1",
            "192.88.99.1",
            "192.168.0.1",
            "198.18.0.1",
            "198.19.255.255",
            "198.51.100.7",
            "203.0.113.7",
            "224.0.0.1",
            "239.255.255.255",
            "240.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "::127.0.0.1",
            "::ffff:127.0.0.1",
            "::ffff:10.0.0.1",
            "::ffff:0:10.0.0.1",
            "64:ff9b::10.0.0.1",
            "64:ff9b::169.254.169.254",
            "64:ff9b::7f00:1",
            "64:ff9b:1::1",
            "64:ff9b:0:1::8.8.8.8",
            "100::1",
            "2001::1",
            "2001:2::1",
            "2001:1ff:ffff::1",
            "2001:db8::1",
            "2002:7f00:1::1",
            "2002:808:808::1",
            "3fff::1",
            "3fff:fff::1",
            "5f00::1",
            "fc00::1",
            "fd12:3456::1",
            "fe80::1",
            "fec0::1",
            "ff02::1",
            "4000::1",
            "e000::1",
        ] {
            assert!(refused(address, &none, true), "{address}");
        }
    }

    #[test]
    fn what_is_public_is_let_through_with_tls_alone() {
        let none = Networks::default();
        for address in [
            "1.1.1.1",
            "8.8.8.8",
            "9.255.255.255",
            "11.0.0.0",
            "100.63.255.255",
            "100.128.0.0",
            "126.255.255.255",
            "128.0.0.1",
            "169.253.255.255",
            "172.15.255.255",
            "172.32.0.0",
            "192.0.1.1",
            "192.167.255.255",
            "198.17.255.255",
            "198.20.0.0",
            "223.255.255.255",
            "::ffff:8.8.8.8",
            "64:ff9b::8.8.8.8",
            "2001:200::1",
            "2001:4860:4860::8888",
            "2003::1",
            "2606:4700::1111",
            "3ffe::1",
        ] {
            assert!(!refused(address, &none, true), "{address}");
            assert!(refused(address, &none, false), "{address}");
        }
    }

    #[test]
    fn networks_that_the_operator_names_are_let_through() {
        let allowed: Networks =
            serde_json::from_str("\"10.1.0.0/16, ::1, 127.0.0.1\"").expect("networks");
        for address in ["10.1.2.3", "::ffff:10.1.2.3", "::1", "127.0.0.1"] {
            assert!(!refused(address, &allowed, false), "{address}");
            assert!(!refused(address, &allowed, true), "{address}");
        }
        for address in ["10.2.0.1", "127.0.0.2", "::2", "192.168.0.1"] {
            assert!(refused(address, &allowed, true), "{address}");
        }
    }
}
