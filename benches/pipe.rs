//! What output costs on its way through the whole binary: speed beside a pipe, and memory that does not grow.
//!
//! `cargo bench --bench pipe -- speed` sends a log of 1 GiB through `hushkey run` and through a pipe, in turns;
//! `cargo bench --bench pipe -- memory` sends 100 MB and 10 GB through `hushkey run` and through `run_command`.

use std::{
    io::Write as _,
    path::Path,
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

#[path = "binary.rs"]
mod binary;
use binary::{REFERENCE, Session, hushkey, resident_kb, set_up};

const LOG_BYTES: u64 = 1 << 30;
const SECRETS: usize = 10;
const PAIRS: usize = 7;

fn main() {
    let wanted: Vec<String> = std::env::args().skip(1).collect();
    let wants =
        |name: &str| wanted.iter().all(|w| w.starts_with('-')) || wanted.iter().any(|w| w == name);
    let place = tempfile::tempdir().expect("a temporary directory");
    // Made by hushkey, and so its owner's alone.
    let home = place.path().join("home");
    set_up(&home);
    for i in 1..SECRETS {
        more(&home, i);
    }

    if wants("speed") {
        speed(&home, &place.path().join("log"));
    }
    if wants("memory") {
        memory(&home);
    }
}

/// Another secret beside the one of [`set_up`].
fn more(home: &Path, i: usize) {
    let title = format!("bench{i}");
    let item = [
        "item",
        "create",
        "--vault",
        "Dev",
        "--title",
        &title,
        "--generate-password",
    ];
    let made = hushkey(home, &item).stdout(Stdio::null()).status();
    assert!(made.is_ok_and(|status| status.success()), "item create");
}

/// `hushkey run` of a program with all secrets in its environment.
fn run(home: &Path, program: &[&str]) -> Command {
    let mut command = hushkey(home, &["run"]);
    command.args(["--env", &format!("SECRET0={REFERENCE}")]);
    for i in 1..SECRETS {
        command.args(["--env", &format!("SECRET{i}=op://Dev/bench{i}/password")]);
    }
    command.arg("--").args(program).stdout(Stdio::null());
    command
}

fn speed(home: &Path, log: &Path) {
    write_log(log);
    let log = log.to_str().expect("a plain path");
    let timed = |command: &mut Command| {
        let begun = Instant::now();
        let ended = command.status();
        assert!(ended.is_ok_and(|status| status.success()), "{command:?}");
        begun.elapsed()
    };
    let pair = |_| {
        let mut pipe = Command::new("sh");
        pipe.args(["-c", "cat \"$0\" | cat > /dev/null", log]);
        (timed(&mut pipe), timed(&mut run(home, &["cat", log])))
    };
    let (pipe, through): (Vec<Duration>, Vec<Duration>) = (0..PAIRS).map(pair).unzip();

    println!("| 1 GiB, {PAIRS} times in turns | median | least | most |\n|---|---|---|---|");
    row("`cat log \\| cat > /dev/null`", pipe);
    row(
        &format!("`hushkey run -- cat log > /dev/null`, {SECRETS} secrets"),
        through,
    );
}

fn row(what: &str, mut times: Vec<Duration>) {
    times.sort();
    let told = |at: usize| format!("{:.2} s", times[at].as_secs_f64());
    let (median, most) = (told(times.len() / 2), told(times.len() - 1));
    println!("| {what} | {median} | {} | {most} |", told(0));
}

/// Lines as a build or a service prints them, no two alike.
fn write_log(path: &Path) {
    let file = std::fs::File::create(path).expect("the temporary directory takes a file");
    let mut file = std::io::BufWriter::new(file);
    let (mut written, mut line) = (0, 0_u64);
    while written < LOG_BYTES {
        let text = format!(
            "{{\"line\":{line},\"level\":\"info\",\"msg\":\"request finished\",\"id\":\"{:016x}\",\"ms\":{}}}\n",
            line.wrapping_mul(0x9e37_79b9_7f4a_7c15),
            line % 977
        );
        file.write_all(text.as_bytes()).expect("there is room");
        written += text.len() as u64;
        line += 1;
    }
}

fn memory(home: &Path) {
    println!("| largest resident set | 100 MB | 10 GB |\n|---|---|---|");
    let [small, large] = ["100000000", "10000000000"].map(|bytes| run_kb(home, bytes));
    println!("| `hushkey run` | {small} kB | {large} kB |");
    let [small, large] = ["100000000", "10000000000"].map(|bytes| server_kb(home, bytes));
    println!("| the server, in `run_command` | {small} kB | {large} kB |");
}

/// A command that prints so many bytes of lines.
fn printer(bytes: &str) -> [String; 3] {
    let script = format!("yes 'level=info msg=\"request finished\" ms=17' | head -c {bytes}");
    ["sh".to_owned(), "-c".to_owned(), script]
}

fn run_kb(home: &Path, bytes: &str) -> u64 {
    let program = printer(bytes);
    let program: Vec<&str> = program.iter().map(String::as_str).collect();
    let mut process = run(home, &program).spawn().expect("hushkey starts");
    let largest = watched(&mut process);
    assert!(process.wait().is_ok_and(|status| status.success()));
    largest
}

/// The largest resident set until a process ends.
fn watched(process: &mut Child) -> u64 {
    let mut largest = 0;
    while process.try_wait().expect("it can be waited for").is_none() {
        largest = largest.max(resident_kb(process.id()));
        thread::sleep(Duration::from_millis(5));
    }
    largest
}

fn server_kb(home: &Path, bytes: &str) -> u64 {
    let mut session = Session::begin(home);
    let arguments = serde_json::json!({
        "command": printer(bytes),
        "env": {"SECRET": REFERENCE},
        "timeout_seconds": 600,
    });
    session.call(2, "run_command", &arguments.to_string());
    resident_kb(session.process.id())
}
