//! Checking the whole log.

use std::fmt;

use rusqlite::Row;

use crate::{
    audit::{
        AuditError, AuditLog, Cut, Entry,
        chain::{BEGINNING, Head, Keys},
        record,
        requests::Check,
    },
    seal::same_mac,
};

/// What a check of the whole log found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verification {
    /// How many entries are as they were written, from the first that is left on.
    pub sound: u64,
    /// The first thing that is wrong, if anything is.
    pub fault: Option<Fault>,
    /// Where the log begins, if older entries were pruned.
    pub cut: Option<Cut>,
}

/// What is wrong with the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Fault {
    /// The entry is not as it was written, or stands in another's place.
    Changed(u64),
    /// The head does not match its MAC, or is gone.
    Head,
    /// The entry was removed.
    Missing(u64),
    /// The rows that lead to the requests over the Connect API do not fit the entries.
    Requests,
    /// There is an entry that the head does not know of.
    Surplus(u64),
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Changed(seq) => write!(f, "entry {seq} was changed or put in another's place"),
            Self::Head => f.write_str("the end of the log was changed or removed"),
            Self::Missing(seq) => write!(f, "entry {seq} was removed"),
            Self::Requests => f.write_str(
                "the rows that lead to the requests over the Connect API were changed or removed",
            ),
            Self::Surplus(seq) => write!(f, "entry {seq} was not written by hushkey"),
        }
    }
}

impl AuditLog {
    /// Checks every entry, the chain through all of them, and the head. Reads all of it: a few microseconds for each entry.
    ///
    /// # Errors
    /// [`AuditError`] when the log can't be read; what is wrong with its content is in the answer.
    pub fn verify(&self) -> Result<Verification, AuditError> {
        let mut connection = self.connection();
        // One snapshot of entries and head, whatever others write meanwhile.
        let transaction = connection.transaction()?;
        let head = match Head::read(&transaction, &self.keys) {
            Ok(head) => Some(head),
            Err(AuditError::Tampered) => None,
            Err(other) => return Err(other),
        };
        let cut = head.as_ref().and_then(|head| head.anchors.cut().cloned());
        let mut sound = Sound {
            keys: &self.keys,
            last: cut.as_ref().map_or(0, |cut| cut.seq),
            chain: cut.as_ref().map_or(BEGINNING, |cut| cut.chain),
            cut,
        };
        let mut requests = Check::new(&transaction, &self.keys, sound.cut.is_some());

        let mut statement =
            transaction.prepare("SELECT seq, sealed, chain, code FROM entry ORDER BY seq")?;
        let mut rows = statement.query(())?;
        while let Some(row) = rows.next()? {
            let seq = row.get::<_, i64>(0)?.cast_unsigned();
            if let Some(fault) = sound.cut.as_ref().and_then(|cut| cut.refuses(seq)) {
                return Ok(sound.until(Some(fault)));
            }
            if head.as_ref().is_some_and(|head| sound.last == head.seq) {
                return Ok(sound.until(Some(Fault::Surplus(seq))));
            }
            if seq != sound.last + 1 {
                return Ok(sound.until(Some(Fault::Missing(sound.last + 1))));
            }
            match sound.extend(seq, row) {
                Some(entry) => requests.take(&entry)?,
                None => return Ok(sound.until(Some(Fault::Changed(seq)))),
            }
        }

        let fault = match head {
            None => Some(Fault::Head),
            Some(head) if head.seq > sound.last => Some(Fault::Missing(sound.last + 1)),
            Some(head) if head.chain != sound.chain => Some(Fault::Head),
            Some(_) => (!requests.ends_well()?).then_some(Fault::Requests),
        };
        Ok(sound.until(fault))
    }
}

/// The part of the log that was found as it was written.
struct Sound<'k> {
    keys: &'k Keys,
    last: u64,
    chain: [u8; 32],
    cut: Option<Cut>,
}

impl Sound<'_> {
    /// Takes in one more entry, if seal, link and code are right.
    fn extend(&mut self, seq: u64, row: &Row<'_>) -> Option<Entry> {
        let sealed = row.get_ref(1).ok()?.as_blob().ok()?;
        let chain = row.get_ref(2).ok()?.as_blob().ok()?;
        let code = row.get_ref(3).ok()?.as_blob_or_null().ok()?;
        let record = self.keys.open(seq, sealed).ok()?;
        let entry = record::decode(seq, &record).ok()?;
        let expected_code = entry.code.as_ref().map(|code| self.keys.code(code));
        let link = self.keys.link(seq, &self.chain, sealed);
        if !same_mac(&link, chain) || expected_code.as_ref().map(|code| &code[..]) != code {
            return None;
        }
        self.last = seq;
        self.chain = link;
        Some(entry)
    }

    fn until(&self, fault: Option<Fault>) -> Verification {
        Verification {
            sound: self.last - self.cut.as_ref().map_or(0, |cut| cut.seq),
            fault,
            cut: self.cut.clone(),
        }
    }
}
