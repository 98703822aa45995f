//! The domain's front door: what a vault can do, whoever keeps it.
//!
//! Both backends stand behind [`Vault`]; only the broker calls it. The module knows nothing of
//! callers, policy, transport or storage.

use std::{io::Write, sync::Arc, time::Duration};

use async_trait::async_trait;

pub mod environment;
pub mod id;
pub mod item;
pub mod name;
pub mod reference;
pub mod secret;
pub mod server;

pub use environment::{
    Environment, EnvironmentEdit, EnvironmentName, Environments, Variable, VariableContent,
    VariableName,
};
pub use id::{
    EnvironmentId, FieldId, FileId, GroupId, ItemId, SectionId, ServerId, TokenId, VaultId, is_id,
};
pub use item::{
    Batch, BatchVault, Category, Field, FieldMetadata, FieldType, FileMetadata, Item, ItemMetadata,
    ItemOverview, ItemState, ItemUrl, NewFile, NewItem, NewVault, Purpose, Section, VaultEdit,
    VaultOverview, WholeItem,
};
pub use name::{folded_name, same_name};
pub use reference::{
    Ambiguity, Attribute, Named, ReferenceError, ResolvedReference, SecretReference,
};
pub use secret::{FileContent, Secret};
pub use server::{
    BackendAccess, Dependency, ServerActivity, ServerRequest, ServerStatus, TokenClaims,
    TokenStatus,
};

/// Keeps vaults and items.
///
/// Every method may be called from several tasks and several processes at once. A method that changes
/// something has done so durably when it returns `Ok`. Ids are looked up exactly; names only where a
/// method says so.
#[async_trait]
pub trait Vault: Send + Sync {
    /// Lists all vaults, in order of name.
    async fn vaults(&self) -> Result<Vec<VaultOverview>, VaultError>;

    /// Makes a vault. The local store refuses a name that is taken, in any case.
    async fn create_vault(&self, new: NewVault) -> Result<VaultOverview, VaultError>;

    /// Changes a vault's name or description.
    async fn edit_vault(
        &self,
        vault: &VaultId,
        edit: VaultEdit,
    ) -> Result<VaultOverview, VaultError>;

    /// Deletes a vault and all that it holds, for good.
    async fn delete_vault(&self, vault: &VaultId) -> Result<(), VaultError>;

    /// Lists the overviews of a vault's items in the given state, in order of title.
    async fn items(
        &self,
        vault: &VaultId,
        state: ItemState,
    ) -> Result<Vec<ItemOverview>, VaultError>;

    /// Finds the active items of a vault that have this title, in any case. A remote backend may leave out those that
    /// have it in another case when one has it as written.
    async fn items_titled(
        &self,
        vault: &VaultId,
        title: &str,
    ) -> Result<Vec<ItemOverview>, VaultError>;

    /// As [`Vault::items_titled`], as things stand now and none left out: for making sure that a title is free.
    async fn items_called(
        &self,
        vault: &VaultId,
        title: &str,
    ) -> Result<Vec<ItemOverview>, VaultError> {
        self.items_titled(vault, title).await
    }

    /// Reads an item without decrypting or fetching a value where the backend can tell them apart.
    async fn metadata(&self, vault: &VaultId, item: &ItemId) -> Result<ItemMetadata, VaultError>;

    /// Reads an item with its values.
    async fn item(&self, vault: &VaultId, item: &ItemId) -> Result<Item, VaultError>;

    /// Makes an item; version 1.
    async fn create_item(&self, vault: &VaultId, new: NewItem) -> Result<ItemMetadata, VaultError>;

    /// Makes many items, with their files and the vaults that they go into; gives back how many. The local store does all or
    /// nothing, in one transaction. Elsewhere what was made is removed again when something fails, as far as that can be
    /// done: a process that is killed meanwhile leaves what it has made, and the error tells what could not be removed.
    async fn create_all(
        &self,
        batches: Vec<Batch>,
        progress: Progress,
    ) -> Result<usize, VaultError> {
        let mut made = Vec::new();
        let failed = match self.create_each(batches, &mut made, &progress).await {
            Ok(()) => return Ok(made.len()),
            Err(error) => error,
        };
        let mut left = 0;
        for (vault, item) in made.iter().rev() {
            left += usize::from(self.delete_item(vault, item).await.is_err());
        }
        if left == 0 {
            return Err(failed);
        }
        Err(VaultError::Refused(format!(
            "{failed}; {left} of the items that were made before could not be removed again: look for them by hand"
        )))
    }

    /// The steps of [`Vault::create_all`] one after another; `made` tells how far it came.
    async fn create_each(
        &self,
        batches: Vec<Batch>,
        made: &mut Vec<(VaultId, ItemId)>,
        progress: &Progress,
    ) -> Result<(), VaultError> {
        for Batch { vault, items } in batches {
            let vault = match vault {
                BatchVault::New(new) => self.create_vault(new).await?.id,
                BatchVault::There(vault) => vault,
            };
            for WholeItem {
                item,
                files,
                archived,
            } in items
            {
                let id = self.create_item(&vault, item).await?.overview.id;
                made.push((vault.clone(), id.clone()));
                for file in files {
                    self.attach_file(&vault, &id, file).await?;
                }
                if archived {
                    self.set_item_state(&vault, &id, ItemState::Archived)
                        .await?;
                }
                progress(made.len());
            }
        }
        Ok(())
    }

    /// Replaces an item as a whole. `item.overview.version` is the version that was read: another
    /// one in the store is a [`VaultError::Conflict`] and nothing is written. Files are left as they are.
    async fn replace_item(&self, item: Item) -> Result<ItemMetadata, VaultError>;

    /// Puts an item away, or brings it back.
    async fn set_item_state(
        &self,
        vault: &VaultId,
        item: &ItemId,
        state: ItemState,
    ) -> Result<ItemOverview, VaultError>;

    /// Deletes an item for good.
    async fn delete_item(&self, vault: &VaultId, item: &ItemId) -> Result<(), VaultError>;

    /// Reads the content of an item's file.
    async fn file_content(
        &self,
        vault: &VaultId,
        item: &ItemId,
        file: &FileId,
    ) -> Result<FileContent, VaultError>;

    /// Writes the content of an item's file, piece by piece; gives back how many bytes it has. When it fails, what was
    /// written is not to be used.
    async fn save_file(
        &self,
        vault: &VaultId,
        item: &ItemId,
        file: &FileId,
        into: Box<dyn Write + Send>,
    ) -> Result<u64, VaultError>;

    /// Attaches a file to an item; the item's version grows.
    async fn attach_file(
        &self,
        vault: &VaultId,
        item: &ItemId,
        file: NewFile,
    ) -> Result<ItemMetadata, VaultError>;

    /// Removes a file from an item; the item's version grows.
    async fn detach_file(
        &self,
        vault: &VaultId,
        item: &ItemId,
        file: &FileId,
    ) -> Result<ItemMetadata, VaultError>;

    /// Where the store stands, for noticing that an older copy was put back. `None` where that has
    /// no meaning (a remote backend).
    async fn head(&self) -> Result<Option<StoreHead>, VaultError>;

    /// Checks every record against its seal and the head; for `doctor`. Takes time with the size.
    async fn check(&self) -> Result<StoreReport, VaultError>;

    /// Whether deleting can be undone: archiving is offered instead.
    fn archives(&self) -> bool;

    /// Whether it remembers where a field's value was copied from.
    fn keeps_origins(&self) -> bool {
        true
    }

    /// Refuses a category of which it can't make items, before anything is asked or generated for one.
    fn check_category(&self, _category: &Category) -> Result<(), VaultError> {
        Ok(())
    }

    /// What the backend itself lets us do in a vault, as far as that is known; `None` where it sets no limits.
    fn access(&self, _vault: &VaultId) -> Option<BackendAccess> {
        None
    }

    /// What the server behind the backend says of itself.
    async fn server_status(&self) -> Result<ServerStatus, VaultError> {
        Err(no_server())
    }

    /// A page of the server's own log of requests, newest first.
    async fn server_activity(
        &self,
        _limit: u32,
        _offset: u64,
    ) -> Result<ServerActivity, VaultError> {
        Err(no_server())
    }

    /// The server's measurements, as it writes them.
    async fn server_metrics(&self) -> Result<String, VaultError> {
        Err(no_server())
    }
}

/// Is told how many items of several batches have been made.
pub type Progress = Arc<dyn Fn(usize) + Send + Sync>;

fn no_server() -> VaultError {
    VaultError::Unsupported(
        "there is no Connect server here: the backend is the store on this machine; set OP_CONNECT_HOST and OP_CONNECT_TOKEN"
            .to_owned(),
    )
}

/// A point in a store's history: two copies with the same revision and different marks have parted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoreHead {
    /// The store's own id, made with it.
    pub store: String,
    /// Grows by one with each change.
    pub revision: u64,
    /// MAC over the whole content at that revision.
    pub mark: [u8; 32],
}

/// What a full check found.
#[derive(Clone, Debug, Default)]
pub struct StoreReport {
    /// How many vaults were read.
    pub vaults: u64,
    /// How many items were read.
    pub items: u64,
    /// How many files were read.
    pub files: u64,
    /// How long it took.
    pub took: Duration,
    /// What is wrong, in words fit for a person; empty when all is well.
    pub faults: Vec<String>,
}

/// What kind of thing a name stands for, in an error's words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Noun {
    /// A named set of variables.
    Environment,
    /// A field of an item.
    Field,
    /// A file of an item.
    File,
    /// An item.
    Item,
    /// A section of an item.
    Section,
    /// A variable of an environment.
    Variable,
    /// A vault.
    Vault,
}

impl std::fmt::Display for Noun {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Environment => "environment",
            Self::Field => "field",
            Self::File => "file",
            Self::Item => "item",
            Self::Section => "section",
            Self::Variable => "variable",
            Self::Vault => "vault",
        })
    }
}

/// The cause of an error, for the operator's log only.
pub type Source = Box<dyn std::error::Error + Send + Sync>;

/// Why a vault could not answer.
///
/// Every message may be shown to a model: it names vaults, items and fields, never a field's
/// value. What a backend said goes in `source`, which only the operator's log prints.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum VaultError {
    /// Several things share the name; the caller has to choose one by id.
    #[error("{} {noun}s are called `{name}`; use an id instead: {}", candidates.len(), candidates.join(", "))]
    Ambiguous {
        /// What was looked for.
        noun: Noun,
        /// The name, as the caller wrote it.
        name: String,
        /// Ids that the caller may see.
        candidates: Vec<String>,
    },

    /// Somebody else changed the item since it was read.
    #[error("the item is at version {found}, not {expected}; read it again and repeat the change")]
    Conflict {
        /// The version that the caller knew.
        expected: u64,
        /// The version in the store.
        found: u64,
    },

    /// A record does not match its seal, or is missing: it was changed outside hushkey.
    #[error(
        "{what} was changed or removed outside hushkey and is refused; `hushkey doctor` tells more"
    )]
    Corrupted {
        /// Which record: "item abc…", "the store's head".
        what: String,
    },

    /// A name is taken.
    #[error("another {noun} is called `{name}`; choose another name")]
    Exists {
        /// What was to be made.
        noun: Noun,
        /// The name that is taken.
        name: String,
    },

    /// The backend does not let us: the token is not made for it.
    #[error("{0}")]
    Forbidden(String),

    /// What was asked for is not a thing a vault can hold.
    #[error("{0}")]
    Invalid(String),

    /// Nothing of that name or id is there, or the caller may not know of it.
    #[error("there is no {noun} `{name}`; list the {noun}s to see what there is")]
    NotFound {
        /// What was looked for.
        noun: Noun,
        /// The name or id, as the caller wrote it.
        name: String,
    },

    /// The backend would not do it this time.
    #[error("{0}")]
    Refused(String),

    /// The backend can't do this at all.
    #[error("{0}")]
    Unsupported(String),

    /// The store can't be opened, reached or written; the message says what to do.
    #[error("{message}")]
    Unavailable {
        /// What is wrong and what to do, without a value.
        message: String,
        /// What the system said.
        #[source]
        source: Option<Source>,
    },
}
