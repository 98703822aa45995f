//! Whoever can write to the file and has no key can do damage, and can't make the store say what is not so.

use std::fs;

use hushkey::{
    backend::local::LocalVault,
    vault::{Secret, Vault, VaultError},
};

use crate::past::Past;

/// Tampers with a fresh store: every one of the questions must be refused, none at all answered untruly, and
/// a full check must find something.
async fn refused(statements: &str, questions: &[&str]) {
    let past = Past::new().await;

    past.tamper(statements);
    let verdict = past.judge().await;

    assert!(verdict.lies.is_empty(), "{statements}: {verdict:#?}");
    let refused = &verdict.refused;
    for question in questions {
        let was_refused = refused.contains(question) || refused.contains(&"open");
        assert!(was_refused, "{statements}: {question} not in {refused:?}");
    }
    if let Ok(store) = LocalVault::open(&past.home.store(), &past.home.kek()) {
        let report = store.check().await;
        assert!(report.is_err() || !report.unwrap().faults.is_empty());
    }
}

#[tokio::test]
async fn a_sound_store_is_believed() {
    let past = Past::new().await;

    past.tamper("SELECT 1");
    let verdict = past.judge().await;

    assert!(
        verdict.lies.is_empty() && verdict.refused.is_empty(),
        "{verdict:#?}"
    );
    assert!(past.home.open().check().await.unwrap().faults.is_empty());
}

#[tokio::test]
async fn swapped_records_are_refused() {
    refused(
        "CREATE TEMP TABLE t AS SELECT id, overview FROM items WHERE id IN ($alpha, $beta);
         UPDATE items SET overview = (SELECT overview FROM t WHERE t.id <> items.id)
         WHERE id IN ($alpha, $beta)",
        &["alpha", "beta", "titled alpha", "items of dev"],
    )
    .await;
    refused(
        "UPDATE items SET number = -number WHERE id IN ($alpha, $beta);
         UPDATE items SET number = 1 WHERE id = $beta; UPDATE items SET number = 2 WHERE id = $alpha",
        &["alpha", "beta"],
    )
    .await;
    refused(
        "CREATE TEMP TABLE t AS SELECT id, sealed FROM files;
         UPDATE files SET sealed = (SELECT sealed FROM t WHERE t.id <> files.id)",
        &["file one", "file two"],
    )
    .await;
    refused(
        "CREATE TEMP TABLE t AS SELECT id, record FROM vaults;
         UPDATE vaults SET record = (SELECT record FROM t WHERE t.id <> vaults.id)",
        &["vaults", "items of dev", "titled alpha"],
    )
    .await;
}

#[tokio::test]
async fn environments_that_were_changed_removed_or_put_back_are_refused() {
    for statement in [
        "UPDATE environments SET record = (SELECT record FROM old.environments)",
        "DELETE FROM environments",
        "UPDATE environments SET record = (SELECT record FROM vaults LIMIT 1)",
        "UPDATE environments SET record = CAST(substr(record, 1, length(record) - 1) || x'00' AS BLOB)",
        "UPDATE environments SET record = x''",
    ] {
        refused(statement, &["environments"]).await;
    }
}

#[tokio::test]
async fn a_record_moved_to_another_vault_or_item_is_refused() {
    refused(
        "UPDATE items SET vault = $prod WHERE id = $alpha",
        &["alpha", "titled alpha", "items of dev", "items of prod"],
    )
    .await;
    refused(
        "UPDATE items SET id = $gone WHERE id = $alpha",
        &["alpha", "gone", "titled alpha", "items of dev"],
    )
    .await;
    refused("UPDATE files SET item = $beta", &["file one", "file two"]).await;
}

#[tokio::test]
async fn an_index_that_leads_to_another_record_is_refused() {
    // The index of ids is built while two ids are swapped, and hidden while they are put right.
    let swap = "UPDATE items SET id = 'x' WHERE id = $alpha;
         UPDATE items SET id = $alpha WHERE id = $beta;
         UPDATE items SET id = $beta WHERE id = 'x';";
    refused(
        &format!(
            "{swap}
             CREATE TEMP TABLE kept AS SELECT * FROM sqlite_schema
             WHERE name IN ('items', 'sqlite_autoindex_items_1');
             PRAGMA writable_schema = ON;
             UPDATE sqlite_schema SET sql = replace(sql, ' UNIQUE', '') WHERE name = 'items';
             DELETE FROM sqlite_schema WHERE name = 'sqlite_autoindex_items_1';
             PRAGMA writable_schema = RESET;
             {swap}
             PRAGMA writable_schema = ON;
             UPDATE sqlite_schema SET sql = (SELECT sql FROM kept WHERE name = 'items') WHERE name = 'items';
             INSERT INTO sqlite_schema SELECT * FROM kept WHERE name <> 'items';
             PRAGMA writable_schema = RESET;"
        ),
        &["alpha", "beta", "metadata of alpha"],
    )
    .await;
}

#[tokio::test]
async fn an_older_version_put_back_is_refused() {
    refused(
        "REPLACE INTO items SELECT * FROM old.items WHERE id = $alpha",
        &["alpha", "metadata of alpha", "titled alpha", "items of dev"],
    )
    .await;
    refused(
        "REPLACE INTO details SELECT * FROM old.details
         WHERE item = (SELECT number FROM items WHERE id = $alpha)",
        &["alpha"],
    )
    .await;
    refused(
        "DELETE FROM details; DELETE FROM items; DELETE FROM vaults;
         INSERT INTO vaults SELECT * FROM old.vaults;
         INSERT INTO items SELECT * FROM old.items;
         INSERT INTO details SELECT * FROM old.details",
        &["vaults", "alpha", "gone", "items of dev"],
    )
    .await;
}

#[tokio::test]
async fn values_from_an_abandoned_history_are_refused() {
    let past = Past::new().await;
    let now = past.home.path().join("now.db");
    fs::copy(past.home.store(), &now).unwrap();
    // The old copy is put back, and the item changed again, to the version that it had already had.
    fs::copy(past.home.path().join("old.db"), past.home.store()).unwrap();
    let store = past.home.open();
    let mut item = store.item(&past.dev, &past.alpha).await.unwrap();
    item.fields[1].value = Some(Secret::new("another password".to_owned()));
    let version = store.replace_item(item).await.unwrap().overview.version;
    fs::copy(now, past.home.path().join("old.db")).unwrap();

    past.tamper(
        "REPLACE INTO details SELECT * FROM old.details
         WHERE item = (SELECT number FROM items WHERE id = $alpha)",
    );

    assert_eq!(version, 4);
    let refused = store.item(&past.dev, &past.alpha).await.unwrap_err();
    assert!(matches!(refused, VaultError::Corrupted { .. }), "{refused}");
}

#[tokio::test]
async fn a_deleted_item_put_back_is_refused() {
    refused(
        "INSERT INTO items SELECT * FROM old.items WHERE id = $gone;
         INSERT INTO details SELECT * FROM old.details
         WHERE item = (SELECT number FROM items WHERE id = $gone)",
        &["gone", "titled gone", "items of dev"],
    )
    .await;
}

#[tokio::test]
async fn a_removed_record_is_missed() {
    refused(
        "DELETE FROM files WHERE item = $alpha;
         DELETE FROM details WHERE item = (SELECT number FROM items WHERE id = $alpha);
         DELETE FROM items WHERE id = $alpha",
        &[
            "alpha",
            "metadata of alpha",
            "titled alpha",
            "file one",
            "items of dev",
        ],
    )
    .await;
    refused(
        "DELETE FROM vaults WHERE id = $prod",
        &["vaults", "items of prod", "titled gamma"],
    )
    .await;
    refused("DELETE FROM details", &["alpha", "gamma"]).await;
    refused("DELETE FROM files", &["file one", "file two"]).await;
    refused(
        "DELETE FROM vaults; DELETE FROM items; DELETE FROM details; DELETE FROM files",
        &["vaults", "alpha", "items of dev", "titled alpha"],
    )
    .await;
}

#[tokio::test]
async fn an_items_plain_columns_can_not_be_changed() {
    for (change, questions) in [
        ("state = 1", &["alpha", "titled alpha", "items of dev"][..]),
        ("state = 7", &["alpha", "items of dev"]),
        ("version = version + 1", &["alpha", "items of dev"]),
        ("version = -1", &["alpha", "items of dev"]),
        ("title = zeroblob(16)", &["alpha", "titled alpha"]),
        ("title = x'00'", &["alpha", "titled alpha"]),
        (
            "title = (SELECT title FROM old.items WHERE id = $gone)",
            &["alpha", "titled alpha", "titled gone"],
        ),
        ("id = 'not an id'", &["alpha", "items of dev"]),
        ("overview = x''", &["alpha", "items of dev"]),
    ] {
        refused(
            &format!("UPDATE items SET {change} WHERE id = $alpha"),
            questions,
        )
        .await;
    }
}

#[tokio::test]
async fn an_older_or_damaged_tree_or_head_does_not_fit() {
    for change in [
        "DELETE FROM tree; INSERT INTO tree SELECT * FROM old.tree",
        "DELETE FROM tree",
        "UPDATE tree SET node = x'00'",
        "UPDATE tree SET node = x''",
        "UPDATE tree SET node = substr(node, 1, length(node) - 48)",
        "DELETE FROM head; INSERT INTO head SELECT * FROM old.head",
        "DELETE FROM head",
        "UPDATE head SET revision = revision + 1",
        "UPDATE head SET revision = -1",
        "UPDATE head SET vaults = vaults - 1",
        "UPDATE head SET root = zeroblob(32)",
        "UPDATE head SET mac = zeroblob(32)",
        "UPDATE head SET mac = x'00'",
    ] {
        refused(change, &["alpha", "vaults", "items of prod"]).await;
    }
}

#[tokio::test]
async fn another_stores_key_or_name_does_not_open() {
    for change in [
        "UPDATE store SET name = 'abcdefghijklmnopqrstuvwxyz'",
        "UPDATE store SET key = zeroblob(81)",
        "UPDATE store SET key = x''",
        "DELETE FROM store",
        "DROP TABLE store",
        "PRAGMA application_id = 1",
        "PRAGMA user_version = 0",
    ] {
        refused(change, &["open"]).await;
    }
}

#[tokio::test]
async fn tables_that_are_not_ours_are_refused_or_found_by_a_check() {
    refused(
        "ALTER TABLE details RENAME TO real; CREATE VIEW details AS SELECT item, sealed FROM real",
        &["alpha"],
    )
    .await;
    refused("DROP TABLE items", &["alpha", "items of dev"]).await;
    refused("DROP INDEX items_titled; DROP INDEX items_listed", &[]).await;
    refused(
        "CREATE TRIGGER t AFTER INSERT ON items BEGIN DELETE FROM items; END",
        &[],
    )
    .await;
}

#[tokio::test]
async fn rows_that_belong_to_nothing_are_found_by_a_check() {
    refused("INSERT INTO tree VALUES (1000, x'00')", &[]).await;
    refused("INSERT INTO files VALUES ('x', $beta, x'00')", &[]).await;
    refused("INSERT INTO details VALUES (1000, x'00')", &[]).await;
}

#[tokio::test]
async fn a_damaged_vault_is_not_deleted_with_what_it_has_lost() {
    let past = Past::new().await;
    past.tamper("UPDATE items SET vault = $prod WHERE id = $alpha");

    let store = past.home.open();
    let refused = [
        store.delete_vault(&past.dev).await,
        store.delete_vault(&past.prod).await,
    ];

    for refused in refused {
        assert!(matches!(refused, Err(VaultError::Corrupted { .. })));
    }
}

#[tokio::test]
async fn a_whole_older_store_is_noticed_by_who_watches_and_by_an_anchor() {
    let past = Past::new().await;
    let store = past.home.open();
    store.vaults().await.unwrap();

    past.tamper(
        &["head", "tree", "vaults", "items", "details", "files"]
            .map(|table| {
                format!("DELETE FROM {table}; INSERT INTO {table} SELECT * FROM old.{table};")
            })
            .concat(),
    );

    let refused = store.vaults().await.unwrap_err();
    assert!(matches!(refused, VaultError::Corrupted { .. }), "{refused}");
    drop(store);
    fs::copy(past.home.path().join("old.db"), past.home.store()).unwrap();
    let head = past.home.open().head().await.unwrap().unwrap();
    assert_eq!(head, past.old_head);
    assert!(head.revision < past.head.revision);
    assert_eq!(head.store, past.head.store);
}

#[tokio::test]
async fn a_newer_layout_asks_for_a_newer_hushkey() {
    let past = Past::new().await;
    let refused = |version: u8| {
        past.tamper(&format!("PRAGMA user_version = {version}"));
        let opened = LocalVault::open(&past.home.store(), &past.home.kek());
        opened.err().unwrap().to_string()
    };

    assert!(refused(4).contains("newer hushkey"));
    for before_the_first_release in [1, 2] {
        assert!(refused(before_the_first_release).contains("make a new one"));
    }
}
