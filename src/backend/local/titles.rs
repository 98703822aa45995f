//! Which items share a title: looked up by the title's blind index, and vouched for as a group, so that one
//! that is missing is noticed.

use crate::{
    backend::local::{
        rows::item_id,
        session::Session,
        subkeys::{Subject, TitleIndex},
    },
    vault::{ItemId, VaultError, VaultId},
};

impl Session<'_> {
    /// The items that share a title, none missing, in order of id.
    pub(super) fn same_titled(
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
    pub(super) fn retitle(
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
}
