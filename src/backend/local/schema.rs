//! The tables, and the version of their layout.
//!
//! Ids, versions, states and sizes are in the clear; whatever a person wrote is not. The order in which
//! things are vouched for: head → tree → an item's overview → its details; its files are sealed under ids used once.

use rusqlite::{Connection, Transaction};

use crate::{
    backend::local::{head::Head, subkeys::Subkeys},
    keys::Kek,
    seal::DataKey,
    vault::{VaultError, VaultId},
};

/// Says in SQLite's own header whose file it is: "hush".
const APPLICATION: i32 = 0x6875_7368;
/// The layout below, and how keys are derived: 3 gave each vault keys of its own. From there on, a change adds a migration
/// from the version before.
const VERSION: i32 = 3;

const TABLES: &str = "
CREATE TABLE store (
    id    INTEGER PRIMARY KEY CHECK (id = 1),
    name  TEXT NOT NULL,                       -- 26 characters, made with the store
    key   BLOB NOT NULL                        -- the data key, wrapped; see keys::Kek::wrap
) STRICT;

CREATE TABLE head (
    id        INTEGER PRIMARY KEY CHECK (id = 1),
    revision  INTEGER NOT NULL,
    vaults    INTEGER NOT NULL,
    root      BLOB NOT NULL,
    mac       BLOB NOT NULL
) STRICT;

CREATE TABLE tree (
    number  INTEGER PRIMARY KEY,
    node    BLOB NOT NULL
) STRICT;

CREATE TABLE vaults (
    id      TEXT PRIMARY KEY,
    record  BLOB NOT NULL                      -- sealed
) STRICT, WITHOUT ROWID;

CREATE TABLE items (
    number    INTEGER PRIMARY KEY,
    id        TEXT NOT NULL UNIQUE,
    vault     TEXT NOT NULL REFERENCES vaults (id),
    version   INTEGER NOT NULL,
    state     INTEGER NOT NULL,                -- 0 active, 1 archived
    title     BLOB NOT NULL,                   -- blind index
    overview  BLOB NOT NULL                    -- sealed
) STRICT;
CREATE INDEX items_listed ON items (vault, state);
CREATE INDEX items_titled ON items (vault, title);

CREATE TABLE details (
    item    INTEGER PRIMARY KEY REFERENCES items (number),
    sealed  BLOB NOT NULL
) STRICT;

CREATE TABLE files (
    id      TEXT PRIMARY KEY,
    item    TEXT NOT NULL REFERENCES items (id),
    sealed  BLOB NOT NULL
) STRICT;
CREATE INDEX files_attached ON files (item);

CREATE TABLE environments (
    id      INTEGER PRIMARY KEY CHECK (id = 1),
    record  BLOB NOT NULL                      -- sealed: all of them
) STRICT;
";

/// Lays out an empty database, with a new data key wrapped by the owner's key.
pub(super) fn create(transaction: &Transaction<'_>, kek: &Kek) -> Result<(), VaultError> {
    transaction.execute_batch(TABLES)?;
    transaction.pragma_update(None, "application_id", APPLICATION)?;
    transaction.pragma_update(None, "user_version", VERSION)?;
    let (key, name) = (DataKey::random(), VaultId::random().as_str().to_owned());
    let wrapped = kek.wrap(&key, &context(&name));
    transaction.execute(
        "INSERT INTO store (id, name, key) VALUES (1, ?1, ?2)",
        (&name, wrapped),
    )?;
    Head::first().write(transaction, &Subkeys::derive(&key, name))
}

/// Makes sure that a database is a store of a layout that this hushkey knows.
pub(super) fn check(connection: &Connection) -> Result<(), VaultError> {
    let number = |pragma| connection.pragma_query_value(None, pragma, |row| row.get::<_, i32>(0));
    if number("application_id")? != APPLICATION {
        return Err(unavailable(
            "the file is an SQLite database and no hushkey store",
        ));
    }
    match number("user_version")? {
        VERSION => Ok(()),
        1 | 2 => Err(unavailable(
            "the store was written by a hushkey that was never released, and can't be read any more; make a new one",
        )),
        newer if newer > VERSION => Err(unavailable(
            "the store was written by a newer hushkey; update this one",
        )),
        _ => Err(VaultError::Corrupted {
            what: "the store's version".to_owned(),
        }),
    }
}

/// Tells whether tables and indexes are exactly those that we make, and nothing else is there.
pub(super) fn is_ours(connection: &Connection) -> Result<bool, VaultError> {
    let model = Connection::open_in_memory()?;
    model.execute_batch(TABLES)?;
    Ok(definitions(connection)? == definitions(&model)?)
}

fn definitions(connection: &Connection) -> Result<Vec<String>, VaultError> {
    // Indexes that SQLite makes by itself have no text.
    let lines = connection
        .prepare("SELECT type || name || coalesce(sql, '') FROM sqlite_schema ORDER BY 1")?
        .query_map([], |row| row.get(0))?
        .collect::<Result<_, _>>()?;
    Ok(lines)
}

/// What the wrapped data key is bound to.
pub(super) fn context(name: &str) -> Vec<u8> {
    [b"hushkey store ", name.as_bytes()].concat()
}

fn unavailable(message: &str) -> VaultError {
    VaultError::Unavailable {
        message: message.to_owned(),
        source: None,
    }
}
