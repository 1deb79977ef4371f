//! The program at a terminal: exit code, standard output and standard error as one snapshot.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail the test")]

use std::process::{Command, Stdio};

use expect_test::{Expect, expect};

#[test]
fn without_a_command_it_says_what_it_can_do() {
    check(
        &[],
        expect![[r#"
        exit code 2
        Durable, event-driven workflows, served over HTTP

        Usage: stepwell <COMMAND>

        Commands:
          demo  Serve the demo workflows (greet, human, fan-out) until SIGINT or SIGTERM
          help  Print this message or the help of the given subcommand(s)

        Options:
          -h, --help     Print help
          -V, --version  Print version

        Environment:
          STEPWELL_LOG  what to log on standard error, such as `warn` or `info,stepwell=debug` [default:
          info]
    "#]],
    );
}

#[test]
fn the_demo_says_what_it_can_be_told() {
    check(
        &["demo", "--help"],
        expect![[r#"
            exit code 0
            Serve the demo workflows (greet, human, fan-out) until SIGINT or SIGTERM

            Usage: stepwell demo [OPTIONS]

            Options:
                  --data <DIR>   The directory to keep runs in [default: stepwell/demo in $XDG_DATA_HOME or
                                 ~/.local/share]
                  --store <URL>  Keep runs in a PostgreSQL database instead, such as
                                 postgres://user:password@host/database. Others on this machine can see it among
                                 the arguments, but not in the variable [env: STEPWELL_STORE]
              -h, --help         Print help

            Who may call:
                  --listen <ADDR>             The address and port to listen on; port 0 takes a free one
                                              [default: $WORKFLOWS_PY_SERVER_HOST and $WORKFLOWS_PY_SERVER_PORT,
                                              or 127.0.0.1:8080]
                  --token <TOKEN>             What callers have to send, as `Authorization: Bearer TOKEN`.
                                              Others on this machine can see it among the arguments, but not in
                                              the variable [env: STEPWELL_TOKEN]
                  --insecure-no-auth          Listen where other machines can call, without a token: they can
                                              then do everything
                  --cors <ORIGIN|any>         Let pages of this origin call, such as `https://app.example.com`;
                                              `any` lets those of all, for development. Can be repeated
                  --allow-host <HOST>         A name that this server is called by, besides localhost. Can be
                                              repeated
                  --max-connections <NUMBER>  How many connections there may be; further ones are answered with
                                              503 [default: 10000]

            Protocol:
                  --events-default <now|-1>  Where a reader of events begins that does not say where: `now`, or
                                             `-1` for the first event, which clients from before
                                             `llama-agents-client` count on
                  --accept-context           Take over the state of a serialized context that a start brings:
                                             clients can then set what only steps should

            Environment:
              STEPWELL_LOG  what to log on standard error, such as `warn` or `info,stepwell=debug` [default:
              info]
        "#]],
    );
}

#[test]
fn an_address_without_a_host_is_refused() {
    check(
        &["demo", "--listen", "8081"],
        expect![[r#"
            exit code 2
            error: invalid value '8081' for '--listen <ADDR>': expected an address of this machine and a port, such as 127.0.0.1:8081

            For more information, try '--help'.
        "#]],
    );
}

#[test]
fn a_data_directory_that_is_a_file_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("file");
    std::fs::write(&file, "in the way").unwrap();
    let data = file.to_str().unwrap();
    let said = run(&["demo", "--data", data]).replace(data, "FILE");
    // The log begins with the time.
    let said = said.split_once("ERROR ").map_or(said.as_str(), |(_, error)| error);
    expect![[r#"
        stepwell: FILE is a file; --data takes a directory
    "#]]
    .assert_eq(said);
}

#[track_caller]
fn check(arguments: &[&str], expected: Expect) {
    expected.assert_eq(&run(arguments));
}

/// Runs the program to its end.
fn run(arguments: &[&str]) -> String {
    let done = Command::new(env!("CARGO_BIN_EXE_stepwell"))
        .args(arguments)
        .env_remove("STEPWELL_LOG")
        .env_remove("STEPWELL_TOKEN")
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    let code = done.status.code().unwrap();
    format!("exit code {code}\n{}{}", text(done.stdout), text(done.stderr))
}
