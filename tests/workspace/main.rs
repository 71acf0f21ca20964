//! The walls between the packages of the workspace, and that none of its tests is forgotten.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test fails by panicking")]

mod licences;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

/// One platform for all hosts: on others there may be other crates.
const PLATFORM: &str = "x86_64-unknown-linux-gnu";

fn top() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// What cargo says of this workspace, as it is locked and without a look at the network.
fn cargo(arguments: &[&str]) -> String {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    let output = command.args(arguments).args(["--locked", "--offline"]).current_dir(top()).output().unwrap();
    assert!(output.status.success(), "cargo {}: {}", arguments[0], String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// The crates that `package` is built from, tests aside: one name a crate, and one more for each further version.
fn crates_of(package: &str) -> Vec<String> {
    let tree = ["tree", "-p", package, "-e", "normal", "--prefix", "none", "--target", PLATFORM];
    // "syn v2.0.119 (proc-macro)", and a "(*)" where it has been named before.
    let version = |line: &str| line.split(' ').take(2).map(str::to_owned).collect::<Vec<_>>();
    let versions: BTreeSet<_> = cargo(&tree).lines().map(version).collect();
    versions.into_iter().map(|mut version| version.swap_remove(0)).filter(|name| name != package).collect()
}

/// The lines that `left` has and `right` has not; a line that stands twice has to be there twice.
fn missing<'a>(left: &[&'a str], right: &[&str]) -> Vec<&'a str> {
    let count = |list: &[&str], line| list.iter().filter(|other| **other == line).count();
    let mut found = left.to_vec();
    found.dedup();
    found.retain(|line| count(left, *line) > count(right, *line));
    found
}

#[test]
fn no_crate_comes_into_ocod_unseen() {
    let path = top().join("tests/workspace/crates-of-oco");
    let text = std::fs::read_to_string(&path).unwrap();
    let listed: Vec<_> = text.lines().collect();
    let built = crates_of("oco");
    let built: Vec<_> = built.iter().map(String::as_str).collect();
    assert!(listed.is_sorted(), "{}: sort it, as LC_ALL=C sort does", path.display());
    let (new, gone) = (missing(&built, &listed), missing(&listed, &built));
    assert!(
        new.is_empty(),
        "ocod would be built from {new:?} as well. Do without, or put what needs it into a package of its own; if ocod \
         itself cannot do without, say why in Cargo.toml and add the line to {}",
        path.display()
    );
    assert!(
        gone.is_empty(),
        "ocod is no longer built from {gone:?}: take the line out of {}",
        path.display()
    );
}

/// Cargo looks for no tests by itself here (`autotests`): what no manifest names would never run.
#[test]
fn each_folder_of_tests_is_named_in_a_manifest() {
    let metadata = cargo(&["metadata", "--no-deps", "--format-version", "1"]);
    let metadata: serde_json::Value = serde_json::from_str(&metadata).unwrap();
    let packages = metadata["packages"].as_array().unwrap();
    let targets = packages.iter().flat_map(|package| package["targets"].as_array().unwrap());
    let named: BTreeSet<PathBuf> =
        targets.map(|target| std::fs::canonicalize(target["src_path"].as_str().unwrap()).unwrap()).collect();
    for folder in std::fs::read_dir(top().join("tests")).unwrap() {
        let main = folder.unwrap().path().join("main.rs");
        if main.exists() {
            let main = std::fs::canonicalize(main).unwrap();
            assert!(named.contains(&main), "{}: no [[test]] in a Cargo.toml runs it", main.display());
        }
    }
}

/// The lints refuse it everywhere but where a reason stands beside it. ocowatch has one.
#[test]
fn unsafe_code_stands_in_one_file() {
    let mut folders = vec![top().join("src")];
    let mut found = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|ending| ending == "rs") {
                let text = std::fs::read_to_string(&path).unwrap();
                let is_unsafe = |line: &str| {
                    ["unsafe {", "unsafe fn", "unsafe impl"].iter().any(|word| line.contains(word))
                };
                found.extend(
                    text.lines().any(is_unsafe).then(|| path.strip_prefix(top()).unwrap().to_owned()),
                );
            }
        }
    }
    assert_eq!(found, [PathBuf::from("src/watch/memory.rs")]);
}
