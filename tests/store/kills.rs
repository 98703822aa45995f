//! A process that dies at any moment takes nothing with it that it had confirmed.

use std::{
    collections::HashMap,
    fs::{self, File},
    io::Write,
    path::Path,
    process::Child,
    thread::sleep,
    time::Duration,
};

use hushkey::{
    seal::random_bytes,
    vault::{ItemId, Secret, Vault, VaultError},
};

use crate::{
    child,
    support::{Home, login_in, open_in, values, vault_named},
};

const WRITERS: usize = 4;

/// How often a writer is killed: `HUSHKEY_KILLS`, or enough for every day.
fn kills() -> usize {
    std::env::var("HUSHKEY_KILLS").map_or(20, |kills| kills.parse().unwrap())
}

#[tokio::test]
async fn what_was_confirmed_outlives_a_killed_process() {
    let home = Home::new();
    let vault = vault_named(&home.open(), "Dev").await.id;
    let mut writers: Vec<Child> = (0..WRITERS)
        .map(|_| child::start("write", home.path()))
        .collect();

    for kill in 0..kills() {
        sleep(random(30..120));
        let writer = &mut writers[kill % WRITERS];
        assert!(writer.try_wait().unwrap().is_none(), "a writer gave up");
        end(writer);
        *writer = child::start("write", home.path());
    }
    sleep(Duration::from_millis(100));
    writers.iter_mut().for_each(end);

    let store = home.open();
    let mut confirmed = 0;
    for (id, known) in confirmed_in(home.path()) {
        confirmed += known.changes;
        match store.item(&vault, &id).await {
            Ok(item) => {
                assert!(!known.deleted, "{id} came back");
                assert!(item.overview.version >= known.version, "{id} lost a change");
                assert_eq!(
                    values(&item)[1],
                    Some(format!("value {}", item.overview.version))
                );
            }
            Err(VaultError::NotFound { .. }) => assert!(known.deletion_begun, "{id} was lost"),
            Err(e) => panic!("{e}"),
        }
    }
    let report = store.check().await.unwrap();
    assert!(report.faults.is_empty(), "{:?}", report.faults);
    println!(
        "{} kills, {confirmed} confirmed changes, none lost",
        kills()
    );
    // The positive control: there was something to lose.
    assert!(confirmed > kills());
}

/// The job "write": makes, changes and deletes items until it is killed, and notes what is confirmed.
pub(crate) async fn write(home: &Path) {
    let store = open_in(home);
    let vault = store.vaults().await.unwrap().remove(0).id;
    let notes = home.join(format!("{}.notes", std::process::id()));
    // One write a line: whole or not there, whatever happens to this process.
    let mut notes = File::options()
        .create(true)
        .append(true)
        .open(notes)
        .unwrap();
    let mut note = |line: String| notes.write_all(line.as_bytes()).unwrap();
    loop {
        let made = login_in(&store, &vault, "item").await;
        let id = made.overview.id;
        // Versions tell what the value must be, from the first change on.
        for _ in 0..2 {
            let mut item = store.item(&vault, &id).await.unwrap();
            let version = item.overview.version + 1;
            item.fields[1].value = Some(Secret::new(format!("value {version}")));
            store.replace_item(item).await.unwrap();
            note(format!("at {id} {version}\n"));
        }
        if random_bytes::<1>()[0] < 64 {
            note(format!("deleting {id} 0\n"));
            store.delete_item(&vault, &id).await.unwrap();
            note(format!("deleted {id} 0\n"));
        }
    }
}

/// What the writers have confirmed of an item.
#[derive(Default)]
struct Confirmed {
    version: u64,
    changes: usize,
    deletion_begun: bool,
    deleted: bool,
}

fn confirmed_in(home: &Path) -> HashMap<ItemId, Confirmed> {
    let mut items: HashMap<ItemId, Confirmed> = HashMap::new();
    for entry in fs::read_dir(home).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|kind| kind != "notes") {
            continue;
        }
        for line in fs::read_to_string(path).unwrap().lines() {
            let words: Vec<_> = line.split(' ').collect();
            let item = items.entry(ItemId::parse(words[1]).unwrap()).or_default();
            match words[0] {
                "at" => item.version = words[2].parse().unwrap(),
                "deleting" => item.deletion_begun = true,
                "deleted" => item.deleted = true,
                other => panic!("{other}"),
            }
            item.changes += usize::from(words[0] != "deleting");
        }
    }
    items
}

#[test]
fn a_process_killed_while_it_makes_the_store_leaves_none_or_a_whole_one() {
    for _ in 0..8 {
        let home = Home::new();
        let mut maker = child::start("create", home.path());
        sleep(random(0..40));
        end(&mut maker);

        drop(home.open());
    }
}

fn end(child: &mut Child) {
    // SIGKILL; one that has ended already is fine.
    child.kill().ok();
    child.wait().unwrap();
}

fn random(milliseconds: std::ops::Range<u64>) -> Duration {
    let share = u64::from(u16::from_le_bytes(random_bytes()));
    Duration::from_millis(milliseconds.start + share % (milliseconds.end - milliseconds.start))
}
