//! What programs ask for over the Connect API: whole items with their values, for those whose token reaches them.
//!
//! A program is no [`Caller`](crate::access::Caller): no policy says what it may do, its token does. So each method looks at
//! [`ConnectClient::reach`] alone, writes the decision down, and then acts. What leads on is a `record::Allowed`, as a
//! ticket does elsewhere. Neither policy nor the list of vaults is read on the way to an item, since programs read many.

use jiff::Timestamp;

use crate::{
    access::ConnectClient,
    audit::Verb,
    broker::{Broker, BrokerError},
    vault::{
        Category, Item, ItemId, ItemMetadata, ItemOverview, ItemState, NewItem, Noun, VaultError,
        VaultId, VaultOverview,
    },
};

mod activity;
mod change;
mod date;
mod draft;
mod files;
pub(super) mod names;
mod open;
mod record;
mod settle;

pub use activity::ClientRequest;
pub use change::{Change, FieldChange, ListChange};
pub use date::shown as shown_date;
pub use draft::{DraftField, DraftItem, DraftSection};
pub use files::Inline;
pub use open::{ItemAnswer, OpenItem};

use record::Need;

/// How often a change is tried again when somebody else changed the item meanwhile.
const TRIES: usize = 5;

/// Which items of a vault are listed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Listed<'a> {
    /// Those in use.
    Active,
    /// Those that were put away, too.
    All,
    /// Those in use that have this title, in any case.
    Titled(&'a str),
}

impl Broker {
    /// Lists the vaults that the token reaches.
    ///
    /// # Errors
    /// [`BrokerError`]
    pub async fn client_vaults(
        &self,
        client: &ConnectClient,
    ) -> Result<Vec<VaultOverview>, BrokerError> {
        let allowed = self.allow(client, Verb::ListVaults).await?;
        let vaults = self.vault.vaults().await.map_err(BrokerError::from);
        let mut vaults = self.unless_failed(allowed, vaults).await?;
        self.names.learn_vaults(&vaults);
        vaults.retain(|vault| client.reach.access(&vault.id) != Default::default());
        Ok(vaults)
    }

    /// Looks at one vault.
    ///
    /// # Errors
    /// [`BrokerError`]
    pub async fn client_vault(
        &self,
        client: &ConnectClient,
        vault: &VaultId,
    ) -> Result<VaultOverview, BrokerError> {
        let allowed = self
            .permit_client(client, Need::Any, Verb::ListVaults, vault, None)
            .await?;
        let found = async {
            let vaults = self.vault.vaults().await?;
            let found = vaults.into_iter().find(|known| known.id == *vault);
            Ok(found.ok_or_else(|| VaultError::NotFound {
                noun: Noun::Vault,
                name: vault.to_string(),
            })?)
        };
        self.unless_failed(allowed, found.await).await
    }

    /// Lists the overviews of a vault's items.
    ///
    /// # Errors
    /// [`BrokerError`]
    pub async fn client_items(
        &self,
        client: &ConnectClient,
        vault: &VaultId,
        listed: Listed<'_>,
    ) -> Result<Vec<ItemOverview>, BrokerError> {
        let allowed = self
            .permit_client(client, Need::Read, Verb::ListItems, vault, None)
            .await?;
        let found = async {
            Ok(match listed {
                Listed::Active => self.vault.items(vault, ItemState::Active).await?,
                Listed::All => {
                    let mut all = self.vault.items(vault, ItemState::Active).await?;
                    all.extend(self.vault.items(vault, ItemState::Archived).await?);
                    all
                }
                Listed::Titled(title) => self.vault.items_titled(vault, title).await?,
            })
        };
        self.unless_failed(allowed, found.await).await
    }

    /// Reads an item with its values.
    ///
    /// # Errors
    /// [`BrokerError`]
    pub async fn client_item(
        &self,
        client: &ConnectClient,
        vault: &VaultId,
        item: &ItemId,
    ) -> Result<OpenItem, BrokerError> {
        let allowed = self
            .permit_client(client, Need::Read, Verb::Reveal, vault, Some(item))
            .await?;
        let found = self.vault.item(vault, item).await;
        let found = found.map_err(BrokerError::from);
        let item = self.unless_failed(allowed, found).await?;
        self.names.learn_item(&item.overview);
        Ok(OpenItem::of(item, Timestamp::now()))
    }

    /// Makes an item.
    ///
    /// # Errors
    /// [`BrokerError`]; nothing is stored then.
    pub async fn client_create(
        &self,
        client: &ConnectClient,
        vault: &VaultId,
        draft: DraftItem,
    ) -> Result<ItemAnswer, BrokerError> {
        let mut allowed = self
            .permit_client(client, Need::Create, Verb::CreateItem, vault, None)
            .await?;
        let made = async {
            let settled = settle::settle(draft, settle::Before::NOTHING)?;
            match settled.category {
                Category::Custom | Category::Document | Category::Other(_) => {
                    return Err(BrokerError::Invalid("Invalid item category".into()));
                }
                ref category => self.vault.check_category(category)?,
            }
            let sent = settled.fields.clone();
            let item = NewItem {
                title: settled.title,
                category: settled.category,
                urls: settled.urls,
                tags: settled.tags,
                favorite: settled.favorite,
                sections: settled.sections,
                fields: settled.fields,
                created_by: Some(record::editor(client)),
            };
            let metadata = self.vault.create_item(vault, item).await?;
            Ok((metadata, sent))
        };
        let made = made.await;
        if let Ok((metadata, _)) = &made {
            allowed.is_about(&metadata.overview);
        }
        let (metadata, sent) = self.ended(allowed, made).await?;
        Ok(self.written(client, vault, metadata, sent))
    }

    /// Replaces an item as a whole; its files stay. With `version`, only that one.
    ///
    /// # Errors
    /// [`BrokerError`]; the item is as it was then.
    pub async fn client_replace(
        &self,
        client: &ConnectClient,
        vault: &VaultId,
        item: &ItemId,
        version: Option<u64>,
        draft: DraftItem,
    ) -> Result<ItemAnswer, BrokerError> {
        let reads = client.reach.access(vault).read;
        self.client_change(client, vault, item, |before| {
            let found = before.overview.version;
            if let Some(expected) = version.filter(|version| *version != found) {
                return Err(VaultError::Conflict { expected, found }.into());
            }
            settle::replaced(before, draft.clone(), reads)
        })
        .await
    }

    /// Makes all of the changes, in order, or none of them. No changes leave the item as it is.
    ///
    /// # Errors
    /// [`BrokerError`]; the item is as it was then.
    pub async fn client_patch(
        &self,
        client: &ConnectClient,
        vault: &VaultId,
        item: &ItemId,
        changes: Vec<Change>,
    ) -> Result<ItemAnswer, BrokerError> {
        let reads = client.reach.access(vault).read;
        self.client_change(client, vault, item, |before| {
            let mut draft = DraftItem::of(before);
            for change in &changes {
                draft.apply(change.clone())?;
            }
            if changes.is_empty() {
                return Ok(None);
            }
            settle::replaced(before, draft, reads)
        })
        .await
    }

    /// Deletes an item, for good.
    ///
    /// # Errors
    /// [`BrokerError`]
    pub async fn client_delete(
        &self,
        client: &ConnectClient,
        vault: &VaultId,
        item: &ItemId,
    ) -> Result<(), BrokerError> {
        let allowed = self
            .permit_client(client, Need::Delete, Verb::DeleteItem, vault, Some(item))
            .await?;
        let deleted = self.vault.delete_item(vault, item).await;
        self.ended(allowed, deleted.map_err(BrokerError::from))
            .await
    }

    /// Reads, changes and writes an item, again where somebody else changed it in between. `change` gives `None` where
    /// there is nothing to change.
    async fn client_change(
        &self,
        client: &ConnectClient,
        vault: &VaultId,
        id: &ItemId,
        change: impl Fn(&Item) -> Result<Option<Item>, BrokerError>,
    ) -> Result<ItemAnswer, BrokerError> {
        let mut allowed = self
            .permit_client(client, Need::Update, Verb::UpdateItem, vault, Some(id))
            .await?;
        let mut tried = 0;
        let changed = loop {
            tried += 1;
            match self.try_to_change(client, vault, id, &change).await {
                Err(BrokerError::Vault(VaultError::Conflict { found, .. })) if tried < TRIES => {
                    tracing::debug!(target: "hushkey", found, "an item was changed meanwhile");
                }
                ended => break ended,
            }
        };
        if let Ok((metadata, _)) = &changed {
            allowed.is_about(&metadata.overview);
            if self.tells_by_versions(client, vault) {
                allowed.of_no_version();
            }
        }
        let (metadata, sent) = self.ended(allowed, changed).await?;
        Ok(self.written(client, vault, metadata, sent))
    }

    async fn try_to_change(
        &self,
        client: &ConnectClient,
        vault: &VaultId,
        id: &ItemId,
        change: &impl Fn(&Item) -> Result<Option<Item>, BrokerError>,
    ) -> Result<(ItemMetadata, Vec<crate::vault::Field>), BrokerError> {
        let before = self.vault.item(vault, id).await?;
        let Some(mut after) = change(&before)? else {
            return Ok((before.metadata(), before.fields));
        };
        after.overview.last_edited_by = Some(record::editor(client));
        let sent = after.fields.clone();
        Ok((self.vault.replace_item(after).await?, sent))
    }

    /// What may be told of an item that was written: all of it to whoever may read it, and to others what they need to
    /// write again.
    fn written(
        &self,
        client: &ConnectClient,
        vault: &VaultId,
        metadata: ItemMetadata,
        sent: Vec<crate::vault::Field>,
    ) -> ItemAnswer {
        self.names.learn_item(&metadata.overview);
        if client.reach.access(vault).read {
            let item = open::filled(metadata, sent);
            ItemAnswer::Open(Box::new(OpenItem::of(item, Timestamp::now())))
        } else if self.tells_by_versions(client, vault) {
            ItemAnswer::Sparse(Box::new(metadata))
        } else {
            ItemAnswer::Bare(Box::new(metadata))
        }
    }

    /// Tells whether an item's version would show a program that may not read whether it has guessed a value: before another
    /// server only what differs is sent, and what is the same leaves the version as it was.
    fn tells_by_versions(&self, client: &ConnectClient, vault: &VaultId) -> bool {
        !client.reach.access(vault).read && !self.vault.archives()
    }
}
