//! How fast the local store is: lists, single items, durable writes; through the library and as a whole process.
//!
//! `cargo bench --bench store` fills stores of 10,000 and 100,000 items in memory, copies them to a temporary
//! directory on disk and prints one Markdown table. `BENCH_ITEMS` sets the larger number.

use std::{
    fs,
    path::Path,
    process::{Command, Stdio},
};

use hushkey::{
    backend::local::LocalVault,
    keys::{Kek, KeySource},
    vault::{
        Category, Field, FieldId, FieldMetadata, FieldType, ItemId, ItemState, NewItem, Purpose,
        Secret, Vault, VaultId,
    },
};
use tokio::runtime::Runtime;

#[path = "measure.rs"]
mod measure;

use measure::{Times, head};

const HUSHKEY: &str = env!("CARGO_BIN_EXE_hushkey");

fn main() {
    let many = std::env::var("BENCH_ITEMS").map_or(100_000, |text| text.parse().expect("a number"));
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .expect("a runtime");
    let place = tempfile::tempdir().expect("a temporary directory");

    let listed = Bench::fill(&runtime, place.path(), 10_000);
    let large = Bench::fill(&runtime, place.path(), many);

    head();
    listed.lists().row("list 10,000 items, library", "60 ms");
    listed
        .process(20, &["item", "list", "--vault", "Dev"])
        .row("list 10,000 items, `hushkey item list`", "60 ms");
    large
        .items()
        .row(&format!("one item of {many}, library"), "2 ms");
    large
        .titles()
        .row(&format!("one title of {many}, library"), "2 ms");
    let id = large.ids[many / 2].as_str();
    large
        .process(50, &["item", "get", id, "--vault", "Dev"])
        .row(&format!("one item of {many}, `hushkey item get`"), "");
    large
        .writes()
        .row(&format!("a durable write into {many} items"), "");
}

/// A store on disk with many items.
struct Bench<'a> {
    runtime: &'a Runtime,
    home: std::path::PathBuf,
    store: LocalVault,
    vault: VaultId,
    ids: Vec<ItemId>,
}

impl<'a> Bench<'a> {
    /// Fills a store where a sync costs nothing, and moves it to disk.
    fn fill(runtime: &'a Runtime, place: &Path, count: usize) -> Self {
        let memory = tempfile::tempdir_in("/dev/shm")
            .or_else(|_| tempfile::tempdir())
            .expect("a directory");
        let filled = memory.path().join("home");
        init(&filled);
        let (vault, ids) = {
            let store = open(&filled);
            let vault = runtime.block_on(store.vaults()).expect("vaults")[0]
                .id
                .clone();
            let made = (0..count).map(|i| {
                let item = runtime
                    .block_on(store.create_item(&vault, login(i)))
                    .expect("an item");
                item.overview.id
            });
            let ids = made.collect();
            (vault, ids)
        };
        let home = place.join(count.to_string());
        copy(&filled, &home);
        Self {
            runtime,
            store: open(&home),
            home,
            vault,
            ids,
        }
    }

    fn lists(&self) -> Times {
        Times::measure(20, |_| {
            let items = self
                .runtime
                .block_on(self.store.items(&self.vault, ItemState::Active))
                .expect("a list");
            assert_eq!(items.len(), self.ids.len());
        })
    }

    fn items(&self) -> Times {
        Times::measure(1000, |i| {
            let item = self
                .runtime
                .block_on(self.store.item(&self.vault, self.any(i)))
                .expect("an item");
            assert_eq!(item.fields.len(), 2);
        })
    }

    fn titles(&self) -> Times {
        Times::measure(1000, |i| {
            let title = title(i * 7919 % self.ids.len());
            let items = self
                .runtime
                .block_on(self.store.items_titled(&self.vault, &title))
                .expect("items");
            assert_eq!(items.len(), 1);
        })
    }

    fn writes(&self) -> Times {
        Times::measure(500, |i| {
            let new = login(self.ids.len() + i);
            self.runtime
                .block_on(self.store.create_item(&self.vault, new))
                .expect("an item");
        })
    }

    fn process(&self, count: usize, arguments: &[&str]) -> Times {
        Times::measure(count, |_| {
            let ended = hushkey(&self.home, arguments).status();
            assert!(ended.is_ok_and(|status| status.success()), "{arguments:?}");
        })
    }

    fn any(&self, i: usize) -> &ItemId {
        &self.ids[i * 7919 % self.ids.len()]
    }
}

fn init(home: &Path) {
    let made = hushkey(home, &["init"]).status();
    assert!(made.is_ok_and(|status| status.success()), "init");
}

fn hushkey(home: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(HUSHKEY);
    command
        .args(arguments)
        .env("HUSHKEY_HOME", home)
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    command
}

fn open(home: &Path) -> LocalVault {
    let kek: Kek = KeySource::File(home.join("key")).load().expect("a key");
    LocalVault::open(&home.join("store.db"), &kek).expect("a store")
}

fn copy(from: &Path, to: &Path) {
    fs::DirBuilder::new().create(to).expect("a directory");
    fs::set_permissions(to, fs::metadata(from).expect("a directory").permissions())
        .expect("a mode");
    for entry in fs::read_dir(from).expect("a directory") {
        let entry = entry.expect("an entry");
        fs::copy(entry.path(), to.join(entry.file_name())).expect("a copy");
    }
}

fn title(i: usize) -> String {
    format!("Service {i:06}")
}

/// An ordinary login: a user name and a password.
fn login(i: usize) -> NewItem {
    NewItem {
        title: title(i),
        category: Category::Login,
        urls: Vec::new(),
        tags: vec!["bench".into()],
        favorite: false,
        sections: Vec::new(),
        fields: vec![
            field(
                "username",
                FieldType::String,
                Purpose::Username,
                format!("user{i}"),
            ),
            field(
                "password",
                FieldType::Concealed,
                Purpose::Password,
                format!("pw-{i:028}"),
            ),
        ],
        created_by: None,
    }
}

fn field(label: &str, kind: FieldType, purpose: Purpose, value: String) -> Field {
    Field {
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
    }
}
