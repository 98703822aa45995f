//! What any vault does, done by this one.

use std::sync::Arc;

use hushkey::vault::{
    Batch, BatchVault, Category, FieldId, FieldType, ItemId, ItemState, ItemUrl, NewVault,
    ResolvedReference, Secret, SectionId, Vault, VaultEdit, VaultError, WholeItem,
    reference::Named,
};

use crate::support::{Home, file, login, login_in, password, values, vault_named};

#[tokio::test]
async fn an_item_reads_back_as_it_was_made_also_after_reopening() {
    let home = Home::new();
    let store = home.open();
    let vault = vault_named(&store, "Dev").await;
    let made = login_in(&store, &vault.id, "Stripe").await;
    drop(store);

    let store = home.open();
    let item = store.item(&vault.id, &made.overview.id).await.unwrap();

    assert_eq!(item.metadata(), made);
    assert_eq!(
        store.metadata(&vault.id, &made.overview.id).await.unwrap(),
        made
    );
    assert_eq!(
        values(&item),
        [Some("anna".to_owned()), Some(password("Stripe")), None]
    );
    let set: Vec<bool> = made.fields.iter().map(|field| field.set).collect();
    assert_eq!(set, [true, true, false]);
    let report = store.check().await.unwrap();
    assert_eq!((report.vaults, report.items, report.files), (1, 1, 0));
    assert!(report.faults.is_empty(), "{:?}", report.faults);
}

#[tokio::test]
async fn everything_that_an_item_can_hold_is_kept() {
    let home = Home::new();
    let store = home.open();
    let vault = vault_named(&store, "Dev").await.id;
    let origin = |section: Option<&str>| ResolvedReference {
        vault: named(vault.clone(), "Dev"),
        item: named(ItemId::random(), "Ältester Dienst"),
        section: section.map(|id| named(SectionId::new(id), "Abschnitt")),
        field: named(FieldId::new("password"), "Passwort"),
    };
    let mut new = login("  Überall 🔑 ");
    new.category = Category::Other("FROM_THE_FUTURE".to_owned());
    new.favorite = true;
    new.created_by = None;
    new.urls = ["https://a", ""]
        .map(|href| ItemUrl {
            href: href.to_owned(),
            label: (!href.is_empty()).then(|| "site".to_owned()),
            primary: href.is_empty(),
        })
        .into();
    new.fields[0].metadata.section = Some(SectionId::new("admin"));
    new.fields[0].metadata.kind = FieldType::Other("QUANTUM".to_owned());
    new.fields[1].metadata.origins = vec![origin(None), origin(Some("abc"))];
    new.fields[1].value = Some(Secret::new("line 1\nline 2\0\u{202e}".to_owned()));
    new.fields[2].value = None;
    let given = new.clone();

    let made = store.create_item(&vault, new).await.unwrap();
    let read = home.open().item(&vault, &made.overview.id).await.unwrap();

    assert_eq!(read.metadata(), made);
    let overview = read.overview.clone();
    assert_eq!(overview.title, given.title);
    assert_eq!(overview.category, given.category);
    assert_eq!(overview.urls, given.urls);
    assert_eq!(overview.tags, given.tags);
    assert_eq!((overview.favorite, overview.last_edited_by), (true, None));
    assert_eq!(read.sections, given.sections);
    for (field, given) in read.fields.iter().zip(&given.fields) {
        let mut expected = given.metadata.clone();
        expected.set = given.value.is_some();
        assert_eq!(field.metadata, expected);
    }
    assert_eq!(
        values(&read)[1].as_deref(),
        Some("line 1\nline 2\0\u{202e}")
    );
}

#[tokio::test]
async fn a_replaced_item_keeps_its_files_and_its_birthday_and_refuses_a_stale_version() {
    let home = Home::new();
    let store = home.open();
    let vault = vault_named(&store, "Dev").await.id;
    let made = login_in(&store, &vault, "Stripe").await;
    let id = made.overview.id.clone();
    let attached = store
        .attach_file(&vault, &id, file("a.pem", b"pem"))
        .await
        .unwrap();
    let stale = store.item(&vault, &id).await.unwrap();

    let mut item = stale.clone();
    item.overview.title = "Stripe live".to_owned();
    item.fields[1].value = Some(Secret::new("new".to_owned()));
    item.files.clear();
    let replaced = store.replace_item(item).await.unwrap();

    assert_eq!(replaced.overview.version, 3);
    assert_eq!(replaced.overview.created_at, made.overview.created_at);
    assert_eq!(replaced.files, attached.files);
    let refused = store.replace_item(stale).await.unwrap_err();
    assert!(
        matches!(
            refused,
            VaultError::Conflict {
                expected: 2,
                found: 3
            }
        ),
        "{refused}"
    );
    let content = store
        .file_content(&vault, &id, &attached.files[0].id)
        .await
        .unwrap();
    assert_eq!(content.expose_secret(), b"pem");
    assert!(
        store
            .items_titled(&vault, "Stripe")
            .await
            .unwrap()
            .is_empty()
    );
    assert_eq!(
        store
            .items_titled(&vault, " stripe LIVE")
            .await
            .unwrap()
            .len(),
        1
    );
    let detached = store
        .detach_file(&vault, &id, &attached.files[0].id)
        .await
        .unwrap();
    assert_eq!((detached.overview.version, detached.files.len()), (4, 0));
    assert!(store.check().await.unwrap().faults.is_empty());
}

#[tokio::test]
async fn an_archived_item_is_neither_listed_nor_found_by_title_and_can_come_back() {
    let home = Home::new();
    let store = home.open();
    let vault = vault_named(&store, "Dev").await.id;
    let id = login_in(&store, &vault, "Stripe").await.overview.id;

    let archived = store
        .set_item_state(&vault, &id, ItemState::Archived)
        .await
        .unwrap();

    assert_eq!((archived.state, archived.version), (ItemState::Archived, 2));
    assert!(
        store
            .items(&vault, ItemState::Active)
            .await
            .unwrap()
            .is_empty()
    );
    assert_eq!(
        store.items(&vault, ItemState::Archived).await.unwrap(),
        [archived]
    );
    assert!(
        store
            .items_titled(&vault, "stripe")
            .await
            .unwrap()
            .is_empty()
    );
    assert_eq!(store.vaults().await.unwrap()[0].items, 0);
    let active = store
        .set_item_state(&vault, &id, ItemState::Active)
        .await
        .unwrap();
    assert_eq!(
        store.items_titled(&vault, "stripe").await.unwrap(),
        [active]
    );
}

#[tokio::test]
async fn lists_are_in_order_of_name_whatever_its_case() {
    let home = Home::new();
    let store = home.open();
    for name in ["beta", "Alpha", "Émile", "gamma"] {
        vault_named(&store, name).await;
    }
    let vault = vault_named(&store, "delta").await.id;
    for title in ["b", "C", "a", "b"] {
        login_in(&store, &vault, title).await;
    }

    let names: Vec<_> = store
        .vaults()
        .await
        .unwrap()
        .into_iter()
        .map(|v| v.name)
        .collect();
    let items = store.items(&vault, ItemState::Active).await.unwrap();
    let titles: Vec<_> = items.iter().map(|item| item.title.as_str()).collect();

    assert_eq!(names, ["Alpha", "beta", "delta", "gamma", "Émile"]);
    assert_eq!(titles, ["a", "b", "b", "C"]);
    assert_eq!(store.items_titled(&vault, "B").await.unwrap().len(), 2);
}

#[tokio::test]
async fn a_vaults_name_is_taken_in_any_case() {
    let home = Home::new();
    let store = home.open();
    let dev = vault_named(&store, "Dev").await;
    vault_named(&store, "Prod").await;
    let named = |name: &str| NewVault {
        name: name.to_owned(),
        ..NewVault::default()
    };

    let made = store.create_vault(named(" dEV")).await.unwrap_err();
    let edit = VaultEdit {
        name: Some("PROD".to_owned()),
        description: None,
    };
    let edited = store.edit_vault(&dev.id, edit).await.unwrap_err();

    assert!(matches!(made, VaultError::Exists { .. }), "{made}");
    assert!(matches!(edited, VaultError::Exists { .. }), "{edited}");
    assert!(matches!(
        store.create_vault(named("  ")).await.unwrap_err(),
        VaultError::Invalid(_)
    ));
    let edit = VaultEdit {
        name: Some("DEV".to_owned()),
        description: Some("for work".to_owned()),
    };
    let edited = store.edit_vault(&dev.id, edit).await.unwrap();
    assert_eq!(edited.attribute_version, 2);
    assert_eq!(
        (edited.name.as_str(), edited.description.as_str()),
        ("DEV", "for work")
    );
}

#[tokio::test]
async fn a_deleted_vault_takes_its_items_with_it_and_no_others() {
    let home = Home::new();
    let store = home.open();
    let (dev, prod) = (
        vault_named(&store, "Dev").await.id,
        vault_named(&store, "Prod").await.id,
    );
    let gone = login_in(&store, &dev, "Stripe").await.overview.id;
    store
        .attach_file(&dev, &gone, file("a", b"b"))
        .await
        .unwrap();
    let kept = login_in(&store, &prod, "Stripe").await;

    store.delete_vault(&dev).await.unwrap();

    assert_eq!(store.vaults().await.unwrap().len(), 1);
    let missing = store.item(&dev, &gone).await.unwrap_err();
    assert!(missing.to_string().contains("no vault"), "{missing}");
    let missing = store.item(&prod, &gone).await.unwrap_err();
    assert!(missing.to_string().contains("no item"), "{missing}");
    assert_eq!(
        store.metadata(&prod, &kept.overview.id).await.unwrap(),
        kept
    );
    assert!(store.check().await.unwrap().faults.is_empty());
}

#[tokio::test]
async fn an_item_answers_in_its_own_vault_only() {
    let home = Home::new();
    let store = home.open();
    let (dev, prod) = (
        vault_named(&store, "Dev").await.id,
        vault_named(&store, "Prod").await.id,
    );
    let id = login_in(&store, &dev, "Stripe").await.overview.id;

    for refused in [
        store.item(&prod, &id).await.map(drop),
        store.metadata(&prod, &id).await.map(drop),
        store.delete_item(&prod, &id).await,
        store
            .attach_file(&prod, &id, file("a", b""))
            .await
            .map(drop),
    ] {
        assert!(matches!(refused, Err(VaultError::NotFound { .. })));
    }
    store.delete_item(&dev, &id).await.unwrap();
    assert!(matches!(
        store.item(&dev, &id).await,
        Err(VaultError::NotFound { .. })
    ));
}

#[tokio::test]
async fn what_could_not_be_told_apart_is_refused() {
    let home = Home::new();
    let store = home.open();
    let vault = vault_named(&store, "Dev").await.id;
    let mut twice = login("a");
    twice.fields.extend(login("a").fields);
    let mut lost = login("a");
    lost.fields[0].metadata.section = Some(hushkey::vault::SectionId::new("nowhere"));

    for (new, word) in [
        (twice, "username"),
        (lost, "section"),
        (login(" "), "title"),
    ] {
        let refused = store.create_item(&vault, new).await.unwrap_err();
        assert!(
            matches!(&refused, VaultError::Invalid(why) if why.contains(word)),
            "{refused}"
        );
    }
}

#[tokio::test]
async fn two_hands_on_one_store_see_each_others_changes() {
    let home = Home::new();
    let (one, two) = (home.open(), home.open());
    let vault = vault_named(&one, "Dev").await.id;
    let made = login_in(&two, &vault, "Stripe").await;

    let seen = one.metadata(&vault, &made.overview.id).await.unwrap();

    assert_eq!(seen, made);
    assert_eq!(one.head().await.unwrap(), two.head().await.unwrap());
}

#[tokio::test]
async fn hundreds_of_items_grow_the_tree_and_shrink_it_again() {
    let home = Home::new();
    let store = home.open();
    let vault = vault_named(&store, "Dev").await.id;
    let mut ids = Vec::new();
    for number in 0..400 {
        ids.push(
            login_in(&store, &vault, &format!("item {number}"))
                .await
                .overview
                .id,
        );
    }
    let report = store.check().await.unwrap();
    assert_eq!(
        (report.items, report.faults.len()),
        (400, 0),
        "{:?}",
        report.faults
    );

    for id in &ids[..399] {
        store.delete_item(&vault, id).await.unwrap();
    }

    let report = store.check().await.unwrap();
    assert_eq!(
        (report.items, report.faults.len()),
        (1, 0),
        "{:?}",
        report.faults
    );
    assert_eq!(
        store.items(&vault, ItemState::Active).await.unwrap().len(),
        1
    );
}

fn named<T>(id: T, name: &str) -> Named<T> {
    Named {
        id,
        name: name.to_owned(),
    }
}

#[tokio::test]
async fn many_items_are_made_with_files_and_vaults_or_not_at_all() {
    let home = Home::new();
    let store = home.open();
    let dev = vault_named(&store, "Dev").await.id;
    let whole = |title: &str, files: &[&str]| WholeItem {
        item: login(title),
        files: files.iter().map(|name| file(name, b"content")).collect(),
        archived: title == "Old",
    };
    let batches = |last: WholeItem| {
        let new = NewVault {
            name: "New".into(),
            description: String::new(),
        };
        vec![
            Batch {
                vault: BatchVault::There(dev.clone()),
                items: vec![whole("One", &["a.pem"]), whole("Old", &[])],
            },
            Batch {
                vault: BatchVault::New(new),
                items: vec![last],
            },
        ]
    };

    let refused = store
        .create_all(batches(whole("Two", &["a/b"])), Arc::new(|_| {}))
        .await;
    let before = store.vaults().await.unwrap();
    let made = store
        .create_all(batches(whole("Two", &[])), Arc::new(|_| {}))
        .await
        .unwrap();

    assert!(matches!(refused, Err(VaultError::Invalid(_))));
    assert_eq!((before.len(), before[0].items), (1, 0));
    assert_eq!(made, 3);
    assert_eq!(store.items(&dev, ItemState::Active).await.unwrap().len(), 1);
    assert_eq!(
        store.items(&dev, ItemState::Archived).await.unwrap().len(),
        1
    );
    let report = store.check().await.unwrap();
    assert_eq!((report.vaults, report.items, report.files), (2, 3, 1));
    assert!(report.faults.is_empty(), "{:?}", report.faults);
}
