//! Several processes at once on one store.

use std::path::Path;

use hushkey::vault::{ItemState, Secret, Vault, VaultError};

use crate::{
    child,
    support::{Home, login_in, open_in, values, vault_named},
};

const PROCESSES: usize = 6;
const ROUNDS: usize = 8;

#[tokio::test]
async fn processes_that_write_at_once_lose_nothing_of_each_other() {
    let home = Home::new();
    let store = home.open();
    let vault = vault_named(&store, "Dev").await.id;
    let counter = login_in(&store, &vault, "counter").await.overview.id;
    let mut item = store.item(&vault, &counter).await.unwrap();
    item.fields[1].value = Some(Secret::new("0".to_owned()));
    store.replace_item(item).await.unwrap();

    child::join(
        (0..PROCESSES)
            .map(|_| child::start("count", home.path()))
            .collect(),
    );

    let items = store.items(&vault, ItemState::Active).await.unwrap();
    assert_eq!(items.len(), 1 + PROCESSES * ROUNDS);
    let counter = store
        .items_titled(&vault, "counter")
        .await
        .unwrap()
        .remove(0);
    let counter = store.item(&vault, &counter.id).await.unwrap();
    assert_eq!(values(&counter)[1], Some((PROCESSES * ROUNDS).to_string()));
    let report = store.check().await.unwrap();
    assert!(report.faults.is_empty(), "{:?}", report.faults);
}

/// The job "count": makes items, and adds one to the counter each time, whoever else does so meanwhile.
pub(crate) async fn count(home: &Path) {
    let store = open_in(home);
    let vault = store.vaults().await.unwrap().remove(0).id;
    for round in 0..ROUNDS {
        login_in(&store, &vault, &format!("{} {round}", std::process::id())).await;
        loop {
            let counter = store
                .items_titled(&vault, "counter")
                .await
                .unwrap()
                .remove(0);
            let mut item = store.item(&vault, &counter.id).await.unwrap();
            let count: usize = values(&item)[1].as_ref().unwrap().parse().unwrap();
            item.fields[1].value = Some(Secret::new((count + 1).to_string()));
            match store.replace_item(item).await {
                Ok(_) => break,
                Err(VaultError::Conflict { .. }) => {}
                Err(e) => panic!("{e}"),
            }
        }
    }
}

#[tokio::test]
async fn processes_that_make_the_store_at_once_end_with_one() {
    let home = Home::new();

    child::join(
        (0..PROCESSES)
            .map(|_| child::start("create", home.path()))
            .collect(),
    );

    assert!(home.open().check().await.unwrap().faults.is_empty());
    let names = std::fs::read_dir(home.path()).unwrap();
    let mut names: Vec<_> = names
        .map(|n| n.unwrap().file_name().into_string().unwrap())
        .collect();
    names.retain(|name| !name.ends_with("-wal") && !name.ends_with("-shm"));
    names.sort();
    assert_eq!(names, ["key", "store.db"]);
}

#[tokio::test]
async fn tasks_of_one_process_take_turns() {
    let home = Home::new();
    let store = home.open();
    let vault = vault_named(&store, "Dev").await.id;

    let tasks: Vec<_> = (0..20)
        .map(|number| {
            let (store, vault) = (store.clone(), vault.clone());
            tokio::spawn(async move { login_in(&store, &vault, &number.to_string()).await })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }

    assert_eq!(
        store.items(&vault, ItemState::Active).await.unwrap().len(),
        20
    );
    assert_eq!(store.head().await.unwrap().unwrap().revision, 22);
}
