//! A keep-alive HTTP/1.1 connection with as little to it as there can be, so that what is
//! measured is the server.

use anyhow::{Context, Result, bail, ensure};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// How much is read at once; an answer of a measured request fits.
const BUFFER: usize = 8 << 10;

/// One connection.
#[derive(Debug)]
pub(crate) struct Connection {
    stream: TcpStream,
    buffer: Vec<u8>,
}

impl Connection {
    /// Connects to the server at `base`, such as `http://127.0.0.1:8080`.
    pub(crate) async fn open(base: &str) -> Result<Self> {
        let address = base.strip_prefix("http://").context("not an HTTP address")?;
        let stream = TcpStream::connect(address).await.context("cannot connect")?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, buffer: Vec::with_capacity(BUFFER) })
    }

    /// Sends a request that [`post`] or [`get`] made and returns the body of its answer, which must have
    /// status 200.
    pub(crate) async fn call(&mut self, request: &[u8]) -> Result<&[u8]> {
        self.stream.write_all(request).await?;
        self.buffer.clear();
        loop {
            if let Some(head) = Head::read(&self.buffer)? {
                let end = head.length + head.content_length;
                if self.buffer.len() >= end {
                    ensure!(self.buffer.len() == end, "the answer is longer than it says");
                    ensure!(head.status == 200, "status {}: {}", head.status, self.text());
                    return Ok(&self.buffer[head.length..]);
                }
            }
            if self.stream.read_buf(&mut self.buffer).await? == 0 {
                bail!("the server closed the connection");
            }
        }
    }

    fn text(&self) -> String {
        String::from_utf8_lossy(&self.buffer).into_owned()
    }
}

/// Writes a POST request with a JSON body.
pub(crate) fn post(path: &str, body: &str) -> Vec<u8> {
    let length = body.len();
    format!(
        "POST {path} HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n\
         content-length: {length}\r\n\r\n{body}"
    )
    .into_bytes()
}

/// Writes a GET request.
pub(crate) fn get(path: &str) -> Vec<u8> {
    format!("GET {path} HTTP/1.1\r\nhost: localhost\r\n\r\n").into_bytes()
}

/// What matters of an answer's head.
#[derive(Debug, PartialEq, Eq)]
struct Head {
    status: u16,
    /// Of the head itself.
    length: usize,
    content_length: usize,
}

impl Head {
    /// Reads the head of an answer; none if it is not complete yet.
    fn read(bytes: &[u8]) -> Result<Option<Self>> {
        let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") else {
            return Ok(None);
        };
        let text = str::from_utf8(&bytes[..end]).context("the head is not text")?;
        let status = text.strip_prefix("HTTP/1.1 ").and_then(|rest| rest.get(..3)?.parse().ok());
        let mut lengths = text.lines().filter_map(|line| {
            let (name, value) = line.split_once(':')?;
            name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse().ok())?
        });
        Ok(Some(Self {
            status: status.with_context(|| format!("not an HTTP/1.1 answer: {text}"))?,
            length: end + 4,
            content_length: lengths.next().context("the answer does not say how long it is")?,
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_is_read_once_it_is_complete() {
        let bytes = b"HTTP/1.1 200 OK\r\nX: y\r\nContent-Length: 2\r\n\r\n{}";
        for end in 0..bytes.len() - 2 {
            assert_eq!(Head::read(&bytes[..end]).unwrap(), None);
        }
        let head = Head { status: 200, length: bytes.len() - 2, content_length: 2 };
        assert_eq!(Head::read(bytes).unwrap(), Some(head));
        assert!(Head::read(b"HTTP/1.1 200 OK\r\n\r\n").is_err());
        assert!(Head::read(b"SMTP\r\ncontent-length: 2\r\n\r\n").is_err());
    }
}
