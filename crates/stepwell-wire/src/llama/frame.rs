//! Envelopes in a stream: frames of server-sent events, or lines of NDJSON.

use serde::Serialize;

use super::Envelope;

/// What a stream of server-sent events says when it has nothing to say.
pub const HEARTBEAT: &[u8] = b": heartbeat\n\n";

/// Appends an event as a frame of server-sent events.
///
/// # Errors
///
/// Returns serde's error if the value has no form in JSON; what was appended is then useless.
pub fn push_sse_frame<V: Serialize>(
    out: &mut Vec<u8>,
    sequence: u64,
    envelope: &Envelope<'_, V>,
) -> Result<(), serde_json::Error> {
    out.extend_from_slice(b"id: ");
    out.extend_from_slice(sequence.to_string().as_bytes());
    out.extend_from_slice(b"\ndata: ");
    push_one_line(out, envelope)?;
    out.extend_from_slice(b"\n\n");
    Ok(())
}

/// Appends an event as a line of NDJSON.
///
/// # Errors
///
/// As [`push_sse_frame`].
pub fn push_line<V: Serialize>(
    out: &mut Vec<u8>,
    envelope: &Envelope<'_, V>,
) -> Result<(), serde_json::Error> {
    push_one_line(out, envelope)?;
    out.push(b'\n');
    Ok(())
}

/// Appends JSON that is one line for every reader, even for those that end lines at each line
/// break of Unicode, as the published Python client does.
fn push_one_line<T: Serialize>(out: &mut Vec<u8>, json: &T) -> Result<(), serde_json::Error> {
    let start = out.len();
    serde_json::to_writer(&mut *out, json)?;
    if let Some(first) = next_break(&out[start..]) {
        let json = out.split_off(start);
        push_without_breaks(out, &json, first);
    }
    Ok(())
}

/// A line break in the bytes of a JSON text.
struct Break {
    at: usize,
    len: usize,
    instead: &'static [u8],
}

fn push_without_breaks(out: &mut Vec<u8>, mut json: &[u8], first: Break) {
    let mut next = Some(first);
    while let Some(Break { at, len, instead }) = next {
        out.extend_from_slice(&json[..at]);
        out.extend_from_slice(instead);
        json = &json[at + len..];
        next = next_break(json);
    }
    out.extend_from_slice(json);
}

fn next_break(json: &[u8]) -> Option<Break> {
    json.iter().enumerate().find_map(|(at, byte)| {
        let (len, instead): (usize, &'static [u8]) = match (byte, &json[at + 1..]) {
            // Valid JSON has these only between tokens.
            (b'\n' | b'\r', _) => (1, b" "),
            // And these, beyond ASCII, only inside of texts.
            (0xC2, [0x85, ..]) => (2, br"\u0085"),
            (0xE2, [0x80, 0xA8, ..]) => (3, br"\u2028"),
            (0xE2, [0x80, 0xA9, ..]) => (3, br"\u2029"),
            _ => return None,
        };
        Some(Break { at, len, instead })
    })
}
