//! Why the audit log did not do its part.

use rusqlite::{ErrorCode, ffi};

use crate::{private_file::PrivateFileError, sqlite_file::SqliteFileError};

/// Why the audit log did not do its part. Then nothing is released.
///
/// Messages say what to do and may be shown to a model; what the system said is in `source`.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AuditError {
    /// Other processes held the log for too long.
    #[error("another hushkey is writing to the audit log, so nothing is released; try again")]
    Busy,

    /// The file is not usable as it lies there.
    #[error("the audit log can't be opened, so nothing is released: {0}")]
    File(#[source] SqliteFileError),

    /// No space is left.
    #[error(
        "the audit log can't be written, so nothing is released: the disk is full; free some space and try again"
    )]
    Full,

    /// The file is no audit log, or one of a newer hushkey.
    #[error(
        "the audit log has a form that this hushkey does not know, so nothing is released; update hushkey, or move the file away"
    )]
    Form,

    /// A record does not match its seal.
    #[error(
        "the audit log was changed outside hushkey, so nothing is released; `hushkey log --verify` tells where, and a new \
         one is begun when the file is moved away"
    )]
    Tampered,

    /// The system refused to write.
    #[error("the audit log can't be written, so nothing is released: {what}")]
    Unwritable {
        /// What is wrong and what to do.
        what: &'static str,
        /// What SQLite said.
        #[source]
        source: rusqlite::Error,
    },

    /// The log's key was wrapped by another key.
    #[error("this is not the key of the audit log, so nothing is released; put the right key back")]
    WrongKey,
}

impl From<rusqlite::Error> for AuditError {
    fn from(source: rusqlite::Error) -> Self {
        let rusqlite::Error::SqliteFailure(failure, _) = &source else {
            // A row that is missing or has another type: not as we write them.
            return Self::Tampered;
        };
        match failure.code {
            ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked => Self::Busy,
            ErrorCode::DiskFull => Self::Full,
            ErrorCode::ConstraintViolation | ErrorCode::DatabaseCorrupt => Self::Tampered,
            ErrorCode::NotADatabase => Self::Form,
            ErrorCode::SystemIoFailure
                if matches!(
                    failure.extended_code,
                    ffi::SQLITE_IOERR_WRITE
                        | ffi::SQLITE_IOERR_TRUNCATE
                        | ffi::SQLITE_IOERR_SHMSIZE
                ) =>
            {
                Self::Unwritable {
                    what: "a full disk, a quota or a limit on the size of files (`ulimit -f`); raise it and try again",
                    source,
                }
            }
            ErrorCode::ReadOnly => Self::Unwritable {
                what: "its file or file system is read-only",
                source,
            },
            _ => Self::Unwritable {
                what: "the system reports an error on its file",
                source,
            },
        }
    }
}

impl From<SqliteFileError> for AuditError {
    fn from(error: SqliteFileError) -> Self {
        match error {
            SqliteFileError::Sqlite(error) => error.into(),
            other => Self::File(other),
        }
    }
}

impl From<PrivateFileError> for AuditError {
    fn from(error: PrivateFileError) -> Self {
        Self::File(error.into())
    }
}
