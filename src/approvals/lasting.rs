//! What persons want remembered, until somebody revokes it.

use jiff::Timestamp;

use crate::{
    access::AgentName,
    approvals::{Code, Decision, Digest, GrantKey, Person, Proof, Request, RequestId, Way},
};

/// All that is remembered, and how often it was changed: a witness outside can tell an older copy by that.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Lasting {
    /// How often it was changed.
    pub revision: u64,
    /// What need not be asked again.
    pub grants: Vec<Grant>,
    /// Requests for access that the owner wants to see no more.
    pub muted: Vec<Muted>,
}

/// A remembered yes: runs of one agent by one pattern with exactly these references.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grant {
    /// What to call it when it is revoked.
    pub code: Code,
    /// What it holds for.
    pub key: GrantKey,
    /// Who decided.
    pub by: Person,
    /// By which way: a yes in an agent's dialogue does not do where a local one is wanted.
    pub way: Way,
    /// When.
    pub at: Timestamp,
    /// The request that it comes from.
    pub request: RequestId,
    /// What that request asked.
    pub digest: Digest,
    /// The proof of that decision.
    pub proof: Option<Proof>,
}

/// A remembered no to a request for access.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Muted {
    /// What to call it when it is revoked.
    pub code: Code,
    /// Whose request it was.
    pub agent: AgentName,
    /// What it asked.
    pub digest: Digest,
    /// What it asked, in words; not escaped.
    pub text: String,
    /// Who decided.
    pub by: Person,
    /// When.
    pub at: Timestamp,
}

impl Lasting {
    /// How much is remembered.
    #[must_use]
    pub fn len(&self) -> usize {
        self.grants.len() + self.muted.len()
    }

    /// Tells whether nothing is remembered.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The grants for these runs.
    pub fn grants_for<'a>(&'a self, key: &'a GrantKey) -> impl Iterator<Item = &'a Grant> {
        self.grants.iter().filter(move |grant| grant.key == *key)
    }

    /// Adds what a decision wants remembered; it takes the place of an older one for the same runs.
    pub fn add(&mut self, request: &Request, decision: &Decision) {
        let Some(key) = request.grant.clone() else {
            return;
        };
        self.grants
            .retain(|grant| grant.key != key || grant.way.is_local() && !decision.way.is_local());
        self.grants.push(Grant {
            code: Code::random(),
            key,
            by: decision.by.clone(),
            way: decision.way,
            at: decision.at,
            request: request.id.clone(),
            digest: request.digest.clone(),
            proof: decision.proof.clone(),
        });
    }

    /// Adds a request for access that the owner wants to see no more.
    pub fn mute(&mut self, request: &Request, decision: &Decision) {
        self.muted.push(Muted {
            code: Code::random(),
            agent: request.agent.clone(),
            digest: request.digest.clone(),
            text: request.matter.to_string(),
            by: decision.by.clone(),
            at: decision.at,
        });
    }

    /// Takes away what has this code; tells whether there was any.
    pub fn revoke(&mut self, code: &Code) -> bool {
        let before = self.len();
        self.grants.retain(|grant| grant.code != *code);
        self.muted.retain(|muted| muted.code != *code);
        before > self.len()
    }
}
