//! Where the program listens, and whom it lets in.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail the test")]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};

use expect_test::{Expect, expect};

const TOKEN: &str = "s3cret-t0ken";

#[test]
fn an_address_that_others_can_reach_needs_a_token() {
    check(
        &[],
        &["--listen", "0.0.0.0:0"],
        expect![[r#"
        exit code 1
        stepwell: other machines can reach 0.0.0.0:0, and there is no token to keep them out: set STEPWELL_TOKEN, listen on 127.0.0.1, or pass --insecure-no-auth if a proxy in front checks who calls
    "#]],
    );
    let variables = [("WORKFLOWS_PY_SERVER_HOST", "0.0.0.0"), ("WORKFLOWS_PY_SERVER_PORT", "81")];
    check(
        &variables,
        &[],
        expect![[r#"
        exit code 1
        stepwell: other machines can reach 0.0.0.0:81, and there is no token to keep them out: set STEPWELL_TOKEN, listen on 127.0.0.1, or pass --insecure-no-auth if a proxy in front checks who calls
    "#]],
    );
    check(
        &[("WORKFLOWS_PY_SERVER_HOST", "[::]")],
        &[],
        expect![[r#"
            exit code 1
            stepwell: other machines can reach [::]:8080, and there is no token to keep them out: set STEPWELL_TOKEN, listen on 127.0.0.1, or pass --insecure-no-auth if a proxy in front checks who calls
        "#]],
    );
}

#[test]
fn a_token_that_cannot_be_one_is_refused_and_not_repeated() {
    check(
        &[("STEPWELL_TOKEN", "")],
        &[],
        expect![[r#"
            exit code 1
            stepwell: cannot use the token of --token or STEPWELL_TOKEN; make one with `openssl rand -hex 32`, or leave it out: the token is empty
        "#]],
    );
    check(
        &[],
        &["--token", "two words"],
        expect![[r#"
            exit code 1
            stepwell: cannot use the token of --token or STEPWELL_TOKEN; make one with `openssl rand -hex 32`, or leave it out: the token has characters other than ASCII letters, digits and punctuation
        "#]],
    );
}

#[test]
fn variables_that_say_nothing_sensible_are_named() {
    check(
        &[("WORKFLOWS_PY_SERVER_PORT", "http")],
        &[],
        expect![[r#"
            exit code 1
            stepwell: WORKFLOWS_PY_SERVER_PORT is `http`, which is no port, such as 8080
        "#]],
    );
    let said = run(&[("WORKFLOWS_PY_SERVER_HOST", "a b")], &[]);
    assert!(said.contains("WORKFLOWS_PY_SERVER_HOST is `a b`, which is no host"), "{said}");
}

#[test]
fn origins_hosts_and_numbers_are_checked() {
    check(
        &[],
        &["--cors", "https://app.example.com/page"],
        expect![[r#"
            exit code 2
            error: invalid value 'https://app.example.com/page' for '--cors <ORIGIN|any>': an origin is a scheme, a host and perhaps a port, such as https://app.example.com or http://localhost:5173, without a path; or `any`

            For more information, try '--help'.
        "#]],
    );
    check(
        &[],
        &["--allow-host", "https://flows.example.com"],
        expect![[r#"
            exit code 2
            error: invalid value 'https://flows.example.com' for '--allow-host <HOST>': a host is a name or an IP address, such as flows.example.com, without scheme and port

            For more information, try '--help'.
        "#]],
    );
    check(
        &[],
        &["--max-connections", "0"],
        expect![[r#"
            exit code 2
            error: invalid value '0' for '--max-connections <NUMBER>': 0 is not in 1..=4294967295

            For more information, try '--help'.
        "#]],
    );
}

#[test]
fn the_help_does_not_tell_the_token() {
    let said = run(&[("STEPWELL_TOKEN", TOKEN)], &["--help"]);
    assert!(said.contains("[env: STEPWELL_TOKEN]") && !said.contains(TOKEN), "{said}");
}

#[test]
fn the_settings_reach_the_server() {
    let demo = Demo::start(
        &[("STEPWELL_TOKEN", TOKEN), ("WORKFLOWS_PY_SERVER_PORT", "0")],
        &[
            "--cors",
            "https://app.example.com",
            "--allow-host",
            "flows.example",
            "--max-connections",
            "50",
        ],
    );
    for (head, status) in [
        ("Host: localhost", 401),
        ("Host: localhost\r\nAuthorization: Bearer s3cret-t0ken", 200),
        ("Host: flows.example\r\nAuthorization: Bearer s3cret-t0ken", 200),
        ("Host: evil.example\r\nAuthorization: Bearer s3cret-t0ken", 421),
        ("Host: localhost\r\nOrigin: https://app.example.com", 401),
    ] {
        let answer = demo.ask(head);
        assert!(answer.starts_with(&format!("HTTP/1.1 {status}")), "{head}: {answer}");
        let may_read = answer.contains("access-control-allow-origin: https://app.example.com\r\n");
        assert_eq!(may_read, head.contains("app.example.com"), "{head}: {answer}");
    }
    let said = demo.stop();
    assert!(!said.contains(TOKEN) && said.contains("listening"), "{said}");
}

#[test]
fn the_protocol_can_be_spoken_as_older_clients_expect() {
    let with_context = r#"{"handler_id": "h", "context": {"version": 2}}"#;
    let run = |demo: &Demo| demo.send("POST /workflows/greet/run", "Host: localhost", with_context);
    let read = |demo: &Demo| demo.send("GET /events/h", "Host: localhost", "");

    let free = ["--listen", "127.0.0.1:0"];
    let older = [&["--listen", "localhost:0"][..], &["--events-default", "-1", "--accept-context"]]
        .concat();
    let demo = Demo::start(&[], &older);
    assert!(run(&demo).starts_with("HTTP/1.1 200"));
    assert!(read(&demo).contains("StopEvent"));
    demo.stop();

    let demo = Demo::start(&[], &free);
    assert!(run(&demo).contains("Context API is disabled."));
    demo.send("POST /workflows/greet/run", "Host: localhost", r#"{"handler_id": "h"}"#);
    assert!(read(&demo).starts_with("HTTP/1.1 204"));
    demo.stop();

    check(
        &[],
        &["--events-default", "0"],
        expect![[r#"
        exit code 2
        error: invalid value '0' for '--events-default <now|-1>': expected `now` or `-1`

        For more information, try '--help'.
    "#]],
    );
}

#[test]
fn what_is_open_is_warned_of() {
    let demo = Demo::start(&[], &["--listen", "0.0.0.0:0", "--insecure-no-auth", "--cors", "any"]);
    assert!(demo.ask("Host: 10.1.2.3:80\r\nOrigin: null").contains("allow-origin: null\r\n"));
    let said = demo.stop();
    assert!(said.contains("WARN") && said.contains("there is no token"), "{said}");
    assert!(said.contains("pages of any origin may call"), "{said}");
}

/// A demo that runs.
struct Demo {
    child: Child,
    port: String,
    _data: tempfile::TempDir,
}

impl Demo {
    fn start(variables: &[(&str, &str)], arguments: &[&str]) -> Self {
        let data = tempfile::tempdir().unwrap();
        let mut child = command(variables, arguments)
            .arg("--data")
            .arg(data.path())
            .env("STEPWELL_LOG", "debug")
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let port = line.trim().rsplit(':').next().unwrap().to_owned();
        Self { child, port, _data: data }
    }

    /// Asks for the workflows.
    fn ask(&self, head: &str) -> String {
        self.send("GET /workflows", head, "")
    }

    fn send(&self, request: &str, head: &str, body: &str) -> String {
        let mut stream = TcpStream::connect(format!("127.0.0.1:{}", self.port)).unwrap();
        let length = body.len();
        let request = format!(
            "{request} HTTP/1.1\r\nConnection: close\r\nContent-Length: {length}\r\n{head}\r\n\r\n{body}"
        );
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    }

    /// Stops it and returns its log.
    fn stop(mut self) -> String {
        self.child.kill().unwrap();
        let mut said = String::new();
        self.child.stderr.take().unwrap().read_to_string(&mut said).unwrap();
        self.child.wait().unwrap();
        said
    }
}

#[track_caller]
fn check(variables: &[(&str, &str)], arguments: &[&str], expected: Expect) {
    let said = run(variables, arguments);
    let (code, rest) = said.split_once('\n').unwrap();
    // The log begins with the time.
    let rest = rest.split_once("ERROR ").map_or(rest, |(_, error)| error);
    expected.assert_eq(&format!("{code}\n{rest}"));
}

/// Runs the demo to its end.
fn run(variables: &[(&str, &str)], arguments: &[&str]) -> String {
    let done = command(variables, arguments).output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    let code = done.status.code().unwrap();
    format!("exit code {code}\n{}{}", text(done.stdout), text(done.stderr))
}

fn command(variables: &[(&str, &str)], arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_stepwell"));
    command.arg("demo").args(arguments).stdin(Stdio::null());
    for name in
        ["STEPWELL_LOG", "STEPWELL_TOKEN", "WORKFLOWS_PY_SERVER_HOST", "WORKFLOWS_PY_SERVER_PORT"]
    {
        command.env_remove(name);
    }
    command.envs(variables.iter().copied());
    command
}
