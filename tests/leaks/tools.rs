//! Which tools this machine has.

use std::{io::Write as _, path::Path};

use crate::way::Way;

/// The ways that can be gone here, and what the others lack.
pub fn available(ways: &[Way]) -> (Vec<Way>, Vec<String>) {
    let missing = |way: &Way| way.needs().into_iter().find(|tool| !has(tool));
    let mut lacks: Vec<String> = ways
        .iter()
        .filter_map(missing)
        .map(|tool| format!("no {tool}"))
        .collect();
    lacks.sort();
    lacks.dedup();
    (
        ways.iter()
            .filter(|way| missing(way).is_none())
            .copied()
            .collect(),
        lacks,
    )
}

/// Whether programs of a run find a tool.
pub fn has(tool: &str) -> bool {
    ["/usr/bin", "/bin"]
        .iter()
        .any(|place| Path::new(place).join(tool).exists())
}

/// Says that something is not tried here. Not by a macro, whose text the test harness would keep to itself.
pub fn skipped(count: usize, all: usize, what: &str, lacks: &[String]) {
    if count > 0 {
        let line = format!("SKIPPED {count} of {all} {what}: {}\n", lacks.join(", "));
        std::io::stderr().write_all(line.as_bytes()).unwrap();
    }
}
