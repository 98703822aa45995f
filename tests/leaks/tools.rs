//! Which tools this machine has.

use std::path::Path;

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
