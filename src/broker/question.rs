//! What a call asks of persons, and what they said to it so far.

use std::sync::{LazyLock, Mutex, PoisonError};

use jiff::Timestamp;

use crate::{
    access::Caller,
    approvals::{Digest, NewRequest, Request},
    audit::{self, NewEntry, Verb},
    broker::guard::Deed,
    policy::RuleName,
};

/// The yeses of one call, each for one digest.
#[derive(Default)]
pub(super) struct Consents {
    given: Mutex<Vec<(Digest, String)>>,
    /// How many questions one call may raise.
    limit: usize,
}

impl Consents {
    /// For a call that may raise so many questions: who is asked again after that would be asked about something else.
    pub(super) fn at_most(limit: usize) -> Self {
        Self {
            given: Mutex::default(),
            limit,
        }
    }

    /// For a call that nobody is asked about.
    pub(super) fn none() -> &'static Self {
        static NONE: LazyLock<Consents> = LazyLock::new(Consents::default);
        &NONE
    }

    /// How a yes to exactly this came.
    pub(super) fn of(&self, digest: &Digest) -> Option<String> {
        let given = self.given.lock().unwrap_or_else(PoisonError::into_inner);
        let found = given.iter().find(|(known, _)| known.is(digest));
        found.map(|(_, how)| how.clone())
    }

    pub(super) fn add(&self, digest: Digest, how: String) {
        let mut given = self.given.lock().unwrap_or_else(PoisonError::into_inner);
        given.push((digest, how));
    }

    pub(super) fn is_used_up(&self) -> bool {
        self.count() >= self.limit
    }

    pub(super) fn count(&self) -> usize {
        let given = self.given.lock().unwrap_or_else(PoisonError::into_inner);
        given.len()
    }
}

/// What a person has to be asked before a call can go on.
pub struct Question {
    pub(super) new: NewRequest,
    pub(super) caller: Caller,
    pub(super) deed: Deed,
    pub(super) rule: Option<RuleName>,
    /// Whether a yes is remembered unless the person says otherwise.
    pub(super) once: bool,
}

impl std::fmt::Debug for Question {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Question(..)")
    }
}

/// A call that ends here and goes on with another one, which brings a person's answer.
#[derive(Debug)]
pub struct Suspended {
    /// What the person is shown.
    pub request: Request,
    /// What the client hands back then; nobody else can make or read it.
    pub state: String,
}

impl Question {
    /// An entry about it, with its reason.
    pub(super) fn entry(
        &self,
        make: impl FnOnce(Timestamp, &Caller, Verb, audit::Target) -> NewEntry,
    ) -> NewEntry {
        let (verb, target, reason) = self.deed.parts();
        make(Timestamp::now(), &self.caller, verb, target).because(reason)
    }
}
