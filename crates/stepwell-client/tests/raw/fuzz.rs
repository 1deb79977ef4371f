//! Bytes that are wrong in many ways: nothing panics, and everything comes to an end.

use futures::future::join_all;

use crate::breaks::read;
use crate::server::{END, Reply, STREAM, Server, answer, chunk, event, stop};

/// Makes numbers that look random and are the same each time.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, limit: usize) -> usize {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % limit
    }
}

/// Changes, leaves out, repeats or adds some bytes.
fn spoil(bytes: &[u8], numbers: &mut Numbers) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    for _ in 0..=numbers.below(4) {
        let at = numbers.below(bytes.len());
        let odd = [0, b'\n', b'\r', b':', b'"', b'{', b'}', 0xff, 0xef, b'9'];
        match numbers.below(4) {
            0 => bytes[at] = odd[numbers.below(odd.len())],
            1 => bytes.truncate(at.max(1)),
            2 => {
                let part = bytes[at..(at + 40).min(bytes.len())].to_vec();
                bytes.splice(at..at, part);
            }
            _ => bytes.insert(at, odd[numbers.below(odd.len())]),
        }
    }
    bytes
}

#[tokio::test]
async fn no_bytes_of_a_stream_do_harm() {
    let whole = [STREAM, &event(0), &chunk(": x\n\n"), &event(2), &stop(3), END].concat();
    let mut numbers = Numbers(1);
    for _ in 0..10 {
        let reads = (0..60).map(|_| spoil(whole.as_bytes(), &mut numbers)).map(async |bytes| {
            let server = Server::new([Reply::Close(bytes)]).await;
            let client = server.builder().max_reconnect_attempts(0).build().unwrap();
            if let Ok(mut stream) = client.get_workflow_events("h").await {
                // Numbers only go up, whatever else.
                let text = read(&mut stream).await;
                let numbers = text.split(' ').map_while(|word| word.parse::<u64>().ok());
                assert!(numbers.is_sorted_by(|a, b| a < b), "{text}");
            }
        });
        join_all(reads).await;
    }
}

#[tokio::test]
async fn no_bytes_of_an_answer_do_harm() {
    let record = r#"{"handler_id":"h","workflow_name":"w","run_id":"r","error":null,"result":
        {"value":{"result":"x","_data":{"y":1}},"qualified_name":"workflows.events.StopEvent",
        "type":"StopEvent","types":null},"status":"completed","started_at":
        "2026-01-02T03:04:05+00:00","updated_at":"2026-01-02T03:04:05+00:00"}"#;
    let whole = answer("200 OK", record);
    let mut numbers = Numbers(2);
    for _ in 0..10 {
        let asked = (0..60).map(|_| spoil(&whole, &mut numbers)).map(async |bytes| {
            let server = Server::new([Reply::Close(bytes)]).await;
            match server.client().get_handler("h").await {
                Ok(record) => {
                    let result = record.result.map(|event| event.result_as::<String>());
                    assert!(format!("{result:?}").len() < 2000);
                }
                Err(error) => assert!(error.to_string().len() < 2000, "{error}"),
            }
        });
        join_all(asked).await;
    }
}
