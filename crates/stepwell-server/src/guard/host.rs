//! Under which names the server answers.
//!
//! A page can give its own name the address of this machine (DNS rebinding); its requests are then
//! of one origin with the server for the browser, but still carry the page's name as `Host`.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::str::FromStr;

use axum::extract::Request;
use axum::http::{HeaderValue, Version, header};
use stepwell_wire::llama::Refusal;

/// A name or an IP address that the server is called by, without a port.
///
/// # Examples
///
/// ```
/// use stepwell_server::Host;
///
/// assert!("flows.example.com".parse::<Host>().is_ok());
/// assert!("https://flows.example.com:8080".parse::<Host>().is_err());
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Host(Name<String>);

/// A text that is no host. Write it as in the example that the message has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a host is a name or an IP address, such as flows.example.com, without scheme and port")]
pub struct HostError;

impl FromStr for Host {
    type Err = HostError;

    fn from_str(text: &str) -> Result<Self, HostError> {
        if let Ok(address) = text.parse::<Ipv6Addr>() {
            return Ok(Self(Name::Address(address.into())));
        }
        let is_part = |byte: u8| byte.is_ascii_alphanumeric() || b"-._".contains(&byte);
        match Place::read(text) {
            Some(Place { name: Name::Address(address), port: None }) => {
                Ok(Self(Name::Address(address)))
            }
            Some(Place { name: Name::Dns(name), port: None }) if name.bytes().all(is_part) => {
                Ok(Self(Name::Dns(name.to_owned())))
            }
            _ => Err(HostError),
        }
    }
}

/// Which hosts are answered besides those that are listed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Known {
    /// Any.
    #[default]
    All,
    /// What names this machine, from this machine.
    Local,
    /// These, and any IP address: it cannot be made to mean another machine.
    LocalAndAddresses,
}

/// The hosts that the server answers to.
#[derive(Clone, Debug, Default)]
pub(crate) struct Hosts {
    pub(crate) known: Known,
    pub(crate) listed: Vec<Host>,
}

impl Hosts {
    /// Checks the host that a request names.
    pub(super) fn check(&self, request: &Request) -> Result<(), Refusal> {
        if self.known == Known::All {
            return Ok(());
        }
        if request.headers().get_all(header::HOST).iter().count() > 1 {
            return Err(Refusal::NoHost);
        }
        let Some(host) = named(request) else {
            // Browsers always name one, so this is none.
            let is_old = request.version() < Version::HTTP_11;
            return if is_old { Ok(()) } else { Err(Refusal::NoHost) };
        };
        match Place::read(host) {
            Some(place) if self.knows(place.name) => Ok(()),
            // Without the port, for so it would be allowed.
            Some(Place { name: Name::Dns(name), .. }) => {
                Err(Refusal::UnknownHost { host: name.to_owned() })
            }
            Some(Place { name: Name::Address(address), .. }) => {
                Err(Refusal::UnknownHost { host: address.to_string() })
            }
            None => Err(Refusal::UnknownHost { host: host.to_owned() }),
        }
    }

    fn knows(&self, name: Name<&str>) -> bool {
        let by_kind = match name {
            Name::Address(address) => {
                address.is_loopback() || self.known == Known::LocalAndAddresses
            }
            Name::Dns(name) => is_localhost(name),
        };
        by_kind || self.listed.iter().any(|listed| listed.0.is(name))
    }
}

/// Tells whether a page of this origin was served under the host that its request names.
///
/// A proxy in front may speak another scheme than the server, so schemes count only as far as
/// they say what port is meant.
pub(super) fn is_own(origin: &HeaderValue, request: &Request) -> bool {
    let origin = origin.to_str().ok().and_then(|origin| origin.split_once("://"));
    let (Some((scheme, origin)), Some(host)) = (origin, named(request)) else { return false };
    let usual = match scheme {
        "http" => 80,
        "https" => 443,
        _ => return false,
    };
    let (Some(origin), Some(host)) = (Place::read(origin), Place::read(host)) else {
        return false;
    };
    origin.name.is(host.name) && origin.port.unwrap_or(usual) == host.port.unwrap_or(usual)
}

/// Returns the host that a request names. The one in its first line wins.
fn named(request: &Request) -> Option<&str> {
    let header = || request.headers().get(header::HOST).map(|host| host.to_str().unwrap_or(""));
    request.uri().authority().map(|authority| authority.as_str()).or_else(header)
}

/// A host with a port or without.
#[derive(Clone, Copy, Debug)]
struct Place<'a> {
    name: Name<&'a str>,
    port: Option<u16>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Name<T> {
    Address(IpAddr),
    /// In any case, and without a dot at its end.
    Dns(T),
}

impl<'a> Place<'a> {
    fn read(text: &'a str) -> Option<Self> {
        let (host, port) = match text.rsplit_once(':') {
            Some((host, port)) if !port.contains(']') => (host, Some(port)),
            _ => (text, None),
        };
        let port = match port {
            None | Some("") => None,
            // A sign would be read as part of the number.
            Some(port) if port.starts_with('+') => return None,
            Some(port) => Some(port.parse().ok()?),
        };
        Name::read(host).map(|name| Self { name, port })
    }
}

impl<'a> Name<&'a str> {
    fn read(host: &'a str) -> Option<Self> {
        if let Some(address) = host.strip_prefix('[') {
            let address = address.strip_suffix(']')?.parse::<Ipv6Addr>().ok()?;
            return Some(Self::Address(IpAddr::V6(address).to_canonical()));
        }
        if let Ok(address) = host.parse::<Ipv4Addr>() {
            return Some(Self::Address(address.into()));
        }
        let name = host.strip_suffix('.').unwrap_or(host);
        (!name.is_empty() && !name.contains([':', '@', '/'])).then_some(Self::Dns(name))
    }
}

impl<T: AsRef<str>> Name<T> {
    fn is(&self, other: Name<&str>) -> bool {
        match (self, other) {
            (Self::Address(own), Name::Address(other)) => *own == other,
            (Self::Dns(own), Name::Dns(other)) => own.as_ref().eq_ignore_ascii_case(other),
            _ => false,
        }
    }
}

/// Tells whether a name is this machine's by its nature, so that nobody can rebind it.
fn is_localhost(name: &str) -> bool {
    let last = name.rsplit_once('.').map_or(name, |(_, last)| last);
    last.eq_ignore_ascii_case("localhost")
}
