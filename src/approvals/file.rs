//! The file itself: its tables, its key, its form.

use std::path::Path;

use jiff::Timestamp;
use rusqlite::{Connection, Transaction};

use crate::{
    approvals::{ApprovalsError, Lasting, keys::Keys},
    private_file::PrivateFileError,
    seal::{Broken, DataKey, KeyHolder, random_bytes},
    sqlite_file::{self, SqliteFileError},
};

/// Says that the file is ours, and of which form.
const APPLICATION: i32 = 0x6875_7370;
const FORM: i32 = 1;
/// What the file's key is wrapped for.
const PURPOSE: &str = "approvals";

const SCHEMA: &str = "
CREATE TABLE approvals (
    only INTEGER PRIMARY KEY CHECK (only = 1),
    id BLOB NOT NULL,
    wrapped_key BLOB NOT NULL
) STRICT;
CREATE TABLE request (
    id BLOB PRIMARY KEY,
    code BLOB NOT NULL UNIQUE,
    ticket BLOB UNIQUE,
    claimed INTEGER NOT NULL DEFAULT 0,
    expires INTEGER NOT NULL,
    sealed BLOB NOT NULL,
    decision BLOB
) STRICT;
CREATE TABLE lasting (
    only INTEGER PRIMARY KEY CHECK (only = 1),
    sealed BLOB NOT NULL
) STRICT;
";

/// Opens the file, or makes it, and unwraps its key.
pub(super) fn open(
    path: &Path,
    holder: &dyn KeyHolder,
) -> Result<(Connection, Keys), ApprovalsError> {
    let connection = match sqlite_file::open(path) {
        Err(SqliteFileError::Private(PrivateFileError::Missing { .. })) => {
            sqlite_file::create(path, |transaction| {
                fill(transaction, holder).map_err(ApprovalsError::from)
            })?;
            sqlite_file::open(path)?
        }
        opened => opened?,
    };
    check_form(&connection)?;
    let (id, wrapped): (Vec<u8>, Vec<u8>) =
        connection.query_row("SELECT id, wrapped_key FROM approvals", (), |row| {
            Ok((row.get(0)?, row.get(1)?))
        })?;
    let key = holder
        .unwrap(PURPOSE, &wrapped)
        .map_err(|Broken| ApprovalsError::WrongKey)?;
    Ok((connection, Keys::derive(&key, id)))
}

/// Wraps the file's key with another key.
pub(super) fn rewrap(
    transaction: &Transaction<'_>,
    old: &dyn KeyHolder,
    new: &dyn KeyHolder,
) -> Result<(), ApprovalsError> {
    let wrapped: Vec<u8> =
        transaction.query_row("SELECT wrapped_key FROM approvals", (), |row| row.get(0))?;
    let key = old
        .unwrap(PURPOSE, &wrapped)
        .map_err(|Broken| ApprovalsError::WrongKey)?;
    let wrapped = new.wrap(PURPOSE, &key);
    transaction.execute("UPDATE approvals SET wrapped_key = ?", [wrapped])?;
    Ok(())
}

/// Takes away the requests that ended before.
pub(super) fn clear(transaction: &Transaction<'_>, before: Timestamp) -> rusqlite::Result<()> {
    transaction
        .execute(
            "DELETE FROM request WHERE expires < ?",
            [before.as_second()],
        )
        .map(drop)
}

fn fill(transaction: &Transaction<'_>, holder: &dyn KeyHolder) -> rusqlite::Result<()> {
    let key = DataKey::random();
    let id = random_bytes::<16>().to_vec();
    transaction.execute_batch(SCHEMA)?;
    transaction.pragma_update(None, "application_id", APPLICATION)?;
    transaction.pragma_update(None, "user_version", FORM)?;
    transaction.execute(
        "INSERT INTO approvals (only, id, wrapped_key) VALUES (1, ?, ?)",
        (&id, holder.wrap(PURPOSE, &key)),
    )?;
    let keys = Keys::derive(&key, id);
    transaction
        .execute(
            "INSERT INTO lasting (only, sealed) VALUES (1, ?)",
            [keys.seal_lasting(&Lasting::default())],
        )
        .map(drop)
}

fn check_form(connection: &Connection) -> Result<(), ApprovalsError> {
    let number = |pragma| connection.pragma_query_value(None, pragma, |row| row.get::<_, i32>(0));
    if number("application_id")? == APPLICATION && number("user_version")? == FORM {
        Ok(())
    } else {
        Err(ApprovalsError::Form)
    }
}
