//! How much of the server one client may take.
//!
//! Deliberately not here: limits on what is said, such as the size of events, which the engine
//! has.

use std::time::Duration;

/// How many connections there may be, and how long they may take.
///
/// # Examples
///
/// ```
/// use stepwell_server::Limits;
///
/// let mut limits = Limits::default();
/// limits.connections = 100;
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// How many connections may be open; 10,000 by default, which at some 100 KiB each for slow
    /// readers is 1 GiB. Further ones are answered with 503: readers may stay for hours, and who
    /// waits behind them should learn that. At least 1.
    pub connections: usize,

    /// How many bytes first line and headers of a request may have; 16 KiB by default, twice what
    /// other servers take for one line, and at least 8 KiB. More are answered with 431, as are
    /// more than 100 headers.
    pub head_bytes: usize,

    /// How many bytes path and query may have; 8 KiB by default, as most servers and proxies have
    /// it. More are answered with 414.
    pub target_bytes: usize,

    /// How long a client may take from the first byte of a request to the end of its headers, and
    /// from connecting to that first byte; 10 s by default. Headers fit a few packets, so this
    /// allows for several that are lost.
    pub head_timeout: Duration,

    /// How long a client may take for the next piece of a body; 10 s by default, for the same
    /// reason. Then it is answered with 408.
    pub body_timeout: Duration,

    /// How long a client may take for a whole body; 120 s by default, in which the largest body
    /// comes through at 300 kbit/s. Then it is answered with 408.
    pub whole_body_timeout: Duration,

    /// How long a connection may be open between two requests; 60 s by default, for clients'
    /// own pools close theirs sooner.
    pub idle_timeout: Duration,

    /// How long a client may take nothing of an answer that waits for it; 30 s by default, more
    /// than a network that is changed needs. A reader of a stream comes back with its cursor and
    /// misses nothing.
    pub write_timeout: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 10_000,
            head_bytes: 16 << 10,
            target_bytes: 8 << 10,
            head_timeout: Duration::from_secs(10),
            body_timeout: Duration::from_secs(10),
            whole_body_timeout: Duration::from_secs(120),
            idle_timeout: Duration::from_secs(60),
            write_timeout: Duration::from_secs(30),
        }
    }
}
