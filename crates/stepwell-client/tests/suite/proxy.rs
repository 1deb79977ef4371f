//! A way to the server on which connections break.

use std::net::SocketAddr;

use tokio::io::{AsyncReadExt, AsyncWriteExt, copy};
use tokio::net::{TcpListener, TcpStream};

/// Passes connections on to a server, and cuts each after as many bytes of its answer as the next
/// number says, in a circle.
pub(crate) async fn that_cuts_after(server: String, bytes: Vec<u64>) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        for limit in bytes.into_iter().cycle() {
            let (client, _) = listener.accept().await.unwrap();
            let server = TcpStream::connect(&server).await.unwrap();
            tokio::spawn(pass(client, server, limit));
        }
    });
    address
}

async fn pass(client: TcpStream, server: TcpStream, limit: u64) {
    let (mut from_client, mut to_client) = client.into_split();
    let (from_server, mut to_server) = server.into_split();
    let requests = tokio::spawn(async move {
        // Either end may be gone first.
        let _ = copy(&mut from_client, &mut to_server).await;
    });
    let _ = copy(&mut from_server.take(limit), &mut to_client).await;
    let _ = to_client.shutdown().await;
    requests.abort();
}
