//! Items in the store.

use rusqlite::{OptionalExtension, Row};

use crate::{
    backend::local::{
        record::{self, Identity, Members, StoredItem},
        session::{Session, broken, unreadable},
        subkeys::{Part, Subject, Tag, TitleIndex, fold, state_code, tag},
        vaults::not_an_id,
    },
    seal::random_bytes,
    vault::{
        Field, FieldMetadata, Item, ItemId, ItemMetadata, ItemOverview, ItemState, NewItem, Noun,
        VaultError, VaultId,
    },
};

/// An item's row, not yet opened.
pub(super) struct ItemRow {
    pub(super) identity: Identity,
    pub(super) title: TitleIndex,
    pub(super) sealed: Vec<u8>,
}

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
            .query_row([item.as_str()], |row| row.get(0))
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
            mark: 0,
            details_version: 1,
            details_tag: Tag::default(),
            file_tags: Vec::new(),
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
            "DELETE FROM details WHERE item = ?1",
            "DELETE FROM items WHERE id = ?1",
        ] {
            self.transaction
                .prepare_cached(statement)?
                .execute([item.as_str()])?;
        }
        self.vouch_absent(&self.keys.item_place(item))?;
        self.count(vault, Some(&before), None)
    }

    /// Reads and checks an item's overview.
    pub(super) fn stored(
        &mut self,
        vault: &VaultId,
        item: &ItemId,
    ) -> Result<StoredItem, VaultError> {
        let what = || named(item);
        let row = self
            .transaction
            .prepare_cached(
                "SELECT id, vault, version, state, title, overview FROM items WHERE id = ?1",
            )?
            .query_and_then([item.as_str()], ItemRow::read)?
            .next()
            .transpose()?;
        let Some(row) = row else {
            self.verify_absent(&self.keys.item_place(item), what)?;
            return Err(self.no_item(vault, item));
        };
        let stored = self.open_item(&row)?;
        if stored.metadata.overview.vault != *vault {
            return Err(self.no_item(vault, item));
        }
        Ok(stored)
    }

    /// Checks an item's row against the tree and opens it.
    pub(super) fn open_item(&mut self, row: &ItemRow) -> Result<StoredItem, VaultError> {
        let item = &row.identity.item;
        let what = || named(item);
        self.verify_item(row)?;
        let plain = self.open_overview(&row.identity, &row.sealed)?;
        StoredItem::decode(&plain, row.identity.clone()).map_err(unreadable(what))
    }

    /// Writes the next version of an item; values only if they change, too.
    pub(super) fn change_item(
        &mut self,
        before: &StoredItem,
        after: &mut StoredItem,
        values: Option<&[Field]>,
    ) -> Result<(), VaultError> {
        let overview = &mut after.metadata.overview;
        overview.version += 1;
        overview.updated_at = record::now();
        if values.is_some() {
            after.details_version = overview.version;
        }
        self.write_item(Some(before), after, values)
    }

    /// The ids and titles' indexes of all of a vault's items, each vouched for.
    pub(super) fn all_items(
        &mut self,
        vault: &VaultId,
    ) -> Result<Vec<(ItemId, TitleIndex)>, VaultError> {
        // The seal's tag is all that the tree looks at, so no more is read.
        let rows: Vec<ItemRow> = self
            .transaction
            .prepare_cached(
                "SELECT id, vault, version, state, title, substr(overview, -16) FROM items \
                 WHERE vault = ?1 ORDER BY id",
            )?
            .query_and_then([vault.as_str()], ItemRow::read)?
            .collect::<Result<_, _>>()?;
        for row in &rows {
            self.verify_item(row)?;
        }
        let mut items: Vec<_> = rows
            .into_iter()
            .map(|row| (row.identity.item, row.title))
            .collect();
        items.dedup();
        Ok(items)
    }

    /// Checks that the tree vouches for an item's row.
    fn verify_item(&mut self, row: &ItemRow) -> Result<(), VaultError> {
        let item = &row.identity.item;
        let subject = Subject::Item {
            item,
            vault: &row.identity.vault,
            title: &row.title,
            overview: &tag(&row.sealed),
        };
        self.verify(&self.keys.item_place(item), subject, || named(item))
    }

    fn open_overview(
        &self,
        identity: &Identity,
        sealed: &[u8],
    ) -> Result<zeroize::Zeroizing<Vec<u8>>, VaultError> {
        let part = Part::Overview {
            version: identity.version,
            state: identity.state,
        };
        let (key, bound) = self.keys.part(&identity.vault, &identity.item, part);
        key.open(&bound, sealed)
            .map_err(broken(|| named(&identity.item)))
    }

    fn write_item(
        &mut self,
        before: Option<&StoredItem>,
        after: &mut StoredItem,
        values: Option<&[Field]>,
    ) -> Result<(), VaultError> {
        let identity = after.identity();
        let (vault, item) = (&identity.vault, &identity.item);
        let details = values.map(|fields| {
            let part = Part::Details {
                version: after.details_version,
            };
            let (key, bound) = self.keys.part(vault, item, part);
            key.seal(&bound, &record::encode_details(fields))
        });
        if let Some(sealed) = &details {
            after.details_tag = tag(sealed);
        }
        after.mark = u128::from_le_bytes(random_bytes());
        let part = Part::Overview {
            version: identity.version,
            state: identity.state,
        };
        let (key, bound) = self.keys.part(vault, item, part);
        let overview = key.seal(&bound, &after.encode());
        let title = self.keys.title(vault, &after.metadata.overview.title);

        // The old title first: its items are read from the rows as they were.
        let old_title = before.map(|b| self.keys.title(vault, &b.metadata.overview.title));
        if old_title != Some(title) {
            if let Some(old) = old_title {
                self.retitle(vault, &old, |ids| ids.retain(|id| id != item))?;
            }
            self.retitle(vault, &title, |ids| ids.push(item.clone()))?;
        }
        let row = (
            item.as_str(),
            vault.as_str(),
            identity.version,
            state_code(identity.state),
            title,
            &overview,
        );
        let statement = match before {
            None => {
                "INSERT INTO items (id, vault, version, state, title, overview) VALUES (?1, ?2, ?3, ?4, ?5, ?6)"
            }
            Some(_) => {
                "UPDATE items SET vault = ?2, version = ?3, state = ?4, title = ?5, overview = ?6 WHERE id = ?1"
            }
        };
        self.transaction.prepare_cached(statement)?.execute(row)?;
        if let Some(sealed) = details {
            self.transaction
                .prepare_cached("REPLACE INTO details (item, sealed) VALUES (?1, ?2)")?
                .execute((item.as_str(), sealed))?;
        }
        let subject = Subject::Item {
            item,
            vault,
            title: &title,
            overview: &tag(&overview),
        };
        self.vouch(&self.keys.item_place(item), subject)?;
        self.count(vault, before, Some(after))
    }

    /// Keeps a vault's members in step with one item's change.
    fn count(
        &mut self,
        vault: &VaultId,
        before: Option<&StoredItem>,
        after: Option<&StoredItem>,
    ) -> Result<(), VaultError> {
        let mut record = self.vault(vault)?;
        if let Some(item) = before {
            let state = item.metadata.overview.state;
            record.members_mut(state).remove(item.mark);
        }
        if let Some(item) = after {
            let state = item.metadata.overview.state;
            record.members_mut(state).add(item.mark);
        }
        record.content_version += 1;
        record.touch();
        self.write_vault(vault, &record)
    }

    /// The items that share a title, none missing, in order of id.
    fn same_titled(
        &mut self,
        vault: &VaultId,
        title: &TitleIndex,
    ) -> Result<Vec<ItemId>, VaultError> {
        let items: Vec<ItemId> = self
            .transaction
            .prepare_cached("SELECT id FROM items WHERE vault = ?1 AND title = ?2 ORDER BY id")?
            .query_and_then((vault.as_str(), title), |row| item_id(row, 0))?
            .collect::<Result<_, _>>()?;
        let what = || format!("the index of titles of vault {vault}");
        let place = self.keys.title_place(vault, title);
        if items.is_empty() {
            self.verify_absent(&place, what)?;
        } else {
            let subject = Subject::Title {
                vault,
                title,
                items: &items,
            };
            self.verify(&place, subject, what)?;
        }
        Ok(items)
    }

    /// Changes which items share a title; call it before the rows change.
    fn retitle(
        &mut self,
        vault: &VaultId,
        title: &TitleIndex,
        change: impl FnOnce(&mut Vec<ItemId>),
    ) -> Result<(), VaultError> {
        let mut items = self.same_titled(vault, title)?;
        change(&mut items);
        items.sort();
        let place = self.keys.title_place(vault, title);
        if items.is_empty() {
            self.vouch_absent(&place)
        } else {
            let subject = Subject::Title {
                vault,
                title,
                items: &items,
            };
            self.vouch(&place, subject)
        }
    }

    /// Says what is not there: the item, or its vault already.
    fn no_item(&mut self, vault: &VaultId, item: &ItemId) -> VaultError {
        match self.vault(vault) {
            Ok(_) => VaultError::NotFound {
                noun: Noun::Item,
                name: item.to_string(),
            },
            Err(e) => e,
        }
    }
}

impl ItemRow {
    /// Takes a row of: id, vault, version, state, title, overview.
    pub(super) fn read(row: &Row<'_>) -> Result<Self, VaultError> {
        let vault = row.get_ref(1)?.as_str().map_err(rusqlite::Error::from)?;
        Ok(Self {
            identity: Identity {
                item: item_id(row, 0)?,
                vault: VaultId::parse(vault).map_err(|_| not_an_id())?,
                version: row.get(2)?,
                // Anything but the two codes fails at the seal, which binds the state.
                state: match row.get(3)? {
                    0_i64 => ItemState::Active,
                    _ => ItemState::Archived,
                },
            },
            title: row.get(4)?,
            sealed: row.get(5)?,
        })
    }
}

/// An item in an error's words.
pub(super) fn named(id: &ItemId) -> String {
    format!("item {id}")
}

/// Reads an item's id from a column.
pub(super) fn item_id(row: &Row<'_>, column: usize) -> Result<ItemId, VaultError> {
    let text = row
        .get_ref(column)?
        .as_str()
        .map_err(rusqlite::Error::from)?;
    ItemId::parse(text).map_err(|_| not_an_id())
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
