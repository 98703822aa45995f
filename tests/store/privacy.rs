//! On disk there is only ciphertext, in files that only their owner can reach, for the holder of the key.

use std::{
    fs,
    os::unix::fs::{PermissionsExt, symlink},
    path::Path,
};

use hushkey::{
    backend::local::LocalVault,
    keys::{KeyError, KeySource},
    vault::{ItemUrl, Secret, Vault, VaultEdit, VaultError},
};

use crate::{
    child,
    support::{Home, file, login, open_in, password, set_mode, vault_named},
    witness::fold_log,
};

fn refusal(home: &Home) -> String {
    let refused = LocalVault::open(&home.store(), &home.kek()).err().unwrap();
    assert!(
        matches!(refused, VaultError::Unavailable { .. }),
        "{refused:?}"
    );
    refused.to_string()
}

#[tokio::test]
async fn nothing_that_a_person_wrote_is_in_the_clear_on_disk() {
    let home = Home::new();
    let store = home.open();
    let vault = vault_named(&store, "canary-vault").await.id;
    let edit = VaultEdit {
        name: None,
        description: Some("canary-description".to_owned()),
    };
    store.edit_vault(&vault, edit).await.unwrap();
    let mut new = login("canary-title");
    new.tags = vec!["canary-tag".to_owned()];
    new.created_by = Some("canary-editor".to_owned());
    new.urls = vec![ItemUrl {
        href: "https://canary-host/".to_owned(),
        label: Some("canary-url".to_owned()),
        primary: true,
    }];
    new.sections[0].label = "canary-section".to_owned();
    new.fields[0].metadata.label = "canary-label".to_owned();
    new.fields[0].value = Some(Secret::new("canary-value".to_owned()));
    let item = store.create_item(&vault, new).await.unwrap().overview.id;
    store
        .attach_file(&vault, &item, file("canary-name", b"canary-content"))
        .await
        .unwrap();
    let found = |what: &str| {
        let names = ["store.db", "store.db-wal", "store.db-shm", "key"];
        let files = names.map(|name| fs::read(home.path().join(name)).unwrap_or_default());
        files.iter().any(|f| {
            f.windows(what.len())
                .any(|w| w.eq_ignore_ascii_case(what.as_bytes()))
        })
    };

    for folded in [false, true] {
        if folded {
            fold_log(home.path());
        }
        for canary in ["canary", "password", &password("canary-title"), "anna"] {
            assert!(!found(canary), "{canary}");
        }
        // The positive control: ids are in the clear, and found.
        assert!(found(item.as_str()) && found(vault.as_str()));
    }
}

#[tokio::test]
async fn deleted_records_leave_no_ciphertext_behind() {
    let home = Home::new();
    let store = home.open();
    let vault = vault_named(&store, "Dev").await.id;
    let item = store
        .create_item(&vault, login("a"))
        .await
        .unwrap()
        .overview
        .id;
    fold_log(home.path());
    let connection = rusqlite::Connection::open(home.store()).unwrap();
    let sealed: Vec<u8> = connection
        .query_row("SELECT sealed FROM details", [], |row| row.get(0))
        .unwrap();
    let there = || {
        let file = fs::read(home.store()).unwrap();
        file.windows(sealed.len()).any(|window| window == sealed)
    };
    assert!(there());

    store.delete_item(&vault, &item).await.unwrap();
    fold_log(home.path());

    assert!(!there());
}

#[test]
fn an_open_file_or_directory_is_refused_with_the_chmod_to_run() {
    let home = Home::new();
    drop(home.open());
    let (path, directory) = (home.store(), home.path().display().to_string());

    for name in ["store.db", "store.db-wal", "store.db-shm"] {
        let path = home.path().join(name);
        fs::File::options()
            .append(true)
            .create(true)
            .open(&path)
            .unwrap();
        set_mode(&path, 0o640);
        let refused = refusal(&home);
        assert!(
            refused.contains(&format!("`chmod 600 {}`", path.display())),
            "{refused}"
        );
        set_mode(&path, 0o600);
    }
    set_mode(home.path(), 0o750);
    let refused = refusal(&home);
    assert!(
        refused.contains(&format!("`chmod 700 {directory}`")),
        "{refused}"
    );
    set_mode(home.path(), 0o700);
    set_mode(&home.key(), 0o604);
    let refused = KeySource::File(home.key()).load().unwrap_err().to_string();
    assert!(
        refused.contains(&format!("`chmod 600 {}`", home.key().display())),
        "{refused}"
    );
    set_mode(&home.key(), 0o600);
    assert!(LocalVault::open(&path, &home.kek()).is_ok());
}

#[test]
fn the_stores_files_are_private_whatever_the_umask() {
    let home = Home::new();

    child::join(vec![child::start("open to all", home.path())]);

    let mut seen = 0;
    for entry in fs::read_dir(home.path().join("sub")).unwrap() {
        let entry = entry.unwrap();
        assert_eq!(
            entry.metadata().unwrap().permissions().mode() & 0o077,
            0,
            "{entry:?}"
        );
        seen += 1;
    }
    assert_eq!(seen, 4, "key, store, -wal and -shm");
    let mode = fs::metadata(home.path().join("sub"))
        .unwrap()
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o700);
}

/// The job "open to all": makes a store where every bit of a new file is allowed.
pub(crate) fn create_with_open_umask(home: &Path) {
    rustix::process::umask(rustix::fs::Mode::empty());
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    let store = open_in(&home.join("sub"));
    runtime.block_on(vault_named(&store, "Dev"));
}

#[tokio::test]
async fn another_key_is_told_from_damage() {
    let (home, other) = (Home::new(), Home::new());
    drop(home.open());

    let refused = LocalVault::open(&home.store(), &other.kek()).err().unwrap();

    assert!(
        matches!(refused, VaultError::Unavailable { .. }),
        "{refused:?}"
    );
    assert!(
        refused.to_string().contains("not the key of this store"),
        "{refused}"
    );
}

#[tokio::test]
async fn a_rewrapped_store_opens_with_the_new_key_only() {
    let (home, other) = (Home::new(), Home::new());
    let store = home.open();
    let made = vault_named(&store, "Dev").await;
    assert!(LocalVault::rewrap(&home.store(), &other.kek(), &Home::new().kek()).is_err());

    LocalVault::rewrap(&home.store(), &home.kek(), &other.kek()).unwrap();
    // Once more, as after a sudden end, changes nothing.
    LocalVault::rewrap(&home.store(), &home.kek(), &other.kek()).unwrap();

    assert_eq!(store.vaults().await.unwrap(), std::slice::from_ref(&made));
    assert!(LocalVault::open(&home.store(), &home.kek()).is_err());
    let store = LocalVault::open(&home.store(), &other.kek()).unwrap();
    assert_eq!(store.vaults().await.unwrap(), [made]);
}

#[test]
fn what_is_no_store_is_told_apart() {
    let home = Home::new();
    let kek = home.kek();
    assert!(refusal(&home).contains("hushkey init"));
    let nowhere = LocalVault::open(&home.path().join("no/store.db"), &kek)
        .err()
        .unwrap();
    assert!(nowhere.to_string().contains("hushkey init"), "{nowhere}");

    for (content, word) in [
        (&b"these are not the bytes of a database, and yet they are many more than a hundred, so \
            that there can be no talk of a file that has simply not been filled with anything yet"[..], "no hushkey store"),
        (b"", "no hushkey store"),
    ] {
        fs::write(home.store(), content).unwrap();
        set_mode(&home.store(), 0o600);
        let refused = refusal(&home);
        assert!(refused.contains(word), "{refused}");
        assert_eq!(fs::read(home.store()).unwrap(), content, "left as it was");
    }
}

#[tokio::test]
async fn a_new_store_is_not_mixed_with_what_is_left_of_an_old_one() {
    let home = Home::new();
    vault_named(&home.open(), "Dev").await;
    fs::remove_file(home.store()).unwrap();

    let refused = LocalVault::open_or_create(&home.store(), &home.kek());

    let refused = refused.err().unwrap().to_string();
    let log = home.path().join("store.db-wal").display().to_string();
    assert!(refused.contains(&log), "{refused}");
    assert!(!home.store().exists());
    fs::remove_file(log).unwrap();
    assert!(home.open().vaults().await.unwrap().is_empty());
}

#[test]
fn a_link_is_no_store_and_no_key() {
    let (home, other) = (Home::new(), Home::new());
    drop(home.open());
    symlink(home.store(), other.store()).unwrap();
    symlink(home.key(), other.key()).unwrap();

    let store = LocalVault::open(&other.store(), &home.kek()).err().unwrap();
    let key = KeySource::File(other.key()).load_or_create().unwrap_err();

    assert!(store.to_string().contains("symbolic link"), "{store}");
    assert!(matches!(key, KeyError::File(_)), "{key}");
    let dangling = Home::new();
    symlink(dangling.path().join("nothing"), dangling.store()).unwrap();
    assert!(LocalVault::open_or_create(&dangling.store(), &home.kek()).is_err());
}
