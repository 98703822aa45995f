//! Items' rows: read with proof, and written together with everything that vouches for them.

use rusqlite::Row;
use zeroize::Zeroizing;

use crate::{
    backend::local::{
        record::{self, Identity, StoredItem},
        session::{Session, broken, unreadable},
        subkeys::{Part, Subject, TitleIndex, state_code, tag},
        vaults::not_an_id,
    },
    seal::random_bytes,
    vault::{Field, ItemId, ItemState, Noun, VaultError, VaultId},
};

/// An item's row, not yet opened.
pub(super) struct ItemRow {
    pub(super) number: i64,
    pub(super) identity: Identity,
    pub(super) title: TitleIndex,
    pub(super) sealed: Vec<u8>,
}

impl Session<'_> {
    /// Reads and checks an item's overview.
    pub(super) fn stored(
        &mut self,
        vault: &VaultId,
        item: &ItemId,
    ) -> Result<StoredItem, VaultError> {
        let what = || named(item);
        if !self.keys.opens(vault) {
            return Err(self.no_item(vault, item));
        }
        let row = self
            .transaction
            .prepare_cached(
                "SELECT number, id, vault, version, state, title, overview FROM items WHERE id = ?1",
            )?
            .query_and_then([item.as_str()], ItemRow::read)?
            .next()
            .transpose()?;
        let Some(row) = row else {
            self.verify_absent(&self.keys.item_place(item), what)?;
            return Err(self.no_item(vault, item));
        };
        // An index that was tampered with may lead from one id to another's row.
        if row.identity.item != *item {
            return Err(VaultError::Corrupted { what: what() });
        }
        if row.identity.vault != *vault {
            self.verify_item(&row)?;
            return Err(self.no_item(vault, item));
        }
        self.open_item(&row)
    }

    /// Checks an item's row against the tree and opens it.
    pub(super) fn open_item(&mut self, row: &ItemRow) -> Result<StoredItem, VaultError> {
        let item = &row.identity.item;
        let what = || named(item);
        self.verify_item(row)?;
        let plain = self.open_overview(&row.identity, &row.sealed)?;
        StoredItem::decode(&plain, row.number, row.identity.clone()).map_err(unreadable(what))
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
                "SELECT number, id, vault, version, state, title, substr(overview, -16) FROM items \
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

    /// Opens an item's sealed overview.
    pub(super) fn open_overview(
        &self,
        identity: &Identity,
        sealed: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>, VaultError> {
        let part = overview_part(identity);
        let (key, bound) = self.keys.part(&identity.vault, &identity.item, part);
        key.open(&bound, sealed)
            .map_err(broken(|| named(&identity.item)))
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

    /// Writes an item's rows and everything that vouches for them.
    pub(super) fn write_item(
        &mut self,
        before: Option<&StoredItem>,
        after: &mut StoredItem,
        values: Option<&[Field]>,
    ) -> Result<(), VaultError> {
        let identity = after.identity();
        let (vault, item) = (&identity.vault, &identity.item);
        let title = self.move_title(before, after)?;
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
        let (key, bound) = self.keys.part(vault, item, overview_part(&identity));
        let overview = key.seal(&bound, &after.encode());
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
                "INSERT INTO items (id, vault, version, state, title, overview) \
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6)"
            }
            Some(_) => {
                "UPDATE items SET vault = ?2, version = ?3, state = ?4, title = ?5, overview = ?6 \
                 WHERE id = ?1"
            }
        };
        self.transaction.prepare_cached(statement)?.execute(row)?;
        if before.is_none() {
            after.row = self.transaction.last_insert_rowid();
        }
        if let Some(sealed) = details {
            self.transaction
                .prepare_cached("REPLACE INTO details (item, sealed) VALUES (?1, ?2)")?
                .execute((after.row, sealed))?;
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

    /// Notes under which title an item is found from now on. Call it before the rows change.
    fn move_title(
        &mut self,
        before: Option<&StoredItem>,
        after: &StoredItem,
    ) -> Result<TitleIndex, VaultError> {
        let overview = &after.metadata.overview;
        let (vault, item) = (&overview.vault, &overview.id);
        let new = self.keys.title(vault, &overview.title);
        let old = before.map(|b| self.keys.title(vault, &b.metadata.overview.title));
        if old != Some(new) {
            if let Some(old) = old {
                self.retitle(vault, &old, |ids| ids.retain(|id| id != item))?;
            }
            self.retitle(vault, &new, |ids| ids.push(item.clone()))?;
        }
        Ok(new)
    }

    /// Keeps a vault's members in step with one item's change.
    pub(super) fn count(
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
    /// Takes a row of: number, id, vault, version, state, title, overview.
    pub(super) fn read(row: &Row<'_>) -> Result<Self, VaultError> {
        let vault = row.get_ref(2)?.as_str().map_err(rusqlite::Error::from)?;
        Ok(Self {
            number: row.get(0)?,
            identity: Identity {
                item: item_id(row, 1)?,
                vault: VaultId::parse(vault).map_err(|_| not_an_id())?,
                version: row.get(3)?,
                // Anything but the two codes fails at the seal, which binds the state.
                state: match row.get(4)? {
                    0_i64 => ItemState::Active,
                    _ => ItemState::Archived,
                },
            },
            title: row.get(5)?,
            sealed: row.get(6)?,
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

fn overview_part(identity: &Identity) -> Part {
    Part::Overview {
        version: identity.version,
        state: identity.state,
    }
}
