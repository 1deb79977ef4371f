//! A connection that reads one stream, with as little to it as there can be: there are thousands.
//!
//! It is told how much the system may keep for it, so that a reader who stands still is noticed by
//! the server, and it tells an end from a break.

use std::net::SocketAddr;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::timeout;

use crate::frames::find;

/// How much is read at once.
const BUFFER: usize = 4 << 10;

/// How long nothing may come. A stream that is silent says so every 25 s.
const SILENCE: Duration = Duration::from_secs(60);

/// A stream being read.
#[derive(Debug)]
pub(super) struct Connection {
    stream: TcpStream,
    chunks: Chunks,
    /// What came with the head.
    first: Vec<u8>,
}

impl Connection {
    /// Asks for a stream; none if the server says that there is nothing to come.
    pub(super) async fn open(
        address: SocketAddr,
        request: &str,
        receive_buffer: Option<u32>,
    ) -> Result<Option<Self>> {
        let socket = TcpSocket::new_v4()?;
        if let Some(bytes) = receive_buffer {
            socket.set_recv_buffer_size(bytes)?;
        }
        let mut stream = socket.connect(address).await.context("cannot connect")?;
        stream.write_all(request.as_bytes()).await?;
        let mut bytes = Vec::new();
        let end = loop {
            if let Some(end) = find(&bytes, b"\r\n\r\n") {
                break end;
            }
            ensure!(receive(&mut stream, &mut bytes).await?, "it was closed before an answer came");
        };
        let head = str::from_utf8(&bytes[..end]).context("the head is not text")?.to_lowercase();
        if head.starts_with("http/1.1 204 ") {
            return Ok(None);
        }
        let streams = head.starts_with("http/1.1 200 ");
        ensure!(
            streams && head.contains("\r\ntransfer-encoding: chunked"),
            "not a stream: {}",
            String::from_utf8_lossy(&bytes)
        );
        bytes.drain(..end + 4);
        Ok(Some(Self { stream, chunks: Chunks::default(), first: bytes }))
    }

    /// Returns more of the stream; none after it ended in order.
    pub(super) async fn next(&mut self) -> Result<Option<Vec<u8>>> {
        let mut bytes = std::mem::take(&mut self.first);
        loop {
            let body = self.chunks.take(&bytes)?;
            if !body.is_empty() {
                return Ok(Some(body));
            }
            if self.chunks.ended {
                return Ok(None);
            }
            bytes.clear();
            ensure!(receive(&mut self.stream, &mut bytes).await?, "the stream was cut");
        }
    }
}

/// Receives something; returns whether there was anything to receive.
async fn receive(stream: &mut TcpStream, bytes: &mut Vec<u8>) -> Result<bool> {
    let mut buffer = [0; BUFFER];
    let read = timeout(SILENCE, stream.read(&mut buffer)).await;
    let read = read.with_context(|| format!("nothing came for {SILENCE:?}"))??;
    bytes.extend_from_slice(&buffer[..read]);
    Ok(read > 0)
}

/// A body whose length nobody knows, taken out of the chunks that it comes in.
#[derive(Debug, Default)]
pub(super) struct Chunks {
    rest: Vec<u8>,
    /// Whether the last chunk has come, so that the body is entire.
    pub(super) ended: bool,
}

impl Chunks {
    /// Takes bytes and returns what they complete of the body.
    pub(super) fn take(&mut self, bytes: &[u8]) -> Result<Vec<u8>> {
        self.rest.extend_from_slice(bytes);
        let mut body = Vec::new();
        let mut begin = 0;
        while !self.ended
            && let Some(length) = find(&self.rest[begin..], b"\r\n")
        {
            let size = str::from_utf8(&self.rest[begin..begin + length]).ok();
            let size = size.and_then(|size| usize::from_str_radix(size, 16).ok());
            let size = size.context("a chunk does not say how long it is")?;
            let begins = begin + length + 2;
            let Some(end) = self.rest.get(begins + size..begins + size + 2) else { break };
            ensure!(end == b"\r\n", "a chunk is longer than it says");
            body.extend_from_slice(&self.rest[begins..begins + size]);
            begin = begins + size + 2;
            self.ended = size == 0;
        }
        self.rest.drain(..begin);
        ensure!(!self.ended || self.rest.is_empty(), "something comes after the end");
        Ok(body)
    }
}
