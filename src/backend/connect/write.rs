//! Writing to a Connect server: what was written is looked for until the server shows it.

use super::{Aim, ConnectVault, Fault, convert, difference, not_found, unsupported};
use crate::vault::{Category, Item, ItemId, ItemMetadata, NewItem, Noun, VaultError, VaultId};

impl ConnectVault {
    /// Makes an item.
    pub(super) async fn create(
        &self,
        vault: &VaultId,
        new: NewItem,
    ) -> Result<ItemMetadata, VaultError> {
        check_category(&new.category)?;
        self.check_write(vault)?;
        let wire = convert::new_item(new, vault);
        let sent = wire.clone();
        let made = self.client.create(vault, &wire).await;
        let made = self.learn_write(vault, None, made)?;
        let id = ItemId::parse(&made.id).map_err(|_| VaultError::Unavailable {
            message: "the Connect server made an item and told no id; list the items to find it"
                .into(),
            source: None,
        })?;
        let shown = self.look_for(vault, &id, |_| true).await;
        if let Some(item) = shown {
            return Ok(convert::metadata(item));
        }
        // A token that may not read gets little or nothing of it back: what was sent is what is there.
        let mut told = if made.fields.len() < sent.fields.len() {
            crate::connect::Item {
                id: made.id,
                version: made.version,
                created_at: made.created_at,
                updated_at: made.updated_at,
                ..sent
            }
        } else {
            made
        };
        told.version = told.version.max(1);
        convert::item(told, vault)
            .map(convert::metadata)
            .ok_or_else(|| not_found(Noun::Item, id.as_str()))
    }

    /// Sends what differs from what the server has now. The version is compared just before: Connect has no
    /// precondition, so that a change in the same moment is not noticed.
    pub(super) async fn change(&self, item: Item) -> Result<ItemMetadata, VaultError> {
        let (vault, id) = (item.overview.vault.clone(), item.overview.id.clone());
        self.check_write(&vault)?;
        let before = self.fetched(&vault, &id).await?;
        let found = before.overview.version;
        if found != item.overview.version {
            self.forget(&vault, Some(&id));
            return Err(VaultError::Conflict {
                expected: item.overview.version,
                found,
            });
        }
        let operations = difference::operations(&before, item);
        if operations.is_empty() {
            return Ok(convert::metadata(before));
        }
        let changed = self.client.patch(&vault, &id, &operations).await;
        let changed = self.learn_write(&vault, Some(&id), changed)?;
        let shown = self
            .look_for(&vault, &id, |item| item.overview.version > found)
            .await;
        let item = match shown {
            Some(item) => item,
            None => {
                convert::item(changed, &vault).ok_or_else(|| not_found(Noun::Item, id.as_str()))?
            }
        };
        let mut metadata = convert::metadata(item);
        // The answer to a change may still tell the version before it.
        metadata.overview.version = metadata.overview.version.max(found + 1);
        Ok(metadata)
    }

    /// Deletes an item for good.
    pub(super) async fn delete(&self, vault: &VaultId, item: &ItemId) -> Result<(), VaultError> {
        self.check_write(vault)?;
        let mut failed = 0;
        loop {
            let fault = match self.client.delete(vault, item).await {
                Ok(()) => {
                    self.learn_write(vault, Some(item), Ok(()))?;
                    break;
                }
                Err(fault) => fault,
            };
            // Connect answers with 500 when somebody else is at the item; deleting twice does no more than once.
            if fault.status() != Some(500) {
                return self.learn_write(vault, Some(item), Err(fault));
            }
            failed += 1;
            let Some(pause) = self.client.limits().pause(failed, None) else {
                self.forget(vault, Some(item));
                return Err(VaultError::Refused(
                    "the Connect server could not delete the item: somebody else is changing it, or the server failed; try again".into(),
                ));
            };
            tokio::time::sleep(pause).await;
            if self.is_gone(vault, item).await {
                self.forget(vault, Some(item));
                break;
            }
        }
        for looked in 0..self.client.limits().looks {
            if self.is_gone(vault, item).await {
                break;
            }
            tokio::time::sleep(self.client.limits().look(looked)).await;
        }
        Ok(())
    }

    /// Takes from an answer to a write what the token may do, and forgets what was kept of the vault.
    fn learn_write<T>(
        &self,
        vault: &VaultId,
        item: Option<&ItemId>,
        answer: Result<T, Fault>,
    ) -> Result<T, VaultError> {
        match &answer {
            Ok(_) => self.token.learn_write(vault, true),
            Err(fault) if fault.status() == Some(403) => {
                self.token.learn_write(vault, false);
            }
            Err(_) => {}
        }
        // Whether it failed or not: it may have been done all the same.
        self.forget(vault, item);
        let (noun, name) = match item {
            Some(item) => (Noun::Item, item.as_str()),
            None => (Noun::Vault, vault.as_str()),
        };
        answer.map_err(|fault| fault.told(Aim::Write(noun, name)))
    }

    /// Looks for an item until the server shows it as wanted: what was written comes back by sync. `None` when it never did,
    /// or when the token may not read it.
    async fn look_for(
        &self,
        vault: &VaultId,
        item: &ItemId,
        wanted: impl Fn(&Item) -> bool,
    ) -> Option<Item> {
        for looked in 0..self.client.limits().looks {
            match self.client.item(vault, item).await {
                Ok(found) => {
                    if let Some(found) = convert::item(found, vault).filter(|it| wanted(it)) {
                        return Some(found);
                    }
                }
                Err(fault) if fault.status() == Some(404) => {}
                Err(_) => return None,
            }
            tokio::time::sleep(self.client.limits().look(looked)).await;
        }
        None
    }

    async fn is_gone(&self, vault: &VaultId, item: &ItemId) -> bool {
        match self.client.item(vault, item).await {
            Ok(found) => convert::item(found, vault).is_none(),
            Err(fault) => fault.status() == Some(404),
        }
    }

    /// Refuses what the token is known not to do, before anything is sent.
    fn check_write(&self, vault: &VaultId) -> Result<(), VaultError> {
        if self.token.access(vault).write == Some(false) {
            return Err(VaultError::Forbidden(
                "the Connect token may only read in this vault; ask for a token with write access to it".into(),
            ));
        }
        Ok(())
    }
}

/// Connect refuses these with a status that does not say why.
pub(super) fn check_category(category: &Category) -> Result<(), VaultError> {
    match category {
        Category::Custom | Category::Document | Category::Other(_) => Err(unsupported(&format!(
            "make items of the category {}; choose another, such as SECURE_NOTE, or make it in 1Password",
            category.as_str()
        ))),
        _ => Ok(()),
    }
}
