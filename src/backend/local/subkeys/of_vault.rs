//! The keys of one vault each: derived when the vault is first touched, and kept.

use std::{
    collections::{BTreeMap, HashMap},
    ops::Deref,
    sync::{Arc, PoisonError, RwLock},
};

use crate::{
    seal::{DataKey, Subkey},
    vault::VaultId,
};

/// The keys of one vault.
pub(super) struct VaultKeys {
    pub(super) details: Subkey,
    pub(super) file: Subkey,
    pub(super) overview: Subkey,
    pub(super) title: Subkey,
    pub(super) vault: Subkey,
}

/// One of a vault's keys.
pub(in crate::backend::local) struct OneKey {
    keys: Arc<VaultKeys>,
    which: fn(&VaultKeys) -> &Subkey,
}

/// The keys of all vaults, or of some.
pub(super) struct Vaults {
    source: Source,
    derived: RwLock<HashMap<VaultId, Arc<VaultKeys>>>,
}

enum Source {
    /// The store's own key, from which each vault's comes.
    All(DataKey),
    /// What was lent.
    Some(BTreeMap<VaultId, DataKey>),
}

impl Vaults {
    pub(super) fn all(key: DataKey) -> Self {
        Self {
            source: Source::All(key),
            derived: RwLock::default(),
        }
    }

    pub(super) fn some(keys: BTreeMap<VaultId, DataKey>) -> Self {
        Self {
            source: Source::Some(keys),
            derived: RwLock::default(),
        }
    }

    pub(super) fn has(&self, vault: &VaultId) -> bool {
        match &self.source {
            Source::All(_) => true,
            Source::Some(keys) => keys.contains_key(vault),
        }
    }

    /// The key from which a vault's others come, if it is here.
    pub(super) fn data_key(&self, vault: &VaultId) -> Option<DataKey> {
        match &self.source {
            Source::All(key) => Some(key.derived(&format!("store/vault/{vault}"))),
            Source::Some(keys) => keys.get(vault).cloned(),
        }
    }

    /// A vault's keys. Of one whose keys are not here, keys that nobody has: they open nothing.
    pub(super) fn of(&self, vault: &VaultId) -> Arc<VaultKeys> {
        let known = self.derived.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(keys) = known.get(vault) {
            return Arc::clone(keys);
        }
        drop(known);
        let key = self.data_key(vault).unwrap_or_else(DataKey::random);
        let keys = Arc::new(VaultKeys::derive(&key));
        let mut known = self.derived.write().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(known.entry(vault.clone()).or_insert(keys))
    }
}

impl VaultKeys {
    fn derive(key: &DataKey) -> Self {
        Self {
            details: key.subkey("details"),
            file: key.subkey("file"),
            overview: key.subkey("overview"),
            title: key.subkey("title"),
            vault: key.subkey("vault"),
        }
    }
}

impl OneKey {
    pub(super) fn new(keys: Arc<VaultKeys>, which: fn(&VaultKeys) -> &Subkey) -> Self {
        Self { keys, which }
    }
}

impl Deref for OneKey {
    type Target = Subkey;

    fn deref(&self) -> &Subkey {
        (self.which)(&self.keys)
    }
}
