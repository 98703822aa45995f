//! The store's head: one row whose MAC stands for everything in the store.

use rusqlite::Connection;

use crate::{
    backend::local::{
        subkeys::{Mac, Subkeys},
        tree,
    },
    seal::same_mac,
    vault::{StoreHead, VaultError},
};

/// What the whole store hangs from; changes with every transaction that changes anything.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Head {
    /// Grows by one with each change.
    pub(super) revision: u64,
    /// How many vaults there are, so that a list of them is known to be whole.
    pub(super) vaults: u64,
    /// The MAC of the tree's root.
    pub(super) root: Mac,
}

impl Head {
    /// The head of a store that has just been made.
    pub(super) fn first() -> Self {
        Self {
            revision: 1,
            vaults: 0,
            root: tree::ABSENT,
        }
    }

    /// Reads the head and checks its MAC.
    pub(super) fn read(connection: &Connection, keys: &Subkeys) -> Result<Self, VaultError> {
        let corrupted = || VaultError::Corrupted {
            what: "the store's head".to_owned(),
        };
        let (head, mac) = connection
            .prepare_cached("SELECT revision, vaults, root, mac FROM head WHERE id = 1")?
            .query_row([], |row| {
                let head = Self {
                    revision: row.get(0)?,
                    vaults: row.get(1)?,
                    root: row.get(2)?,
                };
                Ok((head, row.get::<_, Mac>(3)?))
            })
            .map_err(|e| match VaultError::from(e) {
                VaultError::Corrupted { .. } => corrupted(),
                other => other,
            })?;
        if same_mac(&head.mac(keys), &mac) {
            Ok(head)
        } else {
            Err(corrupted())
        }
    }

    /// Writes the head with its MAC.
    pub(super) fn write(&self, connection: &Connection, keys: &Subkeys) -> Result<(), VaultError> {
        connection
            .prepare_cached(
                "REPLACE INTO head (id, revision, vaults, root, mac) VALUES (1, ?1, ?2, ?3, ?4)",
            )?
            .execute((self.revision, self.vaults, &self.root, self.mac(keys)))?;
        Ok(())
    }

    /// The head as an anchor outside the store remembers it.
    pub(super) fn anchor(&self, keys: &Subkeys) -> StoreHead {
        StoreHead {
            store: keys.store().to_owned(),
            revision: self.revision,
            mark: self.mac(keys),
        }
    }

    fn mac(&self, keys: &Subkeys) -> Mac {
        keys.head(self.revision, self.vaults, &self.root)
    }
}
