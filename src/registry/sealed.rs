//! A private SQLite file of sealed records that is read whole, and whose head vouches for all of them.
//!
//! ```text
//! record.handle  16 random bytes
//! record.sealed  seal(form (1 byte) | what the record's type makes of itself; file id, handle)
//! record.used    seal(hours since 1970; file id, handle), or nothing
//! head.mac       mac(file id, revision, handle and sealed of each record)
//! lent           what copies of the file show to others than the owner: made by the record's type, sealed with keys of theirs
//! ```
//!
//! A record that was removed, added, or put back from before a change does not fit the head. `used` is a help for people
//! and not vouched for. There are as many records as a team has agents and programs, so they are all read at once, whenever
//! the file has changed. What they mean is their type's to know.

use std::{
    collections::BTreeSet,
    path::Path,
    sync::{Mutex, MutexGuard, PoisonError},
};

use jiff::Timestamp;
use rusqlite::{Connection, Transaction, TransactionBehavior};
use zeroize::Zeroizing;

use crate::{
    private_file::PrivateFileError,
    registry::{RegistryError, error::Trouble},
    seal::{Broken, DataKey, KeyHolder, Subkey, random_bytes},
    sqlite_file::{self, SqliteFileError},
    vault::StoreHead,
};

mod table;

pub(super) use table::{Row, Table};

/// What is readable of such a file: how many records it has, and how long they are.
const SCHEMA: &str = "
CREATE TABLE registry (
    only INTEGER PRIMARY KEY CHECK (only = 1),
    id BLOB NOT NULL,
    wrapped_key BLOB NOT NULL
) STRICT;
CREATE TABLE record (
    handle BLOB PRIMARY KEY,
    sealed BLOB NOT NULL,
    used BLOB
) STRICT;
CREATE TABLE head (
    only INTEGER PRIMARY KEY CHECK (only = 1),
    revision INTEGER NOT NULL,
    mac BLOB NOT NULL
) STRICT;
CREATE TABLE lent (
    handle BLOB PRIMARY KEY,
    sealed BLOB NOT NULL
) STRICT;
";

/// Which file it is.
pub(super) struct Kind {
    /// SQLite's application id.
    pub(super) application: i32,
    /// The form of tables and records: a change to either is a new one.
    pub(super) form: u8,
    /// What the file's key is wrapped for; its subkeys' names begin with it.
    pub(super) purpose: &'static str,
    /// What the errors call its content: `the agents' tokens`.
    pub(super) subject: &'static str,
    /// How its head is called among those that the audit log remembers: `agents/`.
    pub(super) prefix: &'static str,
}

/// What lies in such a file.
pub(super) trait Record: Sized {
    const KIND: Kind;

    /// What is looked up often, made from the records whenever they were read.
    type Index: Default + Send;

    fn to_bytes(&self) -> Zeroizing<Vec<u8>>;

    /// `None` for bytes that it does not make.
    fn from_bytes(bytes: &[u8]) -> Option<Self>;

    fn index(rows: &[Row<Self>]) -> Self::Index;

    /// What others than the owner find in a copy of the file, by handle; made anew with every change.
    fn lent(_rows: &[Row<Self>], _revision: u64) -> Vec<(Vec<u8>, Vec<u8>)> {
        Vec::new()
    }
}

/// The file. May be used by several threads, and by several processes at once.
pub(super) struct SealedFile<R: Record> {
    keys: Keys,
    open: Mutex<Open<R>>,
}

/// The file's keys, each for one use.
pub(super) struct Keys {
    form: u8,
    prefix: &'static str,
    id: Vec<u8>,
    digest: Subkey,
    head: Subkey,
    record: Subkey,
    used: Subkey,
}

/// The open file, and its table as it was read last.
pub(super) struct Open<R: Record> {
    pub(super) connection: Connection,
    /// SQLite's count of changes by others when the table was read; `None` before.
    seen: Option<i64>,
    table: Table<R>,
}

impl<R: Record> SealedFile<R> {
    /// Opens the file, or makes it: file 0600, directory 0700. `holder` wraps and unwraps its key.
    pub(super) fn open(path: &Path, holder: &dyn KeyHolder) -> Result<Self, RegistryError> {
        let opened = || {
            let connection = match sqlite_file::open(path) {
                Err(SqliteFileError::Private(PrivateFileError::Missing { .. })) => {
                    sqlite_file::create(path, |transaction| {
                        fill::<R>(transaction, holder).map_err(Trouble::from)
                    })?;
                    sqlite_file::open(path)?
                }
                opened => opened?,
            };
            check_form(&connection, &R::KIND)?;
            let (id, wrapped): (Vec<u8>, Vec<u8>) =
                connection.query_row("SELECT id, wrapped_key FROM registry", (), |row| {
                    Ok((row.get(0)?, row.get(1)?))
                })?;
            let key = holder
                .unwrap(R::KIND.purpose, &wrapped)
                .map_err(|Broken| Trouble::WrongKey)?;
            Ok(Self {
                keys: Keys::derive(&key, id, &R::KIND),
                open: Mutex::new(Open {
                    connection,
                    seen: None,
                    table: Table::default(),
                }),
            })
        };
        opened().map_err(said::<R>)
    }

    /// Wraps the file's key with another key of the owner's; no record changes.
    pub(super) fn rewrap(
        &self,
        old: &dyn KeyHolder,
        new: &dyn KeyHolder,
    ) -> Result<(), RegistryError> {
        let purpose = R::KIND.purpose;
        let rewrapped = || {
            let mut open = self.lock();
            let transaction = open
                .connection
                .transaction_with_behavior(TransactionBehavior::Immediate)?;
            let wrapped: Vec<u8> =
                transaction.query_row("SELECT wrapped_key FROM registry", (), |row| row.get(0))?;
            let key = old
                .unwrap(purpose, &wrapped)
                .map_err(|Broken| Trouble::WrongKey)?;
            transaction.execute(
                "UPDATE registry SET wrapped_key = ?",
                [new.wrap(purpose, &key)],
            )?;
            Ok(transaction.commit()?)
        };
        rewrapped().map_err(said::<R>)
    }

    pub(super) fn keys(&self) -> &Keys {
        &self.keys
    }

    /// Looks at the records as the file has them now.
    pub(super) fn look<T>(&self, work: impl FnOnce(&Table<R>) -> T) -> Result<T, RegistryError> {
        let mut open = self.lock();
        let table = open.current(&self.keys).map_err(said::<R>)?;
        Ok(work(table))
    }

    /// Changes the records in one transaction: from what it finds to what it leaves.
    pub(super) fn change<T>(
        &self,
        work: impl FnOnce(&Keys, &mut Vec<Row<R>>) -> Result<T, RegistryError>,
    ) -> Result<T, RegistryError> {
        let mut open = self.lock();
        open.seen = None;
        let (connection, keys) = (&mut open.connection, &self.keys);
        let transaction = connection
            .transaction_with_behavior(TransactionBehavior::Immediate)
            .map_err(|error| said::<R>(error.into()))?;
        let mut table = Table::<R>::read(&transaction, keys).map_err(said::<R>)?;
        let before: BTreeSet<_> = table.rows.iter().map(|row| row.handle).collect();
        let made = work(keys, &mut table.rows)?;
        table
            .write(&transaction, keys, &before)
            .and_then(|()| transaction.commit())
            .map_err(|error| said::<R>(error.into()))?;
        // What is no longer there shall not be found in the write-ahead log of a copy. Others may be reading: then it is
        // later.
        let _ = connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", (), |_| Ok(()));
        Ok(made)
    }

    /// Notes that the thing of a record was used in this hour; writes once an hour at most.
    pub(super) fn note_use(
        &self,
        find: impl FnOnce(&Table<R>) -> Option<usize>,
        now: Timestamp,
    ) -> Result<(), RegistryError> {
        let noted = || {
            let mut open = self.lock();
            let table = open.current(&self.keys)?;
            let Some(at) = find(table) else {
                return Ok(());
            };
            let row = &mut table.rows[at];
            if row.used.map(hour) == Some(hour(now)) {
                return Ok(());
            }
            row.used = Timestamp::from_second(hour(now) * 3600).ok();
            let handle = row.handle;
            let sealed = self
                .keys
                .used
                .seal(&self.keys.place(&handle), &hour(now).to_le_bytes());
            open.connection
                .prepare_cached("UPDATE record SET used = ? WHERE handle = ?")?
                .execute((sealed, handle))?;
            Ok(())
        };
        noted().map_err(said::<R>)
    }

    /// Where the file stands: an older copy in its place has a lower revision.
    pub(super) fn head(&self) -> Result<StoreHead, RegistryError> {
        self.look(|table| self.keys.store_head(table))
    }

    /// A panic in another thread has left no transaction open: those end with their scope.
    fn lock(&self) -> MutexGuard<'_, Open<R>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<R: Record> Open<R> {
    /// The table as the file has it now.
    fn current(&mut self, keys: &Keys) -> Result<&mut Table<R>, Trouble> {
        // Asked for with each request, so that it is not parsed anew each time.
        let changes: i64 = self
            .connection
            .prepare_cached("PRAGMA data_version")?
            .query_row((), |row| row.get(0))?;
        if self.seen != Some(changes) {
            self.seen = None;
            // One transaction, so that records and head belong together.
            let transaction = self.connection.transaction()?;
            self.table = Table::read(&transaction, keys)?;
            transaction.commit()?;
            self.table.index = R::index(&self.table.rows);
            self.seen = Some(changes);
        }
        Ok(&mut self.table)
    }
}

impl Keys {
    fn derive(key: &DataKey, id: Vec<u8>, kind: &Kind) -> Self {
        let subkey = |use_| key.subkey(&format!("{}/{use_}", kind.purpose));
        Self {
            form: kind.form,
            prefix: kind.prefix,
            id,
            digest: subkey("digest"),
            head: subkey("head"),
            record: subkey("record"),
            used: subkey("used"),
        }
    }

    /// What something random is found by, so that no digest lies in the file that somebody could compare.
    pub(super) fn digest(&self, bytes: &[u8; 32]) -> [u8; 32] {
        self.digest.mac(&[&self.id, bytes])
    }

    fn store_head<R: Record>(&self, table: &Table<R>) -> StoreHead {
        let id = data_encoding::HEXLOWER.encode(&self.id);
        StoreHead {
            store: format!("{}{id}", self.prefix),
            revision: table.revision,
            mark: table.mac,
        }
    }

    fn place(&self, handle: &[u8]) -> Vec<u8> {
        [&self.id[..], handle].concat()
    }
}

pub(super) fn hour(time: Timestamp) -> i64 {
    time.as_second().div_euclid(3600)
}

/// The error as it is told: by the name of what lies in the file.
fn said<R: Record>(trouble: Trouble) -> RegistryError {
    trouble.with(R::KIND.subject)
}

fn fill<R: Record>(transaction: &Transaction<'_>, holder: &dyn KeyHolder) -> rusqlite::Result<()> {
    let key = DataKey::random();
    let id = random_bytes::<16>().to_vec();
    let kind = R::KIND;
    transaction.execute_batch(SCHEMA)?;
    transaction.pragma_update(None, "application_id", kind.application)?;
    transaction.pragma_update(None, "user_version", i32::from(kind.form))?;
    transaction.execute(
        "INSERT INTO registry (only, id, wrapped_key) VALUES (1, ?, ?)",
        (&id, holder.wrap(kind.purpose, &key)),
    )?;
    let keys = Keys::derive(&key, id, &kind);
    Table::<R>::default().write(transaction, &keys, &BTreeSet::new())
}

pub(super) fn check_form(connection: &Connection, kind: &Kind) -> Result<(), Trouble> {
    let number = |pragma| connection.pragma_query_value(None, pragma, |row| row.get::<_, i32>(0));
    if number("application_id")? == kind.application
        && number("user_version")? == i32::from(kind.form)
    {
        Ok(())
    } else {
        Err(Trouble::Form)
    }
}
