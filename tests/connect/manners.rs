//! Manners towards a server whose writes come back by sync, whose filters are crude and whose answers may be old.

use std::time::Duration;

use hushkey::vault::{ItemState, Secret, Vault, VaultError};
use serde_json::json;

use super::{FakeConnect, field, item_id, new_item, vault, vault_id};

#[tokio::test]
async fn what_was_written_is_looked_for_until_the_server_shows_it() {
    let server = FakeConnect::new();
    let dev = vault_id(&server.vault("Dev"));
    server.sync_after(Duration::from_millis(60));
    server.old_answers();
    let vault = vault(&server);

    let made = vault
        .create_item(&dev, new_item("Stripe", vec![field("key", "canary-1")]))
        .await
        .unwrap();
    let mut item = vault.item(&dev, &made.overview.id).await.unwrap();
    item.fields[0].value = Some(Secret::new("canary-2".into()));
    let changed = vault.replace_item(item).await.unwrap();
    let now = vault.item(&dev, &made.overview.id).await.unwrap();
    vault.delete_item(&dev, &made.overview.id).await.unwrap();
    let gone = vault.item(&dev, &made.overview.id).await;

    assert_eq!(
        (
            made.overview.version,
            changed.overview.version,
            now.overview.version
        ),
        (1, 2, 2)
    );
    assert_eq!(
        now.fields[0].value.as_ref().unwrap().expose_secret(),
        "canary-2"
    );
    assert!(matches!(gone, Err(VaultError::NotFound { .. })), "{gone:?}");
}

#[tokio::test]
async fn a_write_that_never_comes_back_is_still_told_with_its_new_version() {
    let server = FakeConnect::new();
    let dev = server.vault("Dev");
    let id = server.item(&dev, "Stripe", &[("key", "CONCEALED", "canary-1")]);
    server.sync_after(Duration::from_secs(3600));
    server.old_answers();
    let vault = vault(&server);
    let mut item = vault.item(&vault_id(&dev), &item_id(&id)).await.unwrap();
    item.overview.tags.push("rotated".into());

    let changed = vault.replace_item(item).await.unwrap();

    assert_eq!(changed.overview.version, 2);
}

#[tokio::test]
async fn a_change_sends_what_differs_and_leaves_what_we_do_not_know() {
    let server = FakeConnect::new();
    let dev = server.vault("Dev");
    let id = server.whole_item(
        &dev,
        json!({
            "title": "Stripe", "category": "LOGIN", "hologram": { "kept": true }, "tags": ["a"],
            "sections": [{ "id": "Section_1", "label": "Old" }],
            "fields": [
                { "id": "password", "type": "CONCEALED", "purpose": "PASSWORD", "label": "password", "value": "canary-old", "entropy": 120.5 },
                { "id": "odd/id~1", "type": "STRING", "label": "odd", "value": "x", "section": { "id": "Section_1" } },
                { "id": "gone", "type": "QUANTUM", "label": "gone", "value": "canary-gone" },
            ],
        }),
    );
    let vault = vault(&server);
    let mut item = vault.item(&vault_id(&dev), &item_id(&id)).await.unwrap();
    item.fields[0].value = Some(Secret::new("canary-new".into()));
    item.fields[1].value = Some(Secret::new("y".into()));
    item.fields.remove(2);
    item.fields.push(field("added", "canary-added"));
    item.overview.favorite = true;
    server.forget();

    vault.replace_item(item).await.unwrap();

    let patch = server
        .requests()
        .into_iter()
        .find(|it| it.method == "PATCH")
        .unwrap();
    let sent: serde_json::Value = serde_json::from_slice(&patch.body).unwrap();
    let ops: Vec<_> = sent
        .as_array()
        .unwrap()
        .iter()
        .map(|it| format!("{} {}", it["op"], it["path"]))
        .collect();
    assert_eq!(
        ops,
        [
            r#""add" "/favorite""#,
            r#""remove" "/fields/gone""#,
            r#""replace" "/fields/password/value""#,
            r#""replace" "/fields/odd~1id~01/value""#,
            r#""add" "/fields""#,
        ]
    );
    let now = server.item_now(&id);
    assert_eq!(now["hologram"]["kept"], true);
    assert_eq!(now["fields"][0]["entropy"], 120.5);
    assert_eq!(now["fields"][0]["value"], "canary-new");
    assert!(!server.asked().iter().any(|it| it.starts_with("PUT")));
}

#[tokio::test]
async fn a_stale_version_is_refused_by_comparing_just_before() {
    let server = FakeConnect::new();
    let dev = server.vault("Dev");
    let id = server.item(&dev, "Stripe", &[("key", "CONCEALED", "canary-1")]);
    let vault = vault(&server);
    let mut item = vault.item(&vault_id(&dev), &item_id(&id)).await.unwrap();
    item.fields[0].value = Some(Secret::new("canary-mine".into()));
    server.change(&id, |item| {
        item["fields"][0]["value"] = json!("canary-theirs")
    });

    let refused = vault.replace_item(item).await.unwrap_err();

    assert!(
        matches!(
            refused,
            VaultError::Conflict {
                expected: 1,
                found: 2
            }
        ),
        "{refused:?}"
    );
    assert_eq!(server.item_now(&id)["fields"][0]["value"], "canary-theirs");
}

#[tokio::test]
async fn a_500_on_delete_is_a_conflict_and_deleting_goes_on() {
    let server = FakeConnect::new();
    let dev = server.vault("Dev");
    let id = server.item(&dev, "Stripe", &[]);
    let done = server.item(&dev, "Done", &[]);
    let never = server.item(&dev, "Never", &[]);
    let vault = vault(&server);
    server.plan(
        "DELETE",
        &id,
        2,
        super::fake_connect::Fault::Status(500, vec![]),
    );
    server.plan("DELETE", &done, 1, super::fake_connect::Fault::DoneBut(500));
    server.plan(
        "DELETE",
        &never,
        u32::MAX,
        super::fake_connect::Fault::Status(500, vec![]),
    );

    vault
        .delete_item(&vault_id(&dev), &item_id(&id))
        .await
        .unwrap();
    vault
        .delete_item(&vault_id(&dev), &item_id(&done))
        .await
        .unwrap();
    let refused = vault
        .delete_item(&vault_id(&dev), &item_id(&never))
        .await
        .unwrap_err();

    assert!(server.item_now(&id).is_null() && server.item_now(&done).is_null());
    assert!(
        refused.to_string().contains("somebody else is changing it"),
        "{refused}"
    );
}

#[tokio::test]
async fn titles_that_a_filter_can_not_take_are_found_by_comparing_the_list() {
    let server = FakeConnect::new();
    let dev = server.vault("Dev");
    let odd = [
        "a&b #1 + 50%41",
        "say \"hi\"",
        "back\\slash",
        "ünï",
        "0123456789abcdefghijklmnop",
    ];
    for title in odd {
        server.item(&dev, title, &[]);
    }
    for n in 0..1001 {
        server.item(&dev, &format!("Item {n}"), &[]);
    }
    let vault = vault(&server);

    for title in odd {
        let found = vault.items_titled(&vault_id(&dev), title).await.unwrap();
        assert_eq!(found.len(), 1, "{title}");
    }
    let filtered = server
        .asked()
        .iter()
        .filter(|it| it.contains("filter="))
        .count();
    assert_eq!(
        filtered,
        3,
        "large vaults are filtered where the title can be written: {:?}",
        server.asked()
    );
}

#[tokio::test]
async fn duplicate_titles_are_all_found_whatever_their_case_and_the_servers() {
    for strict in [false, true] {
        let server = FakeConnect::new();
        let dev = server.vault("Dev");
        for title in ["Stripe", "stripe", "Stripe "] {
            server.item(&dev, title, &[]);
        }
        if strict {
            server.strict_case();
        }
        let vault = vault(&server);

        let found = vault.items_titled(&vault_id(&dev), "STRIPE").await.unwrap();
        let called = vault.items_called(&vault_id(&dev), "stripe").await.unwrap();

        assert_eq!((found.len(), called.len()), (3, 3), "strict: {strict}");
    }
}

#[tokio::test]
async fn in_a_large_vault_a_strict_server_is_asked_for_the_list_before_a_title_is_called_free() {
    let server = FakeConnect::new();
    let dev = server.vault("Dev");
    for n in 0..1001 {
        server.item(&dev, &format!("Item {n}"), &[]);
    }
    server.strict_case();
    let vault = vault(&server);

    let found = vault.items_titled(&vault_id(&dev), "ITEM 7").await.unwrap();
    let free = vault.items_called(&vault_id(&dev), "item 8").await.unwrap();

    assert_eq!((found.len(), free.len()), (1, 1));
}

#[tokio::test]
async fn archived_and_deleted_items_are_not_among_the_active_ones() {
    let server = FakeConnect::new();
    let dev = server.vault("Dev");
    for state in ["ARCHIVED", "DELETED"] {
        server.whole_item(
            &dev,
            json!({ "title": state, "category": "LOGIN", "state": state }),
        );
    }
    server.whole_item(
        &dev,
        json!({ "title": "old", "category": "LOGIN", "trashed": true }),
    );
    server.item(&dev, "Active", &[]);
    let vault = vault(&server);

    let active = vault
        .items(&vault_id(&dev), ItemState::Active)
        .await
        .unwrap();
    let archived = vault
        .items(&vault_id(&dev), ItemState::Archived)
        .await
        .unwrap();

    assert_eq!(
        active
            .iter()
            .map(|it| it.title.as_str())
            .collect::<Vec<_>>(),
        ["Active"]
    );
    assert_eq!(
        archived
            .iter()
            .map(|it| it.title.as_str())
            .collect::<Vec<_>>(),
        ["ARCHIVED"]
    );
}

#[tokio::test]
async fn connections_are_used_again() {
    let server = FakeConnect::new();
    let dev = vault_id(&server.vault("Dev"));
    let vault = vault(&server);

    for _ in 0..20 {
        vault.items(&dev, ItemState::Active).await.unwrap();
    }

    assert_eq!(server.requests().len(), 20);
    assert_eq!(server.connections(), 1);
}

#[tokio::test]
async fn lists_and_metadata_are_kept_for_a_moment_and_values_and_misses_never() {
    let server = FakeConnect::new();
    let dev = server.vault("Dev");
    let id = server.item(&dev, "Stripe", &[("key", "CONCEALED", "canary-1")]);
    let kept = hushkey::backend::connect::Limits {
        kept: Duration::from_secs(60),
        ..super::limits()
    };
    let vault = super::vault_at(&server.url(), super::TOKEN, kept);
    let (dev, item) = (vault_id(&dev), item_id(&id));

    for _ in 0..3 {
        vault.vaults().await.unwrap();
        vault.items_titled(&dev, "Stripe").await.unwrap();
        vault.metadata(&dev, &item).await.unwrap();
    }
    assert_eq!(server.requests().len(), 3, "{:?}", server.asked());

    server.forget();
    for _ in 0..2 {
        vault.item(&dev, &item).await.unwrap();
        vault.items_titled(&dev, "Nothing").await.unwrap();
    }
    assert_eq!(server.requests().len(), 4, "{:?}", server.asked());

    server.change(&id, |_| {});
    vault.item(&dev, &item).await.unwrap();
    assert_eq!(
        vault.metadata(&dev, &item).await.unwrap().overview.version,
        2,
        "a newer version that was seen replaces what is kept"
    );
}
