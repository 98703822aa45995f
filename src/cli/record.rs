//! What the owner changes past the broker is on record all the same: decided first, then done, then closed.

use jiff::Timestamp;

use crate::{
    audit::{AuditLog, NewEntry, Outcome, Target, Verb},
    broker::Broker,
    cli::session::{OWNER, wait},
    policy::{Action, Policy},
};

/// Does a deed of the owner's with an entry before and one after it; `what` says in a few words what it is.
pub(super) fn deed<T, E: std::fmt::Display + Into<anyhow::Error>>(
    broker: &Broker,
    what: &str,
    deed: impl FnOnce() -> Result<T, E>,
) -> anyhow::Result<T> {
    let policy = wait(broker.bound_policy())?;
    deed_under(&policy, broker.audit(), what, deed)
}

/// As [`deed`], where there is no store, and so no broker.
pub(super) fn deed_without_store<T, E: std::fmt::Display + Into<anyhow::Error>>(
    audit: &AuditLog,
    what: &str,
    deed: impl FnOnce() -> Result<T, E>,
) -> anyhow::Result<T> {
    // What the owner may do, no policy says.
    let policy = Policy::parse("", None)?;
    deed_under(&policy, audit, what, deed)
}

fn deed_under<T, E: std::fmt::Display + Into<anyhow::Error>>(
    policy: &Policy,
    audit: &AuditLog,
    what: &str,
    deed: impl FnOnce() -> Result<T, E>,
) -> anyhow::Result<T> {
    let now = Timestamp::now();
    let decision = policy.decide(&OWNER, &Action::Administer, now);
    let target = Target {
        unresolved: Some(what.to_owned()),
        ..Target::default()
    };
    let entry = NewEntry::decided(now, &OWNER, Verb::ManageAccess, target.clone(), &decision);
    let recorded = audit.append(&entry)?;

    let done = deed();
    let outcome = match &done {
        Ok(_) => Outcome::Done,
        Err(failure) => Outcome::Failed(failure.to_string()),
    };
    let entry = NewEntry::ended(
        Timestamp::now(),
        &OWNER,
        Verb::ManageAccess,
        target,
        recorded.seq,
        outcome,
    );
    audit.append(&entry)?;
    done.map_err(Into::into)
}
