//! Networks: an address without what says which device of a network it is.

// Addresses alone: sockets are in `std::net`, and nothing here opens one.
use core::net::IpAddr;
use std::fmt;

/// 24 bits of an IPv4 address, 48 of an IPv6 one: whoever has one address there has all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Network {
    /// The first three numbers.
    V4([u8; 3]),
    /// The first three groups.
    V6([u16; 3]),
}

impl Network {
    /// The network of an address; that of an IPv4 address where IPv6 carries one.
    pub fn of(address: IpAddr) -> Self {
        match address.to_canonical() {
            IpAddr::V4(address) => {
                let [a, b, c, _] = address.octets();
                Self::V4([a, b, c])
            }
            IpAddr::V6(address) => {
                let [a, b, c, ..] = address.segments();
                Self::V6([a, b, c])
            }
        }
    }

    /// The network of an address as it is written; `None` where it is none.
    pub fn of_text(address: &str) -> Option<Self> {
        address.parse().ok().map(Self::of)
    }
}

/// As CIDR has it: `192.0.2.0/24`.
impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::V4([a, b, c]) => write!(f, "{a}.{b}.{c}.0/24"),
            Self::V6([a, b, c]) => write!(f, "{a:x}:{b:x}:{c:x}::/48"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_an_address_the_network_alone_is_kept() {
        for (address, kept) in [
            ("192.0.2.77", Some("192.0.2.0/24")),
            ("::ffff:192.0.2.77", Some("192.0.2.0/24")),
            ("2001:db8:1234:5678::9", Some("2001:db8:1234::/48")),
            ("somewhere", None),
            ("", None),
        ] {
            assert_eq!(Network::of_text(address).map(|network| network.to_string()).as_deref(), kept, "{address}");
        }
    }
}
