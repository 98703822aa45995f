//! A client's side of a real MCP session: this binary's own server as a child, JSON lines over its pipes.
//!
//! Every line that went either way is kept, and so is all that the server wrote to its log.

use std::{
    io::{BufRead, BufReader, Read, Write},
    path::Path,
    process::{Child, ChildStdin, Command, Stdio},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
        mpsc::{self, Receiver, RecvTimeoutError},
    },
    thread::JoinHandle,
    time::{Duration, Instant},
};

use serde_json::{Value, json};

use crate::cli::failure::{Failure, reason};

/// How long the server may take for one answer.
const PATIENCE: Duration = Duration::from_secs(30);
/// How often a signal is looked for meanwhile.
const GLANCE: Duration = Duration::from_millis(50);

/// A session with a server of our own; the server ends with it.
pub(super) struct Conversation {
    server: Child,
    input: Option<ChildStdin>,
    answers: Receiver<String>,
    log: Option<JoinHandle<String>>,
    interrupted: Arc<AtomicBool>,
    asked: u64,
    transcript: Vec<String>,
}

/// All that passed between client and server.
pub(super) struct Transcript {
    /// Each message, in order, as it was on the wire.
    pub(super) messages: Vec<String>,
    /// What the server wrote to standard error.
    pub(super) log: String,
}

impl Conversation {
    /// Starts a server on the store in `home`, in the directory `work`, as an agent's client would.
    ///
    /// It is given up when `interrupted` is set.
    pub(super) fn begin(
        home: &Path,
        work: &Path,
        interrupted: Arc<AtomicBool>,
    ) -> Result<Self, Failure> {
        let failed = |error: std::io::Error| {
            Failure::Failed(format!("cannot start the server: {}", reason(&error)))
        };
        let mut server = command(home, work)
            .map_err(failed)?
            .spawn()
            .map_err(failed)?;
        let (input, output, log) = (
            server.stdin.take(),
            server.stdout.take(),
            server.stderr.take(),
        );
        let (sender, answers) = mpsc::channel();
        std::thread::spawn(move || {
            let lines = output
                .into_iter()
                .flat_map(|output| BufReader::new(output).lines());
            // Ends with the server's output, or when nobody listens any more.
            lines
                .map_while(Result::ok)
                .try_for_each(|line| sender.send(line))
        });
        let log = std::thread::spawn(move || {
            let mut text = Vec::new();
            if let Some(mut log) = log {
                // What came before a failure is what there is to search.
                let _ = log.read_to_end(&mut text);
            }
            String::from_utf8_lossy(&text).into_owned()
        });
        Ok(Self {
            server,
            input,
            answers,
            log: Some(log),
            interrupted,
            asked: 0,
            transcript: Vec::new(),
        })
    }

    /// Asks for something, and waits for the result.
    pub(super) fn ask(&mut self, method: &str, mut params: Value) -> Result<Value, Failure> {
        params["_meta"] = json!({
            "io.modelcontextprotocol/protocolVersion": "2026-07-28",
            "io.modelcontextprotocol/clientCapabilities": {},
            "io.modelcontextprotocol/clientInfo": {
                "name": "hushkey-demo",
                "version": env!("CARGO_PKG_VERSION"),
            },
        });
        self.asked += 1;
        let id = self.asked;
        self.send(&json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params }))?;
        let deadline = Instant::now() + PATIENCE;
        loop {
            let line = self.next_line(deadline)?;
            let message: Value = serde_json::from_str(&line).map_err(|_| {
                Failure::Failed("the server wrote something that is no JSON".to_owned())
            })?;
            self.transcript.push(line);
            if message["id"] == id {
                return match message.get("result") {
                    Some(result) => Ok(result.clone()),
                    None => Err(Failure::Failed(format!(
                        "the server refused `{method}`: {}",
                        message["error"]["message"]
                    ))),
                };
            }
        }
    }

    /// Calls a tool, and gives its structured answer.
    pub(super) fn call(&mut self, tool: &str, arguments: &Value) -> Result<Value, Failure> {
        let result = self.ask(
            "tools/call",
            json!({ "name": tool, "arguments": arguments }),
        )?;
        if result["isError"] == true {
            return Err(Failure::Failed(format!(
                "`{tool}` failed: {}",
                result["content"][0]["text"]
            )));
        }
        Ok(result["structuredContent"].clone())
    }

    /// Hangs up, waits for the server's end, and gives all that was said.
    pub(super) fn end(mut self) -> Result<Transcript, Failure> {
        drop(self.input.take());
        let deadline = Instant::now() + PATIENCE;
        loop {
            match self.next_line(deadline) {
                Ok(line) => self.transcript.push(line),
                Err(Failure::Closed) => break,
                Err(failure) => return Err(failure),
            }
        }
        let log = self
            .log
            .take()
            .and_then(|log| log.join().ok())
            .unwrap_or_default();
        Ok(Transcript {
            messages: std::mem::take(&mut self.transcript),
            log,
        })
    }

    fn send(&mut self, message: &Value) -> Result<(), Failure> {
        let line = message.to_string();
        let sent = self
            .input
            .as_mut()
            .map(|input| writeln!(input, "{line}").and_then(|()| input.flush()));
        match sent {
            Some(Ok(())) => {
                self.transcript.push(line);
                Ok(())
            }
            _ => Err(Failure::Failed(
                "the server does not listen any more".to_owned(),
            )),
        }
    }

    /// The next line from the server; [`Failure::Closed`] at its end.
    fn next_line(&self, deadline: Instant) -> Result<String, Failure> {
        loop {
            match self.answers.recv_timeout(GLANCE) {
                _ if self.interrupted.load(Ordering::Relaxed) => {
                    return Err(Failure::Failed("interrupted".to_owned()));
                }
                Ok(line) => return Ok(line),
                Err(RecvTimeoutError::Disconnected) => return Err(Failure::Closed),
                Err(RecvTimeoutError::Timeout) if Instant::now() > deadline => {
                    return Err(Failure::Failed("the server does not answer".to_owned()));
                }
                Err(RecvTimeoutError::Timeout) => {}
            }
        }
    }
}

impl Drop for Conversation {
    fn drop(&mut self) {
        // It may have ended by itself, which is as well.
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}

/// The server as a client's configuration would name it, with nothing in its environment that points to a
/// vault of the person who watches.
fn command(home: &Path, work: &Path) -> std::io::Result<Command> {
    let program = if cfg!(target_os = "linux") {
        // Still this program when the file was replaced meanwhile.
        "/proc/self/exe".into()
    } else {
        std::env::current_exe()?
    };
    let mut command = Command::new(program);
    command
        .args(["mcp", "--backend", "local"])
        .current_dir(work)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    for (name, _) in std::env::vars_os() {
        let own = name
            .to_str()
            .is_some_and(|name| name.starts_with("HUSHKEY_") || name.starts_with("OP_"));
        if own {
            command.env_remove(name);
        }
    }
    command.env("HUSHKEY_HOME", home);
    Ok(command)
}
