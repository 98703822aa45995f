//! What SQLite's errors mean to somebody who uses a vault.
//!
//! SQLite sees ciphertext only, so its own words hold no value; they go to the operator's log all the same.

use rusqlite::{Error, ErrorCode, ffi};

use crate::{
    keys::KeyError, private_file::PrivateFileError, sqlite_file::SqliteFileError, vault::VaultError,
};

impl From<Error> for VaultError {
    fn from(error: Error) -> Self {
        let message = match &error {
            Error::SqliteFailure(failure, _) => match message(failure) {
                Some(message) => message,
                None => return corrupted(),
            },
            // A row that is missing, has another type or is too long: not as we write them.
            _ => return corrupted(),
        };
        Self::Unavailable {
            message: message.to_owned(),
            source: Some(Box::new(error)),
        }
    }
}

impl From<SqliteFileError> for VaultError {
    fn from(error: SqliteFileError) -> Self {
        let message = match error {
            SqliteFileError::Private(PrivateFileError::Missing { path }) => {
                format!(
                    "there is no store at `{}`; run `hushkey init`",
                    path.display()
                )
            }
            SqliteFileError::Sqlite(error) => return error.into(),
            error => format!("the store can't be opened: {error}"),
        };
        Self::Unavailable {
            message,
            source: None,
        }
    }
}

impl From<KeyError> for VaultError {
    fn from(error: KeyError) -> Self {
        match error {
            KeyError::Broken => Self::Corrupted {
                what: "the store's wrapped key".to_owned(),
            },
            KeyError::WrongKey => Self::Unavailable {
                message: "this is not the key of this store; put the right key back".to_owned(),
                source: None,
            },
            other => Self::Unavailable {
                message: other.to_string(),
                source: None,
            },
        }
    }
}

/// What is wrong and what to do; `None` when the file itself is damaged.
fn message(failure: &ffi::Error) -> Option<&'static str> {
    Some(match failure.code {
        ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked => {
            "another hushkey is writing to the store; try again"
        }
        ErrorCode::DiskFull => {
            "the disk is full and nothing was changed; free some space and try again"
        }
        ErrorCode::SystemIoFailure => match failure.extended_code {
            ffi::SQLITE_IOERR_FSYNC | ffi::SQLITE_IOERR_DIR_FSYNC => {
                "the disk did not confirm the change; read again to see whether it was made"
            }
            ffi::SQLITE_IOERR_WRITE | ffi::SQLITE_IOERR_TRUNCATE | ffi::SQLITE_IOERR_SHMSIZE => {
                "the store can't be written and nothing was changed: a full disk, a quota or a limit on \
                 the size of files (`ulimit -f`); raise it and try again"
            }
            ffi::SQLITE_IOERR_CORRUPTFS => return None,
            _ => "the store can't be read or written: the disk reports an error",
        },
        ErrorCode::ReadOnly => "the store can't be written: its file or file system is read-only",
        ErrorCode::CannotOpen
        | ErrorCode::PermissionDenied
        | ErrorCode::AuthorizationForStatementDenied => {
            "the store's files can't be opened; `hushkey doctor` tells more"
        }
        ErrorCode::NotADatabase => "the file is no hushkey store, or its beginning was damaged",
        ErrorCode::OutOfMemory => "there is not enough memory",
        ErrorCode::FileLockingProtocolFailed => {
            "the store's lock can't be had; try again, and keep the store on a local disk"
        }
        ErrorCode::TooBig => "that is more than the store can hold in one record",
        _ => return None,
    })
}

fn corrupted() -> VaultError {
    VaultError::Corrupted {
        what: "the store's file".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(code: i32) -> VaultError {
        Error::SqliteFailure(ffi::Error::new(code), None).into()
    }

    #[test]
    fn a_full_disk_and_a_busy_store_are_told_from_damage() {
        for (code, words) in [
            (ffi::SQLITE_FULL, "the disk is full and nothing was changed"),
            (ffi::SQLITE_IOERR_WRITE, "nothing was changed"),
            (ffi::SQLITE_IOERR_FSYNC, "read again"),
            (ffi::SQLITE_BUSY, "another hushkey is writing"),
            (ffi::SQLITE_BUSY_SNAPSHOT, "another hushkey is writing"),
            (ffi::SQLITE_READONLY_DBMOVED, "read-only"),
            (ffi::SQLITE_NOTADB, "no hushkey store"),
        ] {
            let error = told(code);
            assert!(matches!(error, VaultError::Unavailable { .. }), "{error:?}");
            assert!(error.to_string().contains(words), "{error}");
        }
        for code in [
            ffi::SQLITE_CORRUPT,
            ffi::SQLITE_CORRUPT_INDEX,
            ffi::SQLITE_ERROR,
            ffi::SQLITE_CONSTRAINT_UNIQUE,
        ] {
            assert!(matches!(told(code), VaultError::Corrupted { .. }));
        }
    }
}
