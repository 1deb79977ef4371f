//! Streams that say something odd.

use futures::StreamExt;
use stepwell_client::Error;
use tokio::sync::oneshot;

use crate::breaks::read;
use crate::server::{END, Reply, STREAM, Server, answer, chunk, event, frame, no_content, stop};

async fn only(reply: impl Into<Vec<u8>>) -> String {
    let server = Server::new([Reply::Close(reply.into())]).await;
    let client = server.builder().answer_limit(1000).max_reconnect_attempts(0).build().unwrap();
    let stream = client.get_workflow_events("h").await;
    let text = match stream {
        Ok(mut stream) => read(&mut stream).await,
        Err(error) => error.to_string(),
    };
    text.replace(&server.address.to_string(), "host")
}

#[tokio::test]
async fn nothing_more_to_tell_is_the_end() {
    assert_eq!(only(no_content()).await, "");
}

#[tokio::test]
async fn a_stream_ends_after_the_last_event_whatever_follows() {
    assert_eq!(only([STREAM, &stop(1), &event(2), "garbage"].concat()).await, "1");
    let failed = r#"{"value":{},"type":"MyEnd","types":["Middle","StopEvent"]}"#;
    assert_eq!(only([STREAM, &frame(1, failed)].concat()).await, "1");
}

#[tokio::test]
async fn what_cannot_be_read_is_an_error_that_shows_it() {
    const ASKED: &str = "GET http://host/events/h?sse=true&include_internal=false\
        &include_qualified_name=true&after_sequence=-1";
    let after_stream = |problem: &str, part: &str| format!("{problem}: 200 OK for {ASKED}{part}");
    assert_eq!(
        only([STREAM, &chunk("data: {}\n\n")].concat()).await,
        after_stream("an event of the stream has no number", ": {}"),
    );
    let read = only([STREAM, &event(0), &frame(1, "{\"x")].concat()).await;
    assert!(read.starts_with("0 an event of the stream cannot be read (EOF while"), "{read}");
    let read = only([STREAM.as_bytes(), b"8\r\ndata: \xff\n\r\n"].concat()).await;
    assert_eq!(read, after_stream("a line of the stream is not UTF-8", ": data: \u{fffd}"));
    let page = answer("200 OK", "<html>please log in");
    assert_eq!(only(page).await, after_stream("the answer is not an event stream", ""));
    let read = only([STREAM, &frame(0, &"x".repeat(1001))].concat()).await;
    assert_eq!(read, format!("the answer to {ASKED} is longer than 1000 bytes"));
    let zipped = STREAM.replace("\r\n\r\n", "\r\ncontent-encoding: gzip\r\n\r\n");
    assert_eq!(
        only(zipped).await,
        after_stream("the answer has the encoding \"gzip\", unasked", ""),
    );
}

#[tokio::test]
async fn a_body_of_another_spelling_is_read_as_well() {
    let head = "HTTP/1.0 200 OK\r\ncontent-type: text/event-stream\r\n\r\n";
    let data = r#"{"type":"StopEvent","value":{}}"#;
    let stream = format!("{head}\u{feff}: hello\r\nid:5\r\ndata:{data}\r\n\r\n");
    assert_eq!(only(stream).await, "5");
}

#[tokio::test]
async fn events_come_at_once_and_giving_up_a_wait_loses_none() {
    let (send, more) = oneshot::channel();
    let first = [STREAM, &event(0)].concat().into_bytes();
    let server = Server::new([Reply::Then(first, more)]).await;
    let mut stream = server.client().get_workflow_events("h").await.unwrap();
    assert_eq!(stream.next_event().await.unwrap().unwrap().sequence(), Some(0));
    for _ in 0..3 {
        // Polled once, then dropped.
        assert!(futures::poll!(std::pin::pin!(stream.next_event())).is_pending());
    }
    send.send([event(1), stop(2), END.to_owned()].concat().into_bytes()).unwrap();
    let rest: Vec<_> = stream.by_ref().map(|event| event.unwrap().sequence()).collect().await;
    assert_eq!(rest, [Some(1), Some(2)]);
    assert!(stream.next().await.is_none());
}

#[tokio::test]
async fn a_refusal_is_told_as_it_is() {
    let server = Server::new([Reply::Close(answer("401 Unauthorized", "who?"))]).await;
    let error = server.client().get_workflow_events("h").await.unwrap_err();
    assert!(matches!(error, Error::Denied(_)), "{error:?}");
    assert_eq!(error.answer().unwrap().text(), "who?");
}
