//! For every sequence of changes: the store says what a plain map says.

use std::collections::BTreeMap;

use hushkey::{
    backend::local::LocalVault,
    vault::{Item, ItemId, ItemState, NewVault, Secret, Vault, VaultEdit, VaultError, VaultId},
};
use proptest::prelude::*;

use crate::support::{Home, file, login, password, values};

const VAULT_NAMES: [&str; 4] = ["Dev", "dev", "Prod", "Ünïcode"];
const TITLES: [&str; 4] = ["Stripe", " stripe", "GitHub", "ÉCOLE"];

/// A change; numbers choose among what has ever been made, so that some are gone.
#[derive(Clone, Debug)]
enum Change {
    Attach(usize, Vec<u8>),
    CreateItem(usize, usize),
    CreateVault(usize),
    DeleteItem(usize),
    DeleteVault(usize),
    Detach(usize),
    EditVault(usize, usize),
    Reopen,
    Replace {
        item: usize,
        title: usize,
        value: String,
        stale: bool,
    },
    SetState(usize, bool),
}

#[derive(Clone, Debug, PartialEq)]
struct ModelItem {
    vault: VaultId,
    title: String,
    version: u64,
    state: ItemState,
    password: Option<String>,
    files: Vec<Vec<u8>>,
}

#[derive(Default)]
struct Model {
    vaults: BTreeMap<VaultId, String>,
    items: BTreeMap<ItemId, ModelItem>,
    /// Ever made.
    vault_ids: Vec<VaultId>,
    item_ids: Vec<(VaultId, ItemId)>,
}

fn change() -> impl Strategy<Value = Change> {
    let one = 0..1000_usize;
    prop_oneof![
        3 => (one.clone(), prop::collection::vec(any::<u8>(), 0..40)).prop_map(|(i, c)| Change::Attach(i, c)),
        8 => (one.clone(), one.clone()).prop_map(|(v, t)| Change::CreateItem(v, t)),
        3 => one.clone().prop_map(Change::CreateVault),
        2 => one.clone().prop_map(Change::DeleteItem),
        1 => one.clone().prop_map(Change::DeleteVault),
        2 => one.clone().prop_map(Change::Detach),
        1 => (one.clone(), one.clone()).prop_map(|(v, n)| Change::EditVault(v, n)),
        1 => Just(Change::Reopen),
        4 => (one.clone(), one.clone(), "\\PC{0,12}", any::<bool>())
            .prop_map(|(item, title, value, stale)| Change::Replace { item, title, value, stale }),
        3 => (one, any::<bool>()).prop_map(|(i, archive)| Change::SetState(i, archive)),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_changes_leave_what_a_plain_map_would_hold(changes in prop::collection::vec(change(), 1..32)) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let home = Home::new();
            let mut store = home.open();
            let mut model = Model::default();
            for change in changes {
                if matches!(change, Change::Reopen) {
                    store = home.open();
                }
                model.make(change, &store).await;
                model.compare_lists(&store).await;
            }
            model.compare_items(&store).await;
            let report = store.check().await.unwrap();
            assert!(report.faults.is_empty(), "{:?}", report.faults);
            assert_eq!(report.items, model.items.len() as u64);
        });
    }
}

impl Model {
    /// Makes a change in both, and compares how it ended.
    async fn make(&mut self, change: Change, store: &LocalVault) {
        match change {
            Change::CreateVault(name) => self.create_vault(VAULT_NAMES[name % 4], store).await,
            Change::EditVault(vault, name) => {
                let Some(vault) = pick(&self.vault_ids, vault) else {
                    return;
                };
                self.edit_vault(vault, VAULT_NAMES[name % 4], store).await;
            }
            Change::DeleteVault(vault) => {
                let Some(vault) = pick(&self.vault_ids, vault) else {
                    return;
                };
                let known = self.vaults.remove(&vault).is_some();
                self.items.retain(|_, item| item.vault != vault);
                assert_known(known, store.delete_vault(&vault).await);
            }
            Change::CreateItem(vault, title) => {
                let Some(vault) = pick(&self.vault_ids, vault) else {
                    return;
                };
                self.create_item(vault, TITLES[title % 4], store).await;
            }
            Change::Replace {
                item,
                title,
                value,
                stale,
            } => {
                let Some((vault, id)) = pick(&self.item_ids, item) else {
                    return;
                };
                self.replace((vault, id), TITLES[title % 4], value, stale, store)
                    .await;
            }
            Change::SetState(item, archive) => {
                let Some((vault, id)) = pick(&self.item_ids, item) else {
                    return;
                };
                let state = if archive {
                    ItemState::Archived
                } else {
                    ItemState::Active
                };
                let done = store.set_item_state(&vault, &id, state).await;
                let known = self.items.get_mut(&id).map(|item| {
                    item.version += u64::from(item.state != state);
                    item.state = state;
                });
                assert_known(known.is_some(), done);
            }
            Change::DeleteItem(item) => {
                let Some((vault, id)) = pick(&self.item_ids, item) else {
                    return;
                };
                let known = self.items.remove(&id).is_some();
                assert_known(known, store.delete_item(&vault, &id).await);
            }
            Change::Attach(item, content) => {
                let Some((vault, id)) = pick(&self.item_ids, item) else {
                    return;
                };
                let done = store
                    .attach_file(&vault, &id, file("a file", &content))
                    .await;
                let known = self.items.get_mut(&id).map(|item| {
                    item.version += 1;
                    item.files.push(content);
                });
                assert_known(known.is_some(), done);
            }
            Change::Detach(item) => {
                let Some((vault, id)) = pick(&self.item_ids, item) else {
                    return;
                };
                let Some(item) = self
                    .items
                    .get_mut(&id)
                    .filter(|item| !item.files.is_empty())
                else {
                    return;
                };
                item.version += 1;
                item.files.remove(0);
                let first = store.metadata(&vault, &id).await.unwrap().files.remove(0);
                store.detach_file(&vault, &id, &first.id).await.unwrap();
            }
            Change::Reopen => {}
        }
    }

    async fn create_vault(&mut self, name: &str, store: &LocalVault) {
        let taken = self.vaults.values().any(|known| same(known, name));
        let new = NewVault {
            name: name.to_owned(),
            ..NewVault::default()
        };
        match store.create_vault(new).await {
            Ok(made) if !taken => {
                self.vaults.insert(made.id.clone(), made.name);
                self.vault_ids.push(made.id);
            }
            Err(VaultError::Exists { .. }) if taken => {}
            other => panic!("{other:?}"),
        }
    }

    async fn edit_vault(&mut self, vault: VaultId, name: &str, store: &LocalVault) {
        let taken = self
            .vaults
            .iter()
            .any(|(id, known)| *id != vault && same(known, name));
        let edit = VaultEdit {
            name: Some(name.to_owned()),
            description: None,
        };
        let edited = store.edit_vault(&vault, edit).await;
        match (self.vaults.get_mut(&vault), edited) {
            (Some(known), Ok(_)) if !taken => *known = name.to_owned(),
            (Some(_), Err(VaultError::Exists { .. })) if taken => {}
            (None, Err(VaultError::NotFound { .. })) => {}
            (_, other) => panic!("{other:?}"),
        }
    }

    async fn create_item(&mut self, vault: VaultId, title: &str, store: &LocalVault) {
        match (
            self.vaults.contains_key(&vault),
            store.create_item(&vault, login(title)).await,
        ) {
            (true, Ok(made)) => {
                let id = made.overview.id;
                self.item_ids.push((vault.clone(), id.clone()));
                let item = ModelItem {
                    vault,
                    title: title.to_owned(),
                    version: 1,
                    state: ItemState::Active,
                    password: Some(password(title)),
                    files: Vec::new(),
                };
                self.items.insert(id, item);
            }
            (false, Err(VaultError::NotFound { .. })) => {}
            (_, other) => panic!("{other:?}"),
        }
    }

    async fn replace(
        &mut self,
        (vault, id): (VaultId, ItemId),
        title: &str,
        value: String,
        stale: bool,
        store: &LocalVault,
    ) {
        let mut read: Item = match (self.items.get(&id), store.item(&vault, &id).await) {
            (Some(_), Ok(read)) => read,
            (None, Err(VaultError::NotFound { .. })) => return,
            (_, other) => panic!("{other:?}"),
        };
        read.overview.title = title.to_owned();
        read.overview.version -= u64::from(stale);
        read.fields[1].value = Some(Secret::new(value.clone()));
        match store.replace_item(read).await {
            Ok(_) if !stale => {
                let item = self.items.get_mut(&id).unwrap();
                item.version += 1;
                item.title = title.to_owned();
                item.password = Some(value).filter(|value| !value.is_empty());
            }
            Err(VaultError::Conflict { .. }) if stale => {}
            other => panic!("{other:?}"),
        }
    }

    /// Compares what lists say.
    async fn compare_lists(&self, store: &LocalVault) {
        let vaults = store.vaults().await.unwrap();
        let named: BTreeMap<_, _> = vaults
            .iter()
            .map(|v| (v.id.clone(), v.name.clone()))
            .collect();
        assert_eq!(named, self.vaults);
        for vault in vaults {
            for state in [ItemState::Active, ItemState::Archived] {
                let listed = store.items(&vault.id, state).await.unwrap();
                let known: Vec<_> = self
                    .items
                    .iter()
                    .filter(|(_, item)| item.vault == vault.id && item.state == state)
                    .map(|(id, item)| (id.clone(), item.title.clone(), item.version))
                    .collect();
                let mut listed: Vec<_> = listed
                    .into_iter()
                    .map(|i| (i.id, i.title, i.version))
                    .collect();
                listed.sort();
                assert_eq!(listed, known);
                if state == ItemState::Active {
                    assert_eq!(vault.items, known.len() as u64);
                }
            }
        }
    }

    /// Compares every item with its values and files, and every title with its items.
    async fn compare_items(&self, store: &LocalVault) {
        for (id, known) in &self.items {
            let item = store.item(&known.vault, id).await.unwrap();
            let mut files = Vec::new();
            for file in &item.files {
                let content = store
                    .file_content(&known.vault, id, &file.id)
                    .await
                    .unwrap();
                files.push(content.expose_secret().to_vec());
            }
            let found = ModelItem {
                vault: item.overview.vault.clone(),
                title: item.overview.title.clone(),
                version: item.overview.version,
                state: item.overview.state,
                password: values(&item)[1].clone(),
                files,
            };
            assert_eq!(found, *known);
        }
        for vault in self.vaults.keys() {
            for title in TITLES {
                let titled = store.items_titled(vault, title).await.unwrap();
                let known = self.items.values().filter(|item| {
                    item.vault == *vault
                        && item.state == ItemState::Active
                        && same(&item.title, title)
                });
                assert_eq!(titled.len(), known.count());
            }
        }
    }
}

fn pick<T: Clone>(all: &[T], number: usize) -> Option<T> {
    (!all.is_empty()).then(|| all[number % all.len()].clone())
}

fn same(a: &str, b: &str) -> bool {
    a.trim().to_lowercase() == b.trim().to_lowercase()
}

/// A change to something known succeeds; to anything else it finds nothing.
fn assert_known<T: std::fmt::Debug>(known: bool, done: Result<T, VaultError>) {
    match (known, done) {
        (true, Ok(_)) | (false, Err(VaultError::NotFound { .. })) => {}
        (_, other) => panic!("{other:?}"),
    }
}
