//! How many connections the system lets a server have: open ones, and such that wait to be
//! accepted.
//!
//! How many a server wants is not here; this only sees to it that it can have them.

use std::io;

use tokio::net::TcpListener;

/// How many connections may wait to be accepted: thousands of readers may come back at once after
/// a restart, and who finds no place tries again after a second at the earliest. Linux takes no
/// more by default.
#[cfg(unix)]
const BACKLOG: i32 = 4096;

/// Lets this process have as many files open as its limits can be raised to, and returns how many
/// that are.
///
/// Most systems let a process have 1024 files at first, which are as many connections, and far more
/// if it asks for them. [`Server::serve`](crate::Server::serve) does this; a program that serves the
/// [`router`](crate::Server::router) itself may want to. A process that this one starts inherits
/// the limit.
///
/// # Errors
///
/// Returns the system's error; the limit is then what it was.
#[cfg(unix)]
pub fn raise_open_files() -> io::Result<u64> {
    use rustix::process::{Resource, getrlimit, setrlimit};

    let mut limit = getrlimit(Resource::Nofile);
    if limit.current != limit.maximum {
        limit.current = limit.maximum;
        setrlimit(Resource::Nofile, limit)?;
    }
    Ok(limit.current.unwrap_or(u64::MAX))
}

/// Returns how many files this process may have open, which nothing limits here.
///
/// # Errors
///
/// None.
#[cfg(not(unix))]
pub fn raise_open_files() -> io::Result<u64> {
    Ok(u64::MAX)
}

/// Lets more connections wait to be accepted than the 128 that a listener begins with.
#[cfg(unix)]
pub(crate) fn raise_backlog(listener: &TcpListener) -> io::Result<()> {
    Ok(rustix::net::listen(listener, BACKLOG)?)
}

#[cfg(not(unix))]
pub(crate) fn raise_backlog(_: &TcpListener) -> io::Result<()> {
    Ok(())
}
