//! Why something was not asked, decided or taken.

use rusqlite::ErrorCode;

use crate::{private_file::PrivateFileError, seal::Broken, sqlite_file::SqliteFileError};

/// Why something was not asked, decided or taken. Whatever it is, it is no yes. Every message may be shown to a model.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ApprovalsError {
    /// A record does not match its seal.
    #[error(
        "a record of the approvals was changed outside hushkey, so it counts for nothing; ask again"
    )]
    Broken,

    /// What was decided is not what is about to be done.
    #[error("what was asked for has changed since a person looked at it; ask again")]
    Changed,

    /// It was decided before, or nobody waits for it any more.
    #[error("this was decided already, or nobody waits for it any more")]
    Decided,

    /// Its time is over.
    #[error("nobody decided in time; ask again")]
    Expired,

    /// The file is not usable as it lies there.
    #[error("the file of approvals can't be opened: {0}")]
    File(#[source] SqliteFileError),

    /// The file is not one of approvals, or one of a newer hushkey.
    #[error(
        "the file of approvals has a form that this hushkey does not know; update hushkey, or move the file away"
    )]
    Form,

    /// The agent has too much open already.
    #[error("too many requests of this agent are open; wait until a person has decided some")]
    TooMany,

    /// Nothing waits under this code.
    #[error("nothing waits under this code; `hushkey approve` lists what does")]
    Unknown,

    /// The system refused to read or write.
    #[error("the file of approvals can't be used at the moment; try again")]
    Unusable(#[source] rusqlite::Error),

    /// The file's key was wrapped by another key.
    #[error(
        "this is not the key of the file of approvals; put the right key back, or move the file away"
    )]
    WrongKey,
}

impl ApprovalsError {
    /// Tells whether it is the request's fault, and not the file's.
    #[must_use]
    pub fn is_no(&self) -> bool {
        matches!(
            self,
            Self::Broken | Self::Changed | Self::Decided | Self::Expired | Self::Unknown
        )
    }
}

impl From<rusqlite::Error> for ApprovalsError {
    fn from(source: rusqlite::Error) -> Self {
        match &source {
            rusqlite::Error::SqliteFailure(failure, _) => match failure.code {
                ErrorCode::NotADatabase => Self::Form,
                _ => Self::Unusable(source),
            },
            // A row that is missing or has another type: not as we write them.
            _ => Self::Broken,
        }
    }
}

impl From<SqliteFileError> for ApprovalsError {
    fn from(error: SqliteFileError) -> Self {
        match error {
            SqliteFileError::Sqlite(error) => error.into(),
            other => Self::File(other),
        }
    }
}

impl From<PrivateFileError> for ApprovalsError {
    fn from(error: PrivateFileError) -> Self {
        Self::File(error.into())
    }
}

impl From<Broken> for ApprovalsError {
    fn from(_: Broken) -> Self {
        Self::Broken
    }
}
