//! Where the log begins when older entries were pruned, and the pruning itself.
//!
//! What is left is still proven: the cut keeps the link of the last entry that went, so that the chain of the rest begins where
//! it did; it lies within the head, sealed and under the head's MAC, so that nobody without the key can make one, take one
//! away or move it. That the pruned entries are gone is said by it, and how many, when and by whom.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::audit::{AuditError, AuditLog, Fault, requests};

/// The entries that were pruned, all times together.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cut {
    /// The number of the last one; so many there were.
    pub seq: u64,
    /// Its link in the chain.
    pub(super) chain: [u8; 32],
    /// When the last of them were pruned, in seconds since 1970.
    pub time: i64,
    /// By whom.
    pub by: String,
}

/// Which entries stay.
#[derive(Clone, Copy, Debug)]
pub enum Keeping {
    /// The newest, so many of them.
    Newest(u64),
    /// Those from this time on; of older ones, those that stand after one of these.
    Since(Timestamp),
}

impl AuditLog {
    /// Removes the oldest entries for good, and returns how many. The whole log is checked before: pruning must not hide that
    /// something was wrong. All or nothing, whenever this process ends.
    ///
    /// # Errors
    /// [`AuditError::Tampered`] when the log is not as it was written; then nothing is removed.
    pub fn prune(&self, keeping: Keeping, by: &str, now: Timestamp) -> Result<u64, AuditError> {
        if self.verify()?.fault.is_some() {
            return Err(AuditError::Tampered);
        }
        let last = match keeping {
            Keeping::Newest(count) => self.newest()?.saturating_sub(count),
            Keeping::Since(time) => self.last_before(time)?,
        };
        self.change(|log| {
            let before = log.head.anchors.cut().map_or(0, |cut| cut.seq);
            if last <= before {
                return Ok(0);
            }
            let chain: [u8; 32] = log.transaction.query_row(
                "SELECT chain FROM entry WHERE seq = ?",
                [last.cast_signed()],
                |row| row.get(0),
            )?;
            log.transaction
                .execute("DELETE FROM entry WHERE seq <= ?", [last.cast_signed()])?;
            requests::prune(log.transaction, last)?;
            log.head.anchors.set_cut(Cut {
                seq: last,
                chain,
                time: now.as_second(),
                by: by.to_owned(),
            });
            Ok(last - before)
        })
    }

    /// The number of the last entry that stands before all that are not older than `time`.
    fn last_before(&self, time: Timestamp) -> Result<u64, AuditError> {
        let connection = self.connection();
        let mut statement = connection.prepare("SELECT seq, sealed FROM entry ORDER BY seq")?;
        let mut rows = statement.query(())?;
        let mut last = 0;
        while let Some(row) = rows.next()? {
            match self.entry(row)? {
                (seq, Some(entry)) if entry.time < time => last = seq,
                (_, Some(_)) => break,
                (_, None) => return Err(AuditError::Tampered),
            }
        }
        Ok(last)
    }
}

impl Cut {
    /// What an entry that the cut has removed is, if it is there all the same.
    pub(super) fn refuses(&self, seq: u64) -> Option<Fault> {
        (seq <= self.seq).then_some(Fault::Surplus(seq))
    }
}
