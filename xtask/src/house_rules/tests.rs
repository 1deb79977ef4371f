//! Data in, text out: a tree of files, and what is wrong with it.

use expect_test::{Expect, expect};

use super::*;

const MANIFEST: &str = "[package]\nname = \"x\"\n\n[lints]\nworkspace = true\n";

/// Checks a tree that has, beside these files, all that every tree needs.
///
/// In the files and in what is expected, a `~` after the first character keeps a banned word from
/// being found in this file.
fn check_files(files: &[(&str, &str)], expected: Expect) {
    let mut tree = Tree::default();
    for (path, text) in [("CHANGELOG.md", ""), ("Cargo.toml", "[workspace]\n")].iter().chain(files)
    {
        tree.files.insert((*path).to_owned(), Some(text.replace('~', "")));
    }
    let violations: Vec<_> = check(&tree).iter().map(ToString::to_string).collect();
    let mut text = violations.join("\n");
    for word in text::banned() {
        let (first, rest) = word.split_at(1);
        text = text.replace(word, &format!("{first}~{rest}"));
    }
    expected.assert_eq(&text);
}

#[test]
fn a_tree_that_keeps_the_rules_passes() {
    check_files(
        &[
            ("crates/x/Cargo.toml", MANIFEST),
            ("crates/x/src/lib.rs", "//! X.\n\nmod a;\npub(crate) mod b;\n"),
            ("crates/x/src/a.rs", "mod deep {\n}\n"),
            ("crates/x/src/b/mod.rs", "#[cfg(test)]\nmod tests;\n"),
            ("crates/x/src/b/tests.rs", ""),
            ("crates/x/src/bin/tool.rs", ""),
            ("crates/x/tests/it/main.rs", ""),
        ],
        expect![""],
    );
}

#[test]
fn a_changelog_is_needed() {
    let violations: Vec<_> = check(&Tree::default()).iter().map(ToString::to_string).collect();
    expect!["CHANGELOG.md: is missing"].assert_eq(&violations.join("\n"));
}

#[test]
fn a_file_of_more_than_400_lines_is_too_long_unless_it_is_generated() {
    check_files(
        &[
            ("a.rs", &"\n".repeat(400)),
            ("b.rs", &"\n".repeat(401)),
            ("assets/c.rs", &"\n".repeat(401)),
            ("d.md", &"\n".repeat(401)),
        ],
        expect!["b.rs: has 401 lines, more than 400: split it"],
    );
}

#[test]
fn notes_to_oneself_are_found_as_whole_words_in_written_files() {
    check_files(
        &[
            ("a.md", "one\n(F~IXME later)"),
            ("b.py", "# X~XX: why\nname = 'XXXX'\nPREFIX_X~XX"),
            ("package-lock.json", "\"sha512-X~XX/\""),
            ("ui/assets/app.js", "X~XX"),
        ],
        expect![[r"
            a.md:2: `F~IXME` is a note to oneself: do it, or open an issue
            b.py:1: `X~XX` is a note to oneself: do it, or open an issue"]],
    );
}

#[test]
fn unfinished_code_and_tests_that_do_not_test_are_found_in_rust_files() {
    check_files(
        &[
            ("a.rs", "t~odo!()\nu~nimplemented!(\"x\")\n#~[ignore = \"slow\"]\n#~[should_panic]"),
            ("b.md", "never write t~odo!()"),
        ],
        expect![[r"
            a.rs:1: `t~odo!(` is not allowed
            a.rs:2: `u~nimplemented!(` is not allowed
            a.rs:3: `#~[ignore` is not allowed
            a.rs:4: `#~[should_panic` is not allowed"]],
    );
}

#[test]
fn tests_do_not_sleep_but_code_may() {
    check_files(
        &[
            ("c/tests/it/a.rs", "tokio::t~ime::sleep(SECOND).await;"),
            ("c/src/tests.rs", "std::t~hread::sleep(SECOND);"),
            ("c/src/b.rs", "tokio::t~ime::sleep(delay).await;"),
            ("c/tests/it/paused.rs", "tokio::t~ime::sleep(SECOND).await;"),
        ],
        expect![[r"
            c/src/tests.rs:1: `t~hread::sleep` in a test: wait for the condition itself
            c/tests/it/a.rs:1: `t~ime::sleep` in a test: wait for the condition itself"]],
    );
}

#[test]
fn paths_of_a_machine_are_found_in_literals() {
    check_files(
        &[
            ("a.rs", "open(\"/~tmp/x\")\nlet a: &'a str = f(\"x\", \"--dir /~work/x\");"),
            ("b.rs", "// see /~tmp/x\nget(\"http://host/~home/\")\njoin(\"{base}/~tmp/x\")"),
            ("c.py", "open('/~root/x')"),
            ("d.md", "`\"/~tmp/x\"`"),
        ],
        expect![[r"
            a.rs:1: a path of one machine (`/~tmp/`)
            a.rs:2: a path of one machine (`/~work/`)
            c.py:1: a path of one machine (`/~root/`)"]],
    );
}

#[test]
fn npm_locks_name_no_registry() {
    let lock = "{\n  \"~resolved\": \"https://registry/x.tgz\"\n  \"~resolved\": \"../x\"\n}";
    check_files(
        &[("ui/package-lock.json", lock), ("other.json", lock)],
        expect![
            "ui/package-lock.json:2: the address of a registry: set `omit-lockfile-registry-resolved`"
        ],
    );
}

#[test]
fn every_crate_says_what_it_is_and_inherits_the_lints() {
    check_files(
        &[
            ("crates/x/Cargo.toml", "[package]\n\n[lints.rust]\nworkspace = true\n"),
            ("crates/x/src/lib.rs", "mod a;\n"),
            ("crates/x/src/a.rs", ""),
            ("crates/x/src/main.rs", "fn main() {}\n"),
            ("fuzz/Cargo.toml", "[package]\n\n[workspace]\n"),
        ],
        expect![[r"
            crates/x/Cargo.toml: does not inherit the workspace's lints
            crates/x/src/lib.rs:1: does not begin with `//!`: say what the crate is
            crates/x/src/main.rs:1: does not begin with `//!`: say what the crate is"]],
    );
}

#[test]
fn a_file_that_no_module_names_is_dead() {
    check_files(
        &[
            ("crates/x/Cargo.toml", MANIFEST),
            ("crates/x/src/lib.rs", "//! X.\nmod used;\n// mod gone;\nmod prefix_only;\n"),
            ("crates/x/src/gone.rs", ""),
            ("crates/x/src/prefix.rs", ""),
            ("crates/x/src/used/mod.rs", "pub mod deep;\n"),
            ("crates/x/src/used/deep.rs", "mod deeper;\n"),
            ("crates/x/src/used/deep/deeper.rs", ""),
            ("crates/x/src/used/lost/mod.rs", ""),
            ("crates/x/src/prefix_only.rs", ""),
        ],
        expect![[r"
            crates/x/src/gone.rs: is dead: no `mod gone` in lib.rs or main.rs
            crates/x/src/prefix.rs: is dead: no `mod prefix` in lib.rs or main.rs
            crates/x/src/used/lost/mod.rs: is dead: no `mod lost` in used/mod.rs or used.rs"]],
    );
}

#[test]
fn every_rule_of_the_semantics_names_tests_that_exist() {
    check_files(
        &[
            ("crates/x/Cargo.toml", MANIFEST),
            ("crates/x/src/lib.rs", "//! X.\n\nfn rt_1_works() {}\n"),
            (
                "docs/semantics.md",
                "| rule | verdict | how | tests |\n| --- | --- | --- | --- |\n\
                 | RT-1 | same | | `rt_1_works` |\n\
                 | RT-2 | same | | |\n\
                 | RT-2 | fixed | | `rt_2_is_missing` |\n\
                 | RT-3 | better | really | `rt_1_works` |\n\
                 | RT-4 | not applicable | there is no such thing | |\n\
                 | RT-5 | same |\n",
            ),
        ],
        expect![[r#"
            docs/semantics.md:4: no test holds RT-2
            docs/semantics.md:5: RT-2 has two rows
            docs/semantics.md:5: RT-2 names the test `rt_2_is_missing`, which does not exist
            docs/semantics.md:5: RT-2 says neither how nor why
            docs/semantics.md:6: the verdict on RT-3 is none of: same, fixed, not applicable
            docs/semantics.md:8: RT-5 needs four cells: rule, verdict, how or why, tests"#]],
    );
}
