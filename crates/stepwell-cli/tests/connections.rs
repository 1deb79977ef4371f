//! More connections than a process may have files open.

#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "helpers of tests fail the test")]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// How many connections there are.
const CONNECTIONS: usize = 200;

#[test]
fn the_limit_that_a_shell_sets_is_raised_as_far_as_it_goes() {
    let demo = Demo::start("ulimit -Sn 64");
    let mut connections: Vec<_> = (0..CONNECTIONS).map(|_| demo.connect()).collect();
    for connection in &mut connections {
        assert_eq!(health(connection), "HTTP/1.1 200 OK");
    }
}

#[test]
fn connections_beyond_the_limit_wait_for_others_to_end() {
    let demo = Demo::start("ulimit -Sn 64; ulimit -Hn 64");
    let mut connections: Vec<_> = (0..CONNECTIONS).map(|_| demo.connect()).collect();
    for mut connection in connections.drain(..) {
        assert_eq!(health(&mut connection), "HTTP/1.1 200 OK");
    }
}

/// Asks the server how it is, and returns the first line of the answer. The connection stays.
fn health(connection: &mut TcpStream) -> String {
    connection.write_all(b"GET /health HTTP/1.1\r\nhost: localhost\r\n\r\n").unwrap();
    let mut answer = Vec::new();
    while !answer.ends_with(br#"{"status":"healthy"}"#) {
        let mut byte = [0];
        connection.read_exact(&mut byte).unwrap();
        answer.extend(byte);
    }
    String::from_utf8(answer).unwrap().lines().next().unwrap().to_owned()
}

/// The demo in a shell that has set limits.
struct Demo {
    process: Child,
    address: String,
    _data: tempfile::TempDir,
}

impl Demo {
    fn start(limits: &str) -> Self {
        let data = tempfile::tempdir().unwrap();
        let mut process = Command::new("sh")
            .args(["-c", &format!("{limits}; exec \"$@\""), "sh"])
            .args([env!("CARGO_BIN_EXE_stepwell"), "demo", "--listen", "127.0.0.1:0", "--data"])
            .arg(data.path())
            .env_remove("STEPWELL_LOG")
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(process.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let address = line.trim().strip_prefix("listening on http://").unwrap().to_owned();
        Self { process, address, _data: data }
    }

    fn connect(&self) -> TcpStream {
        let connection = TcpStream::connect(&self.address).unwrap();
        connection.set_read_timeout(Some(PATIENCE)).unwrap();
        connection
    }
}

impl Drop for Demo {
    fn drop(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }
}
