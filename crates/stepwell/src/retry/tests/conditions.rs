//! Conditions.

use std::error::Error as StdError;
use std::fmt::Error as FmtError;
use std::io;

use super::*;

#[test]
fn ry_4_a_condition_may_be_a_function() {
    fn is_busy(failure: &FailureView<'_>) -> bool {
        failure.message.contains("busy")
    }
    for policy in [retry().on(is_busy), retry().on(when(is_busy) | Condition::never())] {
        assert!(retries(&policy, says("it is busy")));
        assert!(!retries(&policy, says("it is idle")));
    }
}

#[test]
fn ry_4_a_type_is_known_by_its_name_or_by_the_error_itself() {
    let error = io::Error::from(io::ErrorKind::TimedOut);
    let named = FailureView::new(type_name::<io::Error>(), "late");
    let boxed = FailureView { error: Some(&error), ..says("late") };

    let policy = retry().on(error_type::<io::Error>());
    assert!(retries(&policy, named));
    assert!(retries(&policy, boxed));
    assert!(!retries(&policy, says("late")));

    for policy in
        [retry().on(!error_type::<io::Error>()), retry().unless(error_type::<io::Error>())]
    {
        assert!(!retries(&policy, named));
        assert!(!retries(&policy, boxed));
        assert!(retries(&policy, says("late")));
    }
}

#[test]
fn ry_4_unless_narrows_what_on_said() {
    let policy = retry().on(message_matches("5..")).unless(message_is("501"));
    assert!(retries(&policy, says("HTTP 503")));
    assert!(!retries(&policy, says("501")));
    assert!(!retries(&policy, says("404")));
}

#[test]
fn ry_4_a_message_is_equal_or_is_searched() {
    let exact = retry().on(message_is("please retry"));
    assert!(retries(&exact, says("please retry")));
    assert!(!retries(&exact, says("please retry!")));

    let searched = retry().on(message_matches(r"HTTP 5\d\d"));
    assert!(retries(&searched, says("got HTTP 503 again")));
    assert!(!retries(&searched, says("got HTTP 404")));

    let negated = retry().on(!message_matches("invalid_key|denied"));
    assert!(retries(&negated, says("busy")));
    assert!(!retries(&negated, says("permission denied")));
}

#[test]
fn a_pattern_that_is_no_regular_expression_panics_where_it_is_said() {
    let panic = std::panic::catch_unwind(|| message_matches("(")).unwrap_err();
    let text = panic.downcast_ref::<String>().unwrap();
    assert!(text.starts_with("\"(\" is no regular expression: "), "{text}");
}

/// An error in a chain of causes.
#[derive(Debug)]
struct Outer<E>(E);

impl<E: StdError> fmt::Display for Outer<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("outer")
    }
}

impl<E: StdError + 'static> StdError for Outer<E> {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        Some(&self.0)
    }
}

#[test]
fn ry_4_a_cause_is_found_anywhere_in_the_chain_but_the_error_is_not_its_own_cause() {
    let policy = retry().on(cause_type::<FmtError>());

    let deep = Outer(Outer(FmtError));
    assert!(retries(&policy, FailureView { error: Some(&deep), ..says("outer") }));
    assert!(!retries(&policy, FailureView { error: Some(&FmtError), ..says("fmt") }));
    assert!(!retries(&policy, FailureView::new(type_name::<FmtError>(), "fmt")));

    let named = |kind| [CauseView { kind: "", message: "m" }, CauseView { kind, message: "m" }];
    let causes = named(type_name::<FmtError>());
    assert!(retries(&policy, FailureView { causes: &causes, ..says("outer") }));
    let causes = named("Other");
    assert!(!retries(&policy, FailureView { causes: &causes, ..says("outer") }));
}

#[test]
fn an_error_that_is_its_own_source_does_not_hang() {
    #[derive(Debug)]
    struct Ring;
    impl fmt::Display for Ring {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("ring")
        }
    }
    impl StdError for Ring {
        fn source(&self) -> Option<&(dyn StdError + 'static)> {
            Some(&Ring)
        }
    }
    let ring = FailureView { error: Some(&Ring), ..says("ring") };
    assert!(!ring.is_caused_by::<FmtError>());
}

#[test]
fn ry_4_conditions_are_joined_with_or_and_and_not() {
    let (yes, no) = (Condition::always, Condition::never);
    for (condition, expected) in [
        (yes(), true),
        (no(), false),
        (no() | yes(), true),
        (no() | no(), false),
        (yes() & yes(), true),
        (yes() & no(), false),
        (!yes(), false),
        (!!yes(), true),
        (!(no() | yes()), false),
        (no() & no() | yes(), true),
        (no() & (no() | yes()), false),
        (yes() | no() & no(), true),
    ] {
        assert_eq!(condition.holds(&failure()), expected, "{condition}");
    }
}
