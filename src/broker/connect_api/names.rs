//! What vaults and items are called, as far as this process has read them: for the sentences of the log.
//!
//! A decision is on ids, and reading a name first would cost every request a second read. So an item's first request has its
//! id in the log, and later ones the title that it had when it was read last.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use crate::vault::{ItemId, ItemOverview, VaultId, VaultOverview, reference::Named};

/// How many names are kept; beyond that all are forgotten, and learnt anew.
const MOST: usize = 10_000;

/// The names by their ids.
#[derive(Default)]
pub(in crate::broker) struct Names(Mutex<HashMap<String, String>>);

impl Names {
    /// A vault with its name, or with its id in place of it.
    pub(super) fn vault(&self, id: &VaultId) -> Named<VaultId> {
        Named {
            name: self.of(id.as_str()),
            id: id.clone(),
        }
    }

    /// An item with its title, or with its id in place of it.
    pub(super) fn item(&self, id: &ItemId) -> Named<ItemId> {
        Named {
            name: self.of(id.as_str()),
            id: id.clone(),
        }
    }

    /// Learns what vaults are called.
    pub(super) fn learn_vaults(&self, vaults: &[VaultOverview]) {
        for vault in vaults {
            self.learn(vault.id.as_str(), &vault.name);
        }
    }

    /// Gives a vault that is not there its id for a name, so that it is not looked for again.
    pub(super) fn learn_absent(&self, vault: &VaultId) {
        if !self.know(vault) {
            self.learn(vault.as_str(), vault.as_str());
        }
    }

    /// Learns what an item is called.
    pub(super) fn learn_item(&self, item: &ItemOverview) {
        self.learn(item.id.as_str(), &item.title);
    }

    /// Tells whether a vault's name is known.
    pub(super) fn know(&self, vault: &VaultId) -> bool {
        self.lock().contains_key(vault.as_str())
    }

    fn of(&self, id: &str) -> String {
        let known = self.lock().get(id).cloned();
        known.unwrap_or_else(|| id.to_owned())
    }

    fn learn(&self, id: &str, name: &str) {
        let mut names = self.lock();
        match names.get_mut(id) {
            Some(known) if known == name => {}
            Some(known) => name.clone_into(known),
            None => {
                if names.len() >= MOST {
                    names.clear();
                }
                names.insert(id.to_owned(), name.to_owned());
            }
        }
    }

    /// A panic in another thread has left the map whole: names are put in and looked up.
    fn lock(&self) -> MutexGuard<'_, HashMap<String, String>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
