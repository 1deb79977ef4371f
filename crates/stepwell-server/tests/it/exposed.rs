//! Servers that others can reach, and under which names they answer.

use std::sync::Arc;

use stepwell_server::{ServeError, Server};
use tokio::net::TcpListener;
use tokio::sync::Semaphore;

use crate::fixture::engine;
use crate::socket::Served;

/// Reachable from other machines.
const EVERYWHERE: &str = "0.0.0.0:0";

#[tokio::test]
async fn a_server_that_others_can_reach_does_not_start_without_a_token() {
    for address in [EVERYWHERE, "[::]:0", "[::ffff:0.0.0.0]:0"] {
        // Not every machine has an address of version 6.
        let Ok(listener) = TcpListener::bind(address).await else { continue };
        let engine = engine(Arc::new(Semaphore::new(0))).open().await.unwrap();
        let error = Server::new(engine).serve_listener(listener).await.unwrap_err();
        assert!(matches!(error, ServeError::Exposed { .. }), "{error:?}");
        assert!(error.to_string().contains("insecure_no_auth"), "{error}");
    }
}

#[tokio::test]
async fn a_loopback_server_answers_to_names_of_this_machine() {
    let served = Served::with(|server| server.allow_host("flows.example".parse().unwrap())).await;
    check(
        &served,
        &[
            ("localhost", 200),
            ("LOCALHOST:1234", 200),
            ("localhost.:80", 200),
            ("app.localhost", 200),
            ("127.0.0.1:8080", 200),
            ("127.9.9.9", 200),
            ("[::1]:8080", 200),
            ("[::ffff:127.0.0.1]", 200),
            ("flows.example:8080", 200),
            ("evil.example", 421),
            ("sub.flows.example", 421),
            ("localhost.evil.example", 421),
            ("127.0.0.1.evil.example", 421),
            ("evil.example:8080@localhost", 421),
            ("notlocalhost", 421),
            ("0.0.0.0:8080", 421),
            ("192.168.1.2", 421),
            ("[fe80::1]", 421),
            ("[::1", 421),
            ("localhost:99999", 421),
            ("localhost:+80", 421),
            ("localhost:8080:8080", 421),
            ("", 421),
        ],
    )
    .await;
    served.stop().await.unwrap();
}

#[tokio::test]
async fn an_open_server_answers_to_addresses_but_not_to_strange_names() {
    let served = Served::on(EVERYWHERE, Server::insecure_no_auth).await;
    check(
        &served,
        &[
            ("10.1.2.3:8080", 200),
            ("[2001:db8::1]", 200),
            ("localhost", 200),
            ("evil.example", 421),
        ],
    )
    .await;
    served.stop().await.unwrap();
}

#[tokio::test]
async fn a_server_with_a_token_answers_to_any_name_unless_some_are_listed() {
    let served = Served::on(EVERYWHERE, |server| server.token("t0ken".parse().unwrap())).await;
    check(&served, &[("any.example", 200), ("10.1.2.3", 200)]).await;
    served.stop().await.unwrap();

    let served = Served::on(EVERYWHERE, |server| {
        server.token("t0ken".parse().unwrap()).allow_host("flows.example".parse().unwrap())
    })
    .await;
    check(&served, &[("flows.example", 200), ("any.example", 421), ("localhost", 200)]).await;
    served.stop().await.unwrap();
}

#[tokio::test]
async fn a_request_names_one_host() {
    let served = Served::with(|server| server).await;
    for (head, status) in [
        ("GET /health HTTP/1.0\r\n", 200),
        ("GET /health HTTP/1.0\r\nHost: evil.example\r\n", 421),
        ("GET /health HTTP/1.1\r\n", 400),
        ("GET /health HTTP/1.1\r\nHost: localhost\r\nHost: localhost\r\n", 400),
        ("GET http://localhost/health HTTP/1.1\r\nHost: localhost\r\n", 200),
        ("GET http://evil.example/health HTTP/1.1\r\nHost: localhost\r\n", 421),
    ] {
        let mut connection = served.connect().await;
        connection.write(&format!("{head}\r\n")).await;
        let answer = connection.receive_until("}").await;
        let line = answer.lines().next().unwrap().to_owned();
        assert!(line.contains(&status.to_string()), "{head}: {line}");
    }
    served.stop().await.unwrap();
}

/// Asks for the health under each name.
async fn check(served: &Served, cases: &[(&str, u16)]) {
    for (host, status) in cases {
        let mut connection = served.connect().await;
        connection.write(&format!("GET /health HTTP/1.1\r\nHost: {host}\r\n\r\n")).await;
        let answer = connection.receive_until("}").await;
        assert!(answer.starts_with(&format!("HTTP/1.1 {status}")), "{host}: {answer}");
        assert_eq!(answer.contains("--allow-host"), *status == 421, "{host}: {answer}");
    }
}
