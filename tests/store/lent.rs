//! A copy of the store elsewhere, opened with keys of some vaults.

use std::fs;

use hushkey::{
    backend::local::{LentKeys, LocalVault},
    vault::{Vault, VaultEdit, VaultError},
};

use crate::support::{Home, login_in, password, set_mode, store_in, vault_named};

/// Copies the store's files, and nothing else.
fn copy(home: &Home) -> tempfile::TempDir {
    let elsewhere = tempfile::tempdir().unwrap();
    set_mode(elsewhere.path(), 0o700);
    for name in ["store.db", "store.db-wal"] {
        let from = home.path().join(name);
        if from.exists() {
            fs::copy(&from, elsewhere.path().join(name)).unwrap();
        }
    }
    elsewhere
}

#[tokio::test]
async fn a_copy_shows_the_vaults_that_were_lent_and_takes_no_change() {
    let home = Home::new();
    let store = home.open();
    let dev = vault_named(&store, "Dev").await.id;
    let private = vault_named(&store, "Private").await.id;
    let stripe = login_in(&store, &dev, "Stripe").await.overview.id;
    let hidden = login_in(&store, &private, "Hidden").await.overview.id;
    let keys = store.lend(std::slice::from_ref(&dev)).to_bytes();
    let elsewhere = copy(&home);

    let lent = LentKeys::from_bytes(&keys).unwrap();
    let copy = LocalVault::open_copy(&store_in(elsewhere.path()), lent).unwrap();

    let vaults = copy.vaults().await.unwrap();
    assert_eq!(vaults.len(), 1);
    assert_eq!(vaults[0].name, "Dev");
    let item = copy.item(&dev, &stripe).await.unwrap();
    let value = item.fields[1].value.as_ref().unwrap();
    assert_eq!(value.expose_secret(), password("Stripe"));
    assert_eq!(copy.items_titled(&dev, "stripe").await.unwrap().len(), 1);
    for (vault, item) in [(&private, &hidden), (&dev, &hidden), (&private, &stripe)] {
        let refused = copy.item(vault, item).await.unwrap_err();
        assert!(matches!(refused, VaultError::NotFound { .. }), "{refused}");
    }
    let edit = VaultEdit {
        name: Some("Other".to_owned()),
        description: None,
    };
    let changes = [
        copy.edit_vault(&dev, edit).await.map(drop),
        copy.delete_item(&dev, &stripe).await,
        copy.create_item(&dev, crate::support::login("New"))
            .await
            .map(drop),
    ];
    for refused in changes {
        let refused = refused.unwrap_err();
        assert!(matches!(refused, VaultError::Forbidden(_)), "{refused}");
        assert!(refused.to_string().contains("copy of the store"));
    }
}

#[tokio::test]
async fn keys_of_another_store_open_no_copy() {
    let (home, other) = (Home::new(), Home::new());
    let store = home.open();
    let dev = vault_named(&store, "Dev").await.id;
    let lent = other.open().lend(&[dev]);

    let refused = LocalVault::open_copy(&home.store(), lent).err().unwrap();

    assert!(refused.to_string().contains("another store"), "{refused}");
}
