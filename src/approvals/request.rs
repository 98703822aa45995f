//! A question to a person: exactly what will happen, who asks, and until when.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use crate::{
    access::AgentName,
    approvals::{Code, Matter, Ticket, keys::Keys},
    seal::{random_bytes, same_mac},
};

/// A request that is about to be opened.
#[derive(Clone, Debug)]
pub struct NewRequest {
    /// Who asks.
    pub agent: AgentName,
    /// What the agent's client calls itself.
    pub client: Option<String>,
    /// What will happen.
    pub matter: Matter,
    /// Why, in the agent's words; not escaped.
    pub reason: Option<String>,
    /// Whatever else decides what will happen and is not shown: only a digest of it is kept.
    pub bound: Vec<u8>,
    /// How long a person has.
    pub lasts: Duration,
    /// Whether only a local decision counts.
    pub local_only: bool,
    /// What a remembered yes would hold for; `None` where it can't be remembered.
    pub grant: Option<GrantKey>,
    /// What opens the page on which a value is typed.
    pub ticket: Option<Ticket>,
}

/// A request as it waits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// What it is called in the file.
    pub id: RequestId,
    /// What persons call it.
    pub code: Code,
    /// Who asks.
    pub agent: AgentName,
    /// What the agent's client calls itself; not escaped.
    pub client: Option<String>,
    /// What will happen.
    pub matter: Matter,
    /// Why, in the agent's words; not escaped.
    pub reason: Option<String>,
    /// What a decision is bound to.
    pub digest: Digest,
    /// When it was opened.
    pub created: Timestamp,
    /// Until when it can be decided.
    pub expires: Timestamp,
    /// Whether only a local decision counts.
    pub local_only: bool,
    /// What a remembered yes would hold for.
    pub grant: Option<GrantKey>,
    /// The MAC of its ticket, on its way into the file.
    pub(super) ticket: Option<[u8; 32]>,
}

/// Which request: sixteen random bytes.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct RequestId(pub(super) [u8; 16]);

/// A keyed digest of all that will happen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Digest(pub(super) [u8; 32]);

/// What a remembered yes holds for: one agent, one rule's pattern with the program that it means, exactly these
/// references.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GrantKey {
    /// The agent.
    pub agent: AgentName,
    /// The rule's argv pattern, as the policy has it.
    pub pattern: String,
    /// The program's absolute path.
    pub program: String,
    /// Each reference by its ids and by its names, in order of the ids.
    pub references: Vec<(String, String)>,
}

impl Request {
    pub(super) fn open(new: NewRequest, keys: &Keys, now: Timestamp) -> Self {
        // Whole milliseconds, as they lie on disk.
        let now = Timestamp::from_millisecond(now.as_millisecond()).unwrap_or(now);
        let lasts = SignedDuration::try_from(new.lasts).unwrap_or(SignedDuration::ZERO);
        Self {
            id: RequestId(random_bytes()),
            code: Code::random(),
            digest: keys.digest(&new),
            ticket: new.ticket.as_ref().map(|ticket| keys.ticket(ticket)),
            agent: new.agent,
            client: new.client,
            matter: new.matter,
            reason: new.reason,
            created: now,
            expires: now.checked_add(lasts).unwrap_or(now),
            local_only: new.local_only,
            grant: new.grant,
        }
    }

    /// How long it still can be decided.
    #[must_use]
    pub fn left(&self, now: Timestamp) -> Duration {
        Duration::try_from(self.expires.duration_since(now)).unwrap_or(Duration::ZERO)
    }
}

impl Digest {
    /// Compares in constant time.
    #[must_use]
    pub fn is(&self, other: &Self) -> bool {
        same_mac(&self.0, &other.0)
    }
}
