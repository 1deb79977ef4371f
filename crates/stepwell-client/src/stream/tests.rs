//! Bytes in, events out, wherever the bytes are cut.

use super::frames::{Frame, FrameError, Frames, Part};

/// Takes a stream in two parts apart, and writes down what it holds.
fn read(first: &[u8], second: &[u8], limit: usize) -> Result<String, FrameError> {
    let mut frames = Frames::new(limit);
    let mut text = String::new();
    for bytes in [first, second] {
        frames.push(bytes);
        while let Some(part) = frames.next()? {
            text.push_str(&match part {
                Part::Comment => "comment\n".to_owned(),
                Part::Frame(Frame { id, data }) => format!("{id:?} {data:?}\n"),
            });
        }
    }
    Ok(text)
}

#[track_caller]
fn check(stream: &[u8], parts: &str) {
    for cut in 0..=stream.len() {
        let (first, second) = stream.split_at(cut);
        assert_eq!(read(first, second, 1000).unwrap(), parts, "cut at {cut}");
    }
}

#[test]
fn events_are_found_wherever_the_bytes_are_cut() {
    check(
        "id: 0\ndata: {\"a\":\"ü\"}\n\n: heartbeat\n\nid: 12\ndata: {}\n\nid: 13\nda".as_bytes(),
        "Some(\"0\") \"{\\\"a\\\":\\\"ü\\\"}\"\ncomment\nSome(\"12\") \"{}\"\n",
    );
}

#[test]
fn every_line_end_of_the_standard_ends_lines() {
    for end in ["\n", "\r\n", "\r"] {
        let stream = format!("id: 1{end}data: x{end}{end}id: 2{end}data: y{end}{end}");
        // The line feed that may follow the last carriage return is not waited for.
        check(stream.as_bytes(), "Some(\"1\") \"x\"\nSome(\"2\") \"y\"\n");
    }
}

#[test]
fn line_breaks_of_unicode_are_text() {
    check(
        "id: 1\ndata: a\u{85}b\u{2028}c\u{2029}d\n\n".as_bytes(),
        "Some(\"1\") \"a\\u{85}b\\u{2028}c\\u{2029}d\"\n",
    );
}

#[test]
fn a_mark_at_the_beginning_is_no_text() {
    check("\u{feff}id: 1\ndata: x\n\n".as_bytes(), "Some(\"1\") \"x\"\n");
    check("\u{feff}\u{feff}id: 1\ndata: x\n\n".as_bytes(), "None \"x\"\n");
}

#[test]
fn data_of_several_lines_is_put_together() {
    check(b"data: {\ndata:  1\ndata\ndata:}\nid\n\n", "Some(\"\") \"{\\n 1\\n\\n}\"\n");
}

#[test]
fn what_the_protocol_does_not_have_is_passed_over() {
    check(b"\n\nevent: x\nretry: 5\nnonsense\nid: 1\n\ndata: y\n\n", "None \"y\"\n");
}

#[test]
fn a_line_is_refused_that_is_too_long_even_before_it_ends() {
    let long = [b"data: ".as_slice(), &[b'x'; 100]].concat();
    assert_eq!(read(&long, b"", 50), Err(FrameError::TooLarge));
    assert_eq!(read(&long, b"\n\n", 50), Err(FrameError::TooLarge));
    assert_eq!(read(&long, b"\n\n", 106).unwrap().len(), "None \"\"\n".len() + 100);
}

#[test]
fn an_event_is_refused_whose_lines_are_too_long_together() {
    let lines = "data: 12345678\n".repeat(7) + "\n";
    assert_eq!(read(lines.as_bytes(), b"", 50), Err(FrameError::TooLarge));
    // But events one after another may be longer than that.
    let events = "data: 12345678\n\n".repeat(100);
    assert_eq!(read(events.as_bytes(), b"", 50).unwrap().lines().count(), 100);
}

#[test]
fn bytes_that_are_no_text_are_refused() {
    assert_eq!(read(b"data: \xff\n", b"\n", 50), Err(FrameError::NotUtf8(b"data: \xff".to_vec())));
}
