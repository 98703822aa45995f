//! Files larger than one seal: each piece is bound to its place and to how many there are.

use std::{
    io::Write,
    sync::{Arc, Mutex},
};

use hushkey::vault::{FileId, Vault, VaultError};
use rusqlite::Connection;

use crate::support::{Home, file, login_in, vault_named};

/// Bytes of a piece as it is stored: 1 MiB, a nonce, a tag.
const STORED: usize = (1 << 20) + 40;

/// Keeps what is written.
#[derive(Clone, Default)]
struct Kept(Arc<Mutex<Vec<u8>>>);

impl Write for Kept {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

fn content() -> Vec<u8> {
    (0..2_200_000_u32).map(|n| (n % 241) as u8).collect()
}

#[tokio::test]
async fn pieces_that_were_swapped_cut_or_changed_are_refused() {
    let changes: [fn(&mut Vec<u8>); 4] = [
        |sealed| {
            let (first, rest) = sealed.split_at_mut(STORED);
            first.swap_with_slice(&mut rest[..STORED]);
        },
        |sealed| sealed.truncate(2 * STORED),
        |sealed| drop(sealed.drain(..STORED)),
        |sealed| sealed[2 * STORED + 100] ^= 1,
    ];
    let home = Home::new();
    let store = home.open();
    let dev = vault_named(&store, "Dev").await.id;
    let item = login_in(&store, &dev, "alpha").await.overview.id;
    let attached = store
        .attach_file(&dev, &item, file("big", &content()))
        .await;
    let id: FileId = attached.unwrap().files[0].id.clone();
    let database = Connection::open(home.store()).unwrap();
    let sound: Vec<u8> = database
        .query_row("SELECT sealed FROM files", [], |row| row.get(0))
        .unwrap();
    assert_eq!(sound.len(), 2_200_000 + 3 * 40);

    let kept = Kept::default();
    let saved = store
        .save_file(&dev, &item, &id, Box::new(kept.clone()))
        .await;
    assert_eq!(saved.unwrap(), 2_200_000);
    assert!(*kept.0.lock().unwrap() == content(), "the content differs");

    for change in changes {
        let mut sealed = sound.clone();
        change(&mut sealed);
        database
            .execute("UPDATE files SET sealed = ?1", [&sealed])
            .unwrap();

        let refused = store
            .save_file(&dev, &item, &id, Box::new(std::io::sink()))
            .await;

        assert!(
            matches!(refused, Err(VaultError::Corrupted { .. })),
            "{refused:?}"
        );
        assert_eq!(store.check().await.unwrap().faults.len(), 1);
    }
}

#[tokio::test]
async fn a_file_that_is_not_as_long_as_it_was_said_to_be_is_not_attached() {
    let home = Home::new();
    let store = home.open();
    let dev = vault_named(&store, "Dev").await.id;
    let item = login_in(&store, &dev, "alpha").await.overview.id;

    for size in [5, 7] {
        let mut changing = file("changing", b"123456");
        changing.size = size;
        let refused = store.attach_file(&dev, &item, changing).await.unwrap_err();
        assert!(
            refused.to_string().contains("changed while it was read"),
            "{refused}"
        );
    }

    assert_eq!(store.metadata(&dev, &item).await.unwrap().files.len(), 0);
    assert_eq!(store.check().await.unwrap().faults, [] as [String; 0]);
}

#[tokio::test]
async fn an_empty_file_is_a_file() {
    let home = Home::new();
    let store = home.open();
    let dev = vault_named(&store, "Dev").await.id;
    let item = login_in(&store, &dev, "alpha").await.overview.id;

    let attached = store
        .attach_file(&dev, &item, file("empty", b""))
        .await
        .unwrap();

    let id = &attached.files[0].id;
    let content = store.file_content(&dev, &item, id).await.unwrap();
    assert_eq!(content.expose_secret(), b"");
}
