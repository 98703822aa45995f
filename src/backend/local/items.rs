//! Items in the store.

use rusqlite::OptionalExtension;

use crate::{
    backend::local::{
        record::{self, Identity, Members, StoredItem},
        rows::{item_id, named},
        session::{Session, broken, unreadable},
        subkeys::{Part, Tag, fold, state_code, tag},
    },
    vault::{
        Batch, BatchVault, Field, FieldMetadata, Item, ItemId, ItemMetadata, ItemOverview,
        ItemState, NewItem, Progress, VaultError, VaultId, WholeItem,
    },
};

impl Session<'_> {
    /// The overviews of a vault's items in one state, in order of title.
    pub(super) fn items(
        &mut self,
        vault: &VaultId,
        state: ItemState,
    ) -> Result<Vec<ItemOverview>, VaultError> {
        let expected = self.vault(vault)?.members(state);
        let mut statement = self.transaction.prepare_cached(
            "SELECT id, version, overview FROM items WHERE vault = ?1 AND state = ?2",
        )?;
        let mut rows = statement.query((vault.as_str(), state_code(state)))?;
        let mut found = Members::default();
        let mut items = Vec::with_capacity(expected.count.min(1 << 20) as usize);
        while let Some(row) = rows.next()? {
            let identity = Identity {
                vault: vault.clone(),
                item: item_id(row, 0)?,
                version: row.get(1)?,
                state,
            };
            let sealed = row.get_ref(2)?.as_blob().map_err(rusqlite::Error::from)?;
            let what = || named(&identity.item);
            let plain = self.open_overview(&identity, sealed)?;
            let decoded = record::decode_listed(&plain, identity.clone());
            let (overview, mark) = decoded.map_err(unreadable(what))?;
            found.add(mark);
            items.push(overview);
        }
        if found != expected {
            return Err(VaultError::Corrupted {
                what: format!("the list of items of vault {vault}"),
            });
        }
        items.sort_by_cached_key(|item| (fold(&item.title), item.id.clone()));
        Ok(items)
    }

    /// The active items of a vault that have this title.
    pub(super) fn items_titled(
        &mut self,
        vault: &VaultId,
        title: &str,
    ) -> Result<Vec<ItemOverview>, VaultError> {
        self.vault(vault)?;
        let index = self.keys.title(vault, title);
        let mut items = Vec::new();
        for id in self.same_titled(vault, &index)? {
            let overview = self.stored(vault, &id)?.metadata.overview;
            if overview.state == ItemState::Active {
                items.push(overview);
            }
        }
        Ok(items)
    }

    /// An item without its values.
    pub(super) fn metadata(
        &mut self,
        vault: &VaultId,
        item: &ItemId,
    ) -> Result<ItemMetadata, VaultError> {
        Ok(self.stored(vault, item)?.metadata)
    }

    /// An item with its values.
    pub(super) fn item(&mut self, vault: &VaultId, item: &ItemId) -> Result<Item, VaultError> {
        let stored = self.stored(vault, item)?;
        let what = || named(item);
        let sealed: Option<Vec<u8>> = self
            .transaction
            .prepare_cached("SELECT sealed FROM details WHERE item = ?1")?
            .query_row([stored.row], |row| row.get(0))
            .optional()?;
        let sealed = sealed
            .filter(|sealed| tag(sealed) == stored.details_tag)
            .ok_or_else(|| VaultError::Corrupted { what: what() })?;
        let part = Part::Details {
            version: stored.details_version,
        };
        let (key, bound) = self.keys.part(vault, item, part);
        let plain = key.open(&bound, &sealed).map_err(broken(what))?;
        let values = record::decode_details(&plain).map_err(unreadable(what))?;
        let ItemMetadata {
            overview,
            sections,
            fields,
            files,
        } = stored.metadata;
        if values.len() != fields.len() {
            return Err(unreadable(what)(record::Unreadable));
        }
        let fields = fields.into_iter().zip(values);
        Ok(Item {
            overview,
            sections,
            fields: fields
                .map(|(metadata, value)| Field { metadata, value })
                .collect(),
            files,
        })
    }

    /// Makes many items, with their files and vaults: all of it in this session's transaction.
    pub(super) fn create_all(
        &mut self,
        batches: Vec<Batch>,
        progress: &Progress,
    ) -> Result<usize, VaultError> {
        let mut made = 0;
        for Batch { vault, items } in batches {
            let vault = match vault {
                BatchVault::New(new) => self.create_vault(new)?.id,
                BatchVault::There(vault) => vault,
            };
            for WholeItem {
                item,
                files,
                archived,
            } in items
            {
                let id = self.create_item(&vault, item)?.overview.id;
                for file in files {
                    self.attach_file(&vault, &id, file)?;
                }
                if archived {
                    self.set_item_state(&vault, &id, ItemState::Archived)?;
                }
                made += 1;
                progress(made);
            }
        }
        Ok(made)
    }

    /// Makes an item.
    pub(super) fn create_item(
        &mut self,
        vault: &VaultId,
        new: NewItem,
    ) -> Result<ItemMetadata, VaultError> {
        self.vault(vault)?;
        let now = record::now();
        let overview = ItemOverview {
            id: ItemId::random(),
            vault: vault.clone(),
            title: new.title,
            category: new.category,
            urls: new.urls,
            tags: new.tags,
            favorite: new.favorite,
            state: ItemState::Active,
            version: 1,
            created_at: now,
            updated_at: now,
            last_edited_by: new.created_by,
        };
        let mut stored = StoredItem {
            row: 0,
            mark: 0,
            details_version: 1,
            details_tag: Tag::default(),
            metadata: ItemMetadata {
                overview,
                sections: new.sections,
                fields: fields_metadata(&new.fields),
                files: Vec::new(),
            },
        };
        check(&stored.metadata)?;
        self.write_item(None, &mut stored, Some(&new.fields))?;
        Ok(stored.metadata)
    }

    /// Replaces all of an item but its files, state and date of making.
    pub(super) fn replace_item(&mut self, item: Item) -> Result<ItemMetadata, VaultError> {
        let given = item.overview;
        let before = self.stored(&given.vault, &given.id)?;
        let current = &before.metadata.overview;
        if current.version != given.version {
            return Err(VaultError::Conflict {
                expected: given.version,
                found: current.version,
            });
        }
        let mut after = before.clone();
        let overview = &mut after.metadata.overview;
        overview.title = given.title;
        overview.category = given.category;
        overview.urls = given.urls;
        overview.tags = given.tags;
        overview.favorite = given.favorite;
        overview.last_edited_by = given.last_edited_by;
        after.metadata.sections = item.sections;
        after.metadata.fields = fields_metadata(&item.fields);
        let sections = &after.metadata.sections;
        for file in &mut after.metadata.files {
            // A file outlives its section.
            file.section = file
                .section
                .take()
                .filter(|id| sections.iter().any(|section| section.id == *id));
        }
        check(&after.metadata)?;
        self.change_item(&before, &mut after, Some(&item.fields))?;
        Ok(after.metadata)
    }

    /// Puts an item away, or brings it back.
    pub(super) fn set_item_state(
        &mut self,
        vault: &VaultId,
        item: &ItemId,
        state: ItemState,
    ) -> Result<ItemOverview, VaultError> {
        let before = self.stored(vault, item)?;
        if before.metadata.overview.state == state {
            return Ok(before.metadata.overview);
        }
        let mut after = before.clone();
        after.metadata.overview.state = state;
        self.change_item(&before, &mut after, None)?;
        Ok(after.metadata.overview)
    }

    /// Deletes an item.
    pub(super) fn delete_item(&mut self, vault: &VaultId, item: &ItemId) -> Result<(), VaultError> {
        let before = self.stored(vault, item)?;
        let index = self.keys.title(vault, &before.metadata.overview.title);
        self.retitle(vault, &index, |ids| ids.retain(|id| id != item))?;
        for statement in [
            "DELETE FROM files WHERE item = ?1",
            "DELETE FROM details WHERE item = (SELECT number FROM items WHERE id = ?1)",
            "DELETE FROM items WHERE id = ?1",
        ] {
            self.transaction
                .prepare_cached(statement)?
                .execute([item.as_str()])?;
        }
        self.vouch_absent(&self.keys.item_place(item))?;
        self.count(vault, Some(&before), None)
    }
}

/// The metadata of fields that are about to be stored: `set` follows the value.
fn fields_metadata(fields: &[Field]) -> Vec<FieldMetadata> {
    fields
        .iter()
        .map(|field| FieldMetadata {
            set: record::is_set(field),
            ..field.metadata.clone()
        })
        .collect()
}

/// Refuses what can't be told apart or found again.
fn check(item: &ItemMetadata) -> Result<(), VaultError> {
    let invalid = |message: String| Err(VaultError::Invalid(message));
    if item.overview.title.trim().is_empty() {
        return invalid("an item needs a title".to_owned());
    }
    for (at, section) in item.sections.iter().enumerate() {
        if item.sections[..at].iter().any(|s| s.id == section.id) {
            return invalid(format!("two sections have the id `{}`", section.id));
        }
    }
    for (at, field) in item.fields.iter().enumerate() {
        if item.fields[..at].iter().any(|f| f.id == field.id) {
            return invalid(format!("two fields have the id `{}`", field.id));
        }
        if let Some(id) = &field.section
            && !item.sections.iter().any(|section| section.id == *id)
        {
            return invalid(format!(
                "field `{}` stands in a section that is not there",
                field.id
            ));
        }
    }
    Ok(())
}
