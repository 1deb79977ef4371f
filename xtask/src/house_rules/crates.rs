//! Rules about how crates are laid out.

use super::{Tree, Violation};

pub(super) fn changelog(tree: &Tree) -> Vec<Violation> {
    if tree.contains("CHANGELOG.md") {
        return Vec::new();
    }
    vec![Violation::file("CHANGELOG.md", "is missing")]
}

/// Crates with lints of their own: what they are for needs unsafe code, which the workspace forbids
/// and which no crate that is shipped may have. They deny it but for one file.
const OWN_LINTS: [&str; 1] = ["recording-vfs/"];

/// Every crate inherits the workspace's lints, and its roots say what they are.
pub(super) fn manifests(tree: &Tree) -> Vec<Violation> {
    let mut violations = Vec::new();
    for (folder, manifest) in packages(tree) {
        let denies_unsafe = manifest.contains("unsafe_code = \"deny\"");
        let has_own = OWN_LINTS.contains(&folder) && denies_unsafe;
        if !has_own && !inherits_lints(manifest) {
            let what = "does not inherit the workspace's lints";
            violations.push(Violation::file(&format!("{folder}Cargo.toml"), what));
        }
        for root in ["src/lib.rs", "src/main.rs"] {
            let path = format!("{folder}{root}");
            if tree.text(&path).is_some_and(|text| !text.starts_with("//!")) {
                let what = "does not begin with `//!`: say what the crate is";
                violations.push(Violation::line(&path, 1, what));
            }
        }
    }
    violations
}

/// Every file under a crate's `src` is named by a `mod` in the module above it.
pub(super) fn dead_files(tree: &Tree) -> Vec<Violation> {
    let mut violations = Vec::new();
    for (folder, _) in packages(tree) {
        let source = format!("{folder}src/");
        let files = tree.paths().filter_map(|path| path.strip_prefix(&source));
        for file in files.filter(|file| file.ends_with(".rs") && !is_root(file)) {
            let (parents, name) = parents(file);
            let named = parents.iter().any(|parent| {
                tree.text(&format!("{source}{parent}")).is_some_and(|text| declares(text, name))
            });
            if !named {
                let what = format!("is dead: no `mod {name}` in {}", parents.join(" or "));
                violations.push(Violation::file(&format!("{source}{file}"), what));
            }
        }
    }
    violations
}

/// Returns the folder (empty or ending in `/`) and the manifest of every crate of the workspace.
fn packages(tree: &Tree) -> impl Iterator<Item = (&str, &str)> {
    tree.texts().filter_map(|(path, text)| {
        let folder = path.strip_suffix("Cargo.toml")?;
        let is_folder = folder.is_empty() || folder.ends_with('/');
        let has = |table: &str| text.lines().any(|line| line.trim() == table);
        // One with a workspace of its own is not of this one.
        let foreign = !folder.is_empty() && has("[workspace]");
        (is_folder && has("[package]") && !foreign).then_some((folder, text))
    })
}

fn inherits_lints(manifest: &str) -> bool {
    let mut table = "";
    for line in manifest.lines().map(str::trim) {
        if line.starts_with('[') {
            table = line;
        }
        let compact: String = line.chars().filter(|c| !c.is_whitespace()).collect();
        let inherits = table == "[lints]" && compact == "workspace=true";
        if inherits || compact == "lints.workspace=true" {
            return true;
        }
    }
    false
}

/// Tells whether cargo finds the file by itself.
fn is_root(file: &str) -> bool {
    let parts: Vec<&str> = file.split('/').collect();
    match parts.as_slice() {
        ["lib.rs" | "main.rs"] | ["bin", _] => true,
        ["bin", _, name] => *name == "main.rs",
        _ => false,
    }
}

/// Returns the files that may declare a module, and the module's name.
fn parents(file: &str) -> (Vec<String>, &str) {
    let module = file.trim_end_matches(".rs").trim_end_matches("/mod");
    let (folder, name) = module.rsplit_once('/').unwrap_or(("", module));
    let files = match folder {
        "" => vec!["lib.rs".to_owned(), "main.rs".to_owned()],
        _ if folder.starts_with("bin/") => {
            vec![format!("{folder}/main.rs"), format!("{folder}/mod.rs")]
        }
        _ => vec![format!("{folder}/mod.rs"), format!("{folder}.rs")],
    };
    (files, name)
}

fn declares(text: &str, name: &str) -> bool {
    text.lines().any(|line| {
        let code = line.trim();
        let after =
            code.strip_prefix("mod ").or_else(|| code.split_once(" mod ").map(|(_, mod_)| mod_));
        let is_comment = code.starts_with("//");
        let declared = after.and_then(|after| after.trim_start().strip_prefix(name));
        !is_comment && declared.is_some_and(|rest| rest.trim_start().starts_with([';', '{']))
    })
}
