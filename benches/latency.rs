//! How long a person or an agent waits for the whole binary: a server's first answer, and a program with a secret.
//!
//! `cargo bench --bench latency` makes a store in a temporary directory and prints one Markdown table. Times are wall
//! times as the caller sees them, process start included. `HUSHKEY_PEERS` names other launchers, one command a line:
//! `fnox exec -- true`.

use std::{
    path::Path,
    process::{Command, Stdio},
    time::{Duration, Instant},
};

#[path = "binary.rs"]
mod binary;
#[path = "measure.rs"]
mod measure;

use binary::{INITIALIZE, REFERENCE, Session, hushkey, resident_kb, set_up};
use measure::{Times, head};

const DISCOVER: &str = r#"{"jsonrpc":"2.0","id":1,"method":"server/discover","params":{"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{}}}}"#;

fn main() {
    let place = tempfile::tempdir().expect("a temporary directory");
    // Made by hushkey, and so its owner's alone.
    let home = place.path().join("home");
    set_up(&home);

    head();
    let mut largest = 0;
    Times::of(first_answers(&home, INITIALIZE, 100, &mut largest))
        .row("spawn to the answer to `initialize`", "5 ms");
    Times::of(first_answers(&home, DISCOVER, 100, &mut largest))
        .row("spawn to the answer to `server/discover`", "5 ms");
    Times::of(first_lists(&home, 50)).row("spawn to the answer to `list_vaults`, store opened", "");
    launchers(&home, 200);
    Times::measure(100, |_| {
        let ended = hushkey(&home, &["--version"])
            .stdout(Stdio::null())
            .status();
        assert!(ended.is_ok_and(|status| status.success()), "--version");
    })
    .row("`hushkey --version`", "");
    runs(&home, 200).row("`run_command` of `true`, one reference", "12 ms");
    println!(
        "\nlargest resident set at the first answer: {:.1} MB (target 12 MB)",
        largest as f64 / 1e3
    );
}

/// Times from before the spawn to the first line of the answer; `largest` becomes the largest resident set, in kB.
fn first_answers(home: &Path, request: &str, count: usize, largest: &mut u64) -> Vec<Duration> {
    let answer = |_| {
        let begun = Instant::now();
        let mut session = Session::spawn(home);
        session.ask(request);
        let took = begun.elapsed();
        *largest = (*largest).max(resident_kb(session.process.id()));
        took
    };
    (0..count).map(answer).collect()
}

fn first_lists(home: &Path, count: usize) -> Vec<Duration> {
    let list = |_| {
        let begun = Instant::now();
        let mut session = Session::begin(home);
        session.call(2, "list_vaults", "{}");
        begun.elapsed()
    };
    (0..count).map(list).collect()
}

/// `true` alone, through `hushkey run`, and through others that start a program, taken in turns so that all see the same machine.
fn launchers(home: &Path, count: usize) {
    let plain = ["true", "env true", "sh -c true"];
    let took = in_turns(home, &plain, count);
    let through = took.last().expect("hushkey's own");
    let pairs = took[0].iter().zip(through);
    let added = pairs.map(|(plain, through)| through.saturating_sub(*plain));
    let added = Times::of(added.collect());
    rows(&plain, took, "`hushkey run -- true`, one reference");
    added.row("added by `hushkey run`, turn by turn", "5 ms");

    // Half a second of another program leaves cold caches: that is no turn for the figures above.
    let peers = std::env::var("HUSHKEY_PEERS").unwrap_or_default();
    let peers: Vec<_> = peers
        .lines()
        .filter(|line| !line.trim().is_empty())
        .collect();
    if !peers.is_empty() {
        let took = in_turns(home, &peers, count / 10);
        rows(&peers, took, "`hushkey run -- true`, in turns with these");
    }
}

/// How long each of some commands takes, and last `hushkey run` around `true`.
fn in_turns(home: &Path, lines: &[&str], count: usize) -> Vec<Vec<Duration>> {
    let variable = format!("SECRET={REFERENCE}");
    let timed = |mut command: Command| {
        let begun = Instant::now();
        let ended = command.stdout(Stdio::null()).status();
        assert!(ended.is_ok_and(|status| status.success()), "{command:?}");
        begun.elapsed()
    };
    let mut took = vec![Vec::with_capacity(count); lines.len() + 1];
    for _ in 0..count {
        for (line, took) in lines.iter().zip(&mut took) {
            let words: Vec<_> = line.split_whitespace().collect();
            let mut command = Command::new(words[0]);
            command.args(&words[1..]);
            took.push(timed(command));
        }
        let words = ["run", "--env", &variable, "--", "true"];
        took[lines.len()].push(timed(hushkey(home, &words)));
    }
    took
}

fn rows(lines: &[&str], took: Vec<Vec<Duration>>, own: &str) {
    let names = lines.iter().map(|line| format!("`{line}`"));
    for (name, took) in names.chain([own.to_owned()]).zip(took) {
        Times::of(took).row(&name, "");
    }
}

/// Runs of `true` through one server.
fn runs(home: &Path, count: usize) -> Times {
    let mut session = Session::begin(home);
    let arguments = format!(r#"{{"command":["true"],"env":{{"SECRET":"{REFERENCE}"}}}}"#);
    Times::measure(count, |i| {
        session.call(i + 2, "run_command", &arguments);
    })
}
