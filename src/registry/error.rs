//! Why the registry did not do its part.

use rusqlite::ErrorCode;

use crate::{access::AgentName, private_file::PrivateFileError, sqlite_file::SqliteFileError};

/// Why the registry did not do its part. Then no token is accepted.
///
/// Messages say what to do and may be shown to anybody; none repeats a token.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RegistryError {
    /// Other processes held the file for too long.
    #[error("another hushkey is changing the agents' tokens; try again")]
    Busy,

    /// The agent has a token that is in force.
    #[error("{0} has a token already; `hushkey agent rotate {0}` replaces it")]
    Exists(AgentName),

    /// The file is not usable as it lies there.
    #[error("the agents' tokens can't be opened: {0}")]
    File(#[source] SqliteFileError),

    /// The file is another one, or one of a newer hushkey.
    #[error("the agents' tokens have a form that this hushkey does not know; update hushkey")]
    Form,

    /// The agent has no token that is in force.
    #[error(
        "{0} has no token in force; `hushkey agent list` shows who has, `hushkey agent create {0}` makes one"
    )]
    Missing(AgentName),

    /// A record does not match its seal, or one is missing or too many.
    #[error(
        "the agents' tokens were changed outside hushkey, so none is accepted; move the file away and make new ones with \
         `hushkey agent create`"
    )]
    Tampered,

    /// SQLite refused.
    #[error(
        "the agents' tokens can't be read or written: the system reports an error on their file"
    )]
    Unusable(#[source] rusqlite::Error),

    /// The file's key was wrapped by another key.
    #[error("this is not the key of the agents' tokens; put the right key back")]
    WrongKey,
}

impl From<rusqlite::Error> for RegistryError {
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

impl From<SqliteFileError> for RegistryError {
    fn from(error: SqliteFileError) -> Self {
        match error {
            SqliteFileError::Sqlite(error) => error.into(),
            other => Self::File(other),
        }
    }
}

impl From<PrivateFileError> for RegistryError {
    fn from(error: PrivateFileError) -> Self {
        Self::File(error.into())
    }
}
