//! A server on a socket, and connections that are spoken to by hand.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use stepwell_server::{ServeError, Server};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, oneshot};
use tokio::task::JoinHandle;
use tokio::time::timeout;

use crate::fixture::engine;

/// How long anything may take that should happen soon.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// A server on a socket.
pub(crate) struct Served {
    pub(crate) address: SocketAddr,
    pub(crate) gate: Arc<Semaphore>,
    pub(crate) stop: oneshot::Sender<()>,
    pub(crate) task: JoinHandle<Result<(), ServeError>>,
}

impl Served {
    pub(crate) async fn with(settings: impl FnOnce(Server) -> Server) -> Self {
        Self::on("127.0.0.1:0", settings).await
    }

    pub(crate) async fn on(address: &str, settings: impl FnOnce(Server) -> Server) -> Self {
        let gate = Arc::new(Semaphore::new(0));
        let engine = engine(Arc::clone(&gate)).open().await.unwrap();
        let listener = TcpListener::bind(address).await.unwrap();
        let (tell, listening) = oneshot::channel();
        let (stop, told) = oneshot::channel();
        let server = settings(Server::new(engine));
        let server = server.on_listening(|address| tell.send(address).unwrap());
        let task = tokio::spawn(server.serve_until(listener, async {
            let _ = told.await;
        }));
        let address = listening.await.unwrap();
        Self { address, gate, stop, task }
    }

    pub(crate) async fn connect(&self) -> Connection {
        Connection::new(TcpStream::connect(self.address).await.unwrap())
    }

    /// Asks for a handler until the server knows it.
    pub(crate) async fn until_found(&self, handler: &str) {
        while !self.ask(handler).await.starts_with("HTTP/1.1 202") {}
    }

    /// Asks for a handler that the server does not know.
    pub(crate) async fn until_missing(&self, handler: &str) {
        assert!(self.ask(handler).await.starts_with("HTTP/1.1 404"));
    }

    pub(crate) async fn ask(&self, handler: &str) -> String {
        let mut connection = self.connect().await;
        connection.send(&format!("GET /handlers/{handler}"), "").await;
        connection.receive_until("}").await
    }

    /// Stops the server and waits until it has.
    pub(crate) async fn stop(self) -> Result<(), ServeError> {
        self.stop.send(()).unwrap();
        timeout(PATIENCE, self.task).await.expect("the server does not stop").unwrap()
    }
}

/// A connection, spoken to by hand.
pub(crate) struct Connection {
    pub(crate) stream: TcpStream,
    seen: Vec<u8>,
}

impl Connection {
    pub(crate) fn new(stream: TcpStream) -> Self {
        Self { stream, seen: Vec::new() }
    }

    pub(crate) async fn write(&mut self, text: &str) {
        self.stream.write_all(text.as_bytes()).await.unwrap();
    }

    /// Sends `METHOD PATH` and a body.
    pub(crate) async fn send(&mut self, request: &str, body: &str) {
        let length = body.len();
        let head =
            format!("{request} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {length}\r\n\r\n");
        self.write(&format!("{head}{body}")).await;
    }

    /// Receives up to the end of a text.
    pub(crate) async fn receive_until(&mut self, text: &str) -> String {
        let mut searched = 0_usize;
        loop {
            let seen = self.seen.get(searched..).unwrap_or_default();
            let found = seen.windows(text.len()).position(|window| window == text.as_bytes());
            if let Some(at) = found {
                let received = self.seen.drain(..searched + at + text.len()).collect();
                return String::from_utf8(received).unwrap();
            }
            searched = self.seen.len().saturating_sub(text.len() - 1);
            let read = timeout(PATIENCE, self.stream.read_buf(&mut self.seen)).await;
            let read = read.expect("nothing came").unwrap();
            assert!(read > 0, "closed after {:?}", String::from_utf8_lossy(&self.seen));
        }
    }

    /// Receives the head of an answer, whose body may be anything.
    pub(crate) async fn receive_head(&mut self) -> String {
        self.receive_until("\r\n\r\n").await
    }

    /// Receives up to the end of the connection.
    pub(crate) async fn rest(&mut self) -> String {
        let read = timeout(PATIENCE, self.stream.read_to_end(&mut self.seen)).await;
        read.expect("the connection stays open").unwrap();
        String::from_utf8(std::mem::take(&mut self.seen)).unwrap()
    }

    /// Receives up to the end of a connection that may break or be reused, or of its last chunk.
    pub(crate) async fn rest_if_cut(&mut self) -> String {
        while !self.seen.ends_with(b"\r\n0\r\n\r\n")
            && let Ok(1..) =
                timeout(PATIENCE, self.stream.read_buf(&mut self.seen)).await.expect("it hangs")
        {
        }
        String::from_utf8(std::mem::take(&mut self.seen)).unwrap()
    }
}
