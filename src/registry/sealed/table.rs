//! The records of a sealed file at one revision: read and checked, and written with a head that vouches for them.

use std::collections::BTreeSet;

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, Transaction};

use super::{Keys, Record};
use crate::{
    registry::error::Trouble,
    seal::{Broken, random_bytes, same_mac},
};

/// One row, opened.
pub(in crate::registry) struct Row<R> {
    pub(super) handle: [u8; 16],
    pub(in crate::registry) record: R,
    /// The hour in which it was last used, if ever.
    pub(in crate::registry) used: Option<Timestamp>,
}

/// All rows at one revision.
pub(in crate::registry) struct Table<R: Record> {
    pub(super) revision: u64,
    pub(super) mac: [u8; 32],
    pub(in crate::registry) rows: Vec<Row<R>>,
    pub(in crate::registry) index: R::Index,
}

impl<R> Row<R> {
    /// A new record's row.
    pub(in crate::registry) fn new(record: R) -> Self {
        Self {
            handle: random_bytes(),
            record,
            used: None,
        }
    }
}

impl<R: Record> Default for Table<R> {
    fn default() -> Self {
        Self {
            revision: 0,
            mac: [0; 32],
            rows: Vec::new(),
            index: R::Index::default(),
        }
    }
}

impl<R: Record> Table<R> {
    /// Reads and checks all rows; the index is left to whoever needs it.
    ///
    /// # Errors
    /// [`Trouble::Tampered`] when a row or the head does not fit.
    pub(super) fn read(connection: &Connection, keys: &Keys) -> Result<Self, Trouble> {
        let head = connection
            .prepare_cached("SELECT revision, mac FROM head")?
            .query_row((), |row| {
                Ok((row.get::<_, i64>(0)?.cast_unsigned(), row.get(1)?))
            })
            .optional()?;
        let (revision, mac): (u64, [u8; 32]) = head.ok_or(Trouble::Tampered)?;
        let mut statement =
            connection.prepare_cached("SELECT handle, sealed, used FROM record ORDER BY handle")?;
        let mut found = statement.query(())?;
        let mut vouched = Vouched::new(keys, revision);
        let mut rows = Vec::new();
        while let Some(row) = found.next()? {
            let handle: [u8; 16] = row.get(0)?;
            let sealed: Vec<u8> = row.get(1)?;
            let used: Option<Vec<u8>> = row.get(2)?;
            let record = keys.opened(&handle, &sealed);
            let used = used.and_then(|used| keys.opened_use(&handle, &used));
            vouched.add(&handle, sealed);
            rows.push(Row {
                handle,
                record: record.map_err(|Broken| Trouble::Tampered)?,
                used,
            });
        }
        if !same_mac(&mac, &vouched.mac()) {
            return Err(Trouble::Tampered);
        }
        Ok(Self {
            revision,
            mac,
            rows,
            index: R::Index::default(),
        })
    }

    /// Writes all rows and a head that vouches for them; `before` has the handles that are in the file.
    pub(super) fn write(
        &mut self,
        transaction: &Transaction<'_>,
        keys: &Keys,
        before: &BTreeSet<[u8; 16]>,
    ) -> rusqlite::Result<()> {
        self.revision += 1;
        self.rows.sort_by_key(|row| row.handle);
        let mut gone = before.clone();
        let mut vouched = Vouched::new(keys, self.revision);
        let mut put = transaction.prepare_cached(
            "INSERT INTO record (handle, sealed) VALUES (?, ?)
             ON CONFLICT (handle) DO UPDATE SET sealed = excluded.sealed",
        )?;
        for row in &self.rows {
            let sealed = keys.sealed(row);
            put.execute((row.handle, &sealed))?;
            vouched.add(&row.handle, sealed);
            gone.remove(&row.handle);
        }
        let mut remove = transaction.prepare_cached("DELETE FROM record WHERE handle = ?")?;
        for handle in gone {
            remove.execute([handle])?;
        }
        transaction.execute("DELETE FROM lent", ())?;
        let mut lend =
            transaction.prepare_cached("INSERT INTO lent (handle, sealed) VALUES (?, ?)")?;
        for (handle, sealed) in R::lent(&self.rows, self.revision) {
            lend.execute((handle, sealed))?;
        }
        self.mac = vouched.mac();
        transaction
            .prepare_cached("REPLACE INTO head (only, revision, mac) VALUES (1, ?, ?)")?
            .execute((self.revision.cast_signed(), self.mac))
            .map(drop)
    }
}

impl Keys {
    fn sealed<R: Record>(&self, row: &Row<R>) -> Vec<u8> {
        let mut bytes = row.record.to_bytes();
        bytes.insert(0, self.form);
        self.record.seal(&self.place(&row.handle), &bytes)
    }

    fn opened<R: Record>(&self, handle: &[u8], sealed: &[u8]) -> Result<R, Broken> {
        let bytes = self.record.open(&self.place(handle), sealed)?;
        match bytes.split_first() {
            Some((form, rest)) if *form == self.form => R::from_bytes(rest).ok_or(Broken),
            _ => Err(Broken),
        }
    }

    /// A use that can't be read is as good as none.
    fn opened_use(&self, handle: &[u8], sealed: &[u8]) -> Option<Timestamp> {
        let hours = self.used.open(&self.place(handle), sealed).ok()?;
        let hours = i64::from_le_bytes(hours[..].try_into().ok()?);
        Timestamp::from_second(hours.checked_mul(3600)?).ok()
    }
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

    fn add(&mut self, handle: &[u8], sealed: Vec<u8>) {
        self.parts.push(handle.to_vec());
        self.parts.push(sealed);
    }

    fn mac(&self) -> [u8; 32] {
        let parts: Vec<&[u8]> = self.parts.iter().map(Vec::as_slice).collect();
        self.keys.head.mac(&parts)
    }
}
