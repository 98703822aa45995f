//! The Connect API as programs see it: items read through the whole program, each read recorded durably.
//!
//! `cargo bench --bench connect_api` prints Markdown tables; `-- memory` asks a million times and watches the resident set
//! instead (`BENCH_REQUESTS` sets another number). Beside hushkey stands an axum server that answers the same bytes from
//! memory and does nothing else, in a process of its own (this program once more), asked by the same client in the same
//! run. Client and server share the machine's cores. Every answer is looked at: a status that is not 200, or an answer
//! without the value that was asked for, ends the bench.

use std::{
    path::Path,
    process::{Command, Stdio},
    time::Instant,
};

use hushkey::{
    backend::local::LocalVault,
    keys::KeySource,
    vault::{
        Batch, BatchVault, Category, Field, FieldId, FieldMetadata, FieldType, ItemState, NewItem,
        NewVault, Purpose, Secret, Vault, WholeItem,
    },
};

#[path = "binary.rs"]
#[allow(dead_code)]
mod binary;
#[path = "connect_api/client.rs"]
mod client;
#[path = "connect_api/empty.rs"]
mod empty;
#[path = "measure.rs"]
#[allow(dead_code)]
mod measure;
#[path = "connect_api/served.rs"]
mod served;

use binary::hushkey;
use client::{Get, get_all};
use measure::{Times, head};
use served::{Served, spread};

/// Connections that ask at the same time.
const CONNECTIONS: usize = 64;
/// Reads of one round.
const READS: usize = 50_000;
/// Items of the long list.
const LISTED: usize = 10_000;

fn main() {
    let word = std::env::args().nth(1);
    if word.as_deref() == Some("empty") {
        return empty::serve();
    }
    let place = tempfile::tempdir().expect("a temporary directory");
    let desk = Desk::set_up(&place.path().join("home"));
    match word.as_deref() {
        Some("memory") => desk.memory(),
        _ => desk.speed(),
    }
}

/// A store on disk, and a token that reads it.
struct Desk {
    home: std::path::PathBuf,
    token: String,
    /// A place that is answered with an item, and what its answer holds.
    item: (String, String),
    /// A place that is answered with [`LISTED`] items.
    list: String,
}

impl Desk {
    fn set_up(home: &Path) -> Self {
        let told = |arguments: &[&str]| {
            // Credentials are written where the command is typed.
            let beside = home.parent().unwrap_or(home);
            let mut command = hushkey(home, arguments);
            let made = command.current_dir(beside).stderr(Stdio::null()).output();
            let made = made.expect("hushkey starts");
            assert!(made.status.success(), "{arguments:?}");
            String::from_utf8(made.stdout)
                .expect("UTF-8")
                .trim()
                .to_owned()
        };
        told(&["init"]);
        let (vault, item) = fill(home);
        told(&["connect", "server", "create", "bench", "--vaults", "Many"]);
        let token = [
            "connect", "token", "create", "bench", "--server", "bench", "--vault", "Many,r",
        ];
        Self {
            token: told(&token),
            home: home.to_owned(),
            item: (
                format!("/v1/vaults/{vault}/items/{item}"),
                password(LISTED / 2),
            ),
            list: format!("/v1/vaults/{vault}/items"),
        }
    }

    fn serve(&self) -> Served {
        Served::start(&mut hushkey(
            &self.home,
            &["serve", "--listen", "127.0.0.1:0"],
        ))
    }

    fn get<'a>(&'a self, place: &'a str, holds: &'a str) -> Get<'a> {
        Get {
            place,
            token: Some(&self.token),
            holds,
        }
    }

    fn speed(&self) {
        let (place, password) = &self.item;
        let get = self.get(place, password);
        let served = self.serve();
        let size = get_all(&served.host, get, 1, 1).bytes;
        println!("{READS} reads over {CONNECTIONS} connections; the answer has {size} bytes\n");
        println!("| what | reads/s | median | p99 | longest | server's CPU µs a read | MB |");
        println!("|---|---|---|---|---|---|---|");
        let mut this = Command::new(std::env::current_exe().expect("this program"));
        let empty = Served::start(this.args(["empty", &size.to_string()]));
        let nothing = Get { holds: "", ..get };
        // In turns, so that what else the machine does falls on both.
        for _ in 0..3 {
            empty.round("axum, the same bytes from memory", nothing);
            served.round("hushkey, GET item, recorded durably", get);
        }
        drop(empty);

        println!("\nA list of {LISTED} items, one request at a time\n");
        head();
        let get = self.get(&self.list, "Service");
        let times = (0..30).map(|_| get_all(&served.host, get, 1, 1).times[0]);
        Times::of(times.collect()).row("GET items, recorded durably", "");
    }

    fn memory(&self) {
        let requests = std::env::var("BENCH_REQUESTS")
            .map_or(1_000_000, |text| text.parse().expect("a number"));
        let (place, password) = &self.item;
        let get = self.get(place, password);
        let served = self.serve();
        get_all(&served.host, get, 1, 1);
        println!(
            "| requests | resident, MB | reads/s since the row before | p99 |\n|---|---|---|---|"
        );
        println!("| 1 | {:.1} | | |", served.memory_mb());
        let step = requests / 10;
        for done in (1..=10).map(|part| part * step) {
            let begun = Instant::now();
            let answers = get_all(&served.host, get, step, CONNECTIONS);
            let rate = step as f64 / begun.elapsed().as_secs_f64();
            let (_, p99, _) = spread(&Times::of(answers.times));
            println!("| {done} | {:.1} | {rate:.0} | {p99} |", served.memory_mb());
        }
    }
}

/// Makes a vault with many items, past the command line; an item of it.
fn fill(home: &Path) -> (String, String) {
    let kek = KeySource::File(home.join("key")).load().expect("a key");
    let store = LocalVault::open(&home.join("store.db"), &kek).expect("a store");
    let runtime = tokio::runtime::Builder::new_current_thread().build();
    runtime.expect("a runtime").block_on(async {
        let new = NewVault {
            name: "Many".into(),
            description: String::new(),
        };
        let vault = store.create_vault(new).await.expect("a vault").id;
        let items = (0..LISTED).map(|i| WholeItem {
            item: login(i),
            files: Vec::new(),
            archived: false,
        });
        let batch = Batch {
            vault: BatchVault::There(vault.clone()),
            items: items.collect(),
        };
        let made = store
            .create_all(vec![batch], std::sync::Arc::new(|_| {}))
            .await;
        assert_eq!(made.expect("items"), LISTED);
        let title = title(LISTED / 2);
        let items = store.items(&vault, ItemState::Active).await.expect("items");
        let item = items
            .iter()
            .find(|item| item.title == title)
            .expect("an item");
        (vault.to_string(), item.id.to_string())
    })
}

fn title(i: usize) -> String {
    format!("Service {i:06}")
}

fn password(i: usize) -> String {
    format!("pw-{i:028}")
}

/// An ordinary login: a user name and a password.
fn login(i: usize) -> NewItem {
    let field = |label: &str, kind, purpose, value: String| Field {
        metadata: FieldMetadata {
            id: FieldId::new(label),
            label: label.into(),
            section: None,
            kind,
            purpose: Some(purpose),
            set: true,
            origins: Vec::new(),
        },
        value: Some(Secret::new(value)),
    };
    let user = format!("user{i}");
    NewItem {
        title: title(i),
        category: Category::Login,
        urls: Vec::new(),
        tags: vec!["bench".into()],
        favorite: false,
        sections: Vec::new(),
        fields: vec![
            field("username", FieldType::String, Purpose::Username, user),
            field(
                "password",
                FieldType::Concealed,
                Purpose::Password,
                password(i),
            ),
        ],
        created_by: None,
    }
}
