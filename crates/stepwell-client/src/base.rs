//! Addresses: where the server is, and where on it something is.

use std::fmt;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use reqwest::Url;

use crate::Error;

/// What a segment of a path may hold as it is.
const PLAIN: AsciiSet = NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// The address of a server, perhaps with a path that comes before every other.
#[derive(Clone)]
pub(crate) struct Base(Url);

impl Base {
    pub(crate) fn parse(text: &str) -> Result<Self, Error> {
        let invalid = |problem: &str| Error::Argument(format!("the base URL {problem}"));
        let url = Url::parse(text.trim()).map_err(|error| {
            invalid(&format!("cannot be read: {error}; one is such as http://localhost:8080"))
        })?;
        if !["http", "https"].contains(&url.scheme()) {
            let problem = format!("begins with {}:, not with http: or https:", url.scheme());
            return Err(invalid(&problem));
        }
        if url.query().is_some() || url.fragment().is_some() {
            return Err(invalid("has a query or a fragment, which would be lost"));
        }
        Ok(Self(url))
    }

    pub(crate) fn is_secure(&self) -> bool {
        self.0.scheme() == "https"
    }

    /// Returns the address of a path on the server, each segment of which may hold any name.
    pub(crate) fn join(&self, segments: &[&str]) -> Result<Url, Error> {
        let mut path = self.0.path().trim_end_matches('/').to_owned();
        for segment in segments {
            check(segment)?;
            path.push('/');
            path.extend(utf8_percent_encode(segment, &PLAIN));
        }
        let mut url = self.0.clone();
        url.set_path(&path);
        Ok(url)
    }
}

/// Refuses the names that no address can hold.
fn check(name: &str) -> Result<(), Error> {
    let problem = match name {
        "" => "it is empty",
        "." | ".." => "in an address it stands for a folder",
        _ if name.contains('/') => "servers take a slash for the end of a name",
        _ => return Ok(()),
    };
    Err(Error::Argument(format!("the name {name:?} cannot be asked for: {problem}")))
}

/// Returns an address without the password that may be in it.
pub(crate) fn shown(url: &Url) -> String {
    let mut url = url.clone();
    // Only addresses without a host have no place for these, and such are never asked.
    let removed = url.set_username("").and_then(|()| url.set_password(None));
    match removed {
        Ok(()) => url.into(),
        Err(()) => "an address without a host".to_owned(),
    }
}

impl fmt::Display for Base {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&shown(&self.0))
    }
}
