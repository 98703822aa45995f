//! Every byte of a small store, changed one at a time.

use std::{
    fs::{self, File},
    os::unix::fs::FileExt,
    path::Path,
};

use hushkey::vault::{EnvironmentName, Environments, ItemState, Vault};
use rusqlite::Connection;

use crate::{
    support::{Home, file, login_in, set, set_mode, store_in, variable, vault_named},
    witness::{Question, Verdict, Witness, fold_log},
};

/// Hands that share the work.
const HANDS: usize = 2;

/// How a byte is changed: which of its bits depends on where it stands, so that all are met.
fn flipped(byte: u8, at: usize) -> u8 {
    byte ^ 1 << (at % 8)
}

#[test]
fn no_changed_byte_makes_the_store_say_what_is_not_so() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    let home = Home::new();
    let witness = runtime.block_on(fill(&home));
    let sealed = pack(home.path());
    let sound = fs::read(home.store()).unwrap();

    let found: Vec<(usize, Verdict)> = std::thread::scope(|scope| {
        let hands: Vec<_> = (0..HANDS)
            .map(|hand| {
                let (home, witness, sound) = (&home, &witness, &sound);
                scope.spawn(move || flip_share(home, witness, sound, hand))
            })
            .collect();
        hands
            .into_iter()
            .flat_map(|hand| hand.join().unwrap())
            .collect()
    });

    let lies: Vec<_> = found
        .iter()
        .filter(|(_, verdict)| !verdict.lies.is_empty())
        .collect();
    assert!(lies.is_empty(), "{lies:#?}");
    assert_eq!(found.len(), sound.len());
    let refused = found
        .iter()
        .filter(|(_, verdict)| !verdict.refused.is_empty())
        .count();
    println!(
        "{} bytes: {refused} changes refused, {} without effect",
        sound.len(),
        sound.len() - refused
    );
    // The positive control: not one byte of what is sealed or vouches for it may change.
    assert!(refused > sealed, "{refused} refused, {sealed} sealed");
}

/// Puts one of everything into the store, and asks for all of it.
async fn fill(home: &Home) -> Witness {
    let store = home.open();
    let vault = vault_named(&store, "Dev").await.id;
    let item = login_in(&store, &vault, "alpha").await.overview.id;
    let files = store.attach_file(&vault, &item, file("one", b"file")).await;
    let file = files.unwrap().files.remove(0).id;
    let name = EnvironmentName::parse("staging").unwrap();
    let environment = store.create_environment(name, "owner").await.unwrap().id;
    let edit = set(vec![variable("HOST", "localhost")]);
    store.edit_environment(&environment, edit).await.unwrap();
    fold_log(home.path());
    let mut witness = Witness::default();
    for (name, question) in [
        ("vaults", Question::Vaults),
        ("environments", Question::Environments),
        ("items", Question::Items(vault.clone(), ItemState::Active)),
        (
            "archive",
            Question::Items(vault.clone(), ItemState::Archived),
        ),
        ("titled", Question::Titled(vault.clone(), "alpha")),
        ("item", Question::Item(vault.clone(), item.clone())),
        ("file", Question::File(vault, item, file)),
        ("head", Question::Head),
    ] {
        witness.ask(&store, name, question).await;
    }
    witness
}

/// Flips every byte whose turn it is in a copy of the store, and asks everything each time.
fn flip_share(home: &Home, witness: &Witness, sound: &[u8], hand: usize) -> Vec<(usize, Verdict)> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    let copy = Home::new();
    fs::copy(home.key(), copy.key()).unwrap();
    let path = copy.store();
    let mut found = Vec::new();
    for at in (hand..sound.len()).step_by(HANDS) {
        if !path.exists() {
            fs::write(&path, sound).unwrap();
            set_mode(&path, 0o600);
        }
        change(&path, at, flipped(sound[at], at));
        found.push((at, runtime.block_on(witness.judge(copy.path()))));
        restore(&path, at, sound);
    }
    found
}

/// Rewrites the store with the smallest pages, so that little of it is empty, and counts the bytes that must
/// not change.
fn pack(home: &Path) -> usize {
    let connection = Connection::open(store_in(home)).unwrap();
    connection
        .execute_batch(
            "PRAGMA journal_mode = DELETE; PRAGMA page_size = 512; VACUUM; PRAGMA journal_mode = WAL;",
        )
        .unwrap();
    connection
        .query_row(
            "SELECT (SELECT sum(length(record)) FROM vaults) + (SELECT length(record) FROM environments) + (SELECT sum(length(overview)) FROM items)
                  + (SELECT sum(length(sealed)) FROM details) + (SELECT sum(length(sealed)) FROM files)
                  + (SELECT sum(length(node)) FROM tree) + (SELECT length(root) + length(mac) FROM head)
                  + (SELECT length(key) FROM store)",
            [],
            |row| row.get(0),
        )
        .unwrap()
}

fn change(path: &Path, at: usize, byte: u8) {
    let file = File::options().write(true).open(path).unwrap();
    file.write_all_at(&[byte], at as u64).unwrap();
}

/// Puts the byte back; the whole file if SQLite has touched it otherwise.
fn restore(path: &Path, at: usize, sound: &[u8]) {
    change(path, at, sound[at]);
    for suffix in ["-wal", "-shm", "-journal"] {
        let mut name = path.as_os_str().to_owned();
        name.push(suffix);
        fs::remove_file(name).ok();
    }
    if fs::read(path).unwrap() != sound {
        fs::remove_file(path).unwrap();
    }
}
