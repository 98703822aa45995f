//! An MCP session in this process: the server at one end of a pipe, a client that writes JSON lines at the other.
//!
//! A [`Desk`] speaks the era of 2026-07-28 unless told otherwise. It shows answers as they come over the wire.

use std::{
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use hushkey::{
    access::{Agent, AgentName, Caller},
    approvals::Approvals,
    audit::{AuditLog, Query, Viewer},
    backend::{
        connect::{self, ConnectVault, Limits},
        local::EnvironmentFile,
    },
    broker::{ASK_LASTS, Broker, BrokerError, Grounds, LazyBroker, People, PolicySource},
    http::page::TypingDoor,
    keys::KeySource,
    launch,
    mcp::{self, Endpoint, Eras, ServerOptions, VaultServer},
    policy::Policy,
    private_file::ensure_private_dir,
    vault::{Item, Secret, Vault, VaultOverview},
};
use rmcp::service::RunningService;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader, DuplexStream, ReadHalf, WriteHalf},
    sync::Mutex,
};
use tokio_util::sync::{CancellationToken, DropGuard};

use crate::{BACKEND, fake_connect::FakeConnect, fake_vault::FakeVault};

/// Where the vaults of a desk are: each test program says so once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(dead_code)]
pub enum Backend {
    /// On a Connect server that holds what the fake vault holds.
    Connect,
    /// In the fake vault itself.
    Memory,
}

/// What the tests' agent may do when a test says nothing about it: everything, with any program.
pub const GENEROUS: &str = r#"
[agents.tester]
confirm = []

[agents.tester.vaults]
Dev = "full"
Build = "full"

[agents.tester.environments]
staging = "write"
spare = "write"

[[agents.tester.commands]]
run = ["**"]
secrets = ["op://**"]
env = ["*"]
"#;

/// The version that makes a request self-contained.
const MODERN: &str = "2026-07-28";

/// Bytes of a message over HTTP, as `hushkey serve` has it.
const MOST_BYTES: usize = 1024 * 1024;

/// A client and the server that answers it.
pub struct Desk {
    writer: Mutex<WriteHalf<DuplexStream>>,
    reader: Mutex<BufReader<ReadHalf<DuplexStream>>>,
    next_id: AtomicU64,
    modern: bool,
    /// The other end.
    pub server: Server,
}

/// A server in this process; ends when dropped.
pub struct Server {
    /// Where the agent may name paths.
    pub root: PathBuf,
    /// The Connect server behind it, if one is.
    #[allow(dead_code)]
    pub connect: Option<FakeConnect>,
    #[allow(dead_code)]
    broker: Arc<LazyBroker>,
    /// Where its store would lie.
    #[allow(dead_code)]
    pub home: PathBuf,
    _running: RunningService<rmcp::RoleServer, Eras>,
    _home: TempDir,
}

/// What a server is made of.
struct Made {
    server: VaultServer,
    broker: Arc<LazyBroker>,
    root: PathBuf,
    home: TempDir,
    connect: Option<FakeConnect>,
}

/// A policy as it was written last.
#[derive(Clone)]
pub struct Written(Arc<std::sync::Mutex<String>>);

impl Written {
    fn new(policy: &str) -> Self {
        Self(Arc::new(std::sync::Mutex::new(policy.to_owned())))
    }

    /// Writes another one.
    #[allow(dead_code)]
    pub fn write(&self, policy: &str) {
        *self.0.lock().expect("nobody panicked") = policy.to_owned();
    }
}

impl PolicySource for Written {
    fn current(&self) -> Result<Policy, String> {
        let text = self.0.lock().expect("nobody panicked").clone();
        Policy::parse(&text, None).map_err(|error| error.to_string())
    }
}

fn closed() -> Result<Broker, BrokerError> {
    Err(BrokerError::Unavailable {
        message: "the store can't be opened here".into(),
        source: Some("10.0.0.7 refused token eyJhbGc".into()),
    })
}

impl Server {
    /// The file of requests and decisions, as another process opens it.
    #[allow(dead_code)]
    pub fn approvals(&self) -> Approvals {
        approvals(&self.home)
    }
}

fn approvals(home: &std::path::Path) -> Approvals {
    let key = KeySource::File(home.join("key"))
        .load_or_create()
        .expect("a key");
    Approvals::open(&home.join("approvals.db"), &key).expect("a file of approvals")
}

/// How a desk is set up.
pub struct Setup {
    broker: Box<dyn FnOnce(PathBuf, Duration, Duration) -> Arc<LazyBroker>>,
    patience: Duration,
    typing: Duration,
    options: ServerOptions,
    modern: bool,
    connect: Option<FakeConnect>,
    policy: Written,
}

impl Setup {
    /// A vault under the generous policy.
    pub fn of(vault: FakeVault) -> Self {
        Self::under(vault, GENEROUS)
    }

    /// A vault under this policy.
    pub fn under(vault: FakeVault, policy: &str) -> Self {
        let policy = Written::new(policy);
        let written = policy.clone();
        let connect = match (BACKEND, vault.contents()) {
            (Backend::Connect, Some(contents)) => Some(served(contents)),
            _ => None,
        };
        let vault: Arc<dyn Vault> = match &connect {
            Some(server) => Arc::new(connected(server)),
            None => Arc::new(vault),
        };
        let broker = move |home: PathBuf, patience: Duration, typing: Duration| {
            launch::reexecute(env!("CARGO_BIN_EXE_hushkey").into());
            Arc::new(LazyBroker::new(move || {
                let (vault, policy, home) = (vault.clone(), policy.clone(), home.clone());
                Box::pin(async move {
                    let home = home.join("home");
                    ensure_private_dir(&home).expect("a private directory");
                    let key = KeySource::File(home.join("key"))
                        .load_or_create()
                        .expect("a key");
                    let audit = AuditLog::open(&home.join("audit.db"), &key).expect("an audit log");
                    let policy = Box::new(policy);
                    let environments =
                        EnvironmentFile::open_or_create(&home.join("environments.db"), &key)
                            .expect("a file of environments");
                    let people = People {
                        open: Box::new(move || Approvals::open(&home.join("approvals.db"), &key)),
                        tell: Box::new(|_| {}),
                        patience,
                        typing,
                    };
                    let grounds = Grounds {
                        environment: std::env::vars().collect(),
                        ..Grounds::default()
                    };
                    Ok(Broker::new(vault, policy, audit, grounds)
                        .with_environments(Arc::new(environments))
                        .with_people(people))
                })
            }))
        };
        Self {
            broker: Box::new(broker),
            patience: Duration::from_secs(1),
            typing: ASK_LASTS,
            options: ServerOptions::default(),
            modern: true,
            connect,
            policy: written,
        }
    }

    /// The policy, for who wants to change it.
    #[allow(dead_code)]
    pub fn policy(&self) -> Written {
        self.policy.clone()
    }

    /// A broker that can't be opened, for what needs none.
    pub fn without_broker() -> Self {
        Self::counting_tries_to_open(Arc::default())
    }

    /// The same, which counts how often it was tried.
    pub fn counting_tries_to_open(tries: Arc<AtomicU64>) -> Self {
        let open = move || {
            tries.fetch_add(1, Ordering::Relaxed);
            closed()
        };
        Self {
            patience: Duration::from_secs(1),
            typing: ASK_LASTS,
            broker: Box::new(|_, _, _| {
                Arc::new(LazyBroker::new(move || {
                    let opened = open();
                    Box::pin(async { opened })
                }))
            }),
            options: ServerOptions::default(),
            modern: true,
            connect: None,
            policy: Written::new(""),
        }
    }

    /// Persons have so long to decide.
    #[allow(dead_code)]
    pub fn patience(self, patience: Duration) -> Self {
        Self { patience, ..self }
    }

    /// Persons have so long to type a value.
    #[allow(dead_code)]
    pub fn typing(self, typing: Duration) -> Self {
        Self { typing, ..self }
    }

    /// With these options.
    pub fn options(self, options: ServerOptions) -> Self {
        Self { options, ..self }
    }

    /// Leaves it to the test to say `initialize`, and says nothing of itself in requests.
    pub fn legacy(self) -> Self {
        Self {
            modern: false,
            ..self
        }
    }

    /// Starts the server, and a client for it.
    pub fn start(self) -> Desk {
        let modern = self.modern;
        let (ours, theirs) = tokio::io::duplex(64 * 1024);
        let server = self.serve(theirs);
        let (reader, writer) = tokio::io::split(ours);
        Desk {
            writer: Mutex::new(writer),
            reader: Mutex::new(BufReader::new(reader)),
            next_id: AtomicU64::new(1),
            modern,
            server,
        }
    }

    /// Starts the server at one end of a pipe.
    pub fn serve(self, pipe: DuplexStream) -> Server {
        let made = self.make();
        let (input, output) = tokio::io::split(pipe);
        let running = mcp::serve(made.server, input, output);
        Server {
            root: made.root,
            connect: made.connect,
            broker: made.broker,
            home: made.home.path().join("home"),
            _running: running,
            _home: made.home,
        }
    }

    /// The server behind an address, without a listener; what ends its sessions when dropped, and the directory that it
    /// needs.
    #[allow(dead_code)]
    pub fn endpoint(self) -> (Endpoint, DropGuard, TempDir) {
        let made = self.make();
        let stop = CancellationToken::new();
        let endpoint = Endpoint::new(made.server, MOST_BYTES, stop.clone());
        (endpoint, stop.drop_guard(), made.home)
    }

    fn make(self) -> Made {
        let home = tempfile::tempdir().expect("a directory");
        let root = home.path().join("project");
        std::fs::create_dir(&root).expect("a directory");
        let caller = Caller::Agent(Agent {
            name: AgentName::parse("tester").expect("a name"),
            default_roots: vec![root.clone()],
            client: None,
            standing: hushkey::access::Standing::default(),
        });
        let broker = (self.broker)(home.path().to_owned(), self.patience, self.typing);
        let page = Arc::new(TypingDoor::new(Arc::clone(&broker)));
        let server = VaultServer::new(Arc::clone(&broker), caller, &self.options)
            .expect("a server")
            .with_page(page);
        Made {
            server,
            broker,
            root,
            home,
            connect: self.connect,
        }
    }
}

impl Server {
    /// The owner's log, a sentence a line.
    #[allow(dead_code)]
    pub async fn sentences(&self) -> Vec<String> {
        let broker = self.broker.get().await.expect("a broker");
        let page = broker.audit().read(&Query::default()).expect("a log");
        let entries = page.entries.iter();
        entries.map(|entry| entry.sentence(Viewer::Owner)).collect()
    }
}

impl Desk {
    /// A vault under the generous policy, and a client of the new era.
    pub fn open(vault: FakeVault) -> Self {
        Setup::of(vault).start()
    }

    /// Calls a tool; its result.
    pub async fn call(&self, tool: &str, arguments: Value) -> Value {
        let params = json!({ "name": tool, "arguments": arguments });
        self.result("tools/call", params).await
    }

    /// Calls a tool that succeeds; its structured content.
    pub async fn answer(&self, tool: &str, arguments: Value) -> Value {
        let result = self.call(tool, arguments).await;
        assert_eq!(result["isError"], json!(false), "{tool}: {result}");
        result["structuredContent"].clone()
    }

    /// Calls a tool that fails; what it says.
    pub async fn refusal(&self, tool: &str, arguments: Value) -> String {
        let result = self.call(tool, arguments).await;
        assert_eq!(result["isError"], json!(true), "{tool}: {result}");
        assert!(
            result.get("structuredContent").is_none(),
            "{tool}: {result}"
        );
        result["content"][0]["text"]
            .as_str()
            .expect("a text")
            .to_owned()
    }

    /// Makes a request that succeeds; its result.
    pub async fn result(&self, method: &str, params: Value) -> Value {
        let response = self.ask(method, params).await;
        assert!(response.get("error").is_none(), "{method}: {response}");
        response["result"].clone()
    }

    /// Makes a request; the whole response. Notifications that come first are skipped.
    pub async fn ask(&self, method: &str, params: Value) -> Value {
        let id = self.begin(method, params).await;
        loop {
            let message = self.receive().await.expect("a response");
            if message.get("id") == Some(&json!(id)) {
                return message;
            }
        }
    }

    /// Sends a request and does not wait; its id.
    pub async fn begin(&self, method: &str, mut params: Value) -> u64 {
        let id = self.next_id.fetch_add(1, Ordering::Relaxed);
        if self.modern {
            let own = params["_meta"].as_object().cloned().unwrap_or_default();
            params["_meta"] = meta();
            for (key, value) in own {
                params["_meta"][key] = value;
            }
        }
        self.send(&json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params }))
            .await;
        id
    }

    /// Sends one message as it is.
    pub async fn send(&self, message: &Value) {
        let line = format!("{message}\n");
        let mut writer = self.writer.lock().await;
        writer
            .write_all(line.as_bytes())
            .await
            .expect("the server listens");
    }

    /// The next message from the server; `None` when it hung up.
    pub async fn receive(&self) -> Option<Value> {
        let mut line = String::new();
        self.reader
            .lock()
            .await
            .read_line(&mut line)
            .await
            .expect("UTF-8");
        (!line.is_empty()).then(|| serde_json::from_str(&line).expect("JSON"))
    }
}

/// A Connect server with the same vaults and items.
fn served((vaults, items): (Vec<VaultOverview>, Vec<Item>)) -> FakeConnect {
    let server = FakeConnect::new();
    for vault in vaults {
        let id = server.vault(&vault.name);
        for item in items.iter().filter(|it| it.overview.vault == vault.id) {
            server.whole_item(&id, wire(item));
        }
    }
    server
}

fn wire(item: &Item) -> Value {
    let overview = &item.overview;
    let fields: Vec<Value> = item
        .fields
        .iter()
        .map(|field| {
            let metadata = &field.metadata;
            let section = metadata.section.as_ref();
            json!({
                "id": metadata.id.as_str(),
                "label": metadata.label,
                "type": metadata.kind.as_str(),
                "purpose": metadata.purpose.map_or("", |it| it.as_str()),
                "section": section.map(|id| json!({ "id": id.as_str() })),
                "value": field.value.as_ref().map(|it| it.expose_secret()),
            })
        })
        .collect();
    let sections: Vec<Value> = item
        .sections
        .iter()
        .map(|it| json!({ "id": it.id.as_str(), "label": it.label }))
        .collect();
    let urls: Vec<Value> = overview
        .urls
        .iter()
        .map(|it| json!({ "href": it.href, "primary": it.primary }))
        .collect();
    json!({
        "title": overview.title, "category": overview.category.as_str(), "tags": overview.tags,
        "urls": urls, "sections": sections, "fields": fields,
    })
}

fn connected(server: &FakeConnect) -> ConnectVault {
    let [(_, host), (_, token)] = server.variables();
    let place = connect::Server {
        host,
        token: Secret::new(token),
        authority: None,
    };
    let limits = Limits {
        pause: std::time::Duration::from_millis(10),
        kept: std::time::Duration::from_millis(50),
        ..Limits::default()
    };
    ConnectVault::new(place, limits).expect("a client")
}

/// What a request of the new era says of itself.
pub fn meta() -> Value {
    json!({
        "io.modelcontextprotocol/protocolVersion": MODERN,
        "io.modelcontextprotocol/clientInfo": { "name": "desk", "version": "1" },
        "io.modelcontextprotocol/clientCapabilities": {},
    })
}
