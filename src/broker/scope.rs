//! What a front-end may know of a caller's rights and doings without asking for anything: nothing is decided or shown.

use std::sync::Arc;

use super::{Broker, BrokerError};
use crate::{
    access::Caller,
    audit::{Query, Verb},
    offload::offload,
    policy::Scope,
};

/// How many of the last entries are looked through for one that is no look at the log itself.
const LAST: usize = 16;

impl Broker {
    /// What the caller may do in any vault at all, by what the policy says now.
    ///
    /// # Errors
    /// [`BrokerError`] when the policy can't be read.
    pub fn scope(&self, caller: &Caller) -> Result<Scope, BrokerError> {
        let policy = self.policy.current();
        let policy = policy.map_err(|message| BrokerError::Unavailable {
            message,
            source: None,
        })?;
        Ok(policy.scope(caller))
    }

    /// The number of the caller's last entry in the log that is no look at the log: it changes when there is something new
    /// to read, and tells nothing else.
    pub async fn activity_mark(&self, caller: &Caller) -> Option<u64> {
        let query = Query {
            who: Some(caller.name().to_owned()),
            limit: Some(LAST),
            ..Query::default()
        };
        let audit = Arc::clone(&self.audit);
        let page = offload(move || audit.read(&query)).await;
        let entries = page.ok()?.ok()?.entries;
        let news = entries
            .iter()
            .rev()
            .find(|it| it.verb != Verb::ReadActivity);
        news.map(|entry| entry.seq)
    }
}
