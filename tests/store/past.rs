//! A small store that has moved on since a copy of it was made.

use std::fs;

use hushkey::vault::{
    EnvironmentName, Environments, ItemId, ItemState, Secret, StoreHead, Vault, VaultId,
};
use rusqlite::Connection;

use crate::{
    support::{Home, file, login_in, set, variable, vault_named},
    witness::{Question, Verdict, Witness, fold_log},
};

/// The store, its old copy `old.db`, and a witness of what it says now.
pub(crate) struct Past {
    pub(crate) home: Home,
    pub(crate) dev: VaultId,
    pub(crate) prod: VaultId,
    /// In Dev, with two files; its password was changed since the copy.
    pub(crate) alpha: ItemId,
    /// In Dev.
    pub(crate) beta: ItemId,
    /// In Dev, deleted since the copy.
    pub(crate) gone: ItemId,
    pub(crate) head: StoreHead,
    pub(crate) old_head: StoreHead,
    witness: Witness,
}

impl Past {
    pub(crate) async fn new() -> Self {
        let home = Home::new();
        let store = home.open();
        let dev = vault_named(&store, "Dev").await.id;
        let prod = vault_named(&store, "Prod").await.id;
        let alpha = login_in(&store, &dev, "alpha").await.overview.id;
        let beta = login_in(&store, &dev, "beta").await.overview.id;
        let gamma = login_in(&store, &prod, "gamma").await.overview.id;
        let gone = login_in(&store, &dev, "gone").await.overview.id;
        store
            .attach_file(&dev, &alpha, file("one", b"first"))
            .await
            .unwrap();
        let files = store
            .attach_file(&dev, &alpha, file("two", b"second"))
            .await;
        let files = files.unwrap().files;
        let staging = EnvironmentName::parse("staging").unwrap();
        let staging = store.create_environment(staging, "owner").await.unwrap().id;
        let before = set(vec![variable("HOST", "before"), variable("GONE", "x")]);
        store.edit_environment(&staging, before).await.unwrap();
        let old_head = store.head().await.unwrap().unwrap();
        fold_log(home.path());
        fs::copy(home.store(), home.path().join("old.db")).unwrap();

        let mut item = store.item(&dev, &alpha).await.unwrap();
        item.fields[1].value = Some(Secret::new("a newer password".to_owned()));
        store.replace_item(item).await.unwrap();
        store.delete_item(&dev, &gone).await.unwrap();
        let mut after = set(vec![variable("HOST", "after")]);
        after.remove = vec![variable("GONE", "").0];
        store.edit_environment(&staging, after).await.unwrap();
        let head = store.head().await.unwrap().unwrap();
        fold_log(home.path());

        let (d, p) = (&dev, &prod);
        let mut witness = Witness::default();
        for (name, question) in [
            ("vaults", Question::Vaults),
            ("environments", Question::Environments),
            (
                "items of dev",
                Question::Items(d.clone(), ItemState::Active),
            ),
            (
                "archive of dev",
                Question::Items(d.clone(), ItemState::Archived),
            ),
            (
                "items of prod",
                Question::Items(p.clone(), ItemState::Active),
            ),
            ("titled alpha", Question::Titled(d.clone(), "alpha")),
            ("titled gone", Question::Titled(d.clone(), "gone")),
            ("titled gamma", Question::Titled(p.clone(), "gamma")),
            ("alpha", Question::Item(d.clone(), alpha.clone())),
            ("beta", Question::Item(d.clone(), beta.clone())),
            ("gamma", Question::Item(p.clone(), gamma.clone())),
            ("gone", Question::Item(d.clone(), gone.clone())),
            (
                "metadata of alpha",
                Question::Metadata(d.clone(), alpha.clone()),
            ),
            (
                "file one",
                Question::File(d.clone(), alpha.clone(), files[0].id.clone()),
            ),
            (
                "file two",
                Question::File(d.clone(), alpha.clone(), files[1].id.clone()),
            ),
        ] {
            witness.ask(&store, name, question).await;
        }
        Self {
            home,
            dev,
            prod,
            alpha,
            beta,
            gone,
            head,
            old_head,
            witness,
        }
    }

    /// Changes the store's tables behind hushkey's back. `old` is the attached copy; `$alpha` is alpha's id.
    pub(crate) fn tamper(&self, statements: &str) {
        let connection = Connection::open(self.home.store()).unwrap();
        let old = self.home.path().join("old.db");
        connection
            .execute("ATTACH ?1 AS old", [old.to_str().unwrap()])
            .unwrap();
        connection
            .pragma_update(None, "foreign_keys", "OFF")
            .unwrap();
        let mut statements = statements.to_owned();
        for (name, id) in [
            ("$alpha", self.alpha.as_str()),
            ("$beta", self.beta.as_str()),
            ("$gone", self.gone.as_str()),
            ("$dev", self.dev.as_str()),
            ("$prod", self.prod.as_str()),
        ] {
            statements = statements.replace(name, &format!("'{id}'"));
        }
        connection.execute_batch(&statements).unwrap();
    }

    /// Opens the store again and compares what it says.
    pub(crate) async fn judge(&self) -> Verdict {
        self.witness.judge(self.home.path()).await
    }
}
