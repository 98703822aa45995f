//! The real program over real pipes: how a session begins, and that it ends when its client wants it to.

use std::{
    io::{BufRead, BufReader, Read, Write},
    os::unix::net::UnixStream,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::desk::meta;

const CANARY: &str = "canary-7Q2-do-not-repeat";

/// Generous: a loaded machine is slow, a hang is for ever.
const SOON: Duration = Duration::from_secs(10);

/// The program with a home of its own.
struct Program {
    home: TempDir,
}

impl Program {
    fn new() -> Self {
        Self {
            home: tempfile::tempdir().unwrap(),
        }
    }

    fn work(&self) -> PathBuf {
        let work = self.home.path().join("work");
        std::fs::create_dir_all(&work).unwrap();
        work
    }

    fn command(&self) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_hushkey"));
        command
            .env_clear()
            .env("PATH", "/usr/bin:/bin")
            .env("HUSHKEY_HOME", self.home.path().join("home"))
            .env("RUST_LOG", "trace")
            .current_dir(self.work())
            .arg("mcp")
            .stderr(Stdio::piped());
        command
    }

    fn start(&self) -> Session {
        let mut child = self
            .command()
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let writer = Box::new(child.stdin.take().unwrap());
        let reader = BufReader::new(Box::new(child.stdout.take().unwrap()) as Box<dyn Read>);
        Session {
            child,
            writer: Some(writer),
            reader,
        }
    }

    /// As node's clients start it: with sockets in place of pipes.
    fn start_on_sockets(&self) -> Session {
        let (input, theirs) = UnixStream::pair().unwrap();
        let (output, other) = UnixStream::pair().unwrap();
        let child = self
            .command()
            .stdin(Stdio::from(std::os::fd::OwnedFd::from(theirs)))
            .stdout(Stdio::from(std::os::fd::OwnedFd::from(other)))
            .spawn()
            .unwrap();
        let reader = BufReader::new(Box::new(output) as Box<dyn Read>);
        Session {
            child,
            writer: Some(Box::new(input)),
            reader,
        }
    }
}

/// A running program and a client that writes JSON lines.
struct Session {
    child: Child,
    writer: Option<Box<dyn Write>>,
    reader: BufReader<Box<dyn Read>>,
}

impl Session {
    fn send(&mut self, id: u64, method: &str, mut params: Value) {
        params["_meta"] = meta();
        let message = json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params });
        writeln!(self.writer.as_mut().unwrap(), "{message}").unwrap();
    }

    fn receive(&mut self) -> Value {
        let mut line = String::new();
        self.reader.read_line(&mut line).unwrap();
        serde_json::from_str(&line).unwrap_or_else(|_| panic!("{line:?} is no message"))
    }

    fn ask(&mut self, method: &str, params: Value) -> Value {
        self.send(1, method, params);
        self.receive()["result"].take()
    }

    fn call(&mut self, tool: &str, arguments: Value) -> Value {
        self.ask(
            "tools/call",
            json!({ "name": tool, "arguments": arguments }),
        )
    }

    /// Starts a program that would outlive any test; its entry in `/proc`.
    fn run_for_ever(&mut self, work: &Path) -> PathBuf {
        let command = json!(["sh", "-c", "echo $$ >pid; sleep 600"]);
        self.send(
            9,
            "tools/call",
            json!({ "name": "run_command", "arguments": { "command": command } }),
        );
        let written = work.join("pid");
        let begun = Instant::now();
        loop {
            let pid = std::fs::read_to_string(&written).unwrap_or_default();
            if pid.ends_with('\n') {
                return Path::new("/proc").join(pid.trim());
            }
            assert!(begun.elapsed() < SOON, "the program did not start");
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    fn signal(&self, signal: Signal) {
        let pid = i32::try_from(self.child.id())
            .ok()
            .and_then(Pid::from_raw)
            .unwrap();
        kill_process(pid, signal).unwrap();
    }

    /// Waits for the end; how long that took, and what was said on standard error.
    fn ended(mut self) -> (Duration, String) {
        let begun = Instant::now();
        while self.child.try_wait().unwrap().is_none() {
            assert!(begun.elapsed() < SOON, "the server did not end");
            std::thread::sleep(Duration::from_millis(1));
        }
        let took = begun.elapsed();
        let mut said = String::new();
        self.child
            .stderr
            .take()
            .unwrap()
            .read_to_string(&mut said)
            .unwrap();
        (took, said)
    }
}

fn gone(process: &Path) -> bool {
    let begun = Instant::now();
    while process.exists() && begun.elapsed() < SOON {
        std::thread::sleep(Duration::from_millis(5));
    }
    !process.exists()
}

#[test]
fn closing_the_pipe_ends_the_server_and_what_it_runs() {
    let program = Program::new();
    let mut session = program.start();
    let process = session.run_for_ever(&program.work());

    session.writer = None;

    session.ended();
    assert!(gone(&process));
}

#[test]
fn a_signal_ends_the_server_and_what_it_runs() {
    for signal in [Signal::TERM, Signal::INT] {
        let program = Program::new();
        let mut session = program.start();
        let process = session.run_for_ever(&program.work());

        session.signal(signal);

        session.ended();
        assert!(gone(&process), "{signal:?}");
    }
}

#[test]
fn on_sockets_too_a_signal_ends_it_while_it_waits_for_input() {
    let program = Program::new();
    let mut session = program.start_on_sockets();
    session.ask("server/discover", json!({}));

    session.signal(Signal::TERM);

    session.ended();
}

#[test]
fn requests_that_were_sent_before_the_pipe_closed_are_answered() {
    let program = Program::new();
    let mut session = program.start();

    session.send(1, "tools/list", json!({}));
    session.send(2, "tools/call", json!({ "name": "list_vaults" }));
    session.writer = None;

    let mut ids = [
        session.receive()["id"].take(),
        session.receive()["id"].take(),
    ];
    ids.sort_by_key(Value::as_u64);
    assert_eq!(ids, [json!(1), json!(2)]);
    session.ended();
}

#[test]
fn a_client_that_hangs_up_at_once_leaves_nothing_behind() {
    let program = Program::new();
    let mut session = program.start();

    session.writer = None;

    let (_, said) = session.ended();
    assert!(!said.contains("panicked"), "{said}");
}

#[test]
fn a_client_may_start_the_server_twice() {
    let program = Program::new();
    let mut probe = program.start();
    let mut session = program.start();

    let first = probe.call("list_vaults", json!({}));
    let second = session.call("list_vaults", json!({}));
    probe.signal(Signal::TERM);
    probe.ended();
    let third = session.call("list_vaults", json!({}));

    assert_eq!(first["isError"], false, "{first}");
    assert_eq!(first["structuredContent"], second["structuredContent"]);
    assert_eq!(second["structuredContent"], third["structuredContent"]);
}

#[test]
fn the_log_repeats_no_argument_and_no_answer_however_much_is_asked_of_it() {
    let program = Program::new();
    let mut session = program.start();

    let wrong = session.call("list_items", json!({ "limit": CANARY, "surprise": CANARY }));
    let refused = session.call(
        "create_item",
        json!({ "vault": "Dev", "title": "x", "fields": [{ "label": "password", "type": "CONCEALED", "text": CANARY }] }),
    );
    let taken = session.call(
        "create_item",
        json!({ "vault": "Dev", "title": "y", "fields": [{ "label": "host", "text": CANARY }] }),
    );
    session.writer = None;

    let (_, said) = session.ended();
    assert!(said.contains("hushkey"), "nothing was searched");
    assert_eq!(
        (&wrong["isError"], &refused["isError"], &taken["isError"]),
        (&json!(true), &json!(true), &json!(false))
    );
    for told in [
        wrong.to_string(),
        refused.to_string(),
        taken.to_string(),
        said,
    ] {
        assert!(!told.contains("canary"), "{told}");
    }
}
