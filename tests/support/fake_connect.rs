//! A Connect server on loopback that keeps vaults in memory and can be told to misbehave.
//!
//! It is written from the description of the API, with JSON values and threads of its own, and shares no code with the
//! client: where the two disagree, one of them is wrong.

// Each of the test programs uses its own part.
#![allow(dead_code)]

use std::{
    net::{SocketAddr, TcpListener},
    sync::{
        Arc, Mutex, MutexGuard,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use serde_json::{Value, json};

#[path = "fake_connect/http.rs"]
mod http;
#[path = "fake_connect/patch.rs"]
mod patch;
#[path = "fake_connect/routes.rs"]
mod routes;

pub use http::Request;

/// A running server; ends when dropped.
pub struct FakeConnect {
    address: SocketAddr,
    shared: Arc<Shared>,
}

/// What the threads share.
struct Shared {
    state: Mutex<State>,
    over: AtomicBool,
}

/// What the server keeps.
#[derive(Default)]
struct State {
    vaults: Vec<Value>,
    items: Vec<Item>,
    files: Vec<File>,
    tokens: Vec<Token>,
    log: Vec<Value>,
    requests: Vec<Request>,
    connections: usize,
    faults: Vec<Planned>,
    latency: Duration,
    /// Requests that wait for their answers now, and the most that ever did.
    waiting: usize,
    most_waiting: usize,
    sync: Duration,
    date_ahead: Option<i64>,
    strict_case: bool,
    old_answers: bool,
    made: u64,
}

/// An item as it is now, and as it was until the server had synced.
struct Item {
    now: Value,
    before: Option<Value>,
    changed: std::time::Instant,
    deleted: bool,
}

struct File {
    id: String,
    item: String,
    name: String,
    content: Vec<u8>,
}

/// A token and what it opens.
#[derive(Clone)]
pub struct Token {
    /// What the client sends.
    pub text: String,
    /// The vaults' names that it opens; all of them when absent.
    pub vaults: Option<Vec<String>>,
    /// Whether it may read.
    pub read: bool,
    /// Whether it may write.
    pub write: bool,
}

/// How the server misbehaves.
#[derive(Clone, Debug)]
pub enum Fault {
    /// Sends the headers and half of the body, and hangs up.
    Reset,
    /// Announces a body of a GiB and sends it, as fast as it is taken.
    Endless,
    /// Sends as much without announcing anything.
    Unannounced,
    /// Sends a byte, waits, sends the next.
    Drip(Duration),
    /// Answers with a web page and status 200.
    Html,
    /// Announces so many bytes more than it sends (or fewer).
    WrongLength(i64),
    /// Sends the client elsewhere.
    Redirect(String),
    /// Answers with a status, these headers, and a body that repeats what was sent.
    Status(u16, Vec<(&'static str, String)>),
    /// Does what was asked, and then answers with a status all the same.
    DoneBut(u16),
    /// Waits before it answers.
    Wait(Duration),
    /// Hangs up without a word.
    HangUp,
}

/// A fault that waits for its request.
struct Planned {
    method: &'static str,
    path: String,
    fault: Fault,
    left: u32,
}

/// What its tokens tell of what they may do.
pub const TOLD: &str = "unknown until it is tried";
/// Who changed an item, as this server tells it.
pub const EDITOR: &str = "FAKEUSER";

/// A token of the usual form: id `TOK`, server `SRV`, for ever.
pub const TOKEN: &str = "eyJhbGciOiJFUzI1NiIsInR5cCI6IkpXVCJ9.eyJpc3MiOiJjb20uMXBhc3N3b3JkLmI1Iiwic3ViIjoiU1JWIiwianRpIjoiVE9LIiwiaWF0IjoxNzkwMDAwMDAwLCIxcGFzc3dvcmQuY29tL2Z0cyI6WyJ2YXVsdGFjY2VzcyJdfQ.dG9rZW4tY2FuYXJ5LTRmOWEtYjI3Mw";

impl FakeConnect {
    /// A server with nothing but [`TOKEN`], which opens everything.
    pub fn new() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("loopback");
        let address = listener.local_addr().expect("an address");
        let shared = Arc::new(Shared {
            state: Mutex::new(State::default()),
            over: AtomicBool::new(false),
        });
        let threads = Arc::clone(&shared);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                if threads.over.load(Ordering::Relaxed) {
                    break;
                }
                let shared = Arc::clone(&threads);
                shared.state().connections += 1;
                std::thread::spawn(move || http::serve(stream, &shared));
            }
        });
        let server = Self { address, shared };
        server.token(Token {
            text: TOKEN.to_owned(),
            vaults: None,
            read: true,
            write: true,
        });
        server
    }

    /// Its address, for OP_CONNECT_HOST.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The variables that select it.
    pub fn variables(&self) -> [(String, String); 2] {
        [
            ("OP_CONNECT_HOST".to_owned(), self.url()),
            ("OP_CONNECT_TOKEN".to_owned(), TOKEN.to_owned()),
        ]
    }

    /// Lets a token in, in place of one of the same text.
    pub fn token(&self, token: Token) {
        let mut state = self.state();
        state.tokens.retain(|known| known.text != token.text);
        state.tokens.push(token);
    }

    /// Makes a vault; its id.
    pub fn vault(&self, name: &str) -> String {
        let mut state = self.state();
        let id = state.id();
        state.vaults.push(json!({
            "id": id, "name": name, "attributeVersion": 1, "contentVersion": 1, "items": 0,
            "type": "USER_CREATED", "createdAt": "2026-07-25T17:20:01Z", "updatedAt": "2026-07-25T17:20:01Z",
        }));
        id
    }

    /// The id of the vault of that name.
    pub fn vault_named(&self, name: &str) -> String {
        let state = self.state();
        let found = state.vaults.iter().find(|vault| vault["name"] == name);
        found.expect("a vault")["id"]
            .as_str()
            .expect("an id")
            .to_owned()
    }

    /// Makes an item from its label, type and value; its id.
    pub fn item(&self, vault: &str, title: &str, fields: &[(&str, &str, &str)]) -> String {
        let fields: Vec<Value> = fields
            .iter()
            .map(|(label, kind, value)| json!({ "id": label, "label": label, "type": kind, "value": value }))
            .collect();
        self.whole_item(
            vault,
            json!({ "title": title, "category": "LOGIN", "fields": fields }),
        )
    }

    /// Makes an item from its JSON; its id.
    pub fn whole_item(&self, vault: &str, item: Value) -> String {
        let mut state = self.state();
        state.make(vault, item)["id"]
            .as_str()
            .expect("an id")
            .to_owned()
    }

    /// Puts a file into an item; its id.
    pub fn file(&self, item: &str, name: &str, content: &[u8]) -> String {
        let mut state = self.state();
        let id = state.id();
        state.files.push(File {
            id: id.clone(),
            item: item.to_owned(),
            name: name.to_owned(),
            content: content.to_vec(),
        });
        id
    }

    /// An item's JSON as it is now.
    pub fn item_now(&self, id: &str) -> Value {
        let state = self.state();
        let item = state.items.iter().find(|item| item.now["id"] == id);
        item.filter(|item| !item.deleted)
            .map_or(Value::Null, |item| item.now.clone())
    }

    /// Changes an item behind everybody's back.
    pub fn change(&self, id: &str, change: impl FnOnce(&mut Value)) {
        let mut state = self.state();
        let item = state
            .items
            .iter_mut()
            .find(|item| item.now["id"] == id)
            .expect("an item");
        change(&mut item.now);
        item.now["version"] = json!(item.now["version"].as_u64().unwrap_or(0) + 1);
    }

    /// Misbehaves at the next so many requests whose path contains `path`.
    pub fn plan(&self, method: &'static str, path: &str, times: u32, fault: Fault) {
        self.state().faults.push(Planned {
            method,
            path: path.to_owned(),
            fault,
            left: times,
        });
    }

    /// Behaves from now on.
    pub fn behave(&self) {
        self.state().faults.clear();
    }

    /// Waits so long before each answer.
    pub fn latency(&self, latency: Duration) {
        self.state().latency = latency;
    }

    /// Shows what was written only so long afterwards.
    pub fn sync_after(&self, sync: Duration) {
        self.state().sync = sync;
    }

    /// Answers changes with the version before them.
    pub fn old_answers(&self) {
        self.state().old_answers = true;
    }

    /// Has a clock that is so many seconds ahead.
    pub fn clock_ahead(&self, seconds: i64) {
        self.state().date_ahead = Some(seconds);
    }

    /// Compares titles in filters with their case.
    pub fn strict_case(&self) {
        self.state().strict_case = true;
    }

    /// The most requests that waited for their answers at one time.
    pub fn most_at_once(&self) -> usize {
        self.state().most_waiting
    }

    /// What was asked so far.
    pub fn requests(&self) -> Vec<Request> {
        self.state().requests.clone()
    }

    /// What was asked so far, as `METHOD /path`.
    pub fn asked(&self) -> Vec<String> {
        let line = |request: &Request| format!("{} {}", request.method, request.path);
        self.state().requests.iter().map(line).collect()
    }

    /// Forgets what was asked.
    pub fn forget(&self) {
        self.state().requests.clear();
    }

    /// How many connections were made so far.
    pub fn connections(&self) -> usize {
        self.state().connections
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.shared.state()
    }
}

impl Drop for FakeConnect {
    fn drop(&mut self) {
        self.shared.over.store(true, Ordering::Relaxed);
        // The listener waits for one more.
        let _ = std::net::TcpStream::connect(self.address);
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

impl State {
    /// The next of 26 letters and digits, the same in each run.
    fn id(&mut self) -> String {
        self.made += 1;
        format!("{:0>26}", format!("fake{}", self.made))
    }

    fn make(&mut self, vault: &str, mut item: Value) -> Value {
        let id = self.id();
        item["id"] = json!(id);
        item["vault"] = json!({ "id": vault });
        item["version"] = json!(1);
        item["createdAt"] = json!("2026-07-25T17:20:02Z");
        item["updatedAt"] = json!("2026-07-25T17:20:02Z");
        item["lastEditedBy"] = json!(EDITOR);
        self.items.push(Item {
            now: item.clone(),
            before: None,
            changed: std::time::Instant::now(),
            deleted: false,
        });
        self.count(vault);
        item
    }

    fn count(&mut self, vault: &str) {
        let held = self
            .items
            .iter()
            .filter(|item| !item.deleted && item.now["vault"]["id"] == vault);
        let held = held.count();
        for known in &mut self.vaults {
            if known["id"] == vault {
                known["items"] = json!(held);
                known["contentVersion"] = json!(known["contentVersion"].as_u64().unwrap_or(0) + 1);
            }
        }
    }
}
