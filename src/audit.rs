//! What was asked for, what was decided, what came of it: sealed, chained, durable before anything is released.
//!
//! The log is one SQLite file of its own, so that it can outlive a store and anchor it. It knows names and ids of vaults and
//! items, callers and decisions; it never sees a value, and never a command's arguments.

use std::{
    path::Path,
    sync::{Mutex, MutexGuard, PoisonError},
};

use rusqlite::{Connection, OptionalExtension, Transaction, TransactionBehavior};

use crate::{
    private_file::PrivateFileError,
    seal::{Broken, DataKey, KeyHolder, random_bytes},
    sqlite_file::{self, SqliteFileError},
    vault::StoreHead,
};

mod anchor;
mod chain;
mod client;
mod cut;
mod entry;
mod error;
mod manager;
mod read;
mod record;
mod requests;
mod sentence;
mod usage;
mod verb;
mod verify;

use chain::{Head, Keys};
pub use client::{CLIENT_PREFIX, ConnectActor};
pub use cut::{Cut, Keeping};
pub use entry::{
    Answer, Decider, Entry, Event, NewEntry, Outcome, REASON_LIMIT, RequestCode, Target, Who,
};
pub use error::AuditError;
pub use manager::{MANAGER_PREFIX, ManagerActor};
pub use read::{Page, Query};
pub use requests::Requests;
pub use sentence::Viewer;
pub use usage::Usage;
pub use verb::Verb;
pub use verify::{Fault, Verification};

/// Says that the file is an audit log of ours, and of which form.
const APPLICATION: i32 = 0x6875_736c;
const FORM: i32 = 2;
/// The form before there was a way to a server's requests.
const FORM_WITHOUT_REQUESTS: i32 = 1;

/// What the log's key is wrapped for.
const PURPOSE: &str = "audit";

/// How entries are stored: all that is readable is their number, count and size, and which are requests to one server.
const SCHEMA: &str = "
CREATE TABLE log (
    only INTEGER PRIMARY KEY CHECK (only = 1),
    id BLOB NOT NULL,
    wrapped_key BLOB NOT NULL
) STRICT;
CREATE TABLE entry (
    seq INTEGER PRIMARY KEY,
    sealed BLOB NOT NULL,
    chain BLOB NOT NULL,
    code BLOB UNIQUE
) STRICT;
CREATE TABLE head (
    only INTEGER PRIMARY KEY CHECK (only = 1),
    seq INTEGER NOT NULL,
    chain BLOB NOT NULL,
    anchors BLOB NOT NULL,
    mac BLOB NOT NULL
) STRICT;
";

/// The audit log. Cheap to open; may be used by several threads, and by several processes at once.
pub struct AuditLog {
    keys: Keys,
    connection: Mutex<Connection>,
    /// Whether this process writes much.
    habit: Mutex<sqlite_file::Habit>,
}

/// Where an entry was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recorded {
    /// Its number.
    pub seq: u64,
    /// The code to quote, if it is a denial.
    pub code: Option<RequestCode>,
}

/// What one caller wants written: all of it, or nothing.
#[derive(Clone, Debug, Default)]
pub struct Batch {
    /// The entries, in order.
    pub entries: Vec<NewEntry>,
    /// Where the store stands, if that is to be noted.
    pub head: Option<StoreHead>,
}

impl AuditLog {
    /// Opens the log, or makes it: file 0600, directory 0700. `holder` wraps and unwraps its key.
    ///
    /// # Errors
    /// [`AuditError`] when it can't be opened, is exposed to other users, or was wrapped by another key.
    pub fn open(path: &Path, holder: &dyn KeyHolder) -> Result<Self, AuditError> {
        let connection = match sqlite_file::open(path) {
            Err(SqliteFileError::Private(PrivateFileError::Missing { .. })) => {
                sqlite_file::create(path, |transaction| {
                    fill(transaction, holder).map_err(AuditError::from)
                })?;
                sqlite_file::open(path)?
            }
            opened => opened?,
        };
        let form = form_of(&connection)?;
        let (id, wrapped): (Vec<u8>, Vec<u8>) =
            connection.query_row("SELECT id, wrapped_key FROM log", (), |row| {
                Ok((row.get(0)?, row.get(1)?))
            })?;
        let key = holder
            .unwrap(PURPOSE, &wrapped)
            .map_err(|Broken| AuditError::WrongKey)?;

        let log = Self {
            keys: Keys::derive(&key, id),
            connection: Mutex::new(connection),
            habit: Mutex::default(),
        };
        if form == FORM_WITHOUT_REQUESTS {
            log.upgrade()?;
        }
        Ok(log)
    }

    /// Brings a log of the form before into this one, unless another process has done it meanwhile.
    fn upgrade(&self) -> Result<(), AuditError> {
        let mut connection = self.connection();
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        if form_of(&transaction)? == FORM_WITHOUT_REQUESTS {
            requests::upgrade(&transaction, &self.keys)?;
            transaction.pragma_update(None, "user_version", FORM)?;
        }
        Ok(transaction.commit()?)
    }

    /// Wraps the log's key with another key of the owner's; no entry changes.
    ///
    /// # Errors
    /// [`AuditError::WrongKey`] when `old` is not the key of this log.
    pub fn rewrap(&self, old: &dyn KeyHolder, new: &dyn KeyHolder) -> Result<(), AuditError> {
        let mut connection = self.connection();
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let wrapped: Vec<u8> =
            transaction.query_row("SELECT wrapped_key FROM log", (), |row| row.get(0))?;
        let key = old
            .unwrap(PURPOSE, &wrapped)
            .map_err(|Broken| AuditError::WrongKey)?;
        transaction.execute("UPDATE log SET wrapped_key = ?", [new.wrap(PURPOSE, &key)])?;
        Ok(transaction.commit()?)
    }

    /// Writes one entry; it is durable when this returns. Blocks for a disk's sync, about a millisecond. An outcome is not
    /// synced by itself: no process that dies takes it along, but a machine that loses power may, and then the log has
    /// what was allowed, and not how it ended.
    ///
    /// # Errors
    /// [`AuditError`]: then nothing may be released.
    pub fn append(&self, entry: &NewEntry) -> Result<Recorded, AuditError> {
        self.append_when(Durability::of([entry]), |log| log.append(entry))
    }

    /// Writes several entries in one go, in order, all or none; and notes where the store stands, if that is given.
    ///
    /// # Errors
    /// As [`AuditLog::append`].
    pub fn append_all(
        &self,
        entries: &[NewEntry],
        head: Option<&StoreHead>,
    ) -> Result<Vec<Recorded>, AuditError> {
        let durability = head.map_or_else(|| Durability::of(entries), |_| Durability::Now);
        self.append_when(durability, |log| log.append_all(entries, head))
    }

    /// Writes what several callers want written in one go, in order, with one sync for all; all of it or nothing. Tells
    /// for each where its entries are.
    ///
    /// # Errors
    /// As [`AuditLog::append`], for all of them.
    pub fn append_batches(&self, batches: &[Batch]) -> Result<Vec<Vec<Recorded>>, AuditError> {
        let durability = if batches.iter().any(|batch| batch.head.is_some()) {
            Durability::Now
        } else {
            Durability::of(batches.iter().flat_map(|batch| &batch.entries))
        };
        self.append_when(durability, |log| {
            let batches = batches.iter();
            batches
                .map(|batch| log.append_all(&batch.entries, batch.head.as_ref()))
                .collect()
        })
    }

    /// Notes where a store stands, durably; a lower revision than the one noted changes nothing.
    ///
    /// # Errors
    /// As [`AuditLog::append`].
    pub fn note_head(&self, head: &StoreHead) -> Result<(), AuditError> {
        self.change(|log| {
            log.head.anchors.note(head);
            Ok(())
        })
    }

    /// Remembers that another copy was seen in a store's place; [`AuditLog::accept_head`] ends that.
    ///
    /// # Errors
    /// As [`AuditLog::append`].
    pub fn part(&self, store: &str) -> Result<(), AuditError> {
        self.change(|log| {
            log.head.anchors.part(store);
            Ok(())
        })
    }

    /// Tells whether another copy was seen in a store's place and is not accepted.
    ///
    /// # Errors
    /// [`AuditError`] when the log can't be read.
    pub fn parted(&self, store: &str) -> Result<bool, AuditError> {
        Ok(Head::read(&self.connection(), &self.keys)?
            .anchors
            .parted(store))
    }

    /// Takes a store as it stands, older or not: for the owner who put a backup back.
    ///
    /// # Errors
    /// As [`AuditLog::append`].
    pub fn accept_head(&self, head: &StoreHead) -> Result<(), AuditError> {
        self.change(|log| {
            log.head.anchors.accept(head);
            Ok(())
        })
    }

    /// Where a store stood when that was noted last.
    ///
    /// # Errors
    /// [`AuditError`] when the log can't be read.
    pub fn known_head(&self, store: &str) -> Result<Option<StoreHead>, AuditError> {
        Ok(Head::read(&self.connection(), &self.keys)?
            .anchors
            .of(store))
    }

    /// Tells whether a store was ever noted here: not if all secrets lay on a server.
    ///
    /// # Errors
    /// [`AuditError`] when the log can't be read.
    pub fn knows_a_store(&self) -> Result<bool, AuditError> {
        let head = Head::read(&self.connection(), &self.keys)?;
        Ok(!head.anchors.has_no_store())
    }

    /// Tells whether a file of environments was ever noted here.
    ///
    /// # Errors
    /// [`AuditError`] when the log can't be read.
    pub fn knows_environments(&self) -> Result<bool, AuditError> {
        let head = Head::read(&self.connection(), &self.keys)?;
        Ok(head.anchors.has_environments())
    }

    /// The number of the last entry; 0 where there is none.
    ///
    /// # Errors
    /// [`AuditError`] when the log can't be read.
    pub fn newest(&self) -> Result<u64, AuditError> {
        Ok(Head::read(&self.connection(), &self.keys)?.seq)
    }

    /// Changes the log in one transaction, durably.
    fn change<T>(
        &self,
        work: impl FnOnce(&mut Writing<'_>) -> Result<T, AuditError>,
    ) -> Result<T, AuditError> {
        self.append_when(Durability::Now, work)
    }

    /// Changes the log in one transaction: from the head that it finds to the head that it leaves.
    fn append_when<T>(
        &self,
        durability: Durability,
        work: impl FnOnce(&mut Writing<'_>) -> Result<T, AuditError>,
    ) -> Result<T, AuditError> {
        let mut connection = self.connection();
        self.habit
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .wrote(&connection);
        // Said each time: what stands here is never what another left behind.
        connection.pragma_update(None, "synchronous", durability.setting())?;
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let mut writing = Writing {
            head: Head::read(&transaction, &self.keys)?,
            transaction: &transaction,
            keys: &self.keys,
        };
        let made = work(&mut writing)?;
        writing.head.write(&transaction, &self.keys)?;
        transaction.commit()?;
        Ok(made)
    }

    /// A panic in another thread has left no transaction open: those end with their scope.
    fn connection(&self) -> MutexGuard<'_, Connection> {
        self.connection
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

impl std::fmt::Debug for AuditLog {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("AuditLog(..)")
    }
}

/// When what is written has to be on the disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Durability {
    /// With the next sync, or when the system gets round to it.
    Later,
    /// Before anybody is told.
    Now,
}

impl Durability {
    /// What only tells how something ended releases nothing, and nobody has to wait for the disk.
    fn of<'e>(entries: impl IntoIterator<Item = &'e NewEntry>) -> Self {
        if entries.into_iter().all(NewEntry::is_outcome) {
            Self::Later
        } else {
            Self::Now
        }
    }

    fn setting(self) -> &'static str {
        match self {
            Self::Later => "NORMAL",
            Self::Now => "FULL",
        }
    }
}

/// A transaction that makes the log longer.
struct Writing<'t> {
    head: Head,
    transaction: &'t Transaction<'t>,
    keys: &'t Keys,
}

impl Writing<'_> {
    fn append_all(
        &mut self,
        entries: &[NewEntry],
        head: Option<&StoreHead>,
    ) -> Result<Vec<Recorded>, AuditError> {
        if let Some(head) = head {
            self.head.anchors.note(head);
        }
        entries.iter().map(|entry| self.append(entry)).collect()
    }

    fn append(&mut self, entry: &NewEntry) -> Result<Recorded, AuditError> {
        let code = entry.has_code().then(|| self.new_code()).transpose()?;
        let seq = self.head.seq + 1;
        let sealed = self.keys.seal(seq, &record::encode(entry, code.as_ref()));
        let chain = self.keys.link(seq, &self.head.chain, &sealed);
        self.transaction
            .prepare_cached("INSERT INTO entry (seq, sealed, chain, code) VALUES (?, ?, ?, ?)")?
            .execute((
                seq.cast_signed(),
                sealed,
                chain,
                code.as_ref().map(|code| self.keys.code(code)),
            ))?;
        if let Some(server) = entry.requester() {
            requests::note(self.transaction, self.keys, server, seq)?;
        }
        self.head.seq = seq;
        self.head.chain = chain;
        Ok(Recorded { seq, code })
    }

    /// A code that no entry has.
    fn new_code(&self) -> Result<RequestCode, AuditError> {
        loop {
            let code = RequestCode::random();
            if seq_of(self.transaction, self.keys, &code)?.is_none() {
                return Ok(code);
            }
        }
    }
}

/// The number of the denial with this code.
fn seq_of(
    connection: &Connection,
    keys: &Keys,
    code: &RequestCode,
) -> rusqlite::Result<Option<u64>> {
    connection
        .prepare_cached("SELECT seq FROM entry WHERE code = ?")?
        .query_row([keys.code(code)], |row| row.get(0).map(i64::cast_unsigned))
        .optional()
}

fn fill(transaction: &Transaction<'_>, holder: &dyn KeyHolder) -> rusqlite::Result<()> {
    let key = DataKey::random();
    let id = random_bytes::<16>().to_vec();
    transaction.execute_batch(SCHEMA)?;
    transaction.execute_batch(requests::SCHEMA)?;
    transaction.pragma_update(None, "application_id", APPLICATION)?;
    transaction.pragma_update(None, "user_version", FORM)?;
    transaction.execute(
        "INSERT INTO log (only, id, wrapped_key) VALUES (1, ?, ?)",
        (&id, holder.wrap(PURPOSE, &key)),
    )?;
    Head::beginning().write(transaction, &Keys::derive(&key, id))
}

/// The form of the log, if this is one that we know.
fn form_of(connection: &Connection) -> Result<i32, AuditError> {
    let number = |pragma| connection.pragma_query_value(None, pragma, |row| row.get::<_, i32>(0));
    let (application, form) = (number("application_id")?, number("user_version")?);
    match form {
        FORM | FORM_WITHOUT_REQUESTS if application == APPLICATION => Ok(form),
        _ => Err(AuditError::Form),
    }
}

#[cfg(test)]
mod tests;
