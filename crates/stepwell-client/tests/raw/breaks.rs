//! Streams whose connection breaks.

use std::time::Duration;

use futures::future::join_all;
use stepwell_client::{Cursor, Error, EventStream};
use tokio::time::timeout;

use crate::server::{END, Reply, STREAM, Server, answer, chunk, event, no_content, stop};

/// Reads a stream to its end and writes down what came.
pub(crate) async fn read(stream: &mut EventStream) -> String {
    let mut text = Vec::new();
    loop {
        match stream.next_event().await {
            Ok(Some(event)) => {
                assert_eq!(stream.last_sequence(), event.sequence());
                text.push(event.sequence().unwrap().to_string());
            }
            Ok(None) => return text.join(" "),
            Err(error) => {
                text.push(error.to_string());
                assert!(stream.next_event().await.unwrap().is_none(), "an error is the last item");
                return text.join(" ");
            }
        }
    }
}

fn whole() -> Vec<u8> {
    [STREAM, &event(0), &event(1), &chunk(": heartbeat\n\n"), &event(3), &stop(4), END]
        .concat()
        .into_bytes()
}

/// What a server tells after an event.
fn after(cursor: &str) -> Vec<u8> {
    let after: i64 = cursor.parse().unwrap();
    let events = [(0, event(0)), (1, event(1)), (3, event(3)), (4, stop(4))];
    let rest: Vec<String> =
        events.into_iter().filter(|(number, _)| *number > after).map(|(_, text)| text).collect();
    if rest.is_empty() {
        return no_content();
    }
    [STREAM, &rest.concat(), END].concat().into_bytes()
}

/// Serves a stream that breaks at some byte, and then what is asked for.
async fn read_with_a_break_at(cut: usize, resets: bool) -> (String, Vec<String>) {
    let first = whole()[..cut].to_vec();
    // What was complete before the cut is what the client may have seen.
    let text = String::from_utf8_lossy(&first).into_owned();
    let seen = [0, 1, 3, 4].into_iter().rev().find(|number| {
        let frame = if *number == 4 { stop(4) } else { event(*number) };
        text.contains(frame.trim_end_matches("\r\n"))
    });
    let cursor = seen.map_or("-1".to_owned(), |number| number.to_string());
    let first = if resets { Reply::Reset(first) } else { Reply::Close(first) };
    // A reset may outrun bytes, so then the client asks for more again.
    let replies = if resets {
        vec![first, Reply::Close(after("-1"))]
    } else {
        vec![first, Reply::Close(after(&cursor))]
    };
    let server = Server::new(replies).await;
    let mut stream = server.client().get_workflow_events("h").await.unwrap();
    let read = read(&mut stream).await;
    (read, server.cursors())
}

#[tokio::test]
async fn a_stream_that_is_cut_anywhere_loses_nothing_and_repeats_nothing() {
    let cuts: Vec<usize> = (0..whole().len()).collect();
    for cuts in cuts.chunks(100) {
        for resets in [false, true] {
            let reads = cuts.iter().map(|cut| read_with_a_break_at(*cut, resets));
            for ((read, cursors), cut) in join_all(reads).await.into_iter().zip(cuts) {
                assert_eq!(read, "0 1 3 4", "cut at {cut}, {cursors:?}");
            }
        }
    }
}

#[tokio::test]
async fn attempts_are_made_three_times_and_then_it_is_an_error() {
    let first = [STREAM, &event(0)].concat().into_bytes();
    let server = Server::new([Reply::Close(first)]).await;
    let mut stream = server.client().get_workflow_events("h").await.unwrap();
    assert_eq!(stream.next_event().await.unwrap().unwrap().sequence(), Some(0));
    let error = stream.next_event().await.unwrap_err();
    let Error::StreamLost { attempts, source } = error else { panic!("{error:?}") };
    assert_eq!(attempts, 3);
    assert!(matches!(*source, Error::Connect { .. }), "{source:?}");
    assert_eq!(stream.last_sequence(), Some(0));
    assert!(stream.next_event().await.unwrap().is_none());
}

#[tokio::test]
async fn attempts_are_counted_anew_once_something_came() {
    let one = |sequence| [STREAM, &event(sequence)].concat().into_bytes();
    let alive = || [STREAM, &chunk(": heartbeat\n\n")].concat().into_bytes();
    let end = [STREAM, &stop(9), END].concat().into_bytes();
    let replies = [one(0), one(1), alive(), one(2), alive(), alive(), end];
    let server = Server::new(replies.map(Reply::Close)).await;
    let call = server.client().get_workflow_events("h").max_reconnect_attempts(1);
    assert_eq!(read(&mut call.await.unwrap()).await, "0 1 2 9");
    assert_eq!(server.cursors(), ["-1", "0", "1", "1", "2", "2", "2"]);
}

#[tokio::test]
async fn a_connection_that_brings_nothing_is_no_success() {
    let nothing = || STREAM.as_bytes().to_vec();
    let repeated = || [STREAM, &event(0)].concat().into_bytes();
    let replies = [repeated(), nothing(), repeated(), nothing()];
    let server = Server::new(replies.map(Reply::Close)).await;
    let call = server.client().get_workflow_events("h").max_reconnect_attempts(2);
    let read = read(&mut call.await.unwrap()).await;
    assert_eq!(read, "0 the event stream broke, and 2 attempts to take it up again failed");
    assert_eq!(server.cursors(), ["-1", "0", "0"]);
}

#[tokio::test]
async fn an_orderly_end_before_the_last_event_is_a_break() {
    let early = [STREAM, &event(0), END].concat().into_bytes();
    let server = Server::new([Reply::Close(early), Reply::Close(no_content())]).await;
    let mut stream = server.client().get_workflow_events("h").await.unwrap();
    assert_eq!(read(&mut stream).await, "0");
    assert_eq!(server.cursors(), ["-1", "0"]);
}

#[tokio::test]
async fn a_server_that_is_not_well_yet_is_asked_again() {
    let end = [STREAM, &stop(7), END].concat().into_bytes();
    let replies = [
        [STREAM, &event(0)].concat().into_bytes(),
        answer("503 Service Unavailable", r#"{"detail":"Server is shutting down; try again"}"#),
        answer("502 Bad Gateway", "<html>"),
        end,
    ];
    let server = Server::new(replies.map(Reply::Close)).await;
    let mut stream = server.client().get_workflow_events("h").await.unwrap();
    assert_eq!(read(&mut stream).await, "0 7");
}

#[tokio::test]
async fn a_handler_that_was_forgotten_meanwhile_is_not_found() {
    let first = [STREAM, &event(0)].concat().into_bytes();
    let gone = answer("404 Not Found", r#"{"detail":"Handler not found"}"#);
    let server = Server::new([first, gone].map(Reply::Close)).await;
    let mut stream = server.client().get_workflow_events("h").await.unwrap();
    stream.next_event().await.unwrap();
    let error = stream.next_event().await.unwrap_err();
    assert!(matches!(error, Error::NotFound(_)), "{error:?}");
    assert_eq!(error.detail().as_deref(), Some("Handler not found"));
}

#[tokio::test]
async fn opening_is_tried_again_as_well_and_tells_what_prevents_it() {
    let replies = [b"HTTP/1.1 200 O".to_vec(), [STREAM, &stop(1), END].concat().into_bytes()];
    let server = Server::new(replies.map(Reply::Close)).await;
    let mut stream = server.client().get_workflow_events("h").await.unwrap();
    assert_eq!(read(&mut stream).await, "1");

    let call = server.client().get_workflow_events("h").max_reconnect_attempts(0);
    let error = call.await.unwrap_err();
    assert!(matches!(error, Error::Connect { .. }), "{error:?}");
}

#[tokio::test]
async fn a_refusal_that_does_not_come_to_its_end_is_not_waited_for() {
    let half = b"HTTP/1.1 401 Unauthorized\r\ncontent-length: 9\r\n\r\n{".to_vec();
    let server = Server::new([Reply::Hold(half)]).await;
    let call = server.client().get_workflow_events("h").max_reconnect_attempts(0);
    let answer = call.timeout(Duration::from_millis(50)).into_future();
    let error = timeout(Duration::from_secs(20), answer).await.expect("it waits").unwrap_err();
    assert!(matches!(error, Error::Timeout { .. }), "{error:?}");
}

#[tokio::test]
async fn silence_breaks_a_stream_if_there_is_a_limit_to_it() {
    let silent = [STREAM, &event(0)].concat().into_bytes();
    let end = [STREAM, &stop(1), END].concat().into_bytes();
    let server = Server::new([Reply::Hold(silent), Reply::Close(end)]).await;
    let call = server.client().get_workflow_events("h").silence_limit(Duration::from_millis(50));
    assert_eq!(read(&mut call.await.unwrap()).await, "0 1");
    assert_eq!(server.cursors(), ["-1", "0"]);
}

#[tokio::test]
async fn now_stays_now_until_something_came() {
    let nothing = STREAM.as_bytes().to_vec();
    let some = [STREAM, &event(5)].concat().into_bytes();
    let server = Server::new([nothing, some, no_content()].map(Reply::Close)).await;
    let mut stream = server.client().get_workflow_events("h").after(Cursor::Now).await.unwrap();
    assert_eq!(stream.last_sequence(), None);
    assert_eq!(read(&mut stream).await, "5");
    assert_eq!(server.cursors(), ["now", "now", "5"]);
}

#[tokio::test]
async fn nothing_comes_below_the_cursor() {
    // There are servers that tell it when the cursor was beyond the end of a run that goes on.
    let low = [STREAM, &event(3), &stop(4), END].concat().into_bytes();
    let server = Server::new([low, no_content()].map(Reply::Close)).await;
    let call = server.client().get_workflow_events("h").after(Cursor::After(100));
    let mut stream = call.await.unwrap();
    assert_eq!(stream.last_sequence(), Some(100));
    assert_eq!(read(&mut stream).await, "");
    assert_eq!(server.cursors(), ["100", "100"]);
}
