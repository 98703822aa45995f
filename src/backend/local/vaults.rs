//! Vaults in the store.

use rusqlite::OptionalExtension;

use crate::{
    backend::local::{
        record::VaultRecord,
        session::{Session, broken, unreadable},
        subkeys::{Subject, Tag, fold, tag},
    },
    vault::{ItemState, NewVault, Noun, VaultEdit, VaultError, VaultId, VaultOverview},
};

impl Session<'_> {
    /// All vaults, in order of name.
    pub(super) fn vaults(&mut self) -> Result<Vec<VaultOverview>, VaultError> {
        let records = self.vault_records()?;
        let mut vaults: Vec<_> = records
            .into_iter()
            .map(|(id, record)| record.overview(id))
            .collect();
        vaults.sort_by_cached_key(|vault| (fold(&vault.name), vault.id.clone()));
        Ok(vaults)
    }

    /// Makes a vault.
    pub(super) fn create_vault(&mut self, new: NewVault) -> Result<VaultOverview, VaultError> {
        self.refuse_taken(&new.name, None)?;
        let id = VaultId::random();
        let record = VaultRecord::new(new.name, new.description);
        self.head.vaults += 1;
        self.write_vault(&id, &record)?;
        Ok(record.overview(id))
    }

    /// Changes a vault's name or description.
    pub(super) fn edit_vault(
        &mut self,
        id: &VaultId,
        edit: VaultEdit,
    ) -> Result<VaultOverview, VaultError> {
        let mut record = self.vault(id)?;
        let name = edit.name.unwrap_or_else(|| record.name.clone());
        let description = edit
            .description
            .unwrap_or_else(|| record.description.clone());
        if (&name, &description) != (&record.name, &record.description) {
            self.refuse_taken(&name, Some(id))?;
            record.name = name;
            record.description = description;
            record.attribute_version += 1;
            record.touch();
            self.write_vault(id, &record)?;
        }
        Ok(record.overview(id.clone()))
    }

    /// Deletes a vault and all that it holds. One that is not whole is refused: what it has lost could not
    /// be told from what was deleted.
    pub(super) fn delete_vault(&mut self, id: &VaultId) -> Result<(), VaultError> {
        let record = self.vault(id)?;
        let expected = [ItemState::Active, ItemState::Archived].map(|s| record.members(s).count);
        let items = self.all_items(id)?;
        if items.len() as u64 != expected.iter().sum::<u64>() {
            return Err(VaultError::Corrupted {
                what: format!("the list of items of {}", named(id)),
            });
        }
        for (item, title) in items {
            self.vouch_absent(&self.keys.item_place(&item))?;
            self.vouch_absent(&self.keys.title_place(id, &title))?;
        }
        for statement in [
            "DELETE FROM files WHERE item IN (SELECT id FROM items WHERE vault = ?1)",
            "DELETE FROM details WHERE item IN (SELECT number FROM items WHERE vault = ?1)",
            "DELETE FROM items WHERE vault = ?1",
            "DELETE FROM vaults WHERE id = ?1",
        ] {
            self.transaction.execute(statement, [id.as_str()])?;
        }
        self.head.vaults -= 1;
        self.vouch_absent(&self.keys.vault_place(id))
    }

    /// Reads a vault's record.
    pub(super) fn vault(&mut self, id: &VaultId) -> Result<VaultRecord, VaultError> {
        let sealed: Option<Vec<u8>> = self
            .transaction
            .prepare_cached("SELECT record FROM vaults WHERE id = ?1")?
            .query_row([id.as_str()], |row| row.get(0))
            .optional()?;
        let missing = || VaultError::NotFound {
            noun: Noun::Vault,
            name: id.to_string(),
        };
        match sealed {
            // One whose keys were not lent is not there for whoever they were lent to.
            Some(_) if !self.keys.opens(id) => Err(missing()),
            Some(sealed) => self.open_vault(id, &sealed),
            None => {
                self.verify_absent(&self.keys.vault_place(id), || named(id))?;
                Err(missing())
            }
        }
    }

    /// Writes a vault's record, new or changed.
    pub(super) fn write_vault(
        &mut self,
        id: &VaultId,
        record: &VaultRecord,
    ) -> Result<(), VaultError> {
        let (key, bound) = self.keys.vault(id);
        let sealed = key.seal(&bound, &record.encode());
        self.transaction
            .prepare_cached("REPLACE INTO vaults (id, record) VALUES (?1, ?2)")?
            .execute((id.as_str(), &sealed))?;
        let subject = Subject::Vault {
            vault: id,
            record: &tag(&sealed),
        };
        self.vouch(&self.keys.vault_place(id), subject)
    }

    /// All vaults' records, none missing; of a copy, those whose keys were lent.
    pub(super) fn vault_records(&mut self) -> Result<Vec<(VaultId, VaultRecord)>, VaultError> {
        let mut records = Vec::new();
        let rows = self.vault_rows()?;
        let there = rows.len() as u64;
        for (id, sealed) in rows {
            if self.keys.opens(&id) {
                let record = self.open_vault(&id, &sealed)?;
                records.push((id, record));
            }
        }
        if there == self.head.vaults {
            Ok(records)
        } else {
            Err(VaultError::Corrupted {
                what: "the list of vaults".to_owned(),
            })
        }
    }

    /// The rows of all vaults, unchecked, each id once.
    pub(super) fn vault_rows(&self) -> Result<Vec<(VaultId, Vec<u8>)>, VaultError> {
        let mut statement = self
            .transaction
            .prepare_cached("SELECT id, record FROM vaults ORDER BY id")?;
        let mut rows = statement.query([])?;
        let mut found: Vec<(VaultId, Vec<u8>)> = Vec::new();
        while let Some(row) = rows.next()? {
            let id = VaultId::parse(row.get_ref(0)?.as_str().map_err(rusqlite::Error::from)?);
            let id = id.map_err(|_| not_an_id())?;
            found.push((id, row.get(1)?));
        }
        found.dedup_by(|a, b| a.0 == b.0);
        Ok(found)
    }

    /// Checks and opens a vault's sealed record.
    pub(super) fn open_vault(
        &mut self,
        id: &VaultId,
        sealed: &[u8],
    ) -> Result<VaultRecord, VaultError> {
        let record: Tag = tag(sealed);
        let subject = Subject::Vault {
            vault: id,
            record: &record,
        };
        self.verify(&self.keys.vault_place(id), subject, || named(id))?;
        let (key, bound) = self.keys.vault(id);
        let plain = key.open(&bound, sealed).map_err(broken(|| named(id)))?;
        VaultRecord::decode(&plain).map_err(unreadable(|| named(id)))
    }

    fn refuse_taken(&mut self, name: &str, except: Option<&VaultId>) -> Result<(), VaultError> {
        let wanted = fold(name);
        if wanted.is_empty() {
            return Err(VaultError::Invalid("a vault needs a name".to_owned()));
        }
        let records = self.vault_records()?;
        let taken = |(id, record): &(VaultId, VaultRecord)| {
            Some(id) != except && fold(&record.name) == wanted
        };
        if records.iter().any(taken) {
            return Err(VaultError::Exists {
                noun: Noun::Vault,
                name: name.to_owned(),
            });
        }
        Ok(())
    }
}

/// A vault in an error's words.
pub(super) fn named(id: &VaultId) -> String {
    format!("vault {id}")
}

/// The error for an id that we did not write.
pub(super) fn not_an_id() -> VaultError {
    VaultError::Corrupted {
        what: "an id in the store".to_owned(),
    }
}
