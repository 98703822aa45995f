//! Vaults on a 1Password Connect server.
//!
//! The server is asked in its own manner: writes go to 1Password and come back by sync, so that each is looked for until
//! the server shows it; there is no precondition, so that a stale version is refused by comparing just before; what
//! the server can't do at all is refused before anything is sent. What the token may do is found out on the way, and
//! remembered. The module knows neither policy nor callers.

use std::{io::Write, sync::Arc, time::Instant};

use async_trait::async_trait;

use crate::vault::{
    BackendAccess, Category, FileContent, FileId, Item, ItemId, ItemMetadata, ItemOverview,
    ItemState, NewFile, NewItem, NewVault, Noun, Secret, ServerActivity, ServerStatus, StoreHead,
    StoreReport, Vault, VaultEdit, VaultError, VaultId, VaultOverview, folded_name, same_name,
};

mod claims;
mod client;
mod convert;
mod difference;
mod fault;
mod files;
pub mod filter;
mod kept;
mod limits;
mod server;
mod token;
mod write;

pub use client::{ActivityPage, Client, Seen};
pub use fault::{Aim, Fault};
pub use limits::Limits;

use kept::Kept;
use token::Token;

/// Vaults up to this many items are listed as a whole to find a title: one request serves all titles.
const LISTED_WHOLE: u64 = 1000;

/// Where a server is, and how it is trusted.
#[derive(Debug)]
pub struct Server {
    /// Its address, without a slash at the end: `https://connect.example.com`.
    pub host: String,
    /// The bearer token.
    pub token: Secret,
    /// Certificates in PEM form; with them, no other authority is trusted.
    pub authority: Option<Vec<u8>>,
}

/// Vaults on one Connect server.
pub struct ConnectVault {
    client: Client,
    token: Token,
    vaults: Kept<(), Arc<Vec<VaultOverview>>>,
    lists: Kept<VaultId, Arc<Vec<ItemOverview>>>,
    metadata: Kept<(VaultId, ItemId), Arc<ItemMetadata>>,
}

impl ConnectVault {
    /// Prepares for a server; sends nothing yet.
    ///
    /// # Errors
    /// [`VaultError::Unavailable`] when no client can be made: the certificates can't be read.
    pub fn new(server: Server, limits: Limits) -> Result<Self, VaultError> {
        let kept = limits.kept;
        let client = Client::new(server, limits)?;
        Ok(Self {
            token: Token::read(client.token()),
            client,
            vaults: Kept::new(kept),
            lists: Kept::new(kept),
            metadata: Kept::new(kept),
        })
    }

    /// The server's calls, as they are.
    #[must_use]
    pub fn client(&self) -> &Client {
        &self.client
    }

    async fn listed(&self, vault: &VaultId) -> Result<(Arc<Vec<ItemOverview>>, bool), VaultError> {
        let asked = self.lists.get(vault, async {
            let items = self.client.items(vault, None).await;
            let items = self.learn_read(vault, items, Noun::Vault, vault.as_str())?;
            let mut items: Vec<_> = items
                .iter()
                .filter_map(|item| convert::overview(item, vault))
                .collect();
            items.sort_by_cached_key(|item| (folded_name(&item.title), item.id.clone()));
            Ok(Arc::new(items))
        });
        asked.await
    }

    /// An item as the server has it now; never kept.
    async fn fetched(&self, vault: &VaultId, item: &ItemId) -> Result<Item, VaultError> {
        let answer = self.client.item(vault, item).await;
        let answer = self.learn_read(vault, answer, Noun::Item, item.as_str())?;
        convert::item(answer, vault).ok_or_else(|| not_found(Noun::Item, item.as_str()))
    }

    /// Takes from an answer to a read what the token may do.
    fn learn_read<T>(
        &self,
        vault: &VaultId,
        answer: Result<T, Fault>,
        noun: Noun,
        name: &str,
    ) -> Result<T, VaultError> {
        match &answer {
            Ok(_) => self.token.learn_read(vault, true),
            Err(fault) if fault.status() == Some(403) => {
                self.token.learn_read(vault, false);
            }
            Err(_) => {}
        }
        answer.map_err(|fault| fault.told(Aim::Read(noun, name)))
    }

    fn forget(&self, vault: &VaultId, item: Option<&ItemId>) {
        self.vaults.forget(&());
        self.lists.forget(vault);
        if let Some(item) = item {
            self.metadata.forget(&(vault.clone(), item.clone()));
        }
    }
}

#[async_trait]
impl Vault for ConnectVault {
    async fn vaults(&self) -> Result<Vec<VaultOverview>, VaultError> {
        let asked = self.vaults.get(&(), async {
            let vaults = self.client.vaults(None).await;
            let vaults = vaults.map_err(|fault| fault.told(Aim::Server))?;
            let mut vaults: Vec<_> = vaults.into_iter().filter_map(convert::vault).collect();
            vaults.sort_by_cached_key(|vault| (folded_name(&vault.name), vault.id.clone()));
            Ok::<_, VaultError>(Arc::new(vaults))
        });
        let (vaults, _) = asked.await?;
        Ok(vaults.to_vec())
    }

    async fn create_vault(&self, _: NewVault) -> Result<VaultOverview, VaultError> {
        Err(unsupported(
            "make vaults; make it in 1Password, and give the Connect server access to it (`op connect vault grant`)",
        ))
    }

    async fn edit_vault(&self, _: &VaultId, _: VaultEdit) -> Result<VaultOverview, VaultError> {
        Err(unsupported("change vaults; change it in 1Password"))
    }

    async fn delete_vault(&self, _: &VaultId) -> Result<(), VaultError> {
        Err(unsupported("delete vaults; delete it in 1Password"))
    }

    async fn items(
        &self,
        vault: &VaultId,
        state: ItemState,
    ) -> Result<Vec<ItemOverview>, VaultError> {
        let (items, _) = self.listed(vault).await?;
        let items = items.iter().filter(|item| item.state == state);
        Ok(items.cloned().collect())
    }

    async fn items_titled(
        &self,
        vault: &VaultId,
        title: &str,
    ) -> Result<Vec<ItemOverview>, VaultError> {
        let large = self
            .vaults()
            .await?
            .iter()
            .any(|known| known.id == *vault && known.items > LISTED_WHOLE);
        if large && let Some(filter) = filter::title(title) {
            let found = self.client.items(vault, Some(&filter)).await;
            let found = self.learn_read(vault, found, Noun::Vault, vault.as_str())?;
            let found: Vec<_> = found
                .iter()
                .filter_map(|item| convert::overview(item, vault))
                // The server may understand "equal" more loosely.
                .filter(|item| called(item, title))
                .collect();
            if !found.is_empty() {
                return Ok(found);
            }
            // It may also be stricter about case: the list tells.
        }
        let (items, kept) = self.listed(vault).await?;
        let found = titled(&items, title);
        if found.is_empty() && kept {
            // Perhaps it was made since.
            return self.items_called(vault, title).await;
        }
        Ok(found)
    }

    async fn items_called(
        &self,
        vault: &VaultId,
        title: &str,
    ) -> Result<Vec<ItemOverview>, VaultError> {
        self.lists.forget(vault);
        let (items, _) = self.listed(vault).await?;
        Ok(titled(&items, title))
    }

    async fn metadata(&self, vault: &VaultId, item: &ItemId) -> Result<ItemMetadata, VaultError> {
        let key = (vault.clone(), item.clone());
        let asked = self.metadata.get(&key, async {
            let item = self.fetched(vault, item).await?;
            Ok::<_, VaultError>(Arc::new(convert::metadata(item)))
        });
        let (metadata, _) = asked.await?;
        Ok(ItemMetadata::clone(&metadata))
    }

    async fn item(&self, vault: &VaultId, item: &ItemId) -> Result<Item, VaultError> {
        let fetched = self.fetched(vault, item).await;
        let key = (vault.clone(), item.clone());
        match &fetched {
            // What is kept of it may be older: whoever compares versions is to see the new one next time.
            Ok(fetched) => {
                let version = fetched.overview.version;
                let (kept, _) = self
                    .metadata
                    .get(&key, async {
                        Ok::<_, VaultError>(Arc::new(fetched.metadata()))
                    })
                    .await?;
                if kept.overview.version != version {
                    self.metadata.forget(&key);
                }
            }
            Err(_) => self.metadata.forget(&key),
        }
        fetched
    }

    async fn create_item(&self, vault: &VaultId, new: NewItem) -> Result<ItemMetadata, VaultError> {
        self.create(vault, new).await
    }

    async fn replace_item(&self, item: Item) -> Result<ItemMetadata, VaultError> {
        self.change(item).await
    }

    async fn set_item_state(
        &self,
        _: &VaultId,
        _: &ItemId,
        _: ItemState,
    ) -> Result<ItemOverview, VaultError> {
        Err(unsupported(
            "put items away or bring them back; do that in 1Password, or delete the item for good",
        ))
    }

    async fn delete_item(&self, vault: &VaultId, item: &ItemId) -> Result<(), VaultError> {
        self.delete(vault, item).await
    }

    async fn file_content(
        &self,
        vault: &VaultId,
        item: &ItemId,
        file: &FileId,
    ) -> Result<FileContent, VaultError> {
        self.content(vault, item, file).await
    }

    async fn save_file(
        &self,
        vault: &VaultId,
        item: &ItemId,
        file: &FileId,
        mut into: Box<dyn Write + Send>,
    ) -> Result<u64, VaultError> {
        self.save(vault, item, file, &mut *into).await
    }

    async fn attach_file(
        &self,
        _: &VaultId,
        _: &ItemId,
        _: NewFile,
    ) -> Result<ItemMetadata, VaultError> {
        Err(unsupported(
            "take files; attach it in 1Password, or keep the item in the local store (--backend local)",
        ))
    }

    async fn detach_file(
        &self,
        _: &VaultId,
        _: &ItemId,
        _: &FileId,
    ) -> Result<ItemMetadata, VaultError> {
        Err(unsupported("remove files; remove it in 1Password"))
    }

    async fn head(&self) -> Result<Option<StoreHead>, VaultError> {
        Ok(None)
    }

    async fn check(&self) -> Result<StoreReport, VaultError> {
        let began = Instant::now();
        let vaults = self.vaults().await?;
        Ok(StoreReport {
            vaults: vaults.len() as u64,
            items: vaults.iter().map(|vault| vault.items).sum(),
            took: began.elapsed(),
            ..StoreReport::default()
        })
    }

    fn archives(&self) -> bool {
        false
    }

    fn check_category(&self, category: &Category) -> Result<(), VaultError> {
        write::check_category(category)
    }

    fn keeps_origins(&self) -> bool {
        false
    }

    fn access(&self, vault: &VaultId) -> Option<BackendAccess> {
        Some(self.token.access(vault))
    }

    async fn server_status(&self) -> Result<ServerStatus, VaultError> {
        self.status().await
    }

    async fn server_activity(&self, limit: u32, offset: u64) -> Result<ServerActivity, VaultError> {
        self.activity(limit, offset).await
    }

    async fn server_metrics(&self) -> Result<String, VaultError> {
        let metrics = self.client.metrics().await;
        metrics.map_err(|fault| fault.told(Aim::Server))
    }
}

/// What Connect has no call for, in one manner of speaking.
fn unsupported(what: &str) -> VaultError {
    VaultError::Unsupported(format!("a Connect server can't {what}"))
}

fn titled(items: &[ItemOverview], title: &str) -> Vec<ItemOverview> {
    let found = items.iter().filter(|item| called(item, title));
    found.cloned().collect()
}

fn called(item: &ItemOverview, title: &str) -> bool {
    item.state == ItemState::Active && same_name(&item.title, title)
}

fn not_found(noun: Noun, name: &str) -> VaultError {
    VaultError::NotFound {
        noun,
        name: name.to_owned(),
    }
}
