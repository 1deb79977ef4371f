//! All mistakes of an event are told at once.

use std::collections::BTreeMap;

use expect_test::{Expect, expect};
use serde_json::value::RawValue;
use stepwell::{Event, EventType, Payload};

use super::{Note, Order, Ping};

/// Lists the mistakes of a text that is read as an event.
#[track_caller]
fn check_mistakes<E: Event>(text: &str, expect: Expect) {
    let fields =
        Payload::from(RawValue::from_string(text.to_owned()).expect("the test gives JSON"));
    let kind = EventType::of::<E>(None);
    let mistakes = kind.mistakes(&fields);
    assert_eq!(mistakes.is_empty(), kind.read(&fields).is_ok());
    let lines: Vec<String> = mistakes.iter().map(ToString::to_string).collect();
    expect.assert_eq(&lines.join("\n"));
}

#[test]
fn an_event_that_can_be_read_has_none() {
    check_mistakes::<Ping>("{}", expect![""]);
    check_mistakes::<Order>(r#"{"pieces": 1, "place": {"town": "Ulm", "floor": 1}}"#, expect![""]);
}

#[test]
fn every_field_that_is_wrong_is_told() {
    check_mistakes::<Order>(
        r#"{"pieces": -1, "sizes": [1, "2", -3], "express": 1, "place": {"floor": 0}}"#,
        expect![[r#"
            pieces: invalid value: integer `-1`, expected u64 at line 1 column 13
            express: invalid type: integer `1`, expected a boolean at line 1 column 12
            place: missing field `town` at line 1 column 21
            sizes[1]: invalid type: string "2", expected u32 at line 1 column 16"#]],
    );
}

#[test]
fn every_field_that_is_missing_is_told() {
    check_mistakes::<Order>(
        "{}",
        expect![[r#"
        .: missing field `pieces`
        .: missing field `place`"#]],
    );
}

#[test]
fn a_field_is_not_both_wrong_and_missing() {
    check_mistakes::<Order>(
        r#"{"pieces": "many"}"#,
        expect![[r#"
            pieces: invalid type: string "many", expected u64 at line 1 column 17
            .: missing field `place`"#]],
    );
    check_mistakes::<Order>(
        r#"{"pieces": "many", "place": 5}"#,
        expect![[r#"
            pieces: invalid type: string "many", expected u64 at line 1 column 17
            place: invalid type: integer `5`, expected struct Place at line 1 column 10"#]],
    );
}

#[test]
fn what_is_no_event_at_all_is_one_mistake() {
    check_mistakes::<Order>(
        "[1, 2]",
        expect!["[1]: invalid type: integer `2`, expected a string at line 1 column 5"],
    );
    check_mistakes::<Order>(
        "5",
        expect![".: invalid type: integer `5`, expected struct Order at line 1 column 1"],
    );
    check_mistakes::<Note>(
        r#"{"text": 5, "_data": 5, "stars": 300}"#,
        expect![[r#"
        text: invalid type: integer `5`, expected a string at line 1 column 10
        stars: invalid value: integer `300`, expected u8 at line 1 column 22"#]],
    );
    check_mistakes::<Order>(
        r#"{"pieces": 1, "pieces": 2, "place": {"town": "Ulm", "floor": 1}}"#,
        expect![".: duplicate field `pieces` at line 1 column 22"],
    );
}

#[test]
fn a_flood_of_mistakes_is_cut_off() {
    #[derive(Event)]
    struct Scores {
        #[serde(flatten)]
        scores: BTreeMap<String, u8>,
        name: String,
    }

    let scores: BTreeMap<_, _> = (0..1000).map(|n| (format!("s{n}"), -1)).collect();
    let fields = serde_json::value::to_raw_value(&scores).unwrap();
    let mistakes = EventType::of::<Scores>(None).mistakes(&fields.into());
    assert!((1..=20).contains(&mistakes.len()), "{} mistakes", mistakes.len());
}
