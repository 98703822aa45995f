//! Whoever can write to the file and has no key can do damage, and can't make the store say what is not so.

use std::fs;

use hushkey::{
    backend::local::LocalVault,
    vault::{Vault, VaultError},
};

use crate::past::Past;

/// Tampers with a fresh store; every question in `refused` must be refused and none answered untruly, and a
/// full check must find something.
async fn refused(statements: impl Fn(&Past) -> String, refused: &[&str]) {
    let past = Past::new().await;

    past.tamper(&statements(&past));
    let verdict = past.judge().await;

    assert!(verdict.lies.is_empty(), "{verdict:#?}");
    for question in refused {
        let was_refused = verdict
            .refused
            .iter()
            .any(|q| q == question || *q == "open");
        assert!(
            was_refused,
            "{question} was answered; refused: {:?}",
            verdict.refused
        );
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
    let store = past.home.open();
    assert!(store.check().await.unwrap().faults.is_empty());
}

#[tokio::test]
async fn swapped_records_are_refused() {
    for (table, id, column, questions) in [
        (
            "items",
            "id",
            "overview",
            &["alpha", "beta", "items of dev"][..],
        ),
        ("details", "item", "sealed", &["alpha", "beta"]),
    ] {
        refused(
            |e| {
                let (a, b) = (&e.alpha, &e.beta);
                format!(
                    "CREATE TEMP TABLE t AS SELECT {id}, {column} FROM {table} WHERE {id} IN ('{a}', '{b}');
                     UPDATE {table} SET {column} = (SELECT {column} FROM t WHERE t.{id} <> {table}.{id})
                     WHERE {id} IN ('{a}', '{b}')"
                )
            },
            questions,
        )
        .await;
    }
    let swap = "CREATE TEMP TABLE t AS SELECT id, sealed FROM files;
         UPDATE files SET sealed = (SELECT sealed FROM t WHERE t.id <> files.id)";
    refused(|_| swap.to_owned(), &["file one", "file two"]).await;
    let swap = "CREATE TEMP TABLE t AS SELECT id, record FROM vaults;
         UPDATE vaults SET record = (SELECT record FROM t WHERE t.id <> vaults.id)";
    refused(
        |_| swap.to_owned(),
        &["vaults", "items of dev", "titled alpha"],
    )
    .await;
}

#[tokio::test]
async fn a_record_moved_to_another_vault_or_item_is_refused() {
    refused(
        |e| {
            format!(
                "UPDATE items SET vault = '{}' WHERE id = '{}'",
                e.prod, e.alpha
            )
        },
        &["alpha", "titled alpha", "items of dev", "items of prod"],
    )
    .await;
    refused(
        |e| {
            format!(
                "UPDATE items SET id = '{}' WHERE id = '{}'",
                e.gone, e.alpha
            )
        },
        &["alpha", "gone", "titled alpha", "items of dev"],
    )
    .await;
    refused(
        |e| format!("UPDATE files SET item = '{}'", e.beta),
        &["file one", "file two"],
    )
    .await;
}

#[tokio::test]
async fn an_older_version_put_back_is_refused() {
    refused(
        |e| {
            format!(
                "REPLACE INTO items SELECT * FROM old.items WHERE id = '{}'",
                e.alpha
            )
        },
        &["alpha", "metadata of alpha", "titled alpha", "items of dev"],
    )
    .await;
    refused(
        |e| {
            format!(
                "REPLACE INTO details SELECT * FROM old.details WHERE item = '{}'",
                e.alpha
            )
        },
        &["alpha"],
    )
    .await;
    let everything_but_the_tree = "DELETE FROM details; DELETE FROM items; DELETE FROM vaults;
         INSERT INTO vaults SELECT * FROM old.vaults;
         INSERT INTO items SELECT * FROM old.items;
         INSERT INTO details SELECT * FROM old.details";
    refused(
        |_| everything_but_the_tree.to_owned(),
        &["vaults", "alpha", "gone", "items of dev"],
    )
    .await;
}

#[tokio::test]
async fn a_deleted_item_put_back_is_refused() {
    refused(
        |e| {
            let gone = &e.gone;
            format!(
                "INSERT INTO items SELECT * FROM old.items WHERE id = '{gone}';
                 INSERT INTO details SELECT * FROM old.details WHERE item = '{gone}'"
            )
        },
        &["gone", "titled gone", "items of dev"],
    )
    .await;
}

#[tokio::test]
async fn a_removed_record_is_missed() {
    refused(
        |e| {
            let alpha = &e.alpha;
            format!(
                "DELETE FROM files WHERE item = '{alpha}'; DELETE FROM details WHERE item = '{alpha}';
                 DELETE FROM items WHERE id = '{alpha}'"
            )
        },
        &["alpha", "metadata of alpha", "titled alpha", "file one", "items of dev"],
    )
    .await;
    refused(
        |e| format!("DELETE FROM vaults WHERE id = '{}'", e.prod),
        &["vaults", "items of prod", "titled gamma"],
    )
    .await;
    refused(|_| "DELETE FROM details".to_owned(), &["alpha", "gamma"]).await;
    refused(
        |_| "DELETE FROM files".to_owned(),
        &["file one", "file two"],
    )
    .await;
    refused(
        |_| {
            "DELETE FROM vaults; DELETE FROM items; DELETE FROM details; DELETE FROM files"
                .to_owned()
        },
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
        (
            "title = x'00000000000000000000000000000000'",
            &["alpha", "titled alpha"],
        ),
        ("title = x'00'", &["alpha", "titled alpha"]),
        (
            "title = (SELECT title FROM old.items ORDER BY number DESC LIMIT 1)",
            &["alpha", "titled gone"],
        ),
        ("id = 'not an id'", &["alpha", "items of dev"]),
        ("overview = x''", &["alpha", "items of dev"]),
    ] {
        refused(
            |e| format!("UPDATE items SET {change} WHERE id = '{}'", e.alpha),
            questions,
        )
        .await;
    }
}

#[tokio::test]
async fn an_older_tree_or_head_does_not_fit() {
    let tree = "DELETE FROM tree; INSERT INTO tree SELECT * FROM old.tree";
    refused(|_| tree.to_owned(), &["alpha", "beta", "vaults"]).await;
    let head = "DELETE FROM head; INSERT INTO head SELECT * FROM old.head";
    refused(|_| head.to_owned(), &["alpha", "beta", "vaults"]).await;
    for change in [
        "DELETE FROM tree",
        "UPDATE tree SET node = x'00'",
        "UPDATE tree SET node = substr(node, 1, length(node) - 48)",
        "DELETE FROM head",
        "UPDATE head SET revision = revision + 1",
        "UPDATE head SET vaults = vaults - 1",
        "UPDATE head SET root = zeroblob(32)",
        "UPDATE head SET mac = zeroblob(32)",
        "UPDATE head SET mac = x'00'",
    ] {
        refused(|_| change.to_owned(), &["alpha", "vaults", "items of prod"]).await;
    }
}

#[tokio::test]
async fn another_stores_key_record_or_name_does_not_open() {
    for change in [
        "UPDATE store SET name = 'abcdefghijklmnopqrstuvwxyz'",
        "UPDATE store SET key = zeroblob(81)",
        "UPDATE store SET key = x''",
        "DELETE FROM store",
        "DROP TABLE store",
        "PRAGMA application_id = 1",
        "PRAGMA user_version = 0",
    ] {
        refused(|_| change.to_owned(), &["open"]).await;
    }
}

#[tokio::test]
async fn a_table_that_is_not_ours_is_refused() {
    refused(
        |_| {
            "ALTER TABLE details RENAME TO real;
             CREATE VIEW details AS SELECT item, sealed FROM real"
                .to_owned()
        },
        &["alpha"],
    )
    .await;
    refused(
        |_| "DROP TABLE items".to_owned(),
        &["alpha", "items of dev"],
    )
    .await;
}

#[tokio::test]
async fn rows_that_belong_to_nothing_are_found_by_a_check() {
    refused(|_| "INSERT INTO tree VALUES (1000, x'00')".to_owned(), &[]).await;
    refused(
        |e| format!("INSERT INTO files VALUES ('x', '{}', x'00')", e.beta),
        &[],
    )
    .await;
    refused(
        |_| "INSERT INTO details VALUES ('x', x'00')".to_owned(),
        &[],
    )
    .await;
    refused(
        |_| "DROP INDEX items_titled; DROP INDEX items_listed".to_owned(),
        &["nothing"][..0],
    )
    .await;
}

#[tokio::test]
async fn a_damaged_vault_is_not_deleted_with_what_it_has_lost() {
    let past = Past::new().await;
    past.tamper(&format!(
        "UPDATE items SET vault = '{}' WHERE id = '{}'",
        past.prod, past.alpha
    ));

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

    let old = past.home.path().join("old.db");
    past.tamper(
        &["head", "tree", "vaults", "items", "details", "files"]
            .map(|t| format!("DELETE FROM {t}; INSERT INTO {t} SELECT * FROM old.{t};"))
            .concat(),
    );

    let refused = store.vaults().await.unwrap_err();
    assert!(matches!(refused, VaultError::Corrupted { .. }), "{refused}");
    drop(store);
    fs::copy(old, past.home.store()).unwrap();
    let head = past.home.open().head().await.unwrap().unwrap();
    assert_eq!(head, past.old_head);
    assert!(head.revision < past.head.revision);
    assert_eq!(head.store, past.head.store);
}

#[tokio::test]
async fn a_newer_layout_asks_for_a_newer_hushkey() {
    let past = Past::new().await;
    past.tamper("PRAGMA user_version = 2");

    let refused = LocalVault::open(&past.home.store(), &past.home.kek());

    let refused = refused.err().unwrap().to_string();
    assert!(refused.contains("newer hushkey"), "{refused}");
}
