//! Texts of failures, however long they were.

use crate::{Cause, FAILURE_TEXT, Failure};

#[test]
fn long_texts_of_failures_are_cut_and_marked() {
    let fits = "x".repeat(FAILURE_TEXT);
    assert_eq!(Failure::new("E", fits.clone()).shortened(), Failure::new("E", fits));
    // The limit lies within a character.
    let long = "é".repeat(FAILURE_TEXT);
    let odd = format!("x{long}");
    let mut failure = Failure::new(long.clone(), odd);
    failure.causes.push(Cause { kind: long.clone(), message: long });
    let Failure { kind, message, causes, .. } = failure.shortened();
    for text in [&kind, &causes[0].kind, &causes[0].message] {
        assert!(text.ends_with("é… (cut; it had 131072 bytes)"));
    }
    assert!(message.ends_with("é… (cut; it had 131073 bytes)"));
    assert!(message.len() < FAILURE_TEXT + 40, "{}", message.len());
}
