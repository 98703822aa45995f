//! A served home, and clients that write what they like: HTTP by hand, so that nothing is put right on the way.

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::TcpStream,
    os::unix::net::UnixStream,
    path::Path,
    process::{Child, Stdio},
    time::{Duration, Instant},
};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};

use crate::binary::Person;

/// Generous: a loaded machine is slow, a hang is for ever.
pub const SOON: Duration = Duration::from_secs(10);

/// A running `hushkey serve` and the person who started it.
pub struct House {
    pub person: Person,
    child: Child,
    /// `127.0.0.1:PORT`.
    pub address: String,
    stderr: Option<std::thread::JoinHandle<String>>,
}

/// An agent with a token.
#[derive(Clone)]
pub struct Agent {
    pub token: String,
    pub address: String,
}

/// What was answered.
#[derive(Debug)]
pub struct Reply {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: String,
}

/// One connection, kept open over requests.
pub struct Wire<S: Read + Write> {
    stream: BufReader<S>,
    host: String,
}

impl House {
    /// `Stripe` in vault `Dev`, and agents that may use it and run anything, served on loopback.
    pub fn open() -> Self {
        Self::serving(&[])
    }

    /// The same, started with more options.
    pub fn serving(options: &[&str]) -> Self {
        let person = Person::with_stripe();
        Self::of(person, options)
    }

    pub fn of(person: Person, options: &[&str]) -> Self {
        let listen = ["--json", "serve", "--listen", "127.0.0.1:0"];
        let words: Vec<&str> = if options.contains(&"--listen") {
            [&["--json", "serve"], options].concat()
        } else {
            [&listen, options].concat()
        };
        let mut child = person
            .command(words)
            .env("RUST_LOG", "trace")
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        let mut stdout = BufReader::new(child.stdout.take().unwrap());
        stdout.read_line(&mut line).unwrap();
        let told: Value = serde_json::from_str(&line).unwrap_or_else(|_| {
            let mut said = String::new();
            child
                .stderr
                .take()
                .unwrap()
                .read_to_string(&mut said)
                .unwrap();
            panic!("it did not start: {said}")
        });
        let url = told["listening"][0].as_str().unwrap().to_owned();
        let address = url
            .trim_start_matches("https://")
            .trim_start_matches("http://")
            .trim_end_matches("/mcp")
            .to_owned();
        let mut stderr = child.stderr.take().unwrap();
        let stderr = std::thread::spawn(move || {
            let mut said = String::new();
            let _ = stderr.read_to_string(&mut said);
            said
        });
        Self {
            person,
            child,
            address,
            stderr: Some(stderr),
        }
    }

    /// Makes an agent that may use everything in `Dev` and run any program.
    pub fn agent(&self, name: &str) -> Agent {
        let agent = self.bare_agent(name, &["--vault", "Dev=write"]);
        self.person
            .types([
                "agent",
                "allow",
                name,
                "--command",
                "**",
                "--secrets",
                "op://Dev/**",
            ])
            .succeeds();
        let policy = self.person.home().join("policy.toml");
        let text = std::fs::read_to_string(&policy).unwrap();
        let own = format!("[agents.{name}]\n");
        assert!(text.contains(&own), "{text}");
        let rooted = text.replace(&own, &format!("{own}roots = [\"{}\"]\n", self.work()));
        self.person.writes("home/policy.toml", &rooted);
        agent
    }

    /// Where agents' programs start.
    pub fn work(&self) -> String {
        self.person
            .path("")
            .display()
            .to_string()
            .trim_end_matches('/')
            .to_owned()
    }

    /// Makes an agent with these options.
    pub fn bare_agent(&self, name: &str, options: &[&str]) -> Agent {
        let made = self
            .person
            .types([&["agent", "create", name][..], options].concat())
            .succeeds();
        Agent {
            token: made.stdout.trim_end().to_owned(),
            address: self.address.clone(),
        }
    }

    /// A connection.
    pub fn wire(&self) -> Wire<TcpStream> {
        Wire::to(&self.address)
    }

    // The tests of the Connect API look at its memory.
    #[allow(dead_code)]
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    pub fn signal(&self, signal: Signal) {
        let pid = Pid::from_raw(i32::try_from(self.child.id()).unwrap()).unwrap();
        kill_process(pid, signal).unwrap();
    }

    /// Ends the server by a signal; how long that took, and what it said on standard error.
    pub fn ends(mut self, signal: Signal) -> (Duration, String, Person) {
        let begun = Instant::now();
        self.signal(signal);
        self.wait();
        let took = begun.elapsed();
        let said = self.stderr.take().unwrap().join().unwrap();
        let person = std::mem::replace(&mut self.person, Person::new());
        (took, said, person)
    }

    pub fn wait(&mut self) {
        let begun = Instant::now();
        while self.child.try_wait().unwrap().is_none() {
            assert!(begun.elapsed() < SOON, "the server did not end");
            std::thread::sleep(Duration::from_millis(1));
        }
    }

    /// Sentences of the owner's log about requests that were turned away.
    pub fn turned_away(&self) -> Vec<String> {
        turned_away(&self.person)
    }
}

impl Drop for House {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Sentences of a log about requests that were turned away.
pub fn turned_away(person: &Person) -> Vec<String> {
    let log = person.types(["log", "--json"]).succeeds().json();
    let entries = log.as_array().unwrap().iter();
    entries
        .filter(|entry| entry["action"] == "sign_in")
        .map(|entry| entry["sentence"].as_str().unwrap().to_owned())
        .collect()
}

impl Agent {
    /// Makes one request of the newest version, on a connection of its own.
    pub fn ask(&self, method: &str, params: Value) -> Reply {
        Wire::to(&self.address).modern(&self.token, method, params)
    }

    /// Calls a tool; the result.
    pub fn call(&self, tool: &str, arguments: Value) -> Value {
        let reply = self.ask(
            "tools/call",
            json!({ "name": tool, "arguments": arguments }),
        );
        assert_eq!(reply.status, 200, "{reply:?}");
        reply.message()["result"].take()
    }

    /// Begins a session of an older version; its id.
    pub fn session(&self, version: &str) -> String {
        let mut wire = Wire::to(&self.address);
        let reply = wire.legacy(&self.token, None, "initialize", initialize(version));
        assert_eq!(reply.status, 200, "{reply:?}");
        let id = reply.header("mcp-session-id").unwrap().to_owned();
        let ready = json!({ "jsonrpc": "2.0", "method": "notifications/initialized" });
        let reply = wire.post(
            &[
                ("authorization", &bearer(&self.token)),
                ("mcp-session-id", &id),
            ],
            &ready,
        );
        assert_eq!(reply.status, 202, "{reply:?}");
        id
    }

    /// Makes a request in a session.
    pub fn ask_in(&self, session: &str, method: &str, params: Value) -> Reply {
        Wire::to(&self.address).legacy(&self.token, Some(session), method, params)
    }
}

pub fn initialize(version: &str) -> Value {
    json!({ "protocolVersion": version, "capabilities": {}, "clientInfo": { "name": "old", "version": "1" } })
}

pub fn bearer(token: &str) -> String {
    format!("Bearer {token}")
}

/// What a client of the newest version says of itself in each request.
pub fn meta() -> Value {
    json!({
        "io.modelcontextprotocol/protocolVersion": "2026-07-28",
        "io.modelcontextprotocol/clientInfo": { "name": "raw", "version": "1" },
        "io.modelcontextprotocol/clientCapabilities": {},
    })
}

impl Wire<TcpStream> {
    pub fn to(address: &str) -> Self {
        let stream = TcpStream::connect(address).unwrap();
        stream.set_read_timeout(Some(SOON)).unwrap();
        Self::over(stream, address)
    }
}

impl Wire<UnixStream> {
    pub fn to_socket(path: &Path) -> Self {
        let stream = UnixStream::connect(path).unwrap();
        stream.set_read_timeout(Some(SOON)).unwrap();
        Self::over(stream, "localhost")
    }
}

impl<S: Read + Write> Wire<S> {
    pub fn over(stream: S, host: &str) -> Self {
        Self {
            stream: BufReader::new(stream),
            host: host.to_owned(),
        }
    }

    /// A request of the newest version.
    pub fn modern(&mut self, token: &str, method: &str, params: Value) -> Reply {
        self.modern_without_reading(token, method, params);
        self.reply()
    }

    /// Sends a request of the newest version.
    pub fn modern_without_reading(&mut self, token: &str, method: &str, mut params: Value) {
        let own = params["_meta"].as_object().cloned().unwrap_or_default();
        params["_meta"] = meta();
        for (key, value) in own {
            params["_meta"][key] = value;
        }
        let name = params["name"].as_str().or(params["uri"].as_str());
        let name = name.map(str::to_owned);
        let bearer = bearer(token);
        let mut headers = vec![
            ("authorization", &*bearer),
            ("mcp-protocol-version", "2026-07-28"),
            ("mcp-method", method),
        ];
        if let Some(name) = &name {
            headers.push(("mcp-name", name));
        }
        let message = json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": params });
        self.send("POST", "/mcp", &headers, &message.to_string());
    }

    /// A request of an older version.
    pub fn legacy(
        &mut self,
        token: &str,
        session: Option<&str>,
        method: &str,
        params: Value,
    ) -> Reply {
        let bearer = bearer(token);
        let mut headers = vec![("authorization", &*bearer)];
        if let Some(session) = session {
            headers.push(("mcp-session-id", session));
            headers.push(("mcp-protocol-version", "2025-11-25"));
        }
        let message = json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": params });
        self.post(&headers, &message)
    }

    pub fn post(&mut self, headers: &[(&str, &str)], message: &Value) -> Reply {
        self.request("POST", "/mcp", headers, &message.to_string())
    }

    /// Sends a request and reads the whole answer. A header that the caller gives stands in place of the usual one.
    pub fn request(
        &mut self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &str,
    ) -> Reply {
        self.send(method, path, headers, body);
        self.reply()
    }

    pub fn send(&mut self, method: &str, path: &str, headers: &[(&str, &str)], body: &str) {
        let mut text = format!("{method} {path} HTTP/1.1\r\n");
        let usual = [
            ("host", self.host.clone()),
            ("content-type", "application/json".to_owned()),
            ("accept", "application/json, text/event-stream".to_owned()),
            ("content-length", body.len().to_string()),
        ];
        for (name, value) in &usual {
            if !headers
                .iter()
                .any(|(given, _)| given.eq_ignore_ascii_case(name))
            {
                text += &format!("{name}: {value}\r\n");
            }
        }
        for (name, value) in headers {
            text += &format!("{name}: {value}\r\n");
        }
        text += "\r\n";
        self.raw((text + body).as_bytes());
    }

    pub fn raw(&mut self, bytes: &[u8]) {
        let stream = self.stream.get_mut();
        // The other side may have closed already, which its answer tells.
        let _ = stream.write_all(bytes).and_then(|()| stream.flush());
    }

    /// Reads an answer, head and body.
    pub fn reply(&mut self) -> Reply {
        let mut reply = self.head();
        if let Some(length) = reply.header("content-length") {
            let mut body = vec![0; length.parse().unwrap()];
            self.stream.read_exact(&mut body).unwrap();
            reply.body = String::from_utf8(body).unwrap();
        } else if reply.header("transfer-encoding").is_some() {
            while let Some(chunk) = self.chunk() {
                reply.body += &chunk;
            }
        }
        reply
    }

    /// Reads the head of an answer; the body is empty yet.
    pub fn head(&mut self) -> Reply {
        let status = self.line();
        let status = status
            .split(' ')
            .nth(1)
            .unwrap_or_else(|| panic!("no answer but {status:?}"));
        let mut reply = Reply {
            status: status.parse().unwrap(),
            headers: Vec::new(),
            body: String::new(),
        };
        loop {
            let line = self.line();
            let Some((name, value)) = line.split_once(": ") else {
                return reply;
            };
            reply.headers.push((name.to_lowercase(), value.to_owned()));
        }
    }

    /// The next chunk of a body; `None` at its end.
    pub fn chunk(&mut self) -> Option<String> {
        let size = self.line();
        let size = usize::from_str_radix(&size, 16).ok()?;
        let mut chunk = vec![0; size + 2];
        self.stream.read_exact(&mut chunk).ok()?;
        chunk.truncate(size);
        (size > 0).then(|| String::from_utf8(chunk).unwrap())
    }

    /// Tells whether the other side has closed.
    pub fn is_closed(&mut self) -> bool {
        let mut rest = Vec::new();
        self.stream.read_to_end(&mut rest).is_ok()
    }

    /// The next line; empty when the other side has closed.
    pub fn line(&mut self) -> String {
        let mut line = String::new();
        let _ = self.stream.read_line(&mut line);
        line.trim_end().to_owned()
    }
}

impl Reply {
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut found = self.headers.iter().filter(|(known, _)| known == name);
        found.next().map(|(_, value)| &**value)
    }

    /// The message with an id, whether it came alone or as an event.
    pub fn message(&self) -> Value {
        let events = self
            .body
            .lines()
            .filter_map(|line| line.strip_prefix("data: "));
        let mut all = events.chain([&*self.body]);
        all.find_map(|text| {
            serde_json::from_str::<Value>(text)
                .ok()
                .filter(|it| it.get("id").is_some())
        })
        .unwrap_or_else(|| panic!("no message: {self:?}"))
    }
}
