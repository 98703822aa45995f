//! A Connect server of our own: the real binary serves a throw-away store. It stands in the place of `fake_connect.rs`, so that
//! what is tested over the one is tested over the other.

// Each of the test programs uses its own part.
#![allow(dead_code)]

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::TcpStream,
    path::PathBuf,
    process::{Child, Command, Stdio},
    sync::Mutex,
};

use hushkey::{
    access::{Reach, VaultAccess},
    keys::KeySource,
    registry::connect::{ConnectName, ConnectRegistry, NewConnectToken},
    vault::{ServerId, VaultId},
};
use jiff::Timestamp;
use serde_json::Value;
use tempfile::TempDir;

/// What its tokens tell of what they may do.
pub const TOLD: &str = "read and write";
/// Who changed an item, as this server tells it.
pub const EDITOR: &str = "connect:own";

/// A running server; ends when dropped.
pub struct FakeConnect {
    directory: TempDir,
    child: Child,
    url: String,
    registry: ConnectRegistry,
    server: ServerId,
    open: Mutex<Open>,
}

/// The vaults that there are, and a token for all of them.
struct Open {
    vaults: Vec<(String, VaultId)>,
    token: String,
}

impl FakeConnect {
    pub fn new() -> Self {
        let directory = tempfile::Builder::new()
            .prefix("hushkey-served-")
            .tempdir()
            .unwrap();
        let typed = |words: &[&str]| hushkey(&directory, words);
        // What it keeps is of no concern here, only what it is given over HTTP.
        assert!(
            typed(&["init", "--vault", "Unused"])
                .output()
                .unwrap()
                .status
                .success()
        );
        let key = KeySource::File(directory.path().join("home/key")).load_or_create();
        let registry = directory.path().join("home/connect.db");
        let registry = ConnectRegistry::open(&registry, &key.unwrap()).unwrap();
        let name = ConnectName::parse("own").unwrap();
        let server = registry
            .create_server(&name, Reach::default(), Timestamp::now())
            .unwrap();
        let mut child = typed(&["--json", "serve", "--no-mcp", "--listen", "127.0.0.1:0"])
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        let mut stdout = BufReader::new(child.stdout.take().unwrap());
        stdout.read_line(&mut line).unwrap();
        let told: Value = serde_json::from_str(&line).unwrap();
        Self {
            url: told["connect"][0].as_str().unwrap().to_owned(),
            server: server.id,
            directory,
            child,
            registry,
            open: Mutex::new(Open {
                vaults: Vec::new(),
                token: String::new(),
            }),
        }
    }

    /// Makes a vault, and a token for all that there are now; the vault's id.
    pub fn vault(&self, name: &str) -> String {
        let made = hushkey(&self.directory, &["--json", "vault", "create", name]).output();
        let made: Value = serde_json::from_slice(&made.unwrap().stdout).unwrap();
        let id = VaultId::parse(made["id"].as_str().unwrap()).unwrap();
        let access = VaultAccess::ALL;
        self.registry.set_access(&self.server, &id, access).unwrap();
        let mut open = self.open.lock().unwrap();
        open.vaults.push((name.to_owned(), id.clone()));
        let wanted = NewConnectToken {
            server: self.server.clone(),
            name: ConnectName::parse(&format!("all {}", open.vaults.len())).unwrap(),
            vaults: open
                .vaults
                .iter()
                .map(|(_, id)| (id.clone(), None))
                .collect(),
            expires: None,
        };
        let made = self.registry.create_token(&wanted, Timestamp::now());
        open.token = made.unwrap().1.expose_secret().to_owned();
        id.to_string()
    }

    /// The id of the vault of that name.
    pub fn vault_named(&self, name: &str) -> String {
        let open = self.open.lock().unwrap();
        let found = open.vaults.iter().find(|(known, _)| known == name);
        found.unwrap().1.to_string()
    }

    /// Puts a file into an item; its id.
    pub fn file(&self, item: &str, name: &str, content: &[u8]) -> String {
        let path: PathBuf = self.directory.path().join(name);
        std::fs::write(&path, content).unwrap();
        let path = path.display().to_string();
        let words = ["--json", "file", "attach", item, &path, "--name", name];
        let made = hushkey(&self.directory, &words).output().unwrap();
        let made: Value = serde_json::from_slice(&made.stdout)
            .unwrap_or_else(|_| panic!("{}", String::from_utf8_lossy(&made.stderr)));
        let files = made["files"].as_array().unwrap();
        files.last().unwrap()["id"].as_str().unwrap().to_owned()
    }

    /// Makes an item as the API has it; its id.
    pub fn whole_item(&self, vault: &str, item: Value) -> String {
        let [(_, host), (_, token)] = self.variables();
        let address = host.trim_start_matches("http://");
        let body = item.to_string();
        let mut stream = TcpStream::connect(address).unwrap();
        write!(
            stream,
            "POST /v1/vaults/{vault}/items HTTP/1.1\r\nhost: {address}\r\nauthorization: Bearer {token}\r\n\
             content-length: {}\r\nconnection: close\r\n\r\n{body}",
            body.len()
        )
        .unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        assert!(head.starts_with("HTTP/1.1 200"), "{answer}");
        let made: Value = serde_json::from_str(body).unwrap();
        made["id"].as_str().unwrap().to_owned()
    }

    /// The variables that select it.
    pub fn variables(&self) -> [(String, String); 2] {
        let token = self.open.lock().unwrap().token.clone();
        [
            ("OP_CONNECT_HOST".to_owned(), self.url.clone()),
            ("OP_CONNECT_TOKEN".to_owned(), token),
        ]
    }
}

impl Drop for FakeConnect {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn hushkey(directory: &TempDir, words: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_hushkey"));
    command
        .args(words)
        .current_dir(directory.path())
        .env_clear()
        .env("PATH", "/usr/local/bin:/usr/bin:/bin")
        .env("HOME", directory.path())
        .env("HUSHKEY_HOME", directory.path().join("home"))
        .stdin(Stdio::null());
    command
}
