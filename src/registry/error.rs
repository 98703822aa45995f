//! Why a registry did not do its part.

use rusqlite::ErrorCode;

use crate::{
    access::{AgentName, VaultAccess},
    private_file::PrivateFileError,
    sqlite_file::SqliteFileError,
    vault::VaultId,
};

/// Why a registry did not do its part. Whoever wanted to prove something to it is not let in then.
///
/// Messages say what to do and may be shown to anybody; none repeats a token.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RegistryError {
    /// Several tokens have the name.
    #[error(
        "{count} tokens are called `{name}`; use an id instead, or name the server with --server"
    )]
    Ambiguous {
        /// The name.
        name: String,
        /// How many.
        count: usize,
    },

    /// A token was to reach further than its server.
    #[error(
        "the server has {} in vault {vault}, which is less than the token is to have; `hushkey connect vault grant` gives it more",
        .has.map_or_else(|| "nothing".to_owned(), |access| format!("`{access}`"))
    )]
    Beyond {
        /// The vault.
        vault: VaultId,
        /// What the server may do there, if anything.
        has: Option<VaultAccess>,
    },

    /// This is a copy on another machine, which takes no changes.
    #[error(
        "this is a copy of the Connect servers, which takes no changes; make them where it was copied from"
    )]
    Copy,

    /// The agent has a token that is in force.
    #[error("{0} has a token already; `hushkey agent rotate {0}` replaces it")]
    Exists(AgentName),

    /// The store does not give the keys of vaults that a server is to have.
    #[error("the keys of the vaults can't be had: {0}")]
    Keys(#[source] Box<dyn std::error::Error + Send + Sync>),

    /// The agent has no token that is in force.
    #[error(
        "{0} has no token in force; `hushkey agent list` shows who has, `hushkey agent create {0}` makes one"
    )]
    Missing(AgentName),

    /// There is no server, token, group or member of that name or id.
    #[error("there is no {what} `{name}`; {list} shows which there are")]
    NoSuch {
        /// What was looked for: `Connect server`.
        what: &'static str,
        /// How it was called.
        name: String,
        /// The command that lists them.
        list: &'static str,
    },

    /// A token without a vault opens nothing.
    #[error("a token needs at least one vault that its server has; name it with --vault")]
    NoVault,

    /// The file is not usable as it is; the subject is what lies in it.
    #[error("{subject} {source}")]
    Store {
        /// `the agents' tokens`.
        subject: &'static str,
        /// Why.
        #[source]
        source: Trouble,
    },

    /// Something else is called so.
    #[error("there is a {what} `{name}` already; choose another name")]
    Taken {
        /// What: `Connect server`.
        what: &'static str,
        /// How it is called.
        name: String,
    },

    /// A server's credentials open nothing in a copy.
    #[error(
        "these credentials open nothing here: their Connect server was deleted, or the copy is of another store; \
         `hushkey connect server create` makes new ones"
    )]
    Void,
}

/// What is wrong with a registry's file: the second half of a sentence that begins with what lies in it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Trouble {
    /// Other processes held the file for too long.
    #[error("are being changed by another hushkey; try again")]
    Busy,

    /// The file is not usable as it lies there.
    #[error("can't be opened: {0}")]
    File(#[source] SqliteFileError),

    /// The file is another one, or one of a newer hushkey.
    #[error("have a form that this hushkey does not know; update hushkey")]
    Form,

    /// A record does not match its seal, or one is missing or too many.
    #[error(
        "were changed outside hushkey, so no token is accepted; move the file away and make new ones"
    )]
    Tampered,

    /// SQLite refused.
    #[error("can't be read or written: the system reports an error on their file")]
    Unusable(#[source] rusqlite::Error),

    /// The file's key was wrapped by another key.
    #[error("were sealed with another key; put the right key back")]
    WrongKey,
}

impl RegistryError {
    /// Tells whether the file was changed by something else than hushkey.
    #[must_use]
    pub fn is_tampering(&self) -> bool {
        matches!(
            self,
            Self::Store {
                source: Trouble::Tampered,
                ..
            }
        )
    }
}

impl Trouble {
    pub(super) fn with(self, subject: &'static str) -> RegistryError {
        RegistryError::Store {
            subject,
            source: self,
        }
    }
}

impl From<rusqlite::Error> for Trouble {
    fn from(source: rusqlite::Error) -> Self {
        let rusqlite::Error::SqliteFailure(failure, _) = &source else {
            // A row that is missing or has another type: not as we write them.
            return Self::Tampered;
        };
        match failure.code {
            ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked => Self::Busy,
            ErrorCode::ConstraintViolation | ErrorCode::DatabaseCorrupt => Self::Tampered,
            ErrorCode::NotADatabase => Self::Form,
            _ => Self::Unusable(source),
        }
    }
}

impl From<SqliteFileError> for Trouble {
    fn from(error: SqliteFileError) -> Self {
        match error {
            SqliteFileError::Sqlite(error) => error.into(),
            other => Self::File(other),
        }
    }
}

impl From<PrivateFileError> for Trouble {
    fn from(error: PrivateFileError) -> Self {
        Self::File(error.into())
    }
}
