//! Clients that are slow, on purpose or not, and too many of them.

use std::time::Duration;

use stepwell_server::{Limits, Server};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpSocket;
use tokio::time::timeout;

use crate::socket::{Connection, PATIENCE, Served};

/// So short that a test does not wait for long, and so long that a busy machine keeps it.
const SHORT: Duration = Duration::from_millis(100);

async fn served(change: impl FnOnce(&mut Limits)) -> Served {
    let mut limits = Limits::default();
    change(&mut limits);
    Served::with(|server: Server| server.limits(limits)).await
}

#[tokio::test]
async fn who_never_says_what_it_wants_is_closed() {
    let served = served(|limits| limits.head_timeout = SHORT).await;
    let mut silent = served.connect().await;
    let mut half = served.connect().await;
    half.write("GET /health HTTP/1.1\r\nHost: local").await;
    assert_eq!(silent.rest().await, "");
    assert_eq!(half.rest().await, "");
    served.stop().await.unwrap();
}

#[tokio::test]
async fn headers_that_trickle_in_do_not_keep_a_connection_open() {
    let served = served(|limits| limits.head_timeout = SHORT).await;
    let mut slow = served.connect().await;
    slow.write("GET /health HTTP/1.1\r\n").await;
    let trickle = async {
        let mut answer = [0; 1];
        while slow.stream.write_all(b"X: y\r\n").await.is_ok() {
            // What comes is either nothing yet, or the end.
            if timeout(SHORT / 20, slow.stream.read(&mut answer)).await.is_ok() {
                break;
            }
        }
    };
    timeout(PATIENCE, trickle).await.expect("the connection stays open");
    served.stop().await.unwrap();
}

#[tokio::test]
async fn a_connection_may_rest_between_requests_but_not_for_ever() {
    let served = served(|limits| {
        limits.head_timeout = SHORT / 4;
        // Far longer, so that a busy machine does not take all of it between two requests.
        limits.idle_timeout = SHORT * 20;
    })
    .await;
    let mut resting = served.connect().await;
    for _ in 0..3 {
        resting.send("GET /health", "").await;
        resting.receive_until("healthy\"}").await;
        // Longer than the time for a head, for this one is closed when that is over.
        assert_eq!(served.connect().await.rest().await, "");
    }
    assert_eq!(resting.rest().await, "");

    let mut half = served.connect().await;
    half.send("GET /health", "").await;
    half.receive_until("healthy\"}").await;
    half.write("GET /health HTT").await;
    assert_eq!(half.rest().await, "");
    served.stop().await.unwrap();
}

#[tokio::test]
async fn who_waits_for_the_server_is_not_slow() {
    let served = served(|limits| {
        limits.head_timeout = SHORT;
        limits.idle_timeout = SHORT * 2;
        limits.body_timeout = SHORT;
        limits.whole_body_timeout = SHORT;
        limits.write_timeout = SHORT;
    })
    .await;
    let mut waiting = served.connect().await;
    waiting.send("POST /workflows/gated/run", r#"{"handler_id": "h"}"#).await;
    served.until_found("h").await;
    let mut reading = served.connect().await;
    reading.send("GET /events/h?after_sequence=-1&sse=false", "").await;
    reading.receive_until("\r\n\r\n").await;
    // Each of these is closed when the time for a head is over.
    for _ in 0..4 {
        assert_eq!(served.connect().await.rest().await, "");
    }
    served.gate.add_permits(1);
    reading.receive_until("Tick").await;
    served.gate.close();
    assert!(waiting.receive_until("completed_at\":\"").await.starts_with("HTTP/1.1 200"));
    reading.receive_until("0\r\n\r\n").await;
    served.stop().await.unwrap();
}

#[tokio::test]
async fn without_rest_between_requests_each_is_answered_all_the_same() {
    let served = served(|limits| limits.idle_timeout = Duration::ZERO).await;
    let mut waiting = served.connect().await;
    waiting.send("POST /workflows/gated/run", r#"{"handler_id": "h"}"#).await;
    served.until_found("h").await;
    served.gate.close();
    let answer = waiting.rest().await;
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    served.stop().await.unwrap();
}

#[tokio::test]
async fn a_body_that_stalls_is_answered_with_408() {
    for path in ["/workflows/quiet/run", "/workflows/quiet/run-nowait", "/events/h"] {
        let served = served(|limits| limits.body_timeout = SHORT).await;
        for sent in ["Content-Length: 9\r\n\r\n{", "Transfer-Encoding: chunked\r\n\r\n1\r\n{\r\n"] {
            let mut connection = served.connect().await;
            connection.write(&format!("POST {path} HTTP/1.1\r\nHost: localhost\r\n{sent}")).await;
            let answer = connection.receive_until("\"}").await;
            assert!(answer.starts_with("HTTP/1.1 408"), "{path}: {answer}");
            assert!(answer.ends_with(r#"{"detail":"Request body came too slowly"}"#), "{answer}");
        }
        served.stop().await.unwrap();
    }
}

#[tokio::test]
async fn an_answer_comes_before_a_body_that_nobody_reads_and_the_connection_goes_on() {
    let served = Served::with(|server| server.token("t0ken".parse().unwrap())).await;
    let mut connection = served.connect().await;
    for length in [8, 1 << 20] {
        for (path, headers, status) in [
            ("/workflows/missing/run", "Authorization: Bearer t0ken", 404),
            ("/workflows/quiet/run", "X: y", 401),
            ("/workflows/quiet/run", "Authorization: Bearer t0ken\r\nOrigin: null", 403),
            ("/health", "X: y", 405),
        ] {
            let head = format!("POST {path} HTTP/1.1\r\nHost: localhost\r\n{headers}\r\n");
            connection.write(&format!("{head}Content-Length: {length}\r\n\r\n")).await;
            let answer = connection.receive_until("\"}").await;
            assert!(answer.starts_with(&format!("HTTP/1.1 {status}")), "{answer}");
            connection.write(&"x".repeat(length)).await;
        }
    }
    connection.send("GET /health", "").await;
    assert!(connection.receive_until("}").await.starts_with("HTTP/1.1 200"));

    // Who asks first is told not to send.
    let expecting = "POST /workflows/quiet/run HTTP/1.1\r\nHost: localhost\r\n\
        Expect: 100-continue\r\nContent-Length: 9\r\n\r\n";
    connection.write(expecting).await;
    let answer = connection.receive_until("}").await;
    assert!(answer.starts_with("HTTP/1.1 401"), "{answer}");
    served.stop().await.unwrap();
}

#[tokio::test]
async fn a_body_that_nobody_reads_is_not_taken_for_the_next_head() {
    let served = served(|limits| limits.head_timeout = SHORT).await;
    let mut connection = served.connect().await;
    let head = "POST /health HTTP/1.1\r\nHost: localhost\r\nContent-Length: 8\r\n\r\n";
    connection.write(head).await;
    assert!(connection.receive_until("}").await.starts_with("HTTP/1.1 405"));
    connection.write("12345678").await;
    for _ in 0..2 {
        // Closed when the time for a head is over.
        assert_eq!(served.connect().await.rest().await, "");
    }
    connection.send("GET /health", "").await;
    assert!(connection.receive_until("}").await.starts_with("HTTP/1.1 200"));
    served.stop().await.unwrap();
}

#[tokio::test]
async fn a_body_that_trickles_in_is_answered_with_408() {
    let served = served(|limits| limits.whole_body_timeout = SHORT).await;
    let mut slow = served.connect().await;
    let head = "POST /workflows/quiet/run HTTP/1.1\r\nHost: localhost\r\n";
    slow.write(&format!("{head}Transfer-Encoding: chunked\r\n\r\n")).await;
    let trickle = async {
        let mut answer = [0; 12];
        loop {
            slow.write("1\r\n \r\n").await;
            if let Ok(read) = timeout(SHORT / 20, slow.stream.read_exact(&mut answer)).await {
                read.unwrap();
                break answer;
            }
        }
    };
    let answer = timeout(PATIENCE, trickle).await.expect("nothing comes");
    assert_eq!(&answer, b"HTTP/1.1 408");
    served.stop().await.unwrap();
}

#[tokio::test]
async fn heads_have_a_size() {
    let served = served(|_| {}).await;
    let start = "GET /health HTTP/1.1\r\nHost: localhost\r\n";
    let many = "X: y\r\n".repeat(100);
    let large = format!("X: {}\r\n", "y".repeat(17 << 10));
    let endless = format!("X: {}", "y".repeat(64 << 10));
    for head in
        [format!("{start}{many}\r\n"), format!("{start}{large}\r\n"), start.to_owned() + &endless]
    {
        let mut connection = served.connect().await;
        // It may be cut off while it is sent.
        let _ = connection.stream.write_all(head.as_bytes()).await;
        let answer = connection.receive_until("\r\n\r\n").await;
        assert!(answer.starts_with("HTTP/1.1 431"), "{answer}");
    }
    let mut connection = served.connect().await;
    connection
        .write(&format!("GET /{} HTTP/1.1\r\nHost: localhost\r\n\r\n", "x".repeat(9000)))
        .await;
    assert!(connection.receive_until("}").await.starts_with("HTTP/1.1 414"));
    connection.send("GET /health", "").await;
    assert!(connection.receive_until("}").await.starts_with("HTTP/1.1 200"));

    let mut connection = served.connect().await;
    let within = format!("{start}X: {}\r\n{}\r\n", "y".repeat(15 << 10), "Z: z\r\n".repeat(90));
    connection.write(&within).await;
    assert!(connection.receive_until("}").await.starts_with("HTTP/1.1 200"));
    served.stop().await.unwrap();
}

#[tokio::test]
async fn connections_beyond_the_limit_are_told_so() {
    let served = served(|limits| limits.connections = 2).await;
    let mut first = served.connect().await;
    first.send("GET /health", "").await;
    first.receive_until("}").await;
    let mut second = served.connect().await;
    second.send("GET /health", "").await;
    second.receive_until("}").await;

    let mut third = served.connect().await;
    third.send("GET /health", "").await;
    let answer = third.rest().await;
    assert!(answer.starts_with("HTTP/1.1 503"), "{answer}");
    assert!(answer.contains("retry-after: 1\r\n"), "{answer}");
    assert!(answer.ends_with(r#"{"detail":"Server has too many connections; try again"}"#));
    first.send("GET /health", "").await;
    assert!(first.receive_until("}").await.starts_with("HTTP/1.1 200"));

    drop(second);
    until_let_in(&served).await;
    served.stop().await.unwrap();
}

#[tokio::test]
async fn a_reader_that_takes_nothing_is_cut_and_comes_back_without_loss() {
    const EVENTS: u32 = 300;
    let served = served(|limits| {
        limits.connections = 1;
        limits.write_timeout = SHORT;
    })
    .await;
    let mut connection = served.connect().await;
    let pad = "x".repeat(64 << 10);
    let start =
        format!(r#"{{"handler_id": "h", "start_event": {{"n": {EVENTS}, "pad": "{pad}"}}}}"#);
    connection.send("POST /workflows/burst/run", &start).await;
    connection.receive_until("completed_at\":\"").await;
    drop(connection);

    let mut ids = Vec::new();
    for attempt in 0.. {
        let mut reader = open_stream(&served, ids.last().copied()).await;
        if attempt < 2 {
            // There is room for one connection: it is free when the reader has been cut.
            until_let_in(&served).await;
        }
        let seen = reader.rest_if_cut().await;
        ids.extend(whole_frames(&seen));
        if seen.contains("StopEvent") {
            assert!(attempt >= 2, "all of it fits in between");
            break;
        }
    }
    assert!(ids.is_sorted_by(|id, next| id < next), "{ids:?}");
    assert_eq!(ids.len(), EVENTS as usize + 1);
    served.stop().await.unwrap();
}

#[tokio::test]
async fn an_answer_that_is_taken_slowly_is_whole_also_when_the_server_stops_meanwhile() {
    for stops in [false, true] {
        let mut limits = Limits::default();
        limits.head_timeout = SHORT;
        limits.idle_timeout = if stops { PATIENCE } else { SHORT / 2 };
        let served = Served::with(|server| server.limits(limits).drain(PATIENCE)).await;
        let text = "x".repeat(1 << 19);
        let start = format!(r#"{{"start_event": {{"text": "{text}"}}}}"#);
        // More than the system takes for a client that does not.
        for _ in 0..20 {
            let mut starting = served.connect().await;
            starting.send("POST /workflows/echo/run", &start).await;
            starting.receive_until("completed_at\":\"").await;
        }
        let mut slow = slow_reader(&served).await;
        slow.send("GET /handlers", "").await;
        let head = slow.receive_head().await;
        // Closed when the time for a head is over.
        assert_eq!(served.connect().await.rest().await, "");
        let length = if stops {
            let (rest, stopped) = tokio::join!(slow.rest(), served.stop());
            stopped.unwrap();
            rest.len()
        } else {
            slow.rest().await.len()
        };
        assert!(head.contains(&format!("content-length: {length}\r\n")), "{length} of {head}");
    }
}

#[tokio::test]
async fn who_waits_for_a_run_and_hangs_up_leaves_nothing_behind_but_the_run() {
    let served = served(|_| {}).await;
    let tasks = || tokio::runtime::Handle::current().metrics().num_alive_tasks();
    let before = tasks();
    let mut waiting = Vec::new();
    for handler in ["a", "b", "c"] {
        let mut connection = served.connect().await;
        let body = format!(r#"{{"handler_id": "{handler}"}}"#);
        connection.send("POST /workflows/human/run", &body).await;
        served.until_found(handler).await;
        waiting.push(connection);
    }
    drop(waiting);
    let gone = async {
        while tasks() > before {
            tokio::task::yield_now().await;
        }
    };
    timeout(PATIENCE, gone).await.expect("something goes on waiting");
    served.until_found("a").await;
    served.stop().await.unwrap();
}

/// Opens a connection that takes little at a time.
async fn slow_reader(served: &Served) -> Connection {
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(64 << 10).unwrap();
    Connection::new(socket.connect(served.address).await.unwrap())
}

/// Opens a stream when there is room, on a connection that takes little at a time.
async fn open_stream(served: &Served, after: Option<u32>) -> Connection {
    let after = after.map_or(-1, i64::from);
    loop {
        let mut reader = slow_reader(served).await;
        reader.send(&format!("GET /events/h?after_sequence={after}"), "").await;
        if reader.receive_head().await.starts_with("HTTP/1.1 200") {
            return reader;
        }
    }
}

/// Returns the ids of the frames that came as a whole.
fn whole_frames(seen: &str) -> Vec<u32> {
    let (whole, _) = seen.rsplit_once("\n\n").unwrap_or_default();
    whole
        .split("id: ")
        .skip(1)
        .filter_map(|frame| frame.split('\n').next().unwrap().parse().ok())
        .collect()
}

/// Connects until there is room.
async fn until_let_in(served: &Served) {
    loop {
        let mut connection = served.connect().await;
        connection.send("GET /health", "").await;
        if connection.receive_until("}").await.starts_with("HTTP/1.1 200") {
            break;
        }
    }
}
