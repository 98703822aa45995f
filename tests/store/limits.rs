//! No room left: a clear sentence, and nothing lost.

use std::{
    fs,
    path::Path,
    sync::{Arc, atomic::AtomicBool},
};

use hushkey::vault::{ItemState, Vault, VaultError};
use rustix::process::{Resource, Rlimit, setrlimit};

use crate::{
    child,
    support::{Home, file, login_in, open_in, password, values, vault_named},
};

#[tokio::test]
async fn a_file_that_may_not_grow_loses_nothing() {
    let home = Home::new();
    let store = home.open();
    let vault = vault_named(&store, "Dev").await.id;

    child::join(vec![child::start("fill", home.path())]);

    let confirmed = fs::read_to_string(home.path().join("confirmed")).unwrap();
    let confirmed: usize = confirmed.parse().unwrap();
    assert!(confirmed > 0);
    let items = store.items(&vault, ItemState::Active).await.unwrap();
    assert_eq!(items.len(), confirmed);
    for item in items {
        let read = store.item(&vault, &item.id).await.unwrap();
        assert_eq!(values(&read)[1], Some(password(&item.title)));
    }
    let report = store.check().await.unwrap();
    assert!(report.faults.is_empty(), "{:?}", report.faults);
    login_in(&store, &vault, "there is room again").await;
}

/// The job "fill": writes until its files may not grow any more, and notes how many items were confirmed.
pub(crate) async fn fill(home: &Path) {
    // As the program does: with the signal caught, the write fails instead.
    signal_hook::flag::register(
        signal_hook::consts::SIGXFSZ,
        Arc::new(AtomicBool::new(false)),
    )
    .unwrap();
    let store = open_in(home);
    let vault = store.vaults().await.unwrap().remove(0).id;
    let limit = Rlimit {
        current: Some(400_000),
        maximum: Some(400_000),
    };
    setrlimit(Resource::Fsize, limit).unwrap();
    let mut confirmed = 0;

    let refused = loop {
        let new = crate::support::login(&format!("item {confirmed}"));
        match store.create_item(&vault, new).await {
            Ok(_) => confirmed += 1,
            Err(e) => break e,
        }
    };

    assert!(
        matches!(refused, VaultError::Unavailable { .. }),
        "{refused:?}"
    );
    let sentence = refused.to_string();
    assert!(sentence.contains("nothing was changed"), "{sentence}");
    assert!(sentence.contains("ulimit -f"), "{sentence}");
    let items = store.items(&vault, ItemState::Active).await.unwrap();
    assert_eq!(items.len(), confirmed);
    let large = file("large", &vec![1; 500_000]);
    let refused = store
        .attach_file(&vault, &items[0].id, large)
        .await
        .unwrap_err();
    assert!(
        refused.to_string().contains("nothing was changed"),
        "{refused}"
    );
    assert!(
        store
            .metadata(&vault, &items[0].id)
            .await
            .unwrap()
            .files
            .is_empty()
    );
    fs::write(home.join("confirmed"), confirmed.to_string()).unwrap();
}
