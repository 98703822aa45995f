//! The local store: vaults in one encrypted SQLite file, for many processes at once.
//!
//! Two layers keep a record honest. Each is sealed (XChaCha20-Poly1305) and bound to its store, vault, item,
//! version and part, so that it opens nowhere else. And each is vouched for from one row, the head (head →
//! tree → overview → details), so that an older version, or none, can't stand in its place. Lists are
//! vouched for by their vault's record. What is left is putting back the whole file, or losing the end of
//! the write-ahead log; [`Vault::head`] lets somebody outside notice that.
//!
//! The module knows neither policy nor callers. It asks [`crate::keys`] for the owner's key and
//! [`crate::private_file`] whether the file is private.

use std::{
    io::Write,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use async_trait::async_trait;
use rusqlite::{Connection, TransactionBehavior};

use crate::{
    keys::Kek,
    offload::offload,
    sqlite_file,
    vault::{
        Batch, FileContent, FileId, Item, ItemId, ItemMetadata, ItemOverview, ItemState, NewFile,
        NewItem, NewVault, Progress, StoreHead, StoreReport, Vault, VaultEdit, VaultError, VaultId,
        VaultOverview,
    },
};

mod backup;
mod check;
mod environments;
mod fault;
mod files;
mod head;
mod items;
mod readers;
mod record;
mod rows;
mod schema;
mod session;
mod subkeys;
mod titles;
mod tree;
mod vaults;

pub use backup::{backup, restore};
pub use environments::EnvironmentFile;
use session::Session;
pub use subkeys::LentKeys;
use subkeys::Subkeys;

/// Why a copy takes no changes.
const COPY: &str = "this server works on a copy of the store, which takes no changes; make them where it was copied from";

/// Vaults in one SQLite file.
///
/// A call that is dropped before it is done may still change the store: SQLite works on a thread of its own.
#[derive(Clone)]
pub struct LocalVault {
    store: Arc<Store>,
}

struct Store {
    path: PathBuf,
    keys: Subkeys,
    /// Whether it is a copy of another machine's store, which takes no changes.
    is_copy: bool,
    open: Mutex<Open>,
    readers: readers::Readers,
}

struct Open {
    connection: Connection,
    /// Where the store stood when this process last looked: it can only have moved on since.
    last: Option<StoreHead>,
    /// Whether this process writes much.
    habit: sqlite_file::Habit,
}

impl LocalVault {
    /// Opens the store at `path`.
    ///
    /// # Errors
    /// [`VaultError::Unavailable`] when there is none, when other users can reach its file or directory (the
    /// message has the `chmod` to run), when it is on a network file system, or when `kek` is another store's
    /// key; [`VaultError::Corrupted`] when it was changed outside hushkey.
    pub fn open(path: &Path, kek: &Kek) -> Result<Self, VaultError> {
        let connection = sqlite_file::open(path)?;
        schema::check(&connection)?;
        let (name, wrapped) = wrapped_key(&connection)?;
        let key = kek.unwrap(&wrapped, &schema::context(&name))?;
        Self::begin(path, connection, Subkeys::derive(&key, name), false)
    }

    /// Opens a copy of a store with keys that were lent: their vaults can be read, no others are there, and nothing can be
    /// changed, for the store that it was copied from would not know.
    ///
    /// # Errors
    /// As [`Self::open`].
    pub fn open_copy(path: &Path, lent: LentKeys) -> Result<Self, VaultError> {
        let connection = sqlite_file::open(path)?;
        schema::check(&connection)?;
        let (name, _) = wrapped_key(&connection)?;
        let keys = Subkeys::lent(lent);
        if keys.store() != name {
            return Err(VaultError::Unavailable {
                message: "the credentials are for another store than this copy".to_owned(),
                source: None,
            });
        }
        Self::begin(path, connection, keys, true)
    }

    /// Lends the keys of some vaults, for a copy of the store elsewhere.
    #[must_use]
    pub fn lend(&self, vaults: &[VaultId]) -> LentKeys {
        self.store.keys.lend(vaults)
    }

    fn begin(
        path: &Path,
        connection: Connection,
        keys: Subkeys,
        is_copy: bool,
    ) -> Result<Self, VaultError> {
        let store = Store {
            path: path.to_owned(),
            keys,
            is_copy,
            open: Mutex::new(Open {
                connection,
                last: None,
                habit: sqlite_file::Habit::default(),
            }),
            readers: readers::Readers::default(),
        };
        store.read(|_| Ok(()))?;
        Ok(Self {
            store: Arc::new(store),
        })
    }

    /// Opens the store at `path`, and makes it first if there is none: file 0600, directory 0700.
    ///
    /// # Errors
    /// As [`Self::open`].
    pub fn open_or_create(path: &Path, kek: &Kek) -> Result<Self, VaultError> {
        if !path.exists() {
            sqlite_file::create(path, |transaction| schema::create(transaction, kek))?;
        }
        Self::open(path, kek)
    }

    /// Wraps a store's key with another key of the owner's; no record changes, and nothing where the new key wraps it
    /// already.
    ///
    /// Whoever has the old key *and* an old copy of the store still has all that was in it then.
    ///
    /// # Errors
    /// [`VaultError::Unavailable`] when neither is the key of this store.
    pub fn rewrap(path: &Path, old: &Kek, new: &Kek) -> Result<(), VaultError> {
        let mut connection = sqlite_file::open(path)?;
        schema::check(&connection)?;
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let (name, wrapped) = wrapped_key(&transaction)?;
        let context = schema::context(&name);
        if new.unwrap(&wrapped, &context).is_ok() {
            return Ok(());
        }
        let key = old.unwrap(&wrapped, &context)?;
        transaction.execute("UPDATE store SET key = ?1", [new.wrap(&key, &context)])?;
        Ok(transaction.commit()?)
    }

    /// Where the store is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.store.path
    }

    async fn read<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Session<'_>) -> Result<T, VaultError> + Send + 'static,
    ) -> Result<T, VaultError> {
        self.store.read_soon(work).await
    }

    async fn write<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Session<'_>) -> Result<T, VaultError> + Send + 'static,
    ) -> Result<T, VaultError> {
        // Off the runtime's threads: a commit waits for the disk, and perhaps for another process.
        let store = Arc::clone(&self.store);
        let written = offload(move || store.write(work)).await;
        written.unwrap_or_else(|ended| Err(no_thread(ended)))
    }
}

impl Store {
    fn read<T>(
        &self,
        work: impl FnOnce(&mut Session<'_>) -> Result<T, VaultError>,
    ) -> Result<T, VaultError> {
        self.session(TransactionBehavior::Deferred, work)
    }

    fn write<T>(
        &self,
        work: impl FnOnce(&mut Session<'_>) -> Result<T, VaultError>,
    ) -> Result<T, VaultError> {
        if self.is_copy {
            return Err(VaultError::Forbidden(COPY.to_owned()));
        }
        let done = self.session(TransactionBehavior::Immediate, work)?;
        let mut open = self.open();
        let Open {
            connection, habit, ..
        } = &mut *open;
        habit.wrote(connection);
        sqlite_file::fold_if_long(connection);
        Ok(done)
    }

    /// A panic in another thread has left no more than a transaction, which is undone.
    fn open(&self) -> MutexGuard<'_, Open> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn session<T>(
        &self,
        behavior: TransactionBehavior,
        work: impl FnOnce(&mut Session<'_>) -> Result<T, VaultError>,
    ) -> Result<T, VaultError> {
        let mut open = self.open();
        let Open {
            connection, last, ..
        } = &mut *open;
        let mut session = Session::begin(connection, &self.keys, behavior)?;
        refuse_older(last.as_ref(), &session.anchor())?;
        let done = work(&mut session)?;
        *last = Some(session.finish()?);
        Ok(done)
    }
}

fn no_thread(ended: impl std::error::Error + Send + Sync + 'static) -> VaultError {
    VaultError::Unavailable {
        message: "the store's thread ended too early; this is a fault of hushkey".to_owned(),
        source: Some(Box::new(ended)),
    }
}

/// The store's id and its wrapped data key.
fn wrapped_key(connection: &Connection) -> Result<(String, Vec<u8>), VaultError> {
    let row = connection.query_row("SELECT name, key FROM store WHERE id = 1", [], |row| {
        Ok((row.get(0)?, row.get(1)?))
    })?;
    Ok(row)
}

/// A store does not go back while we watch.
fn refuse_older(last: Option<&StoreHead>, now: &StoreHead) -> Result<(), VaultError> {
    match last {
        Some(last)
            if now.revision < last.revision || (now.revision == last.revision && now != last) =>
        {
            Err(VaultError::Corrupted {
                what: "the store as a whole".to_owned(),
            })
        }
        _ => Ok(()),
    }
}

#[async_trait]
impl Vault for LocalVault {
    async fn vaults(&self) -> Result<Vec<VaultOverview>, VaultError> {
        self.read(|session| session.vaults()).await
    }

    async fn create_vault(&self, new: NewVault) -> Result<VaultOverview, VaultError> {
        self.write(|session| session.create_vault(new)).await
    }

    async fn edit_vault(
        &self,
        vault: &VaultId,
        edit: VaultEdit,
    ) -> Result<VaultOverview, VaultError> {
        let vault = vault.clone();
        self.write(move |session| session.edit_vault(&vault, edit))
            .await
    }

    async fn delete_vault(&self, vault: &VaultId) -> Result<(), VaultError> {
        let vault = vault.clone();
        self.write(move |session| session.delete_vault(&vault))
            .await
    }

    async fn items(
        &self,
        vault: &VaultId,
        state: ItemState,
    ) -> Result<Vec<ItemOverview>, VaultError> {
        let vault = vault.clone();
        self.read(move |session| session.items(&vault, state)).await
    }

    async fn items_titled(
        &self,
        vault: &VaultId,
        title: &str,
    ) -> Result<Vec<ItemOverview>, VaultError> {
        let (vault, title) = (vault.clone(), title.to_owned());
        self.read(move |session| session.items_titled(&vault, &title))
            .await
    }

    async fn metadata(&self, vault: &VaultId, item: &ItemId) -> Result<ItemMetadata, VaultError> {
        let (vault, item) = (vault.clone(), item.clone());
        self.read(move |session| session.metadata(&vault, &item))
            .await
    }

    async fn item(&self, vault: &VaultId, item: &ItemId) -> Result<Item, VaultError> {
        let (vault, item) = (vault.clone(), item.clone());
        self.read(move |session| session.item(&vault, &item)).await
    }

    async fn create_item(&self, vault: &VaultId, new: NewItem) -> Result<ItemMetadata, VaultError> {
        let vault = vault.clone();
        self.write(move |session| session.create_item(&vault, new))
            .await
    }

    async fn create_all(
        &self,
        batches: Vec<Batch>,
        progress: Progress,
    ) -> Result<usize, VaultError> {
        self.write(move |session| session.create_all(batches, &progress))
            .await
    }

    async fn replace_item(&self, item: Item) -> Result<ItemMetadata, VaultError> {
        self.write(|session| session.replace_item(item)).await
    }

    async fn set_item_state(
        &self,
        vault: &VaultId,
        item: &ItemId,
        state: ItemState,
    ) -> Result<ItemOverview, VaultError> {
        let (vault, item) = (vault.clone(), item.clone());
        self.write(move |session| session.set_item_state(&vault, &item, state))
            .await
    }

    async fn delete_item(&self, vault: &VaultId, item: &ItemId) -> Result<(), VaultError> {
        let (vault, item) = (vault.clone(), item.clone());
        self.write(move |session| session.delete_item(&vault, &item))
            .await
    }

    async fn file_content(
        &self,
        vault: &VaultId,
        item: &ItemId,
        file: &FileId,
    ) -> Result<FileContent, VaultError> {
        let (vault, item, file) = (vault.clone(), item.clone(), file.clone());
        self.read(move |session| session.file_content(&vault, &item, &file))
            .await
    }

    async fn save_file(
        &self,
        vault: &VaultId,
        item: &ItemId,
        file: &FileId,
        into: Box<dyn Write + Send>,
    ) -> Result<u64, VaultError> {
        let (vault, item, file) = (vault.clone(), item.clone(), file.clone());
        self.read(move |session| session.save_file(&vault, &item, &file, into))
            .await
    }

    async fn attach_file(
        &self,
        vault: &VaultId,
        item: &ItemId,
        file: NewFile,
    ) -> Result<ItemMetadata, VaultError> {
        let (vault, item) = (vault.clone(), item.clone());
        self.write(move |session| session.attach_file(&vault, &item, file))
            .await
    }

    async fn detach_file(
        &self,
        vault: &VaultId,
        item: &ItemId,
        file: &FileId,
    ) -> Result<ItemMetadata, VaultError> {
        let (vault, item, file) = (vault.clone(), item.clone(), file.clone());
        self.write(move |session| session.detach_file(&vault, &item, &file))
            .await
    }

    async fn head(&self) -> Result<Option<StoreHead>, VaultError> {
        self.read(|session| Ok(Some(session.anchor()))).await
    }

    async fn check(&self) -> Result<StoreReport, VaultError> {
        self.read(|session| session.check()).await
    }

    fn archives(&self) -> bool {
        true
    }
}
