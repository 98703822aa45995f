//! The real program in directories of its own, with an emptied environment, and an MCP client at its pipes.

// Each of the test programs uses its own part.
#![allow(dead_code)]

use std::{
    collections::HashMap,
    io::{BufRead, BufReader, Read, Write},
    os::unix::process::CommandExt,
    path::{Path, PathBuf},
    process::{Child, ChildStdin, Command, Output, Stdio},
    sync::{Arc, Mutex, mpsc},
    thread::JoinHandle,
    time::{Duration, Instant},
};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};

/// The program.
pub const HUSHKEY: &str = env!("CARGO_BIN_EXE_hushkey");

/// Generous: a loaded machine is slow, a hang is for ever.
pub const SOON: Duration = Duration::from_secs(30);

/// How a server answers a request whose work panicked.
const FAILED_IN_ITSELF: &str = "hushkey failed in itself";

/// An ordinary user who owns nothing.
const NOBODY: u32 = 65534;

/// The program with a home, a directory to work in and one for temporary files.
pub struct Program {
    /// Holds all of the others; goes when this goes.
    pub base: PathBuf,
    /// `HUSHKEY_HOME`.
    pub home: PathBuf,
    /// Where it starts: the only place where an agent may name paths.
    pub work: PathBuf,
    /// `TMPDIR`.
    pub temporary: PathBuf,
    /// The program's file, which this user may run.
    pub executable: PathBuf,
    user: Option<u32>,
    _dir: tempfile::TempDir,
}

impl Program {
    /// The program as whoever runs the tests.
    pub fn new() -> Self {
        Self::of(None)
    }

    /// The program as an ordinary user. Where the tests are run by one, that is who it is; root lends it another.
    pub fn of_an_ordinary_user() -> Self {
        Self::of(rustix::process::geteuid().is_root().then_some(NOBODY))
    }

    fn of(user: Option<u32>) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let base = dir.path().canonicalize().unwrap();
        let mut executable = PathBuf::from(HUSHKEY);
        if user.is_some() {
            // Where the tests are built may be closed to others.
            executable = base.join("program");
            std::fs::hard_link(HUSHKEY, &executable)
                .or_else(|_| std::fs::copy(HUSHKEY, &executable).map(drop))
                .unwrap();
            std::os::unix::fs::chown(&base, user, user).unwrap();
        }
        let [home, work, temporary] = ["home", "work", "tmp"].map(|name| base.join(name));
        for directory in [&work, &temporary] {
            std::fs::create_dir(directory).unwrap();
            std::os::unix::fs::chown(directory, user, user).unwrap();
        }
        Self {
            base,
            home,
            work,
            temporary,
            executable,
            user,
            _dir: dir,
        }
    }

    /// A command of it, not yet started.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(&self.executable);
        command
            .args(arguments)
            .env_clear()
            .env("HOME", &self.base)
            .env("HUSHKEY_HOME", &self.home)
            .env("PATH", "/usr/bin:/bin")
            .env("RUST_LOG", "trace")
            .env("TMPDIR", &self.temporary)
            .current_dir(&self.work)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        if let Some(user) = self.user {
            command.uid(user).gid(user);
        }
        command
    }

    /// Runs a command to its end.
    pub fn run(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().unwrap()
    }

    /// Runs a command that reads a text.
    pub fn run_reading(&self, arguments: &[&str], text: &str) -> Output {
        let mut child = self
            .command(arguments)
            .stdin(Stdio::piped())
            .spawn()
            .unwrap();
        let mut input = child.stdin.take().unwrap();
        // A command that refuses at once does not read.
        let _ = input.write_all(text.as_bytes());
        drop(input);
        child.wait_with_output().unwrap()
    }

    /// Runs a command that has to succeed; what it printed.
    pub fn done(&self, arguments: &[&str]) -> String {
        succeeded(self.run(arguments))
    }

    /// Runs a command that reads a text and has to succeed; what it printed.
    pub fn done_reading(&self, arguments: &[&str], text: &str) -> String {
        succeeded(self.run_reading(arguments, text))
    }

    /// Writes a file into the work directory.
    pub fn file(&self, name: &str, content: &str) -> PathBuf {
        let path = self.work.join(name);
        std::fs::write(&path, content).unwrap();
        std::os::unix::fs::chown(&path, self.user, self.user).unwrap();
        path
    }

    /// Starts a server and a client of the newer era.
    pub fn serve(&self, arguments: &[&str], environment: &[(&str, &str)]) -> Session {
        Session::begin(self.server(arguments, environment), Era::Modern)
    }

    /// Starts a server and a client that says `initialize`.
    pub fn serve_in(&self, era: Era, arguments: &[&str], environment: &[(&str, &str)]) -> Session {
        Session::begin(self.server(arguments, environment), era)
    }

    fn server(&self, arguments: &[&str], environment: &[(&str, &str)]) -> Command {
        let mut command = self.command(&["mcp"]);
        command
            .args(arguments)
            .envs(environment.iter().copied())
            .stdin(Stdio::piped());
        command
    }
}

fn succeeded(output: Output) -> String {
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{}: {said}", output.status);
    String::from_utf8(output.stdout).unwrap()
}

/// Which era of the protocol a client speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Era {
    /// Begins with `initialize`.
    Legacy,
    /// Every request stands for itself.
    Modern,
}

/// A running server and a client that writes JSON lines.
pub struct Session {
    child: Child,
    input: Option<ChildStdin>,
    lines: mpsc::Receiver<String>,
    early: HashMap<u64, Value>,
    heard: Listener,
    said: Listener,
    era: Era,
    last: u64,
}

/// Everything that a server said.
pub struct Spoken {
    /// On standard output: the protocol.
    pub stdout: Vec<u8>,
    /// On standard error: the log.
    pub stderr: Vec<u8>,
}

type Listener = (Arc<Mutex<Vec<u8>>>, JoinHandle<()>);

impl Session {
    fn begin(mut command: Command, era: Era) -> Self {
        let mut child = command.spawn().unwrap();
        let (send, lines) = mpsc::channel();
        let stdout = child.stdout.take().unwrap();
        let stderr = child.stderr.take().unwrap();
        let mut session = Self {
            input: child.stdin.take(),
            child,
            lines,
            early: HashMap::new(),
            heard: listen(stdout, Some(send)),
            said: listen(stderr, None),
            era,
            last: 0,
        };
        if era == Era::Legacy {
            session.ask(
                "initialize",
                json!({
                    "protocolVersion": "2025-06-18",
                    "clientInfo": { "name": "old client", "version": "1" },
                    "capabilities": {},
                }),
            );
            session.notify("notifications/initialized", json!({}));
        }
        session
    }

    /// The server's process.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Writes a line as it is. A server that has ended is noticed where its answer is missed.
    pub fn line(&mut self, line: &str) {
        let _ = writeln!(self.input.as_mut().unwrap(), "{line}");
    }

    /// Sends a notification.
    pub fn notify(&mut self, method: &str, params: Value) {
        self.line(&json!({ "jsonrpc": "2.0", "method": method, "params": params }).to_string());
    }

    /// Sends a request; its id.
    pub fn send(&mut self, method: &str, mut params: Value) -> u64 {
        self.last += 1;
        if self.era == Era::Modern && params.is_object() {
            let given = params["_meta"].take();
            params["_meta"] = json!({
                "io.modelcontextprotocol/protocolVersion": "2026-07-28",
                "io.modelcontextprotocol/clientInfo": { "name": "new client", "version": "1" },
                "io.modelcontextprotocol/clientCapabilities": {},
            });
            for (name, value) in given.as_object().into_iter().flatten() {
                params["_meta"][name] = value.clone();
            }
        }
        let id = self.last;
        let message = json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params });
        self.line(&message.to_string());
        id
    }

    /// Sends a call of a tool; the request's id.
    pub fn send_call(&mut self, tool: &str, arguments: Value) -> u64 {
        self.send(
            "tools/call",
            json!({ "name": tool, "arguments": arguments }),
        )
    }

    /// Waits for the answer to a request, whatever else comes before it.
    ///
    /// A server that failed in itself says why only in its log: that is what the test then shows.
    pub fn answer(&mut self, id: u64) -> Value {
        let Some(answer) = self.answer_if_any(id) else {
            panic!("no answer to request {id}; {}", self.log());
        };
        let told = answer["error"]["message"].as_str().unwrap_or_default();
        if told.starts_with(FAILED_IN_ITSELF) {
            std::thread::sleep(Duration::from_millis(100));
            panic!("{answer}; {}", self.log());
        }
        answer
    }

    /// Waits for the answer to a request; `None` when the server ended without one.
    pub fn answer_if_any(&mut self, id: u64) -> Option<Value> {
        let until = Instant::now() + SOON;
        loop {
            if let Some(answer) = self.early.remove(&id) {
                return Some(answer);
            }
            let left = until.saturating_duration_since(Instant::now());
            let line = match self.lines.recv_timeout(left) {
                Ok(line) => line,
                Err(mpsc::RecvTimeoutError::Disconnected) => return None,
                Err(error) => panic!("no answer to request {id}: {error}; {}", self.log()),
            };
            let message: Value = serde_json::from_str(&line)
                .unwrap_or_else(|_| panic!("{line:?} is no message; {}", self.log()));
            if let (Some(id), None) = (message["id"].as_u64(), message.get("method")) {
                self.early.insert(id, message);
            }
        }
    }

    /// Asks, and waits for the whole answer.
    pub fn ask(&mut self, method: &str, params: Value) -> Value {
        let id = self.send(method, params);
        self.answer(id)
    }

    /// Calls a tool, and waits for the whole answer.
    pub fn call(&mut self, tool: &str, arguments: Value) -> Value {
        let id = self.send_call(tool, arguments);
        self.answer(id)
    }

    /// Calls a tool that has to succeed; its structured answer.
    pub fn answered(&mut self, tool: &str, arguments: Value) -> Value {
        let mut answer = self.call(tool, arguments);
        assert_eq!(answer["result"]["isError"], false, "{tool}: {answer}");
        answer["result"]["structuredContent"].take()
    }

    /// Calls a tool that has to be refused; the sentence.
    pub fn refusal(&mut self, tool: &str, arguments: Value) -> String {
        let answer = self.call(tool, arguments);
        assert_eq!(answer["result"]["isError"], true, "{tool}: {answer}");
        answer["result"]["content"][0]["text"]
            .as_str()
            .unwrap()
            .to_owned()
    }

    /// Ends the server by closing its input; everything that it said.
    pub fn end(mut self) -> Spoken {
        self.input = None;
        self.ended()
    }

    /// Ends the server by a signal; everything that it said.
    pub fn end_by(mut self, signal: Signal) -> Spoken {
        let pid = Pid::from_raw(i32::try_from(self.child.id()).unwrap()).unwrap();
        kill_process(pid, signal).unwrap();
        self.ended()
    }

    fn ended(&mut self) -> Spoken {
        let until = Instant::now() + SOON;
        while self.child.try_wait().unwrap().is_none() {
            assert!(Instant::now() < until, "the server did not end");
            std::thread::sleep(Duration::from_millis(2));
        }
        let take = |listener: &mut Listener| {
            let thread = std::mem::replace(&mut listener.1, std::thread::spawn(|| ()));
            thread.join().unwrap();
            std::mem::take(&mut *listener.0.lock().unwrap())
        };
        Spoken {
            stdout: take(&mut self.heard),
            stderr: take(&mut self.said),
        }
    }

    fn log(&self) -> String {
        String::from_utf8_lossy(&self.said.0.lock().unwrap()).into_owned()
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Collects what comes from a pipe; passes lines on as well.
fn listen(pipe: impl Read + Send + 'static, lines: Option<mpsc::Sender<String>>) -> Listener {
    let heard = Arc::new(Mutex::new(Vec::new()));
    let collected = Arc::clone(&heard);
    let thread = std::thread::spawn(move || {
        let mut pipe = BufReader::new(pipe);
        let mut line = Vec::new();
        while pipe.read_until(b'\n', &mut line).is_ok_and(|read| read > 0) {
            collected.lock().unwrap().extend_from_slice(&line);
            if let Some(lines) = &lines {
                let _ = lines.send(String::from_utf8_lossy(&line).into_owned());
            }
            line.clear();
        }
    });
    (heard, thread)
}

/// Waits until something holds.
pub fn eventually(what: &str, mut holds: impl FnMut() -> bool) {
    let until = Instant::now() + SOON;
    while !holds() {
        assert!(Instant::now() < until, "waited in vain until {what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// A path as text.
pub fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}
