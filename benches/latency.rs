//! How long a person or an agent waits for the whole binary: a server's first answer, and a program with a secret.
//!
//! `cargo bench --bench latency` makes a store in a temporary directory and prints one Markdown table. Times are wall
//! times as the caller sees them, process start included.

use std::{
    io::{BufRead, BufReader, Write},
    path::Path,
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
    time::{Duration, Instant},
};

#[path = "measure.rs"]
mod measure;

use measure::{Times, head};

const HUSHKEY: &str = env!("CARGO_BIN_EXE_hushkey");
const REFERENCE: &str = "op://Dev/bench/password";
const INITIALIZE: &str = r#"{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"bench","version":"1"}}}"#;
const DISCOVER: &str = r#"{"jsonrpc":"2.0","id":1,"method":"server/discover","params":{"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{}}}}"#;
const INITIALIZED: &str = r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#;

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
    let (plain, through) = pairs(&home, 200);
    let added = plain
        .iter()
        .zip(&through)
        .map(|(plain, through)| through.saturating_sub(*plain));
    let added = Times::of(added.collect());
    Times::of(plain).row("`true`", "");
    Times::measure(100, |_| {
        let ended = hushkey(&home, &["--version"])
            .stdout(Stdio::null())
            .status();
        assert!(ended.is_ok_and(|status| status.success()), "--version");
    })
    .row("`hushkey --version`", "");
    Times::of(through).row("`hushkey run -- true`, one reference", "");
    added.row("added by `hushkey run`, pair by pair", "5 ms");
    Session::begin(&home)
        .runs(200)
        .row("`run_command` of `true`, one reference", "12 ms");
    println!(
        "\nlargest resident set at the first answer: {:.1} MB (target 12 MB)",
        largest as f64 / 1e3
    );
}

/// Makes a store with one item, by the command line.
fn set_up(home: &Path) {
    let made = hushkey(home, &["init"]).stdout(Stdio::null()).status();
    assert!(made.is_ok_and(|status| status.success()), "init");
    let item = [
        "item",
        "create",
        "--vault",
        "Dev",
        "--title",
        "bench",
        "--generate-password",
    ];
    let made = hushkey(home, &item).stdout(Stdio::null()).status();
    assert!(made.is_ok_and(|status| status.success()), "item create");
}

fn hushkey(home: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(HUSHKEY);
    command.args(arguments).env("HUSHKEY_HOME", home);
    command
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

/// `true`, and `hushkey run -- true`, taken in turns so that both see the same machine.
fn pairs(home: &Path, count: usize) -> (Vec<Duration>, Vec<Duration>) {
    let variable = format!("SECRET={REFERENCE}");
    let timed = |command: &mut Command| {
        let begun = Instant::now();
        let ended = command.status();
        assert!(ended.is_ok_and(|status| status.success()), "{command:?}");
        begun.elapsed()
    };
    let pair = |_| {
        let plain = timed(&mut Command::new("true"));
        let through = timed(&mut hushkey(
            home,
            &["run", "--env", &variable, "--", "true"],
        ));
        (plain, through)
    };
    (0..count).map(pair).unzip()
}

/// The most that a process had in memory so far, in kB.
fn resident_kb(pid: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.split_whitespace().next()?.parse().ok())
        .unwrap_or(0)
}

/// A server and its pipes.
struct Session {
    process: Child,
    to: ChildStdin,
    from: BufReader<ChildStdout>,
}

impl Session {
    fn spawn(home: &Path) -> Self {
        let mut process = hushkey(home, &["mcp"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("hushkey starts");
        Self {
            to: process.stdin.take().expect("a pipe"),
            from: BufReader::new(process.stdout.take().expect("a pipe")),
            process,
        }
    }

    fn begin(home: &Path) -> Self {
        let mut session = Self::spawn(home);
        session.ask(INITIALIZE);
        writeln!(session.to, "{INITIALIZED}").expect("the server reads");
        session
    }

    fn ask(&mut self, request: &str) -> String {
        writeln!(self.to, "{request}").expect("the server reads");
        let mut line = String::new();
        self.from.read_line(&mut line).expect("the server answers");
        assert!(line.contains("\"result\""), "{line}");
        line
    }

    fn call(&mut self, id: usize, tool: &str, arguments: &str) {
        let answer = self.ask(&format!(
            r#"{{"jsonrpc":"2.0","id":{id},"method":"tools/call","params":{{"name":"{tool}","arguments":{arguments}}}}}"#
        ));
        assert!(!answer.contains("\"isError\":true"), "{answer}");
    }

    fn runs(&mut self, count: usize) -> Times {
        let arguments = format!(r#"{{"command":["true"],"env":{{"SECRET":"{REFERENCE}"}}}}"#);
        Times::measure(count, |i| self.call(i + 2, "run_command", &arguments))
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
