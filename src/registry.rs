//! Agents' tokens: made, listed, looked up, revoked. Digests only.
//!
//! A token proves over HTTP, and where the policy asks for it over stdio, which agent calls. The registry knows names and
//! times; what an agent may do is the policy's to say. It is one sealed SQLite file of its own, since tokens are neither
//! the store's (with a Connect server there is none) nor the log's. Nothing above these methods
//! knows that: whoever runs several servers can put a table of PostgreSQL in its place, with the same rows and head.

use std::path::Path;

use jiff::Timestamp;

use crate::{
    access::AgentName,
    seal::KeyHolder,
    vault::{Secret, StoreHead},
};

pub mod connect;
mod error;
mod rows;
mod sealed;
mod token;

pub use error::{RegistryError, Trouble};
use rows::Kept;
use sealed::{Keys, Row, SealedFile};
pub use token::{LENGTH, MANAGER_PREFIX, PREFIX, TokenDigest, tokens_in};

/// How the registry is called among the stores whose heads the audit log remembers.
pub const STORE_PREFIX: &str = "agents/";

/// The agents' tokens. May be used by several threads, and by several processes at once.
pub struct Registry {
    file: SealedFile<Kept>,
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
        let file = SealedFile::open(path, holder)?;
        Ok(Self { file })
    }

    /// Wraps the registry's key with another key of the owner's; no token changes.
    ///
    /// # Errors
    /// [`RegistryError`] when `old` is not the key of this registry.
    pub fn rewrap(&self, old: &dyn KeyHolder, new: &dyn KeyHolder) -> Result<(), RegistryError> {
        self.file.rewrap(old, new)
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
        self.file.change(|keys, rows| {
            if in_force(rows, agent, now).next().is_some() {
                return Err(RegistryError::Exists(agent.clone()));
            }
            Ok(add(rows, keys, agent, expires, now))
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
        self.file.change(|keys, rows| {
            if !rows.iter().any(|row| row.record.token.agent == *agent) {
                return Err(RegistryError::Missing(agent.clone()));
            }
            in_force(rows, agent, now).for_each(|token| token.revoked = Some(now));
            Ok(add(rows, keys, agent, expires, now))
        })
    }

    /// Revokes an agent's token; running servers refuse it from their next request on.
    ///
    /// # Errors
    /// [`RegistryError::Missing`] when none is in force; [`RegistryError`] when the file can't be changed.
    pub fn revoke(&self, agent: &AgentName, now: Timestamp) -> Result<(), RegistryError> {
        self.file.change(|_, rows| {
            let revoked = in_force(rows, agent, now);
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
        self.file.change(|_, rows| {
            let mut tokens = rows.iter().map(|row| &row.record.token);
            if tokens.any(|token| token.agent == *to) {
                return Err(RegistryError::Exists(to.clone()));
            }
            let tokens = rows.iter_mut().map(|row| &mut row.record.token);
            let of = tokens.filter(|token| token.agent == *from);
            match of.map(|token| token.agent = to.clone()).count() {
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
        let listed = |row: &Row<Kept>| AgentToken {
            used: row.used,
            ..row.record.token.clone()
        };
        let mut tokens: Vec<_> = self
            .file
            .look(|table| table.rows.iter().map(listed).collect())?;
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
        let digest = self.file.keys().digest(token.bytes());
        self.file.look(|table| {
            let row = table.index.get(&digest).map(|at| &table.rows[*at]);
            let token = &row.ok_or(NotProven::Unknown)?.record.token;
            let agent = token.agent.clone();
            if token.is_in_force(now) {
                Ok(agent)
            } else if token.revoked.is_some() {
                Err(NotProven::Revoked(agent))
            } else {
                Err(NotProven::Expired(agent))
            }
        })
    }

    /// Notes that a token is used; writes once an hour at most.
    ///
    /// # Errors
    /// [`RegistryError`] when the file can't be written. Nothing depends on it.
    pub fn note_use(&self, token: &TokenDigest, now: Timestamp) -> Result<(), RegistryError> {
        let digest = self.file.keys().digest(token.bytes());
        self.file
            .note_use(|table| table.index.get(&digest).copied(), now)
    }

    /// Where the registry stands: an older copy in its place has a lower revision.
    ///
    /// # Errors
    /// [`RegistryError`] when the file can't be read.
    pub fn head(&self) -> Result<StoreHead, RegistryError> {
        self.file.head()
    }
}

impl std::fmt::Debug for Registry {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Registry(..)")
    }
}

fn in_force<'r>(
    rows: &'r mut [Row<Kept>],
    agent: &AgentName,
    now: Timestamp,
) -> impl Iterator<Item = &'r mut AgentToken> {
    let tokens = rows.iter_mut().map(|row| &mut row.record.token);
    tokens.filter(move |token| token.agent == *agent && token.is_in_force(now))
}

fn add(
    rows: &mut Vec<Row<Kept>>,
    keys: &Keys,
    agent: &AgentName,
    expires: Option<Timestamp>,
    now: Timestamp,
) -> Secret {
    let token = token::NewToken::random(PREFIX);
    rows.push(Row::new(Kept {
        digest: keys.digest(token.digest.bytes()),
        token: AgentToken {
            agent: agent.clone(),
            hint: token.hint,
            created: now,
            expires,
            revoked: None,
            used: None,
        },
    }));
    token.text
}

#[cfg(test)]
mod tests;
