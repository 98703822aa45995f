//! Reading entries back.

use jiff::{SignedDuration, Timestamp};
use rusqlite::Row;

use crate::audit::{AuditError, AuditLog, Entry, RequestCode, record, seq_of};

/// Entries stand in the order in which they were written, and clocks may be set back by a little: a reader that goes backwards in
/// time does not stop at the first entry that is too old, but at one that is older by this.
const CLOCK_SLACK: SignedDuration = SignedDuration::from_hours(1);

/// Which entries are wanted.
#[derive(Clone, Debug, Default)]
pub struct Query {
    /// Only this caller's: an agent's name, or `owner`.
    pub who: Option<String>,
    /// Not before this.
    pub since: Option<Timestamp>,
    /// Before this.
    pub until: Option<Timestamp>,
    /// Only this kind of action, by its word in lists: `run_command`.
    pub action: Option<String>,
    /// Only what was so decided, or ended so: `allowed`, `denied`, `failed`.
    pub decision: Option<String>,
    /// Only about this vault or item, by name or id: `Dev`, `Stripe`, `Dev/Stripe`.
    pub about: Option<String>,
    /// Only entries after this number, oldest first: for following the log.
    pub after: Option<u64>,
    /// How many at most: the last ones, or with `after` the next ones.
    pub limit: Option<usize>,
}

/// Entries that were read, newest last.
#[derive(Clone, Debug, Default)]
pub struct Page {
    /// The entries.
    pub entries: Vec<Entry>,
    /// Numbers of entries that do not match their seal: changed outside hushkey.
    pub unreadable: Vec<u64>,
    /// The last entry's number that was looked at, for the next `after`; `None` when there was nothing to look at.
    pub last: Option<u64>,
}

impl AuditLog {
    /// Reads entries, newest last. That the chain is whole is not checked: [`AuditLog::verify`] does that.
    ///
    /// # Errors
    /// [`AuditError`] when the log can't be read.
    pub fn read(&self, query: &Query) -> Result<Page, AuditError> {
        let connection = self.connection();
        let forwards = query.after.is_some();
        let sql = if forwards {
            "SELECT seq, sealed FROM entry WHERE seq > ? ORDER BY seq"
        } else {
            "SELECT seq, sealed FROM entry WHERE seq > ? ORDER BY seq DESC"
        };
        let mut statement = connection.prepare_cached(sql)?;
        let mut rows = statement.query([query.after.unwrap_or(0).cast_signed()])?;

        let mut page = Page::default();
        while let Some(row) = rows.next()? {
            if query.limit.is_some_and(|limit| page.entries.len() >= limit) {
                break;
            }
            let (seq, found) = self.entry(row)?;
            page.last = page.last.max(Some(seq));
            match found {
                Some(entry) if !forwards && query.is_past(&entry) => break,
                Some(entry) if query.wants(&entry) => page.entries.push(entry),
                Some(_) => {}
                None => page.unreadable.push(seq),
            }
        }
        if !forwards {
            page.entries.reverse();
            page.unreadable.reverse();
        }
        Ok(page)
    }

    /// Finds the refusal with this code, in any case.
    ///
    /// # Errors
    /// [`AuditError`] when the log can't be read, or the entry was changed.
    pub fn find(&self, code: &str) -> Result<Option<Entry>, AuditError> {
        let connection = self.connection();
        let Some(seq) = seq_of(&connection, &self.keys, &RequestCode::read(code))? else {
            return Ok(None);
        };
        connection
            .prepare_cached("SELECT seq, sealed FROM entry WHERE seq = ?")?
            .query_row([seq.cast_signed()], |row| self.entry(row))?
            .1
            .map_or(Err(AuditError::Tampered), |entry| Ok(Some(entry)))
    }

    /// The number of a row, and its entry if it matches its seal.
    pub(super) fn entry(&self, row: &Row<'_>) -> rusqlite::Result<(u64, Option<Entry>)> {
        let seq = row.get::<_, i64>(0)?.cast_unsigned();
        let sealed = row.get_ref(1)?.as_blob().unwrap_or_default();
        let entry = self
            .keys
            .open(seq, sealed)
            .and_then(|bytes| record::decode(seq, &bytes));
        Ok((seq, entry.ok()))
    }
}

impl Query {
    fn wants(&self, entry: &Entry) -> bool {
        self.who.as_ref().is_none_or(|who| *who == entry.who.name)
            && self.since.is_none_or(|since| entry.time >= since)
            && self.until.is_none_or(|until| entry.time < until)
            && self
                .action
                .as_ref()
                .is_none_or(|action| *action == entry.verb.as_str())
            && self
                .decision
                .as_ref()
                .is_none_or(|word| *word == entry.decision_text())
            && self
                .about
                .as_ref()
                .is_none_or(|about| entry.is_about(about))
    }

    fn is_past(&self, entry: &Entry) -> bool {
        self.since
            .is_some_and(|since| is_long_before(entry.time, since))
    }
}

/// Tells whether no entry before this one can be from then or later.
pub(super) fn is_long_before(time: Timestamp, since: Timestamp) -> bool {
    time.duration_until(since) > CLOCK_SLACK
}

impl Entry {
    /// Tells whether a vault or an item of this name or id (`Dev`, `Stripe`, `Dev/Stripe`) has to do with it.
    fn is_about(&self, wanted: &str) -> bool {
        let target = &self.target;
        let pair = |named: (&str, &str)| [named.0.to_lowercase(), named.1.to_lowercase()];
        let mut places = Vec::new();
        for reference in &target.references {
            let vault = pair((reference.vault.id.as_str(), &reference.vault.name));
            let item = pair((reference.item.id.as_str(), &reference.item.name));
            places.push((Some(vault), Some(item)));
        }
        let vault = target
            .vault
            .as_ref()
            .map(|it| pair((it.id.as_str(), &it.name)));
        let item = target
            .item
            .as_ref()
            .map(|it| pair((it.id.as_str(), &it.name)));
        places.push((vault, item));
        let wanted = wanted.to_lowercase();
        let is = |part: &Option<[String; 2]>, word: &str| {
            part.as_ref()
                .is_some_and(|names| names.iter().any(|name| name == word))
        };
        places.iter().any(|(vault, item)| {
            let both = wanted
                .split_once('/')
                .is_some_and(|(v, i)| is(vault, v) && is(item, i));
            both || is(vault, &wanted) || is(item, &wanted)
        })
    }
}
