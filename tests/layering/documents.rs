//! What the documents say of the code is so: each invariant and promise names tests that exist, tables are current.

use std::fs;

use crate::source::{root, rust_files};

#[test]
fn each_invariant_names_a_test_that_exists() {
    let invariants = numbered(&section("ARCHITECTURE.md", "## Invariants"));

    check_names("ARCHITECTURE.md", &invariants);

    assert!(
        invariants.len() >= 9,
        "the control: {} invariants",
        invariants.len()
    );
}

#[test]
fn each_promise_names_tests_that_exist() {
    let promises: Vec<String> = section("SECURITY.md", "## What is promised")
        .split("\n### ")
        .skip(1)
        .map(str::to_owned)
        .collect();

    check_names("SECURITY.md", &promises);

    let names: Vec<&str> = promises
        .iter()
        .filter_map(|promise| promise.split(' ').next())
        .collect();
    assert_eq!(names, ["P1", "P2", "P3", "P4", "P5", "P6"]);
}

#[test]
fn the_readme_shows_the_tools_that_there_are() {
    let readme = document("README.md");

    let table = between(&readme, "<!-- tools -->", "<!-- /tools -->");

    assert_eq!(
        table.trim(),
        hushkey::mcp::tool_table().trim(),
        "paste the right side into README.md"
    );
}

/// Each passage has at least one test's name in backticks, and each such name is a function of ours.
fn check_names(document: &str, passages: &[String]) {
    let code: String = ["src", "tests"]
        .iter()
        .flat_map(|directory| rust_files(&root().join(directory)))
        .map(|path| fs::read_to_string(path).unwrap())
        .collect();
    let mut wrong = Vec::new();
    for passage in passages {
        let names: Vec<&str> = quoted(passage).filter(|name| is_test_name(name)).collect();
        if names.is_empty() {
            wrong.push(format!("no test is named in: {passage}"));
        }
        let missing = names
            .iter()
            .filter(|name| !code.contains(&format!("fn {name}(")));
        wrong.extend(missing.map(|name| format!("there is no test `{name}`")));
    }
    assert!(wrong.is_empty(), "{document}:\n{}", wrong.join("\n"));
}

fn quoted(text: &str) -> impl Iterator<Item = &str> {
    text.split('`').skip(1).step_by(2)
}

/// Tests are sentences: three words or more.
fn is_test_name(name: &str) -> bool {
    let plain = name
        .bytes()
        .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_');
    plain && name.matches('_').count() >= 3
}

fn document(name: &str) -> String {
    fs::read_to_string(root().join(name)).unwrap()
}

/// What stands beneath a heading, up to the next of its rank.
fn section(name: &str, heading: &str) -> String {
    let text = document(name);
    let body = text.split_once(heading).expect(heading).1;
    body.split("\n## ").next().unwrap().to_owned()
}

/// The entries of a numbered list.
fn numbered(text: &str) -> Vec<String> {
    let mut entries: Vec<String> = Vec::new();
    for line in text.lines() {
        let number = line.bytes().take_while(u8::is_ascii_digit).count();
        if number > 0 && line[number..].starts_with(". ") {
            entries.push(String::new());
        }
        if let Some(entry) = entries.last_mut() {
            entry.push_str(line);
            entry.push('\n');
        }
    }
    entries
}

fn between<'a>(text: &'a str, begin: &str, end: &str) -> &'a str {
    let after = text.split_once(begin).expect(begin).1;
    after.split_once(end).expect(end).0
}
