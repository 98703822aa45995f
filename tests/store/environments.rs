//! Environments in the store: what is confirmed is there, names are unique, and a store from before has room for them.

use hushkey::{
    backend::local::EnvironmentFile,
    vault::{EnvironmentEdit, EnvironmentName, Environments, VariableName, VaultError},
};

use crate::support::{Home, set, texts, variable};

fn name(text: &str) -> EnvironmentName {
    EnvironmentName::parse(text).unwrap()
}

#[tokio::test]
async fn a_change_is_whole_and_there_for_whoever_opens_the_store_next() {
    let home = Home::new();
    let store = home.open();
    let id = store
        .create_environment(name("staging"), "owner")
        .await
        .unwrap()
        .id;
    store.create_environment(name("EU"), "codex").await.unwrap();
    let first = set(vec![variable("A", "1"), variable("B", "2")]);
    store.edit_environment(&id, first).await.unwrap();

    let absent = EnvironmentEdit {
        remove: vec![VariableName::parse("C").unwrap()],
        ..set(vec![variable("A", "lost")])
    };
    let refused = store.edit_environment(&id, absent).await;
    let second = EnvironmentEdit {
        name: Some(name("Stage")),
        remove: vec![VariableName::parse("B").unwrap()],
        by: "codex".to_owned(),
        set: vec![variable("A", "3")],
    };
    store.edit_environment(&id, second).await.unwrap();

    assert!(matches!(refused, Err(VaultError::NotFound { .. })));
    let all = home.open().environments().await.unwrap();
    let lines: Vec<_> = texts(&all)
        .into_iter()
        .map(|line| line[27..].to_owned())
        .collect();
    assert_eq!(lines, ["EU 1 ", "Stage 3 A=3 codex"]);
}

#[tokio::test]
async fn a_name_that_is_taken_in_any_case_is_refused() {
    let store = Home::new().open();
    let id = store
        .create_environment(name("staging"), "owner")
        .await
        .unwrap()
        .id;
    let other = store
        .create_environment(name("other"), "owner")
        .await
        .unwrap()
        .id;
    let rename = |to: &str| EnvironmentEdit {
        name: Some(name(to)),
        ..set(Vec::new())
    };

    let made = store.create_environment(name("STAGING"), "owner").await;
    let renamed = store.edit_environment(&other, rename("Staging")).await;
    let own = store.edit_environment(&id, rename("Staging")).await;

    for refused in [made, renamed] {
        assert!(matches!(refused, Err(VaultError::Exists { .. })));
    }
    assert_eq!(own.unwrap().name.as_str(), "Staging");
}

#[tokio::test]
async fn many_writers_lose_none_of_each_others_variables() {
    let home = Home::new();
    let store = home.open();
    let id = store
        .create_environment(name("staging"), "owner")
        .await
        .unwrap()
        .id;

    let writers = (0..4).map(|writer| {
        let (store, id) = (home.open(), id.clone());
        tokio::spawn(async move {
            for at in 0..5 {
                let edit = set(vec![variable(&format!("W{writer}_{at}"), "x")]);
                store.edit_environment(&id, edit).await.unwrap();
            }
        })
    });
    for writer in writers.collect::<Vec<_>>() {
        writer.await.unwrap();
    }

    let all = store.environments().await.unwrap();
    assert_eq!((all[0].variables.len(), all[0].version), (20, 21));
}

#[tokio::test]
async fn a_file_of_environments_is_no_store_of_secrets_to_who_remembers_heads() {
    let home = Home::new();
    let path = home.path().join("environments.db");
    let file = EnvironmentFile::open_or_create(&path, &home.kek()).unwrap();
    let before = file.environments_head().await.unwrap().unwrap();

    file.create_environment(name("staging"), "owner")
        .await
        .unwrap();

    let after = file.environments_head().await.unwrap().unwrap();
    assert!(after.store.starts_with("environments/") && after.store == before.store);
    assert!(after.revision > before.revision);
    assert!(home.open().environments_head().await.unwrap().is_none());
}
