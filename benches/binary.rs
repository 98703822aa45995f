//! The whole binary with a store of its own, as a person starts it or as a server that is asked.

use std::{
    io::{BufRead, BufReader, Write},
    path::Path,
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
};

const HUSHKEY: &str = env!("CARGO_BIN_EXE_hushkey");

/// The one field that there is after [`set_up`].
pub(crate) const REFERENCE: &str = "op://Dev/bench/password";

/// A client's first words.
pub(crate) const INITIALIZE: &str = r#"{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"bench","version":"1"}}}"#;
const INITIALIZED: &str = r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#;

/// Makes a store with one item, by the command line.
pub(crate) fn set_up(home: &Path) {
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

pub(crate) fn hushkey(home: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(HUSHKEY);
    command.args(arguments).env("HUSHKEY_HOME", home);
    command
}

/// The most that a process had in memory so far, in kB.
pub(crate) fn resident_kb(pid: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.split_whitespace().next()?.parse().ok())
        .unwrap_or(0)
}

/// A server and its pipes.
pub(crate) struct Session {
    pub(crate) process: Child,
    to: ChildStdin,
    from: BufReader<ChildStdout>,
}

impl Session {
    pub(crate) fn spawn(home: &Path) -> Self {
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

    pub(crate) fn begin(home: &Path) -> Self {
        let mut session = Self::spawn(home);
        session.ask(INITIALIZE);
        writeln!(session.to, "{INITIALIZED}").expect("the server reads");
        session
    }

    pub(crate) fn ask(&mut self, request: &str) -> String {
        writeln!(self.to, "{request}").expect("the server reads");
        let mut line = String::new();
        self.from.read_line(&mut line).expect("the server answers");
        assert!(line.contains("\"result\""), "{line}");
        line
    }

    pub(crate) fn call(&mut self, id: usize, tool: &str, arguments: &str) -> String {
        let answer = self.ask(&format!(
            r#"{{"jsonrpc":"2.0","id":{id},"method":"tools/call","params":{{"name":"{tool}","arguments":{arguments}}}}}"#
        ));
        assert!(!answer.contains("\"isError\":true"), "{answer}");
        answer
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
