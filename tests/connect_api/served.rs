//! A served home with a Connect server and tokens of each kind, and programs that use them.

use std::{
    collections::BTreeMap,
    io::{BufRead, BufReader},
    process::{Child, Stdio},
};

use hushkey::{
    access::{Reach, VaultAccess},
    keys::KeySource,
    registry::connect::{ConnectName, ConnectRegistry, NewConnectToken},
    vault::{ServerId, VaultId},
};
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::{
    binary::Person,
    client::{House, Wire, bearer},
};

/// A server that programs reach: vaults `Dev` and `CI`; `Private` is out of its reach.
pub struct Served {
    pub house: House,
    pub registry: ConnectRegistry,
    pub server: ServerId,
    vaults: BTreeMap<String, String>,
}

/// Another process that serves the same store.
pub struct Replica {
    child: Child,
    pub address: String,
}

impl Drop for Replica {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A program with a token.
#[derive(Clone)]
pub struct Program {
    pub token: String,
    address: String,
}

/// What a program was answered.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: String,
}

impl Served {
    /// Served on loopback, with a trace of all that is logged.
    pub fn open() -> Self {
        Self::serving(&[])
    }

    /// The same, with more options.
    pub fn serving(options: &[&str]) -> Self {
        let person = Person::with_stripe();
        for vault in ["CI", "Private"] {
            person.types(["vault", "create", vault]).succeeds();
        }
        Self::of(person, options)
    }

    pub fn of(person: Person, options: &[&str]) -> Self {
        let listed = person.types(["vault", "list", "--json"]).succeeds().json();
        let listed = listed.as_array().unwrap().iter();
        let vaults: BTreeMap<String, String> = listed
            .map(|it| (text(&it["name"]), text(&it["id"])))
            .collect();
        let key = KeySource::File(person.home().join("key")).load_or_create();
        let registry =
            ConnectRegistry::open(&person.home().join("connect.db"), &key.unwrap()).unwrap();
        let reach: Reach = ["Dev", "CI"]
            .into_iter()
            .filter_map(|name| vaults.get(name))
            .map(|id| (VaultId::parse(id).unwrap(), VaultAccess::ALL))
            .collect();
        let server = registry
            .create_server(&name("shop"), reach, Timestamp::now())
            .unwrap();
        Self {
            house: House::of(person, options),
            registry,
            server: server.id,
            vaults,
        }
    }

    /// Another server on the same home; ends when dropped.
    pub fn replica(&self) -> Replica {
        let listen = ["--json", "serve", "--listen", "127.0.0.1:0"];
        let mut child = self
            .house
            .person
            .command(listen)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        let mut stdout = BufReader::new(child.stdout.take().unwrap());
        stdout.read_line(&mut line).unwrap();
        let told: Value = serde_json::from_str(&line).unwrap();
        Replica {
            child,
            address: text(&told["connect"][0]).replace("http://", ""),
        }
    }

    /// A vault's id.
    pub fn vault(&self, name: &str) -> &str {
        &self.vaults[name]
    }

    /// A program that may do so much in `Dev`: `r`, `w` or `rw`.
    pub fn program(&self, access: &str) -> Program {
        self.program_for(&[("Dev", access)], None)
    }

    /// A program that may do so much in these vaults, until then.
    pub fn program_for(&self, vaults: &[(&str, &str)], expires: Option<Timestamp>) -> Program {
        let vaults = vaults.iter().map(|(vault, access)| {
            let vault = VaultId::parse(self.vault(vault)).unwrap();
            (vault, Some(VaultAccess::parse(access).unwrap()))
        });
        let wanted = NewConnectToken {
            server: self.server.clone(),
            name: name(&format!("token {}", VaultId::random())),
            vaults: vaults.collect(),
            expires,
        };
        let made = self.registry.create_token(&wanted, Timestamp::now());
        let (_, token) = made.unwrap();
        self.bearing(token.expose_secret())
    }

    /// A program that sends this as its token.
    pub fn bearing(&self, token: &str) -> Program {
        Program {
            token: token.to_owned(),
            address: self.house.address.clone(),
        }
    }

    /// Bytes of memory that the server has.
    pub fn memory(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.house.pid()));
        let status = status.unwrap_or_default();
        let line = status.lines().find(|line| line.starts_with("VmRSS:"));
        let kilobytes = line.and_then(|line| line.split_whitespace().nth(1));
        kilobytes.map_or(0, |text| text.parse::<u64>().unwrap() * 1024)
    }

    /// `/v1/vaults/{vault}/items` of a vault.
    pub fn items(&self, vault: &str) -> String {
        format!("/v1/vaults/{}/items", self.vault(vault))
    }
}

impl Program {
    /// The same program, which asks elsewhere.
    pub fn at(&self, address: &str) -> Self {
        Self {
            address: address.to_owned(),
            ..self.clone()
        }
    }

    /// A program that sends this as its token to a server at `127.0.0.1:PORT`.
    pub fn to(address: &str, token: &str) -> Self {
        Self {
            token: token.to_owned(),
            address: address.to_owned(),
        }
    }

    pub fn get(&self, path: &str) -> Answer {
        self.asks("GET", path, "")
    }

    pub fn post(&self, path: &str, body: &Value) -> Answer {
        self.asks("POST", path, &body.to_string())
    }

    pub fn put(&self, path: &str, body: &Value) -> Answer {
        self.asks("PUT", path, &body.to_string())
    }

    pub fn patch(&self, path: &str, body: &Value) -> Answer {
        self.asks("PATCH", path, &body.to_string())
    }

    pub fn delete(&self, path: &str) -> Answer {
        self.asks("DELETE", path, "")
    }

    /// Sends a request on a connection of its own.
    pub fn asks(&self, method: &str, path: &str, body: &str) -> Answer {
        self.asks_with(method, path, &[], body)
    }

    /// The same, with more headers.
    pub fn asks_with(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &str,
    ) -> Answer {
        let mut wire = Wire::to(&self.address);
        let bearer = bearer(&self.token);
        let mut all = vec![("connection", "close"), ("user-agent", "tests/1")];
        if !self.token.is_empty() {
            all.push(("authorization", &bearer));
        }
        all.extend(headers);
        wire.send(method, path, &all, body);
        let reply = if method == "HEAD" {
            wire.head()
        } else {
            wire.reply()
        };
        Answer {
            status: reply.status,
            headers: reply.headers,
            body: reply.body,
        }
    }

    /// Makes an item; its body.
    pub fn creates(&self, items: &str, item: &Value) -> Value {
        self.post(items, item).is(200).json()
    }
}

impl Answer {
    /// Insists on a status; whatever is no success says so in JSON.
    pub fn is(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{self:?}");
        if status >= 400 {
            let told = self.json();
            assert_eq!(told["status"], json!(status), "{self:?}");
            assert!(!text(&told["message"]).is_empty(), "{self:?}");
        }
        self
    }

    /// Insists on a status and gives the message.
    pub fn fails(self, status: u16) -> String {
        text(&self.is(status).json()["message"])
    }

    pub fn json(&self) -> Value {
        assert_eq!(
            self.header("content-type"),
            Some("application/json"),
            "{self:?}"
        );
        serde_json::from_str(&self.body).unwrap_or_else(|_| panic!("no JSON: {self:?}"))
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        let mut found = self.headers.iter().filter(|(known, _)| known == name);
        found.next().map(|(_, value)| &**value)
    }
}

/// A login with a user name, a password that is made up, and a section.
pub fn login(title: &str, vault: &str) -> Value {
    json!({
        "title": title,
        "category": "LOGIN",
        "vault": { "id": vault },
        "urls": [{ "href": "https://example.com", "primary": true }],
        "tags": ["prod"],
        "sections": [{ "id": "admin", "label": "Admin" }],
        "fields": [
            { "purpose": "USERNAME", "type": "STRING", "value": "ops" },
            { "purpose": "PASSWORD", "type": "STRING", "generate": true, "recipe": { "length": 20, "characterSets": ["LETTERS", "DIGITS"] } },
            { "id": "pin", "type": "CONCEALED", "label": "pin", "value": "1234567", "section": { "id": "admin" } },
        ],
    })
}

/// The field of an item that has this id.
pub fn field<'a>(item: &'a Value, id: &str) -> &'a Value {
    let fields = item["fields"].as_array().unwrap();
    let found = fields.iter().find(|field| field["id"] == json!(id));
    found.unwrap_or_else(|| panic!("no field {id} in {item}"))
}

pub fn text(value: &Value) -> String {
    value
        .as_str()
        .unwrap_or_else(|| panic!("no text: {value}"))
        .to_owned()
}

fn name(text: &str) -> ConnectName {
    ConnectName::parse(text).unwrap()
}
