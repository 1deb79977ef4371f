use std::collections::BTreeMap;
use std::sync::Arc;

use expect_test::{Expect, expect};
use serde_json::json;

use super::*;
use crate::engine::state::StateCell;

/// Makes a state from JSON.
fn state(json: Value) -> UntypedState {
    serde_json::from_value(json).unwrap()
}

/// Makes a path of so many segments.
fn path(segments: usize) -> String {
    vec!["a"; segments].join(".")
}

/// Makes so many lists, one in another.
fn lists(levels: usize) -> Value {
    (0..levels).fold(json!(1), |inner, _| json!([inner]))
}

/// Sets and shows what comes of it; checks that nothing does if it fails.
fn check_set(before: Value, path: &str, value: impl Serialize, expected: Expect) {
    let mut changed = state(before.clone());
    let shown = match changed.set(path, value) {
        Ok(()) => changed.0,
        Err(error) => {
            assert_eq!(changed, state(before), "a failed `set` changed the state");
            return expected.assert_eq(&error.to_string());
        }
    };
    expected.assert_eq(&Value::from(shown).to_string());
}

/// Reads and shows what comes of it.
fn check_get<T: Serialize + DeserializeOwned>(state: &UntypedState, path: &str, expected: Expect) {
    let shown = match state.get::<T>(path) {
        Ok(value) => serde_json::to_string(&value).unwrap(),
        Err(error) => error.to_string(),
    };
    expected.assert_eq(&shown);
}

#[test]
fn ss_1_a_run_begins_with_the_empty_map() {
    assert_eq!(serde_json::to_string(&UntypedState::default()).unwrap(), "{}");
    assert_eq!(StateCell::<UntypedState>::initial().unwrap(), json!({}));
}

#[test]
fn ss_1_as_json_the_state_is_its_map_and_nothing_else() {
    let json = json!({"a": {"b": [1, null]}, "_data": 2, "": 1.5});
    assert_eq!(serde_json::to_value(state(json.clone())).unwrap(), json);
    assert_eq!(state(json.clone()).value(), json.as_object().unwrap());
    for other in [json!([]), json!(1), json!(null)] {
        assert!(serde_json::from_value::<UntypedState>(other).is_err());
    }
}

#[test]
fn ss_3_a_segment_is_a_key_or_the_index_of_a_list() {
    let state = state(json!({"a": {"l": [10, {"b": 20}]}, "m": {"0": "key"}, "x": {"": {"": 1}}}));
    check_get::<Value>(&state, "a", expect![[r#"{"l":[10,{"b":20}]}"#]]);
    check_get::<u8>(&state, "a.l.0", expect!["10"]);
    check_get::<u8>(&state, "a.l.1.b", expect!["20"]);
    check_get::<String>(&state, "m.0", expect![[r#""key""#]]);
    check_get::<u8>(&state, "x..", expect!["1"]);
}

#[test]
fn ss_3_the_empty_path_is_the_whole_state() {
    let state = state(json!({"a": 1, "b": 2}));
    assert_eq!(state.get::<UntypedState>(""), Ok(state.clone()));
    assert_eq!(
        state.get::<BTreeMap<String, u8>>(""),
        Ok(BTreeMap::from([("a".to_owned(), 1), ("b".to_owned(), 2)]))
    );
    assert!(UntypedState::default().contains(""));
    check_get::<Vec<u8>>(
        &state,
        "",
        expect![
            "what stands at path `` is of another type: invalid type: map, expected a sequence"
        ],
    );
}

#[test]
fn ss_3_nothing_stands_at_a_path_that_leads_nowhere() {
    let state = state(json!({"l": [1], "text": "abc", "null": null, "b": {}}));
    check_get::<Value>(&state, "zz", expect!["nothing stands at path `zz`"]);
    for path in ["l.1", "l.-1", "l.x", "l.", "l.0.x", "text.0", "null.x", "b.c", "b.", ".", "b.c.d"]
    {
        let missing = PathError::Missing { path: path.to_owned() };
        assert_eq!(state.get::<Value>(path), Err(missing), "{path}");
        assert_eq!(state.get_or(path, 7), Ok(7), "{path}");
        assert!(!state.contains(path), "{path}");
    }
}

#[test]
fn ss_3_a_default_stands_in_for_nothing_but_what_is_missing() {
    let state = state(json!({"text": "abc", "null": null}));
    assert_eq!(state.get_or("text", String::new()), Ok("abc".to_owned()));
    assert_eq!(state.get_or("null", Some(7)), Ok(None));
    assert!(state.contains("null"));
    assert!(matches!(state.get_or("null", 7), Err(PathError::WrongType { .. })));
    assert!(matches!(state.get_or("text", 7), Err(PathError::WrongType { .. })));
    check_get::<u8>(
        &state,
        "text",
        expect![[
            r#"what stands at path `text` is of another type: invalid type: string "abc", expected u8"#
        ]],
    );
}

#[test]
fn ss_4_setting_creates_missing_maps() {
    check_set(json!({}), "a.b.c", 1, expect![[r#"{"a":{"b":{"c":1}}}"#]]);
    check_set(json!({"a": {"x": 1}}), "a.b.c", 2, expect![[r#"{"a":{"b":{"c":2},"x":1}}"#]]);
    check_set(json!({"l": [1, {}]}), "l.1.b.c", 2, expect![[r#"{"l":[1,{"b":{"c":2}}]}"#]]);
    // Numbers and nothing at all are keys, as long as there is no list.
    check_set(json!({"m": {}}), "m.0.1", 2, expect![[r#"{"m":{"0":{"1":2}}}"#]]);
    check_set(json!({}), "a..b", 1, expect![[r#"{"a":{"":{"b":1}}}"#]]);
    check_set(json!({}), ".", 1, expect![[r#"{"":{"":1}}"#]]);
}

#[test]
fn ss_4_setting_replaces_what_stood_there() {
    check_set(json!({"a": {"b": 1}}), "a", [1, 2], expect![[r#"{"a":[1,2]}"#]]);
    check_set(json!({"a": null}), "a", json!({"b": null}), expect![[r#"{"a":{"b":null}}"#]]);
    check_set(json!({"l": [10, 20, 30]}), "l.1", 99, expect![[r#"{"l":[10,99,30]}"#]]);
    check_set(json!({"l": [[1], [2]]}), "l.1.0", 9, expect![[r#"{"l":[[1],[9]]}"#]]);
}

#[test]
fn ss_4_an_index_outside_the_list_is_refused() {
    let l = json!({"l": [10, 20, 30]});
    check_set(
        l.clone(),
        "l.3",
        1,
        expect!["path `l.3` cannot be set: the list has 3 items and none is `3`"],
    );
    check_set(
        l.clone(),
        "l.7.a.b",
        1,
        expect!["path `l.7.a.b` cannot be set: the list has 3 items and none is `7`"],
    );
    for segment in ["-1", "x", "", "18446744073709551616"] {
        let mut state = state(l.clone());
        let refused = state.set(&format!("l.{segment}"), 1);
        assert!(matches!(refused, Err(PathError::IndexOutOfRange { length: 3, .. })), "{segment}");
    }
    check_set(
        json!({"l": []}),
        "l.0",
        1,
        expect!["path `l.0` cannot be set: the list has 0 items and none is `0`"],
    );
}

#[test]
fn ss_4_what_can_contain_nothing_is_no_way_to_anything() {
    let json = json!({"a": {"n": 5, "": 6}, "null": null, "text": "abc"});
    check_set(
        json.clone(),
        "a.n.x.y",
        1,
        expect!["path `a.n.x.y` cannot be set: `a.n` is neither a map nor a list"],
    );
    check_set(
        json.clone(),
        "a..x",
        1,
        expect!["path `a..x` cannot be set: `a.` is neither a map nor a list"],
    );
    check_set(
        json.clone(),
        "null.x",
        1,
        expect!["path `null.x` cannot be set: `null` is neither a map nor a list"],
    );
    check_set(
        json,
        "text.0",
        1,
        expect!["path `text.0` cannot be set: `text` is neither a map nor a list"],
    );
}

#[test]
fn ss_4_the_empty_path_cannot_be_set() {
    check_set(json!({"a": 1}), "", json!({}), expect!["the path is empty"]);
}

#[test]
fn ss_4_a_path_has_at_most_100_segments() {
    let mut state = UntypedState::default();
    assert_eq!(state.set(&path(100), 1), Ok(()));
    assert_eq!(state.get(&path(100)), Ok(1));
    assert_eq!(state.remove(&path(100)), Ok(json!(1)));

    let long = path(101);
    let too_deep = PathError::TooDeep { path: long.clone() };
    assert_eq!(state.set(&long, 1), Err(too_deep.clone()));
    assert_eq!(state.get::<Value>(&long), Err(too_deep.clone()));
    assert_eq!(state.get_or(&long, 1), Err(too_deep.clone()));
    assert_eq!(state.remove(&long), Err(too_deep.clone()));
    assert!(!state.contains(&long));
    assert!(too_deep.to_string().ends_with("or what is set there is over 100 levels deep"));
}

#[test]
fn ss_4_a_value_counts_towards_the_depth() {
    for levels in [1, 50, 99] {
        let mut state = UntypedState::default();
        let path = path(100 - levels);
        assert_eq!(
            state.set(&path, lists(levels + 1)),
            Err(PathError::TooDeep { path: path.clone() })
        );
        assert_eq!(state, UntypedState::default());
        assert_eq!(state.set(&path, lists(levels)), Ok(()));
    }
}

#[test]
fn ss_4_the_engine_keeps_whatever_can_be_set() {
    let cell = StateCell::<UntypedState>::load(json!({})).unwrap();
    let cell = Arc::downcast::<StateCell<UntypedState>>(cell.as_any()).unwrap();
    let update = |path: &str, value: Value| {
        let set = cell.latest().changed(|state| state.set(path, value), Result::is_ok);
        set.unwrap().returned
    };
    assert_eq!(update(&path(100), json!(1)), Ok(()));
    assert_eq!(update(&path(1), lists(99)), Ok(()));
    assert_eq!(update(&path(50), lists(50)), Ok(()));
}

#[test]
fn ss_4_a_value_that_is_no_json_is_refused() {
    check_set(
        json!({"a": 1}),
        "a.b",
        BTreeMap::from([((1, 2), 3)]),
        expect!["what is set at path `a.b` cannot be written as JSON: key must be a string"],
    );
    check_set(json!({}), "a", f64::NAN, expect![[r#"{"a":null}"#]]);
}

#[test]
fn ss_6_keys_may_be_named_like_anything() {
    let mut state = UntypedState::default();
    for key in ["items", "keys", "values", "get", "_data", "__class__", "clear", "é", " "] {
        assert_eq!(state.set(key, 5), Ok(()));
        assert_eq!(state.set(&format!("in.{key}"), 6), Ok(()));
        assert_eq!(state.get(key), Ok(5));
        assert_eq!(state.get(&format!("in.{key}")), Ok(6));
    }
}

#[test]
fn ss_7_what_was_read_does_not_change_with_the_state() {
    let mut changed = state(json!({"l": [1]}));
    let (copy, list) = (changed.clone(), changed.get::<Vec<u8>>("l"));
    changed.set("l.0", 2).unwrap();
    assert_eq!((copy, list), (state(json!({"l": [1]})), Ok(vec![1])));
}

#[test]
fn ss_10_setting_leaves_everything_beside_the_path_where_it_is() {
    let mut state = state(json!({"a": {"beside": "text", "l": ["text", 1]}, "beside": "text"}));
    let places = |state: &UntypedState| {
        let place = |path| state.find(path).and_then(Value::as_str).map(str::as_ptr);
        ["a.beside", "a.l.0", "beside"].map(place)
    };
    let before = places(&state);
    assert!(before.iter().all(Option::is_some));
    state.set("a.l.1", "new").unwrap();
    state.set("a.new.b", 2).unwrap();
    assert_eq!(places(&state), before);
}

#[test]
fn ss_11_clearing_leaves_the_empty_map() {
    let mut state = state(json!({"a": {"b": 1}}));
    state.clear();
    assert_eq!(state, UntypedState::default());
}

#[test]
fn ss_4_removing_returns_what_stood_there() {
    let mut state = state(json!({"a": {"b": 1, "l": [10, 20, {"c": null}]}, "x": 2}));
    assert_eq!(state.remove("x"), Ok(json!(2)));
    assert_eq!(state.remove("a.b"), Ok(json!(1)));
    assert_eq!(state.remove("a.l.0"), Ok(json!(10)));
    assert_eq!(state.remove("a.l.1.c"), Ok(json!(null)));
    expect![[r#"{"a":{"l":[20,{}]}}"#]].assert_eq(&serde_json::to_string(&state).unwrap());
}

#[test]
fn ss_4_removing_what_is_not_there_fails_and_changes_nothing() {
    let json = json!({"a": {"l": [10]}, "x": 2});
    let mut removed = state(json.clone());
    for path in ["b", "a.b", "a.b.c", "a.l.1", "a.l.x", "x.y", "x.y.z"] {
        let missing = PathError::Missing { path: path.to_owned() };
        assert_eq!(removed.remove(path), Err(missing), "{path}");
    }
    assert_eq!(removed.remove(""), Err(PathError::Empty));
    assert_eq!(removed, state(json));
}

/// Updates return errors, so the journal has them: what is written here must stay readable.
#[test]
fn ss_12_errors_are_read_from_the_journal_as_they_were_written() {
    let text = || "a.b".to_owned();
    let errors = [
        PathError::Missing { path: text() },
        PathError::Empty,
        PathError::NotAContainer { path: text(), at: "a".to_owned() },
        PathError::IndexOutOfRange { path: text(), segment: "b".to_owned(), length: 3 },
        PathError::TooDeep { path: text() },
        PathError::WrongType { path: text(), message: "m".to_owned() },
        PathError::NotJson { path: text(), message: "m".to_owned() },
    ];
    let written = errors.each_ref().map(|error| serde_json::to_string(error).unwrap());
    expect![[r#"
        {"Missing":{"path":"a.b"}}
        "Empty"
        {"NotAContainer":{"path":"a.b","at":"a"}}
        {"IndexOutOfRange":{"path":"a.b","segment":"b","length":3}}
        {"TooDeep":{"path":"a.b"}}
        {"WrongType":{"path":"a.b","message":"m"}}
        {"NotJson":{"path":"a.b","message":"m"}}
    "#]]
    .assert_eq(&(written.join("\n") + "\n"));
    let read = written.map(|text| serde_json::from_str::<PathError>(&text).unwrap());
    assert_eq!(read, errors);
}
