//! How calls are numbered and in which order they are answered.

use std::collections::BTreeSet;

use stepwell_core::{Answer, CallKey, CallKind, Name, Outcome, Payload, Recorded};

use super::ContextError;
use super::answers::Answers;
use super::numbers::{MAX_CALLS, NewCall, Numbers, Refused};

fn call<'a>(branch: &'a Name, kind: CallKind, name: &str) -> NewCall<'a> {
    NewCall { branch, kind, name: name.into(), target: None }
}

#[test]
fn an_attempt_makes_only_so_many_calls() {
    let mut numbers = Numbers::new(&Recorded::new(), 1);
    let root = Name::empty();
    for nth in 0..MAX_CALLS {
        let numbered = numbers.number(&call(&root, CallKind::Send, "A")).unwrap();
        assert_eq!(numbered.key.nth as usize, nth);
    }
    let refused = numbers.number(&call(&root, CallKind::Sleep, ""));
    assert!(matches!(refused, Err(Refused::Error(ContextError::TooManyCalls))));
}

#[test]
fn calls_are_counted_by_branch_kind_and_name() {
    let mut numbers = Numbers::new(&Recorded::new(), 1);
    let (root, other) = (Name::empty(), Name::from("other"));
    let calls = [
        (&root, CallKind::Send, "A", 0),
        (&root, CallKind::Send, "B", 0),
        (&other, CallKind::Send, "A", 0),
        (&root, CallKind::Once, "A", 0),
        (&root, CallKind::Send, "A", 1),
        (&other, CallKind::Send, "A", 1),
    ];
    for (branch, kind, name, nth) in calls {
        assert_eq!(numbers.number(&call(branch, kind, name)).unwrap().key.nth, nth);
    }
}

fn key(nth: u32) -> CallKey {
    CallKey { branch: Name::empty(), kind: CallKind::Once, name: "n".into(), nth }
}

/// Answers to the calls of these numbers.
fn answers(numbers: &[u32]) -> Answers {
    let nothing = Recorded::new();
    let mut answers = Answers::new(&nothing, &Numbers::new(&nothing, 1));
    add(&mut answers, numbers);
    answers
}

fn add(answers: &mut Answers, numbers: &[u32]) {
    let answer = |nth: &u32| Answer { key: key(*nth), outcome: Outcome::Value(Payload::null()) };
    answers.add(&numbers.iter().map(answer).collect::<Vec<_>>());
}

/// Releases what there is for a body that has these calls open.
fn release(answers: &mut Answers, open: &[u32]) -> Vec<u32> {
    let open: BTreeSet<CallKey> = open.iter().copied().map(key).collect();
    std::iter::from_fn(|| answers.release(|key| open.contains(key))).map(|key| key.nth).collect()
}

#[test]
fn an_answer_waits_for_those_before_it() {
    let mut answers = answers(&[2, 0, 1]);
    assert!(release(&mut answers, &[0, 1]).is_empty());
    assert_eq!(release(&mut answers, &[0, 1, 2]), [2, 0, 1]);
}

#[test]
fn one_that_is_not_wanted_holds_up_nothing() {
    let mut answers = answers(&[2, 0, 1]);
    answers.give_up(&key(2));
    assert_eq!(release(&mut answers, &[0, 1]), [0, 1]);
}

#[test]
fn one_that_was_passed_over_comes_when_it_is_asked_for() {
    let mut answers = answers(&[2, 0, 1]);
    let only = |nth: u32| move |open: &CallKey| *open == key(nth);
    assert!(answers.pass_over(only(0)));
    assert_eq!(release(&mut answers, &[0]), [0]);
    assert_eq!(answers.known(), 3);
    add(&mut answers, &[3]);
    answers.ask(&key(2));
    // Before those that are still to come.
    assert_eq!(release(&mut answers, &[1, 2, 3]), [2, 1, 3]);
    assert_eq!(answers.known(), 4);
}

#[test]
fn nothing_is_passed_over_in_vain() {
    let mut answers = answers(&[1, 0]);
    assert!(!answers.pass_over(|_| false));
    answers.ask(&key(0));
    answers.ask(&key(1));
    // In the order in which they came.
    assert_eq!(release(&mut answers, &[0, 1]), [1, 0]);
}
