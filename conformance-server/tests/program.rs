//! The program at a terminal: what it refuses, and what it then says.

use std::process::Command;

#[test]
fn a_store_of_an_unknown_kind_is_refused() {
    for store in ["postgres", "sqlite", "sqlite:", "memory:x"] {
        let expected = "expected `memory`, `sqlite:PATH` or `postgres://…`";
        check(&["--store", store], expected);
    }
}

#[test]
fn a_heartbeat_that_is_no_duration_is_refused() {
    for heartbeat in ["0", "-1", "soon", "NaN", "inf", "1e300"] {
        let expected = "expected a number of seconds above 0, such as 0.5";
        check(&["--heartbeat", heartbeat], expected);
    }
}

#[test]
fn pages_of_only_some_origins_are_not_let_in() {
    check(&["--cors", "same"], "[possible values: any]");
}

#[test]
fn a_folder_is_no_place_for_runs() {
    let folder = std::env::temp_dir();
    check(&["--store", &format!("sqlite:{}", folder.display())], "cannot keep runs in");
}

#[test]
fn an_address_that_is_taken_is_refused() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("there is a free port");
    let address = taken.local_addr().expect("it is bound").to_string();
    check(&["--listen", &address], "choose another --listen");
}

/// Checks that the program ends, says this, and never that it listens.
#[track_caller]
fn check(arguments: &[&str], expected: &str) {
    let program = env!("CARGO_BIN_EXE_conformance-server");
    let output = Command::new(program).args(arguments).output().expect("the program runs");
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success(), "it went well");
    assert!(output.stdout.is_empty(), "it said that it listens");
    assert!(error.contains(expected), "{error}");
    assert!(!error.contains("panicked"), "{error}");
}
