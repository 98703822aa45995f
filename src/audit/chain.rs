//! Seals, the chain through all entries, and the head that closes it.
//!
//! ```text
//! entry.sealed  seal(record; log id, seq)
//! entry.chain   mac(log id, seq, chain of the entry before, sealed)     first: of 32 zero bytes
//! entry.code    mac(code), for a denial: found without being readable
//! head.anchors  seal(where each store stood; log id, seq)
//! head.mac      mac(log id, seq, chain of the last entry, anchors)
//! ```
//!
//! An entry that is changed, moved or exchanged does not open in its place; one that is taken out breaks the chain;
//! taking out the last ones leaves a head that knows of more. Putting the whole file back as it once was is noticed by
//! nothing in it.

use rusqlite::{Connection, OptionalExtension, Transaction};
use zeroize::Zeroizing;

use crate::{
    audit::{AuditError, RequestCode, anchor::Anchors},
    seal::{Broken, DataKey, Subkey, same_mac},
    vault::ServerId,
};

/// The chain before the first entry.
pub(super) const BEGINNING: [u8; 32] = [0; 32];

/// The log's keys, each for one use.
pub(super) struct Keys {
    id: Vec<u8>,
    anchors: Subkey,
    chain: Subkey,
    code: Subkey,
    entry: Subkey,
    head: Subkey,
    server: Subkey,
}

impl Keys {
    pub(super) fn derive(key: &DataKey, id: Vec<u8>) -> Self {
        Self {
            id,
            anchors: key.subkey("audit/anchors"),
            chain: key.subkey("audit/chain"),
            code: key.subkey("audit/code"),
            entry: key.subkey("audit/entry"),
            head: key.subkey("audit/head"),
            server: key.subkey("audit/server"),
        }
    }

    pub(super) fn seal(&self, seq: u64, record: &[u8]) -> Vec<u8> {
        self.entry.seal(&self.place(seq), record)
    }

    pub(super) fn open(&self, seq: u64, sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, Broken> {
        self.entry.open(&self.place(seq), sealed)
    }

    pub(super) fn link(&self, seq: u64, before: &[u8], sealed: &[u8]) -> [u8; 32] {
        self.chain
            .mac(&[&self.id, &seq.to_le_bytes(), before, sealed])
    }

    pub(super) fn code(&self, code: &RequestCode) -> [u8; 32] {
        self.code.mac(&[&self.id, code.as_str().as_bytes()])
    }

    pub(super) fn server(&self, server: &ServerId) -> [u8; 32] {
        self.server.mac(&[&self.id, server.as_str().as_bytes()])
    }

    fn place(&self, seq: u64) -> Vec<u8> {
        [&self.id[..], &seq.to_le_bytes()].concat()
    }
}

/// Where the log stands.
pub(super) struct Head {
    /// The last entry's number, which is how many there are.
    pub(super) seq: u64,
    /// The last entry's link.
    pub(super) chain: [u8; 32],
    /// Where each store stood.
    pub(super) anchors: Anchors,
}

impl Head {
    pub(super) fn beginning() -> Self {
        Self {
            seq: 0,
            chain: BEGINNING,
            anchors: Anchors::default(),
        }
    }

    /// Reads the head.
    ///
    /// # Errors
    /// [`AuditError::Tampered`] when it is gone or does not match its MAC.
    pub(super) fn read(connection: &Connection, keys: &Keys) -> Result<Self, AuditError> {
        let mut statement =
            connection.prepare_cached("SELECT seq, chain, anchors, mac FROM head")?;
        let row = statement
            .query_row((), |row| {
                let seq: i64 = row.get(0)?;
                let chain: [u8; 32] = row.get(1)?;
                let anchors: Vec<u8> = row.get(2)?;
                let mac: [u8; 32] = row.get(3)?;
                Ok((seq.cast_unsigned(), chain, anchors, mac))
            })
            .optional()?;
        let (seq, chain, anchors, mac) = row.ok_or(AuditError::Tampered)?;
        if !same_mac(&mac, &Self::mac(keys, seq, &chain, &anchors)) {
            return Err(AuditError::Tampered);
        }
        let anchors = keys
            .anchors
            .open(&keys.place(seq), &anchors)
            .and_then(|bytes| Anchors::decode(&bytes))
            .map_err(|Broken| AuditError::Tampered)?;
        Ok(Self {
            seq,
            chain,
            anchors,
        })
    }

    pub(super) fn write(&self, transaction: &Transaction<'_>, keys: &Keys) -> rusqlite::Result<()> {
        let anchors = keys
            .anchors
            .seal(&keys.place(self.seq), &self.anchors.encode());
        let mac = Self::mac(keys, self.seq, &self.chain, &anchors);
        transaction
            .prepare_cached(
                "REPLACE INTO head (only, seq, chain, anchors, mac) VALUES (1, ?, ?, ?, ?)",
            )?
            .execute((self.seq.cast_signed(), self.chain, anchors, mac))
            .map(drop)
    }

    fn mac(keys: &Keys, seq: u64, chain: &[u8], anchors: &[u8]) -> [u8; 32] {
        keys.head
            .mac(&[&keys.id, &seq.to_le_bytes(), chain, anchors])
    }
}
