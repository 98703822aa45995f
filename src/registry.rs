//! Agents' tokens: made, listed, looked up, revoked. Digests only.
//!
//! A token proves over HTTP, and where the policy asks for it over stdio, which agent calls. The registry knows names and
//! times; what an agent may do is the policy's to say. It is one sealed SQLite file of its own, since tokens are neither
//! the store's (with a Connect server there is none) nor the log's. Nothing above these methods
//! knows that: whoever runs several servers can put a table of PostgreSQL in its place, with the same rows and head.

use std::{
    path::Path,
    sync::{Mutex, MutexGuard, PoisonError},
};

use jiff::Timestamp;
use rusqlite::{Connection, Transaction, TransactionBehavior};

use crate::{
    access::AgentName,
    private_file::PrivateFileError,
    seal::{Broken, DataKey, KeyHolder, random_bytes},
    sqlite_file::{self, SqliteFileError},
    vault::{Secret, StoreHead},
};

mod error;
mod rows;
mod token;

pub use error::RegistryError;
use rows::{Keys, Row, Table};
pub use token::{LENGTH, PREFIX, TokenDigest, tokens_in};

/// How the registry is called among the stores whose heads the audit log remembers.
pub const STORE_PREFIX: &str = "agents/";

/// Says that the file is a registry of ours, and of which form.
const APPLICATION: i32 = 0x6875_7367;
const FORM: i32 = 1;

/// What the file's key is wrapped for.
const PURPOSE: &str = "registry";

/// The agents' tokens. May be used by several threads, and by several processes at once.
pub struct Registry {
    keys: Keys,
    open: Mutex<Open>,
}

/// What is known of one token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AgentToken {
    /// Whose it is.
    pub agent: AgentName,
    /// How it begins, to be recognised by.
    pub hint: String,
    /// When it was made.
    pub created: Timestamp,
    /// From when on it is refused, if it expires.
    pub expires: Option<Timestamp>,
    /// Since when it is refused, if it was revoked.
    pub revoked: Option<Timestamp>,
    /// The hour in which it was last used, if ever.
    pub used: Option<Timestamp>,
}

/// Why a token proves nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NotProven {
    /// It was in force until it expired.
    Expired(AgentName),
    /// It was revoked.
    Revoked(AgentName),
    /// It was never made here.
    Unknown,
}

/// The open file, and its table as it was read last.
struct Open {
    connection: Connection,
    /// SQLite's count of changes by others when the table was read; `None` before.
    seen: Option<i64>,
    table: Table,
}

impl AgentToken {
    /// Tells whether it is accepted at this time.
    #[must_use]
    pub fn is_in_force(&self, now: Timestamp) -> bool {
        self.revoked.is_none() && self.expires.is_none_or(|end| now < end)
    }
}

impl Registry {
    /// Opens the registry, or makes it: file 0600, directory 0700. `holder` wraps and unwraps its key.
    ///
    /// # Errors
    /// [`RegistryError`] when it can't be opened, is exposed to other users, or was wrapped by another key.
    pub fn open(path: &Path, holder: &dyn KeyHolder) -> Result<Self, RegistryError> {
        let connection = match sqlite_file::open(path) {
            Err(SqliteFileError::Private(PrivateFileError::Missing { .. })) => {
                sqlite_file::create(path, |transaction| {
                    fill(transaction, holder).map_err(RegistryError::from)
                })?;
                sqlite_file::open(path)?
            }
            opened => opened?,
        };
        check_form(&connection)?;
        let (id, wrapped): (Vec<u8>, Vec<u8>) =
            connection.query_row("SELECT id, wrapped_key FROM registry", (), |row| {
                Ok((row.get(0)?, row.get(1)?))
            })?;
        let key = holder
            .unwrap(PURPOSE, &wrapped)
            .map_err(|Broken| RegistryError::WrongKey)?;
        Ok(Self {
            keys: Keys::derive(&key, id),
            open: Mutex::new(Open {
                connection,
                seen: None,
                table: Table::default(),
            }),
        })
    }

    /// Wraps the registry's key with another key of the owner's; no token changes.
    ///
    /// # Errors
    /// [`RegistryError::WrongKey`] when `old` is not the key of this registry.
    pub fn rewrap(&self, old: &dyn KeyHolder, new: &dyn KeyHolder) -> Result<(), RegistryError> {
        let mut open = self.lock();
        let transaction = open
            .connection
            .transaction_with_behavior(TransactionBehavior::Immediate)?;
        let wrapped: Vec<u8> =
            transaction.query_row("SELECT wrapped_key FROM registry", (), |row| row.get(0))?;
        let key = old
            .unwrap(PURPOSE, &wrapped)
            .map_err(|Broken| RegistryError::WrongKey)?;
        transaction.execute(
            "UPDATE registry SET wrapped_key = ?",
            [new.wrap(PURPOSE, &key)],
        )?;
        Ok(transaction.commit()?)
    }

    /// Makes a token for an agent that has none in force. The text is shown once and kept nowhere.
    ///
    /// # Errors
    /// [`RegistryError::Exists`] when it has one; [`RegistryError`] when the file can't be changed.
    pub fn create(
        &self,
        agent: &AgentName,
        expires: Option<Timestamp>,
        now: Timestamp,
    ) -> Result<Secret, RegistryError> {
        self.change(|keys, table| {
            if table.in_force(agent, now).next().is_some() {
                return Err(RegistryError::Exists(agent.clone()));
            }
            Ok(table.add(keys, agent, expires, now))
        })
    }

    /// Revokes an agent's token, if it has one in force, and makes another.
    ///
    /// # Errors
    /// [`RegistryError::Missing`] when the agent never had one; [`RegistryError`] when the file can't be changed.
    pub fn rotate(
        &self,
        agent: &AgentName,
        expires: Option<Timestamp>,
        now: Timestamp,
    ) -> Result<Secret, RegistryError> {
        self.change(|keys, table| {
            if !table.rows.iter().any(|row| row.token.agent == *agent) {
                return Err(RegistryError::Missing(agent.clone()));
            }
            table
                .in_force(agent, now)
                .for_each(|token| token.revoked = Some(now));
            Ok(table.add(keys, agent, expires, now))
        })
    }

    /// Revokes an agent's token; running servers refuse it from their next request on.
    ///
    /// # Errors
    /// [`RegistryError::Missing`] when none is in force; [`RegistryError`] when the file can't be changed.
    pub fn revoke(&self, agent: &AgentName, now: Timestamp) -> Result<(), RegistryError> {
        self.change(|_, table| {
            let revoked = table.in_force(agent, now);
            match revoked.map(|token| token.revoked = Some(now)).count() {
                0 => Err(RegistryError::Missing(agent.clone())),
                _ => Ok(()),
            }
        })
    }

    /// Gives an agent's tokens to another name.
    ///
    /// # Errors
    /// [`RegistryError::Missing`] when it has none, [`RegistryError::Exists`] when the new name has some.
    pub fn rename(&self, from: &AgentName, to: &AgentName) -> Result<(), RegistryError> {
        self.change(|_, table| {
            if table.rows.iter().any(|row| row.token.agent == *to) {
                return Err(RegistryError::Exists(to.clone()));
            }
            let of = table.rows.iter_mut().filter(|row| row.token.agent == *from);
            match of.map(|row| row.token.agent = to.clone()).count() {
                0 => Err(RegistryError::Missing(from.clone())),
                _ => Ok(()),
            }
        })
    }

    /// All tokens, also those that are refused; by agent, the newest first.
    ///
    /// # Errors
    /// [`RegistryError`] when the file can't be read.
    pub fn list(&self) -> Result<Vec<AgentToken>, RegistryError> {
        let mut open = self.lock();
        let table = open.current(&self.keys)?;
        let mut tokens: Vec<_> = table.rows.iter().map(|row| row.token.clone()).collect();
        tokens.sort_by(|a, b| (&a.agent, b.created).cmp(&(&b.agent, a.created)));
        Ok(tokens)
    }

    /// Finds whose token this is, as the file stands now. Costs microseconds while nothing has changed.
    ///
    /// # Errors
    /// [`RegistryError`] when the file can't be read or was changed outside hushkey: then no token is accepted.
    pub fn prove(
        &self,
        token: &TokenDigest,
        now: Timestamp,
    ) -> Result<Result<AgentName, NotProven>, RegistryError> {
        // A keyed MAC is compared, of which nobody outside can choose a prefix: how long that takes tells nothing.
        let digest = self.keys.digest(token);
        let mut open = self.lock();
        let table = open.current(&self.keys)?;
        let Some(row) = table.rows.iter().find(|row| row.digest == digest) else {
            return Ok(Err(NotProven::Unknown));
        };
        let agent = row.token.agent.clone();
        Ok(if row.token.is_in_force(now) {
            Ok(agent)
        } else if row.token.revoked.is_some() {
            Err(NotProven::Revoked(agent))
        } else {
            Err(NotProven::Expired(agent))
        })
    }

    /// Notes that a token is used; writes once an hour at most.
    ///
    /// # Errors
    /// [`RegistryError`] when the file can't be written. Nothing depends on it.
    pub fn note_use(&self, token: &TokenDigest, now: Timestamp) -> Result<(), RegistryError> {
        let digest = self.keys.digest(token);
        let mut open = self.lock();
        let rows = &mut open.current(&self.keys)?.rows;
        let Some(row) = rows.iter_mut().find(|row| row.digest == digest) else {
            return Ok(());
        };
        let noted = row.token.used.map(hour);
        if noted == Some(hour(now)) {
            return Ok(());
        }
        row.token.used = Timestamp::from_second(hour(now) * 3600).ok();
        let handle = row.handle;
        rows::note_use(&open.connection, &self.keys, &handle, now)?;
        Ok(())
    }

    /// Where the registry stands: an older copy in its place has a lower revision.
    ///
    /// # Errors
    /// [`RegistryError`] when the file can't be read.
    pub fn head(&self) -> Result<StoreHead, RegistryError> {
        let mut open = self.lock();
        let table = open.current(&self.keys)?;
        Ok(self.keys.store_head(table))
    }

    /// Changes the table in one transaction: from what it finds to what it leaves.
    fn change<T>(
        &self,
        work: impl FnOnce(&Keys, &mut Table) -> Result<T, RegistryError>,
    ) -> Result<T, RegistryError> {
        let mut open = self.lock();
        open.seen = None;
        let transaction = open
            .connection
            .transaction_with_behavior(TransactionBehavior::Immediate)?;
        let mut table = Table::read(&transaction, &self.keys)?;
        let made = work(&self.keys, &mut table)?;
        table.write(&transaction, &self.keys)?;
        transaction.commit()?;
        Ok(made)
    }

    /// A panic in another thread has left no transaction open: those end with their scope.
    fn lock(&self) -> MutexGuard<'_, Open> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl std::fmt::Debug for Registry {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Registry(..)")
    }
}

impl Open {
    /// The table as the file has it now.
    fn current(&mut self, keys: &Keys) -> Result<&mut Table, RegistryError> {
        let changes: i64 = self
            .connection
            .pragma_query_value(None, "data_version", |row| row.get(0))?;
        if self.seen != Some(changes) {
            self.seen = None;
            // One transaction, so that rows and head belong together.
            let transaction = self.connection.transaction()?;
            self.table = Table::read(&transaction, keys)?;
            transaction.commit()?;
            self.seen = Some(changes);
        }
        Ok(&mut self.table)
    }
}

impl Table {
    fn in_force(
        &mut self,
        agent: &AgentName,
        now: Timestamp,
    ) -> impl Iterator<Item = &mut AgentToken> {
        let tokens = self.rows.iter_mut().map(|row| &mut row.token);
        tokens.filter(move |token| token.agent == *agent && token.is_in_force(now))
    }

    fn add(
        &mut self,
        keys: &Keys,
        agent: &AgentName,
        expires: Option<Timestamp>,
        now: Timestamp,
    ) -> Secret {
        let token = token::NewToken::random();
        self.rows.push(Row {
            handle: rows::new_handle(),
            digest: keys.digest(&token.digest),
            token: AgentToken {
                agent: agent.clone(),
                hint: token.hint,
                created: now,
                expires,
                revoked: None,
                used: None,
            },
        });
        token.text
    }
}

fn hour(time: Timestamp) -> i64 {
    time.as_second().div_euclid(3600)
}

fn fill(transaction: &Transaction<'_>, holder: &dyn KeyHolder) -> rusqlite::Result<()> {
    let key = DataKey::random();
    let id = random_bytes::<16>().to_vec();
    transaction.execute_batch(rows::SCHEMA)?;
    transaction.pragma_update(None, "application_id", APPLICATION)?;
    transaction.pragma_update(None, "user_version", FORM)?;
    transaction.execute(
        "INSERT INTO registry (only, id, wrapped_key) VALUES (1, ?, ?)",
        (&id, holder.wrap(PURPOSE, &key)),
    )?;
    Table::default().write(transaction, &Keys::derive(&key, id))
}

fn check_form(connection: &Connection) -> Result<(), RegistryError> {
    let number = |pragma| connection.pragma_query_value(None, pragma, |row| row.get::<_, i32>(0));
    if number("application_id")? == APPLICATION && number("user_version")? == FORM {
        Ok(())
    } else {
        Err(RegistryError::Form)
    }
}

#[cfg(test)]
mod tests;
