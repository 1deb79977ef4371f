//! Runs every example and compares what it prints.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::process::Command;

use expect_test::{Expect, expect};

fn check(program: &str, expected: Expect) {
    let output = Command::new(program).output().unwrap();
    let errors = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success(), "{program} failed: {errors}");
    expected.assert_eq(&String::from_utf8(output.stdout).unwrap());
}

#[test]
fn linear() {
    check(
        env!("CARGO_BIN_EXE_linear"),
        expect![[r#"
        Why do pirates sail? Because they can. (short)
    "#]],
    );
}

#[test]
fn branch_and_loop() {
    check(
        env!("CARGO_BIN_EXE_branch_and_loop"),
        expect![[r#"
        it is 42, found in 10 tries
    "#]],
    );
}

#[test]
fn fan_out() {
    check(
        env!("CARGO_BIN_EXE_fan_out"),
        expect![[r#"
        home (4 words)
        news (4 words)
        about (5 words)
    "#]],
    );
}

#[test]
fn approval() {
    check(
        env!("CARGO_BIN_EXE_approval"),
        expect![[r#"
        Approve {"order":7,"amount":120}
        order 7 was approved
    "#]],
    );
}

#[test]
fn approval_inside() {
    check(
        env!("CARGO_BIN_EXE_approval_inside"),
        expect![[r#"
        asking for the price of tea
        "charged 30"
    "#]],
    );
}

#[test]
fn retry_and_catch() {
    check(
        env!("CARGO_BIN_EXE_retry_and_catch"),
        expect![[r#"
        attempt 1 at news
        attempt 2 at news
        attempt 3 at news
        connection reset after 3 attempts
        read from the mirror of news
    "#]],
    );
}

#[test]
fn resources() {
    check(
        env!("CARGO_BIN_EXE_resources"),
        expect![[r#"
        "the parrot says: hello! (call 1)"
        "the parrot says: goodbye! (call 2)"
    "#]],
    );
}

#[test]
fn no_macros() {
    check(
        env!("CARGO_BIN_EXE_no_macros"),
        expect![[r#"
        "30, from 4 squares"
    "#]],
    );
}

#[test]
fn token_stream() {
    check(
        env!("CARGO_BIN_EXE_token_stream"),
        expect![[r#"
        killed after 5 tokens
        11 tokens of 11, the first 5 as before: true
    "#]],
    );
}

#[test]
fn tested() {
    check(
        env!("CARGO_BIN_EXE_tested"),
        expect![[r#"
        workflow WelcomeFlow has 1 step
        run `cargo test -p stepwell-examples --bin tested` to see it tested
    "#]],
    );
}
