//! A server that takes one request per connection and answers from a list.

use std::net::SocketAddr;
use std::sync::Arc;

use futures::future::BoxFuture;
use std::sync::Mutex;
use stepwell_client::{Client, ClientBuilder};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;

/// What becomes of one connection.
pub(crate) enum Reply {
    /// It gets these bytes and is closed in order.
    Close(Vec<u8>),
    /// It gets these bytes and is reset.
    Reset(Vec<u8>),
    /// It gets these bytes and stays open until the server is dropped.
    Hold(Vec<u8>),
    /// It gets these bytes; then others, once the test says so.
    Then(Vec<u8>, oneshot::Receiver<Vec<u8>>),
}

/// Answers the connections in order; once the list is empty, nobody can connect any more.
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    requests: Arc<Mutex<Vec<String>>>,
    serving: tokio::task::JoinHandle<()>,
}

impl Server {
    pub(crate) async fn new(replies: impl IntoIterator<Item = Reply>) -> Self {
        let replies: Vec<Reply> = replies.into_iter().collect();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let requests = Arc::new(Mutex::new(Vec::new()));
        let serving = tokio::spawn(serve(listener, replies, Arc::clone(&requests)));
        Self { address, requests, serving }
    }

    pub(crate) fn builder(&self) -> ClientBuilder {
        Client::builder(format!("http://{}", self.address))
    }

    pub(crate) fn client(&self) -> Client {
        self.builder().build().unwrap()
    }

    /// Returns the requests that came, with their bodies.
    pub(crate) fn requests(&self) -> Vec<String> {
        self.requests.lock().unwrap().clone()
    }

    /// Returns where the streams that were asked for were to begin.
    pub(crate) fn cursors(&self) -> Vec<String> {
        let cursor = |request: &String| {
            let (_, rest) = request.split_once("after_sequence=")?;
            Some(rest.split([' ', '&']).next()?.to_owned())
        };
        self.requests().iter().filter_map(cursor).collect()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

async fn serve(listener: TcpListener, replies: Vec<Reply>, requests: Arc<Mutex<Vec<String>>>) {
    let mut held: Vec<BoxFuture<'static, ()>> = Vec::new();
    for reply in replies {
        let (mut stream, _) = listener.accept().await.unwrap();
        let request = read_request(&mut stream).await;
        requests.lock().unwrap().push(request);
        let (bytes, resets, then) = match reply {
            Reply::Close(bytes) => (bytes, false, None),
            Reply::Reset(bytes) => (bytes, true, None),
            Reply::Then(bytes, receiver) => (bytes, false, Some(receiver)),
            Reply::Hold(bytes) => {
                stream.write_all(&bytes).await.unwrap();
                held.push(Box::pin(async move { drop(stream) }));
                continue;
            }
        };
        // A client that has what it wants may be gone.
        let _ = stream.write_all(&bytes).await;
        if let Some(receiver) = then {
            let more = receiver.await.unwrap();
            let _ = stream.write_all(&more).await;
        }
        if resets {
            stream.set_zero_linger().unwrap();
        } else {
            let _ = stream.shutdown().await;
        }
    }
    drop(listener);
    std::future::pending::<()>().await;
    drop(held);
}

async fn read_request(stream: &mut TcpStream) -> String {
    let mut request = Vec::new();
    loop {
        let text = String::from_utf8_lossy(&request).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head.to_lowercase();
            let length = length.split("content-length: ").nth(1).unwrap_or("0");
            let length: usize = length.lines().next().unwrap().trim().parse().unwrap();
            if body.len() >= length {
                return text;
            }
        }
        if stream.read_buf(&mut request).await.unwrap() == 0 {
            return text;
        }
    }
}

/// A whole answer.
pub(crate) fn answer(status: &str, body: impl AsRef<[u8]>) -> Vec<u8> {
    let body = body.as_ref();
    let head = format!("HTTP/1.1 {status}\r\ncontent-length: {}\r\n\r\n", body.len());
    [head.as_bytes(), body].concat()
}

/// The head of an event stream whose body comes in chunks.
pub(crate) const STREAM: &str = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream; \
    charset=utf-8\r\ntransfer-encoding: chunked\r\n\r\n";

/// An event as a chunk.
pub(crate) fn event(sequence: u64) -> String {
    frame(sequence, r#"{"value":{"text":"grüße"},"qualified_name":"m.E","type":"E","types":null}"#)
}

/// The last event as a chunk.
pub(crate) fn stop(sequence: u64) -> String {
    let value = r#"{"value":{},"qualified_name":"workflows.events.StopEvent","#;
    frame(sequence, &format!(r#"{value}"type":"StopEvent","types":null}}"#))
}

pub(crate) fn frame(sequence: u64, data: &str) -> String {
    chunk(&format!("id: {sequence}\ndata: {data}\n\n"))
}

pub(crate) fn chunk(text: &str) -> String {
    format!("{:x}\r\n{text}\r\n", text.len())
}

/// The chunk that ends a body in order.
pub(crate) const END: &str = "0\r\n\r\n";

pub(crate) fn no_content() -> Vec<u8> {
    b"HTTP/1.1 204 No Content\r\n\r\n".to_vec()
}
