//! How tokens lie on disk, and how they are read whole.
//!
//! ```text
//! token.handle  16 random bytes
//! token.digest  mac(registry id, SHA-256 of the token): found without being a digest that somebody could compare
//! token.sealed  seal(form (1 byte, 1) | postcard of `Record`; registry id, handle)
//! token.used    seal(hours since 1970; registry id, handle), or nothing
//! head.mac      mac(registry id, revision, handle, digest and sealed of each token)
//! ```
//!
//! The head vouches for the whole table: a token that was removed, added, or put back from before its revocation does not
//! fit. `used` is a help for people and not vouched for. There are as many rows as a team has agents, so they
//! are all read at once, whenever the file has changed.

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, Transaction};
use serde::{Deserialize, Serialize};

use crate::{
    access::AgentName,
    registry::{AgentToken, RegistryError, TokenDigest},
    seal::{Broken, DataKey, Subkey, random_bytes, same_mac},
    vault::StoreHead,
};

/// How tokens are stored: all that is readable is their number and size.
pub(super) const SCHEMA: &str = "
CREATE TABLE registry (
    only INTEGER PRIMARY KEY CHECK (only = 1),
    id BLOB NOT NULL,
    wrapped_key BLOB NOT NULL
) STRICT;
CREATE TABLE token (
    handle BLOB PRIMARY KEY,
    digest BLOB NOT NULL UNIQUE,
    sealed BLOB NOT NULL,
    used BLOB
) STRICT;
CREATE TABLE head (
    only INTEGER PRIMARY KEY CHECK (only = 1),
    revision INTEGER NOT NULL,
    mac BLOB NOT NULL
) STRICT;
";

const FORM: u8 = 1;

/// What is sealed of one token. The format: a change to it is a new form.
#[derive(Serialize, Deserialize)]
struct Record {
    agent: String,
    hint: String,
    /// Seconds since 1970, as the others.
    created: i64,
    expires: Option<i64>,
    revoked: Option<i64>,
}

/// The registry's keys, each for one use.
pub(super) struct Keys {
    id: Vec<u8>,
    digest: Subkey,
    head: Subkey,
    record: Subkey,
    used: Subkey,
}

/// One row, opened.
#[derive(Clone)]
pub(super) struct Row {
    pub(super) handle: [u8; 16],
    pub(super) digest: [u8; 32],
    pub(super) token: AgentToken,
}

/// The whole table at one revision.
#[derive(Default)]
pub(super) struct Table {
    pub(super) revision: u64,
    mac: [u8; 32],
    pub(super) rows: Vec<Row>,
}

impl Keys {
    pub(super) fn derive(key: &DataKey, id: Vec<u8>) -> Self {
        Self {
            id,
            digest: key.subkey("registry/digest"),
            head: key.subkey("registry/head"),
            record: key.subkey("registry/record"),
            used: key.subkey("registry/used"),
        }
    }

    /// What a token is found by.
    pub(super) fn digest(&self, token: &TokenDigest) -> [u8; 32] {
        self.digest.mac(&[&self.id, token.bytes()])
    }

    /// Where the registry stands, for whoever remembers it elsewhere.
    pub(super) fn store_head(&self, table: &Table) -> StoreHead {
        let id = data_encoding::HEXLOWER.encode(&self.id);
        StoreHead {
            store: format!("{}{id}", super::STORE_PREFIX),
            revision: table.revision,
            mark: table.mac,
        }
    }

    fn place(&self, handle: &[u8]) -> Vec<u8> {
        [&self.id[..], handle].concat()
    }

    fn seal(&self, row: &Row) -> Vec<u8> {
        let token = &row.token;
        let record = Record {
            agent: token.agent.as_str().to_owned(),
            hint: token.hint.clone(),
            created: token.created.as_second(),
            expires: token.expires.map(Timestamp::as_second),
            revoked: token.revoked.map(Timestamp::as_second),
        };
        let bytes = postcard::to_extend(&record, vec![FORM]).expect("a vector takes any record");
        self.record.seal(&self.place(&row.handle), &bytes)
    }

    fn open(
        &self,
        handle: [u8; 16],
        digest: [u8; 32],
        sealed: &[u8],
        used: Option<&[u8]>,
    ) -> Result<Row, Broken> {
        let bytes = self.record.open(&self.place(&handle), sealed)?;
        let record: Record = match bytes.split_first() {
            Some((&FORM, rest)) => postcard::from_bytes(rest).map_err(|_| Broken)?,
            _ => return Err(Broken),
        };
        let time = |seconds| Timestamp::from_second(seconds).map_err(|_| Broken);
        Ok(Row {
            handle,
            digest,
            token: AgentToken {
                agent: AgentName::parse(&record.agent).map_err(|_| Broken)?,
                hint: record.hint,
                created: time(record.created)?,
                expires: record.expires.map(time).transpose()?,
                revoked: record.revoked.map(time).transpose()?,
                used: used.and_then(|used| self.opened_use(&handle, used)),
            },
        })
    }

    /// A use that can't be read is as good as none.
    fn opened_use(&self, handle: &[u8], sealed: &[u8]) -> Option<Timestamp> {
        let hours = self.used.open(&self.place(handle), sealed).ok()?;
        let hours = i64::from_le_bytes(hours[..].try_into().ok()?);
        Timestamp::from_second(hours.checked_mul(3600)?).ok()
    }
}

impl Table {
    /// Reads and checks all rows.
    ///
    /// # Errors
    /// [`RegistryError::Tampered`] when a row or the head does not fit.
    pub(super) fn read(connection: &Connection, keys: &Keys) -> Result<Self, RegistryError> {
        let head = connection
            .prepare_cached("SELECT revision, mac FROM head")?
            .query_row((), |row| {
                Ok((row.get::<_, i64>(0)?.cast_unsigned(), row.get(1)?))
            })
            .optional()?;
        let (revision, mac): (u64, [u8; 32]) = head.ok_or(RegistryError::Tampered)?;
        let mut statement = connection
            .prepare_cached("SELECT handle, digest, sealed, used FROM token ORDER BY handle")?;
        let mut found = statement.query(())?;
        let mut vouched = Vouched::new(keys, revision);
        let mut rows = Vec::new();
        while let Some(row) = found.next()? {
            let (handle, digest): ([u8; 16], [u8; 32]) = (row.get(0)?, row.get(1)?);
            let sealed: Vec<u8> = row.get(2)?;
            let used: Option<Vec<u8>> = row.get(3)?;
            vouched.add(&handle, &digest, &sealed);
            let opened = keys.open(handle, digest, &sealed, used.as_deref());
            rows.push(opened.map_err(|Broken| RegistryError::Tampered)?);
        }
        if !same_mac(&mac, &vouched.mac()) {
            return Err(RegistryError::Tampered);
        }
        Ok(Self {
            revision,
            mac,
            rows,
        })
    }

    /// Writes all rows and a head that vouches for them.
    pub(super) fn write(
        &mut self,
        transaction: &Transaction<'_>,
        keys: &Keys,
    ) -> rusqlite::Result<()> {
        self.revision += 1;
        self.rows.sort_by_key(|row| row.handle);
        let mut vouched = Vouched::new(keys, self.revision);
        let mut put = transaction.prepare_cached(
            "INSERT INTO token (handle, digest, sealed) VALUES (?, ?, ?)
             ON CONFLICT (handle) DO UPDATE SET digest = excluded.digest, sealed = excluded.sealed",
        )?;
        for row in &self.rows {
            let sealed = keys.seal(row);
            vouched.add(&row.handle, &row.digest, &sealed);
            put.execute((row.handle, row.digest, &sealed))?;
        }
        self.mac = vouched.mac();
        transaction
            .prepare_cached("REPLACE INTO head (only, revision, mac) VALUES (1, ?, ?)")?
            .execute((self.revision.cast_signed(), self.mac))
            .map(drop)
    }
}

/// Notes that a token was used in this hour.
pub(super) fn note_use(
    connection: &Connection,
    keys: &Keys,
    handle: &[u8; 16],
    now: Timestamp,
) -> rusqlite::Result<()> {
    let hours = now.as_second().div_euclid(3600);
    let sealed = keys.used.seal(&keys.place(handle), &hours.to_le_bytes());
    connection
        .prepare_cached("UPDATE token SET used = ? WHERE handle = ?")?
        .execute((sealed, handle))
        .map(drop)
}

/// A handle that no row has.
pub(super) fn new_handle() -> [u8; 16] {
    random_bytes()
}

/// What the head's MAC is made over.
struct Vouched<'k> {
    keys: &'k Keys,
    parts: Vec<Vec<u8>>,
}

impl<'k> Vouched<'k> {
    fn new(keys: &'k Keys, revision: u64) -> Self {
        let parts = vec![keys.id.clone(), revision.to_le_bytes().to_vec()];
        Self { keys, parts }
    }

    fn add(&mut self, handle: &[u8], digest: &[u8], sealed: &[u8]) {
        let parts = [handle, digest, sealed].map(<[u8]>::to_vec);
        self.parts.extend(parts);
    }

    fn mac(&self) -> [u8; 32] {
        let parts: Vec<&[u8]> = self.parts.iter().map(Vec::as_slice).collect();
        self.keys.head.mac(&parts)
    }
}
