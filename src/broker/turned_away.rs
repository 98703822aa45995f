//! Requests that were turned away at the door: on record, though nobody got as far as to ask for something.

use jiff::Timestamp;

use super::{Broker, BrokerError};
use crate::{access::AgentName, audit::NewEntry, vault::Secret};

impl Broker {
    /// Records that requests were turned away: `what` says in a few words how many, from where and why. The agent is known
    /// where it had a token once, or has one and wanted what is another's.
    ///
    /// # Errors
    /// [`BrokerError`] when the audit log does not answer.
    pub async fn turned_away(
        &self,
        agent: Option<&AgentName>,
        what: &str,
    ) -> Result<(), BrokerError> {
        let entry = NewEntry::turned_away(Timestamp::now(), agent, what);
        self.record(vec![entry], false).await.map(drop)
    }

    /// Conceals a secret of hushkey's own in all that agents' programs print from now on, and in all that leaves towards
    /// agents that run programs.
    pub fn conceal_always(&self, name: &str, secret: Secret) {
        self.released.keep(name, secret);
    }
}
