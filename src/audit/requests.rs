//! Which entries are requests over the Connect API: for paging through one server's, newest first, without reading the rest.
//!
//! ```text
//! request.server  mac(log id, server's id)
//! request.n       counts the server's requests, without gaps; where the log was pruned, it begins later
//! request.seq     the entry that says what was decided; how it ended is no request
//! ```
//!
//! A row is written with its entry, in one transaction. The rows have no seal of their own: what they lead to is opened and
//! compared, a gap is noticed, and [`AuditLog::verify`] holds all of them against all entries.

use std::collections::HashMap;

use rusqlite::{Connection, OptionalExtension, Transaction};

use crate::{
    audit::{AuditError, AuditLog, Entry, Event, NewEntry, chain::Keys, record},
    vault::ServerId,
};

pub(super) const SCHEMA: &str = "
CREATE TABLE request (
    server BLOB NOT NULL,
    n INTEGER NOT NULL,
    seq INTEGER NOT NULL,
    PRIMARY KEY (server, n)
) STRICT, WITHOUT ROWID;
";

/// A page of a server's requests.
#[derive(Clone, Debug, Default)]
pub struct Requests {
    /// The entries, newest first.
    pub entries: Vec<Entry>,
    /// How many there are in all, apart from those that were pruned.
    pub total: u64,
}

/// What a server's requests are found by.
type Key = [u8; 32];

impl AuditLog {
    /// Reads a server's requests, newest first, from the one after `offset` others on. Takes as long as `limit` is.
    ///
    /// # Errors
    /// [`AuditError::Tampered`] when a request is not where it was written; else what keeps the log from being read.
    pub fn requests(
        &self,
        server: &ServerId,
        limit: u64,
        offset: u64,
    ) -> Result<Requests, AuditError> {
        let mut connection = self.connection();
        // One snapshot of rows and entries, whatever others write meanwhile.
        let transaction = connection.transaction()?;
        let key = self.keys.server(server);
        let Some((first, last)) = bounds(&transaction, &key)? else {
            return Ok(Requests::default());
        };
        let total = last + 1 - first;
        let mut entries = Vec::new();
        let mut statement = transaction.prepare_cached(
            "SELECT entry.seq, sealed, n FROM request LEFT JOIN entry USING (seq)
             WHERE server = ? AND n <= ? ORDER BY n DESC LIMIT ?",
        )?;
        let newest = last.saturating_sub(offset);
        let wanted = limit.min(total.saturating_sub(offset));
        let mut rows = statement.query((&key, newest.cast_signed(), wanted.cast_signed()))?;
        while let Some(row) = rows.next()? {
            let n = row.get::<_, i64>(2)?.cast_unsigned();
            let (_, entry) = self.entry(row)?;
            let entry = entry.ok_or(AuditError::Tampered)?;
            if n + entries.len() as u64 != newest || entry.requester() != Some(server) {
                return Err(AuditError::Tampered);
            }
            entries.push(entry);
        }
        if entries.len() as u64 != wanted {
            return Err(AuditError::Tampered);
        }
        Ok(Requests { entries, total })
    }
}

impl Entry {
    /// The server whose request it is, if it says what was decided on one.
    pub(super) fn requester(&self) -> Option<&ServerId> {
        requester(self.actor.as_ref().map(|actor| &actor.server), &self.event)
    }
}

impl NewEntry {
    /// As [`Entry::requester`].
    pub(super) fn requester(&self) -> Option<&ServerId> {
        requester(self.actor.as_ref().map(|actor| &actor.server), &self.event)
    }
}

fn requester<'a>(server: Option<&'a ServerId>, event: &Event) -> Option<&'a ServerId> {
    server.filter(|_| !matches!(event, Event::Ended { .. }))
}

/// Notes that an entry is the server's next request.
pub(super) fn note(
    transaction: &Transaction<'_>,
    keys: &Keys,
    server: &ServerId,
    seq: u64,
) -> rusqlite::Result<()> {
    transaction
        .prepare_cached(
            "INSERT INTO request (server, n, seq) VALUES (?1,
                 1 + coalesce((SELECT n FROM request WHERE server = ?1 ORDER BY n DESC LIMIT 1), 0), ?2)",
        )?
        .execute((keys.server(server), seq.cast_signed()))
        .map(drop)
}

/// Takes out the rows of entries up to `seq`, which are gone.
pub(super) fn prune(transaction: &Transaction<'_>, seq: u64) -> rusqlite::Result<()> {
    transaction
        .execute("DELETE FROM request WHERE seq <= ?", [seq.cast_signed()])
        .map(drop)
}

/// Makes the table for a log that has none. What can't be opened is left out: [`AuditLog::verify`] tells of it.
pub(super) fn upgrade(transaction: &Transaction<'_>, keys: &Keys) -> rusqlite::Result<()> {
    transaction.execute_batch(SCHEMA)?;
    let mut statement = transaction.prepare("SELECT seq, sealed FROM entry ORDER BY seq")?;
    let mut rows = statement.query(())?;
    while let Some(row) = rows.next()? {
        let seq = row.get::<_, i64>(0)?.cast_unsigned();
        let sealed = row.get_ref(1)?.as_blob().unwrap_or_default();
        let opened = keys.open(seq, sealed);
        let entry = opened.and_then(|bytes| record::decode(seq, &bytes));
        if let Some(server) = entry.ok().as_ref().and_then(Entry::requester) {
            note(transaction, keys, server, seq)?;
        }
    }
    Ok(())
}

/// The numbers of a server's first and last request.
fn bounds(connection: &Connection, key: &Key) -> Result<Option<(u64, u64)>, AuditError> {
    let end = |sql: &str| {
        connection
            .prepare_cached(sql)?
            .query_row([key], |row| row.get::<_, i64>(0))
            .optional()
    };
    let first = end("SELECT n FROM request WHERE server = ? ORDER BY n LIMIT 1")?;
    let last = end("SELECT n FROM request WHERE server = ? ORDER BY n DESC LIMIT 1")?;
    match first.zip(last) {
        Some((first, last)) if first >= 1 && last < i64::MAX => {
            Ok(Some((first.cast_unsigned(), last.cast_unsigned())))
        }
        Some(_) => Err(AuditError::Tampered),
        None => Ok(None),
    }
}

/// Holds the rows against the entries, one after the other.
pub(super) struct Check<'t> {
    transaction: &'t Transaction<'t>,
    keys: &'t Keys,
    /// Whether older entries may be missing.
    pruned: bool,
    /// The number of each server's next request.
    next: HashMap<Key, u64>,
    found: u64,
    fits: bool,
}

impl<'t> Check<'t> {
    pub(super) fn new(transaction: &'t Transaction<'t>, keys: &'t Keys, pruned: bool) -> Self {
        Self {
            transaction,
            keys,
            pruned,
            next: HashMap::new(),
            found: 0,
            fits: true,
        }
    }

    /// Looks for the next entry's row, if it has to have one.
    pub(super) fn take(&mut self, entry: &Entry) -> Result<(), AuditError> {
        let Some(server) = entry.requester().filter(|_| self.fits) else {
            return Ok(());
        };
        let key = self.keys.server(server);
        let n = match self.next.get(&key) {
            Some(next) => *next,
            None if !self.pruned => 1,
            None => match bounds(self.transaction, &key) {
                Ok(bounds) => bounds.map_or(1, |(first, _)| first),
                Err(AuditError::Tampered) => 1,
                Err(other) => return Err(other),
            },
        };
        let seq = self
            .transaction
            .prepare_cached("SELECT seq FROM request WHERE server = ? AND n = ?")?
            .query_row((&key, n.cast_signed()), |row| row.get::<_, i64>(0))
            .optional()?;
        self.fits = seq.map(i64::cast_unsigned) == Some(entry.seq);
        self.found += 1;
        self.next.insert(key, n + 1);
        Ok(())
    }

    /// Tells whether each request has its row, and there is no other row.
    pub(super) fn ends_well(self) -> Result<bool, AuditError> {
        let sql = "SELECT count(*) FROM request";
        let rows: i64 = self.transaction.query_row(sql, (), |row| row.get(0))?;
        Ok(self.fits && rows.cast_unsigned() == self.found)
    }
}
