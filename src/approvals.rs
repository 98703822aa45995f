//! What waits for a person, what persons decided, and what they want remembered: one sealed file that all hushkey
//! processes of a user share.
//!
//! Whoever needs a person's word opens a [`Request`] and waits until another process, a page or a dialogue has
//! decided it under its short code. A decision is bound to a digest of exactly what was shown, counts once, and counts only
//! before its request's time is over: the broker takes it out with [`Approvals::take`]. Whatever does not fit (a changed
//! record, another digest, a second use, no answer) is a no.
//!
//! The room knows no policy and starts nothing: whether a *yes* is enough, by which way it may come and what it is worth is
//! the broker's to say. It never sees a value.
//!
//! For who shows requests (a terminal, the owner's page): [`Approvals::pending`] lists, [`Approvals::find`] takes a code,
//! [`Approvals::decide`] writes the decision. A request of [`Matter::Ask`] waits for a value that a person types: it has
//! a [`Ticket`] in its address, of which only a MAC is kept. The page looks with [`Approvals::by_ticket`] as often as it is
//! loaded; whoever has the value claims the request with [`Approvals::claim`], once, has the broker write the field, and
//! then decides *yes* (it is set) or *no*.
//!
//! ```text
//! request.sealed    seal(record; file id, request id)
//! request.code      mac(code)         found without being readable
//! request.ticket    mac(ticket)
//! request.claimed   whether somebody has the value: once
//! request.decision  seal(record; file id, request id, digest)
//! request.expires   for clearing away; the one that counts is within the seal
//! lasting.sealed    seal(all that is remembered, with a revision; file id)
//! ```
//!
//! Somebody who can write the file and has no key can take requests, decisions and memories away, which is a no. Putting
//! an old one back brings a request to life that nobody waits for, or a grant that was revoked: the revision is there
//! for a witness outside.

use std::{
    path::Path,
    sync::{Mutex, MutexGuard, PoisonError},
};

use jiff::{SignedDuration, Timestamp};
use rusqlite::{Connection, OptionalExtension, Transaction, TransactionBehavior};

use crate::{
    seal::{Broken, KeyHolder},
    vault::StoreHead,
};

mod code;
mod decision;
mod error;
mod file;
mod keys;
mod lasting;
mod matter;
mod person;
mod record;
mod request;
mod telling;
mod ticket;

pub use code::Code;
pub use decision::{Decision, Proof, Verdict, Way};
pub use error::ApprovalsError;
pub use lasting::{Grant, Lasting, Muted, PASS_LASTS, Pass, PassTerms};
pub use matter::{
    AccessMatter, AskMatter, DeleteMatter, Handed, Matter, RunMatter, Thing, WriteMatter,
};
pub use person::Person;
pub use request::{Digest, GrantKey, NewRequest, Request, RequestId};
pub use telling::Told;
pub use ticket::Ticket;

use keys::Keys;

/// How many requests of one agent may wait at a time, those for access aside.
const WAITING: usize = 16;
/// How many requests for access an agent may have open, and make in an hour.
const ACCESS_OPEN: usize = 5;
const ACCESS_HOURLY: usize = 10;
/// How long after its request's end a decision that came in time may still be taken: who waits looks in pauses.
const GRACE: SignedDuration = SignedDuration::from_secs(10);
/// How long the record of a request is kept after its end, so that requests can be counted.
const KEPT: SignedDuration = SignedDuration::from_hours(1);

/// The file of requests and decisions. May be used by several threads, and by several processes at once.
pub struct Approvals {
    keys: Keys,
    connection: Mutex<Connection>,
}

impl Approvals {
    /// Opens the file, or makes it: mode 0600, directory 0700. `holder` wraps and unwraps its key.
    ///
    /// # Errors
    /// [`ApprovalsError`] when it can't be opened, is exposed to other users, or was wrapped by another key.
    pub fn open(path: &Path, holder: &dyn KeyHolder) -> Result<Self, ApprovalsError> {
        let (connection, keys) = file::open(path, holder)?;
        Ok(Self {
            keys,
            connection: Mutex::new(connection),
        })
    }

    /// Wraps the file's key with another key of the owner's; nothing in it changes.
    ///
    /// # Errors
    /// [`ApprovalsError::WrongKey`] when `old` is not the key of this file.
    pub fn rewrap(&self, old: &dyn KeyHolder, new: &dyn KeyHolder) -> Result<(), ApprovalsError> {
        self.change(|transaction| file::rewrap(transaction, old, new))
    }

    /// The digest that a decision on this is bound to.
    #[must_use]
    pub fn digest(&self, new: &NewRequest) -> Digest {
        self.keys.digest(new)
    }

    /// Opens a request; it can be decided when this returns.
    ///
    /// # Errors
    /// [`ApprovalsError::TooMany`] when the agent has too many open, and any other.
    pub fn ask(&self, new: NewRequest, now: Timestamp) -> Result<Request, ApprovalsError> {
        let request = Request::open(new, &self.keys, now);
        self.change(|transaction| {
            file::clear(transaction, now - KEPT)?;
            self.refuse_too_many(transaction, &request, now)?;
            transaction.execute(
                "INSERT INTO request (id, code, ticket, expires, sealed) VALUES (?, ?, ?, ?, ?)",
                (
                    &request.id.0[..],
                    self.keys.code(&request.code),
                    request.ticket,
                    request.expires.as_second(),
                    self.keys.seal_request(&request),
                ),
            )?;
            Ok(())
        })?;
        Ok(request)
    }

    /// The requests that wait, oldest first. What is damaged is not among them: nobody can decide it.
    ///
    /// # Errors
    /// [`ApprovalsError`] when the file can't be read.
    pub fn pending(&self, now: Timestamp) -> Result<Vec<Request>, ApprovalsError> {
        let connection = self.connection();
        let mut waiting = self.all(&connection, "decision IS NULL")?;
        waiting.retain(|request| now <= request.expires);
        Ok(waiting)
    }

    /// The request under a code, as somebody typed it.
    ///
    /// # Errors
    /// [`ApprovalsError::Unknown`], [`ApprovalsError::Decided`] or [`ApprovalsError::Expired`] when there is nothing to decide.
    pub fn find(&self, code: &Code, now: Timestamp) -> Result<Request, ApprovalsError> {
        let connection = self.connection();
        let row = row(&connection, "code = ?", &self.keys.code(code))?;
        self.open_row(row, now)
    }

    /// The request that a ticket belongs to, as long as nobody has claimed it.
    ///
    /// # Errors
    /// As [`Approvals::find`].
    pub fn by_ticket(&self, ticket: &Ticket, now: Timestamp) -> Result<Request, ApprovalsError> {
        let connection = self.connection();
        let row = row(&connection, "ticket = ?", &self.keys.ticket(ticket))?;
        let request = self.open_row(row, now)?;
        let claimed = connection
            .prepare_cached("SELECT claimed FROM request WHERE id = ?")?
            .query_row([&request.id.0[..]], |row| row.get::<_, bool>(0))?;
        if claimed {
            return Err(ApprovalsError::Decided);
        }
        Ok(request)
    }

    /// Claims a request whose value has come: whoever claims it may write its field, and nobody can a second time.
    ///
    /// # Errors
    /// As [`Approvals::decide`].
    pub fn claim(&self, shown: &Request, now: Timestamp) -> Result<(), ApprovalsError> {
        self.change(|transaction| {
            let row = row(transaction, "id = ?", &shown.id.0)?;
            let request = self.open_row(row, now)?;
            if !request.digest.is(&shown.digest) {
                return Err(ApprovalsError::Changed);
            }
            let claimed = transaction.execute(
                "UPDATE request SET claimed = 1 WHERE id = ? AND claimed = 0",
                [&request.id.0[..]],
            )?;
            if claimed == 0 {
                return Err(ApprovalsError::Decided);
            }
            Ok(())
        })
    }

    /// Writes a decision on a request as it was shown: once, in time, and only if it is still the same.
    ///
    /// # Errors
    /// [`ApprovalsError`] when it can't be decided, or no more.
    pub fn decide(
        &self,
        shown: &Request,
        decision: &Decision,
        now: Timestamp,
    ) -> Result<(), ApprovalsError> {
        self.change(|transaction| {
            let row = row(transaction, "id = ?", &shown.id.0)?;
            let request = self.open_row(row, now)?;
            if !request.digest.is(&shown.digest) {
                return Err(ApprovalsError::Changed);
            }
            transaction.execute(
                "UPDATE request SET decision = ? WHERE id = ?",
                (
                    self.keys.seal_decision(&request, decision),
                    &request.id.0[..],
                ),
            )?;
            Ok(())
        })
    }

    /// The request of this id, decided or not, as long as nobody took it.
    ///
    /// # Errors
    /// [`ApprovalsError::Unknown`] when it was taken or withdrawn.
    pub fn look(&self, id: &RequestId) -> Result<Request, ApprovalsError> {
        let connection = self.connection();
        let (sealed, decision, id) = row(&connection, "id = ?", &id.0)?;
        if decision.is_some_and(|decision| decision.is_empty()) {
            return Err(ApprovalsError::Unknown);
        }
        Ok(self.keys.open_request(&id, &sealed)?)
    }

    /// Where the memory stands, for a witness outside the file.
    #[must_use]
    pub fn witness(&self, lasting: &Lasting) -> StoreHead {
        self.keys.witness(lasting)
    }

    /// Tells whether there is something to take: cheap, for who waits and looks again and again.
    ///
    /// # Errors
    /// [`ApprovalsError`] when the file can't be read.
    pub fn is_answered(&self, id: &RequestId) -> Result<bool, ApprovalsError> {
        let connection = self.connection();
        let waits = connection
            .prepare_cached("SELECT decision IS NULL FROM request WHERE id = ?")?
            .query_row([&id.0[..]], |row| row.get::<_, bool>(0))
            .optional()?;
        Ok(waits != Some(true))
    }

    /// Takes the decision on what is about to be done, and the request with it: it counts once. `None` while it waits.
    ///
    /// # Errors
    /// Everything that is a no without a person's word: [`ApprovalsError::Changed`] when it was decided on something
    /// else, [`ApprovalsError::Expired`], [`ApprovalsError::Unknown`] when it was taken or withdrawn before,
    /// [`ApprovalsError::Broken`].
    pub fn take(
        &self,
        id: &RequestId,
        digest: &Digest,
        now: Timestamp,
    ) -> Result<Option<Decision>, ApprovalsError> {
        let taken = self.change(|transaction| {
            let row = row(transaction, "id = ?", &id.0)?;
            let taken = self.judge(row, digest, now);
            if !matches!(taken, Ok(None)) {
                transaction.execute(
                    "UPDATE request SET decision = x'' WHERE id = ?",
                    [&id.0[..]],
                )?;
            }
            // What was found is passed on after the commit: it is used up whatever it was.
            Ok(taken)
        });
        taken?
    }

    /// Ends a request that nobody waits for any more.
    ///
    /// # Errors
    /// [`ApprovalsError`] when the file can't be written.
    pub fn withdraw(&self, id: &RequestId) -> Result<(), ApprovalsError> {
        self.change(|transaction| {
            transaction.execute(
                "UPDATE request SET decision = x'' WHERE id = ?",
                [&id.0[..]],
            )?;
            Ok(())
        })
    }

    /// What is remembered.
    ///
    /// # Errors
    /// [`ApprovalsError::Broken`] when it was changed outside hushkey: then nothing counts as remembered.
    pub fn lasting(&self) -> Result<Lasting, ApprovalsError> {
        self.read_lasting(&self.connection())
    }

    /// Changes what is remembered.
    ///
    /// # Errors
    /// As [`Approvals::lasting`], or when the file can't be written.
    pub fn remember(&self, change: impl FnOnce(&mut Lasting)) -> Result<Lasting, ApprovalsError> {
        self.change(|transaction| {
            let mut lasting = self.read_lasting(transaction)?;
            change(&mut lasting);
            lasting.revision += 1;
            transaction.execute(
                "UPDATE lasting SET sealed = ? WHERE only = 1",
                [self.keys.seal_lasting(&lasting)],
            )?;
            Ok(lasting)
        })
    }

    /// What a proof of a decision signs: which request, exactly what it asks, what is remembered of it, and the verdict.
    #[must_use]
    pub fn message(&self, request: &Request, verdict: Verdict, remember: bool) -> Vec<u8> {
        let grant = request.grant.as_ref();
        self.keys
            .message(&request.id, &request.digest, verdict, remember, grant)
    }

    /// What the proof of a grant's decision signed.
    #[must_use]
    pub fn grant_message(&self, grant: &Grant) -> Vec<u8> {
        self.keys.message(
            &grant.request,
            &grant.digest,
            Verdict::Yes,
            true,
            Some(&grant.key),
        )
    }

    /// What a proof of a yes signs that holds for one run: which request, and exactly which run until when.
    #[must_use]
    pub fn pass_message(&self, request: &RequestId, digest: &Digest, terms: &PassTerms) -> Vec<u8> {
        self.keys.pass_message(request, digest, terms)
    }

    /// Seals what a client keeps for us between two calls, bound to `associated`. Nobody can read or change it.
    #[must_use]
    pub fn seal_state(&self, id: &RequestId, associated: &[&[u8]]) -> String {
        self.keys.seal_state(id, associated)
    }

    /// Opens what [`Approvals::seal_state`] made.
    ///
    /// # Errors
    /// [`ApprovalsError::Broken`] for anything else.
    pub fn open_state(
        &self,
        state: &str,
        associated: &[&[u8]],
    ) -> Result<RequestId, ApprovalsError> {
        self.keys
            .open_state(state, associated)
            .map_err(|Broken| ApprovalsError::Broken)
    }

    fn judge(
        &self,
        (sealed, decision, id): Row,
        digest: &Digest,
        now: Timestamp,
    ) -> Result<Option<Decision>, ApprovalsError> {
        let request = self.keys.open_request(&id, &sealed)?;
        if !request.digest.is(digest) {
            return Err(ApprovalsError::Changed);
        }
        let Some(decision) = decision else {
            return if now <= request.expires {
                Ok(None)
            } else {
                Err(ApprovalsError::Expired)
            };
        };
        if decision.is_empty() {
            return Err(ApprovalsError::Unknown);
        }
        let decision = self.keys.open_decision(&request, &decision)?;
        let late = now > request.expires + GRACE || decision.at > request.expires;
        if late {
            return Err(ApprovalsError::Expired);
        }
        Ok(Some(decision))
    }

    fn open_row(
        &self,
        (sealed, decision, id): Row,
        now: Timestamp,
    ) -> Result<Request, ApprovalsError> {
        let request = self.keys.open_request(&id, &sealed)?;
        if decision.is_some() {
            return Err(ApprovalsError::Decided);
        }
        if now > request.expires {
            return Err(ApprovalsError::Expired);
        }
        Ok(request)
    }

    fn all(&self, connection: &Connection, which: &str) -> Result<Vec<Request>, ApprovalsError> {
        let sql = format!("SELECT sealed, decision, id FROM request WHERE {which} ORDER BY rowid");
        let mut statement = connection.prepare_cached(&sql)?;
        let rows = statement.query_map((), read_row)?;
        let mut found = Vec::new();
        for row in rows {
            let (sealed, _, id) = row?;
            found.extend(self.keys.open_request(&id, &sealed).ok());
        }
        Ok(found)
    }

    fn refuse_too_many(
        &self,
        connection: &Connection,
        new: &Request,
        now: Timestamp,
    ) -> Result<(), ApprovalsError> {
        let access = |it: &Request| matches!(it.matter, Matter::Access(_));
        let alike = |it: &Request| it.agent == new.agent && access(it) == access(new);
        let mut waiting = self.all(connection, "decision IS NULL")?;
        waiting.retain(|it| alike(it) && now <= it.expires);
        let mut recent = self.all(connection, "TRUE")?;
        recent.retain(|it| alike(it) && now.duration_since(it.created) < KEPT);
        let too_many = if access(new) {
            waiting.len() >= ACCESS_OPEN || recent.len() >= ACCESS_HOURLY
        } else {
            waiting.len() >= WAITING
        };
        if too_many {
            Err(ApprovalsError::TooMany)
        } else {
            Ok(())
        }
    }

    fn read_lasting(&self, connection: &Connection) -> Result<Lasting, ApprovalsError> {
        let sealed: Vec<u8> =
            connection.query_row("SELECT sealed FROM lasting", (), |row| row.get(0))?;
        if sealed.is_empty() {
            return Ok(Lasting::default());
        }
        Ok(self.keys.open_lasting(&sealed)?)
    }

    fn change<T>(
        &self,
        work: impl FnOnce(&Transaction<'_>) -> Result<T, ApprovalsError>,
    ) -> Result<T, ApprovalsError> {
        let mut connection = self.connection();
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let made = work(&transaction)?;
        transaction.commit()?;
        Ok(made)
    }

    /// A panic in another thread has left no transaction open: those end with their scope.
    fn connection(&self) -> MutexGuard<'_, Connection> {
        self.connection
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

impl std::fmt::Debug for Approvals {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Approvals(..)")
    }
}

/// A sealed request, what was decided on it (empty once it is taken), and its id.
type Row = (Vec<u8>, Option<Vec<u8>>, RequestId);

fn read_row(row: &rusqlite::Row<'_>) -> rusqlite::Result<Row> {
    Ok((row.get(0)?, row.get(1)?, RequestId(row.get(2)?)))
}

fn row(connection: &Connection, which: &str, key: &[u8]) -> Result<Row, ApprovalsError> {
    let sql = format!("SELECT sealed, decision, id FROM request WHERE {which}");
    connection
        .prepare_cached(&sql)?
        .query_row([key], read_row)
        .optional()?
        .ok_or(ApprovalsError::Unknown)
}

#[cfg(test)]
mod tests;
