//! An older copy in the store's place, which only a store on this machine can have.

use std::{
    os::unix::fs::PermissionsExt,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use hushkey::{
    access::Caller,
    audit::AuditLog,
    broker::{Anchor, Broker, Grounds, PolicySource},
    keys::KeySource,
    policy::Policy,
    vault::StoreHead,
};

use crate::{
    WIDE,
    fake_vault::FakeVault,
    house::{House, create},
};

#[tokio::test]
async fn an_older_copy_of_the_store_is_noticed_until_its_owner_accepts_it() {
    let house = House::new(WIDE).await;
    let copy = house.home.parent().unwrap().join("copy.db");
    let store = house.home.join("store.db");
    rusqlite::Connection::open(&store)
        .unwrap()
        .execute("VACUUM INTO ?", [copy.to_str().unwrap()])
        .unwrap();
    std::fs::set_permissions(&copy, PermissionsExt::from_mode(0o600)).unwrap();
    house.item("Dev", "Later", &[]).await;
    assert_eq!(house.broker.anchor().await.unwrap(), Anchor::Sound);

    for companion in ["store.db-wal", "store.db-shm"] {
        let _ = std::fs::remove_file(house.home.join(companion));
    }
    std::fs::rename(&copy, &store).unwrap();
    let broker = house.reopen();
    assert!(matches!(
        broker.anchor().await.unwrap(),
        Anchor::Older { .. }
    ));
    for title in ["A", "B", "C"] {
        let new = create("Dev", title, vec![]);
        let pending = std::future::pending();
        broker
            .create_item(&Caller::Owner, new, pending)
            .await
            .unwrap();
    }

    assert!(matches!(
        broker.anchor().await.unwrap(),
        Anchor::Older { .. }
    ));
    broker.accept_store(&Caller::Owner).await.unwrap();
    assert_eq!(broker.anchor().await.unwrap(), Anchor::Sound);
}

#[tokio::test]
async fn a_store_that_moves_on_while_it_is_looked_at_is_not_taken_for_an_older_copy() {
    let dir = tempfile::tempdir().unwrap();
    let (key, path) = (dir.path().join("key"), dir.path().join("audit.db"));
    std::fs::set_permissions(dir.path(), PermissionsExt::from_mode(0o700)).unwrap();
    let key = KeySource::File(key).load_or_create().unwrap();
    let other = AuditLog::open(&path, &key).unwrap();
    let revision = AtomicU64::new(1);
    // As soon as we have looked, another process changes the store and notes where it stands now.
    let vault = FakeVault::new().standing_at(move || {
        let seen = revision.fetch_add(1, Ordering::Relaxed);
        other.note_head(&head(seen + 1)).unwrap();
        head(seen)
    });
    let audit = AuditLog::open(&path, &key).unwrap();
    let broker = Broker::new(
        Arc::new(vault),
        Box::new(Nothing),
        audit,
        Grounds::default(),
    );

    let anchors = [
        broker.anchor().await.unwrap(),
        broker.anchor().await.unwrap(),
    ];

    assert_eq!(anchors, [Anchor::Sound, Anchor::Sound]);
}

fn head(revision: u64) -> StoreHead {
    StoreHead {
        store: "the store".to_owned(),
        revision,
        mark: [u8::try_from(revision).unwrap(); 32],
    }
}

/// A policy that allows nobody anything.
struct Nothing;

impl PolicySource for Nothing {
    fn current(&self) -> Result<Policy, String> {
        Policy::parse("", None).map_err(|error| error.to_string())
    }
}
