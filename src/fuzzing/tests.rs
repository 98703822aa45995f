//! Replays the committed corpus, so that what a fuzzer found once stays right without one.

use std::{fs, path::Path};

#[test]
fn the_engine_still_agrees_with_the_reference_on_the_corpus() {
    replay("engine", super::engine);
}

#[test]
fn the_gate_still_stands_on_the_corpus() {
    replay("gate", super::gate);
}

#[test]
fn the_parsers_still_read_the_corpus() {
    replay("parsers", super::parsers);
}

fn replay(target: &str, run: fn(&[u8])) {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("fuzz/corpus")
        .join(target);
    let mut files: Vec<_> = fs::read_dir(corpus)
        .expect("the corpus is committed")
        .map(|entry| entry.expect("it can be listed").path())
        .collect();
    files.sort();

    for file in &files {
        eprintln!("{}", file.display());
        run(&fs::read(file).expect("it can be read"));
    }

    assert!(files.len() > 10, "the control: {} inputs", files.len());
}
