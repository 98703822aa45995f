//! What persons want remembered, until somebody revokes it.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use crate::{
    access::AgentName,
    approvals::{Code, Decision, Digest, GrantKey, Person, Proof, Request, RequestId, Way},
};

/// How long leave for one run may wait to be used: whoever gave it still knows that they did.
pub const PASS_LASTS: Duration = Duration::from_secs(24 * 3600);

/// All that is remembered, and how often it was changed: a witness outside can tell an older copy by that.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Lasting {
    /// How often it was changed.
    pub revision: u64,
    /// What need not be asked again.
    pub grants: Vec<Grant>,
    /// Requests for access that the owner wants to see no more.
    pub muted: Vec<Muted>,
    /// What may be done once more, and then no longer.
    pub passes: Vec<Pass>,
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

/// Leave for one run of exactly one command with exactly these references.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pass {
    /// The code of the request that it answers; also what to call it when it is revoked.
    pub code: Code,
    /// What it is good for, and until when.
    pub terms: PassTerms,
    /// Who decided.
    pub by: Person,
    /// By which way.
    pub way: Way,
    /// When.
    pub at: Timestamp,
    /// The request that it answers.
    pub request: RequestId,
    /// What that request asked.
    pub digest: Digest,
    /// The proof of that decision.
    pub proof: Option<Proof>,
}

/// What a pass is good for: names were looked up when the owner gave it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PassTerms {
    /// The run: its pattern is the whole command, to be compared and not matched.
    pub key: GrantKey,
    /// Until when it may be used.
    pub until: Timestamp,
}

impl PassTerms {
    /// Good for one run from now on.
    #[must_use]
    pub fn new(key: GrantKey, now: Timestamp) -> Self {
        let lasts = SignedDuration::try_from(PASS_LASTS).unwrap_or(SignedDuration::ZERO);
        let until = now.checked_add(lasts).unwrap_or(now);
        // Whole milliseconds, as they lie on disk.
        let until = Timestamp::from_millisecond(until.as_millisecond()).unwrap_or(now);
        Self { key, until }
    }
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
        self.grants.len() + self.muted.len() + self.passes.len()
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

    /// Adds leave for one run; what was not used in time goes.
    pub fn add_pass(&mut self, request: &Request, terms: PassTerms, decision: &Decision) {
        self.passes.retain(|pass| decision.at <= pass.terms.until);
        self.passes.push(Pass {
            code: request.code.clone(),
            terms,
            by: decision.by.clone(),
            way: decision.way,
            at: decision.at,
            request: request.id.clone(),
            digest: request.digest.clone(),
            proof: decision.proof.clone(),
        });
    }

    /// The passes that may still be used.
    pub fn passes_at(&self, now: Timestamp) -> impl Iterator<Item = &Pass> {
        self.passes.iter().filter(move |it| now <= it.terms.until)
    }

    /// Takes a pass away for good; tells whether it was still there. Whoever is told so, and nobody else, may use it.
    pub fn spend(&mut self, pass: &Pass) -> bool {
        let before = self.passes.len();
        self.passes.retain(|known| known != pass);
        before > self.passes.len()
    }

    /// Takes away what has this code; tells whether there was any.
    pub fn revoke(&mut self, code: &Code) -> bool {
        let before = self.len();
        self.grants.retain(|grant| grant.code != *code);
        self.muted.retain(|muted| muted.code != *code);
        self.passes.retain(|pass| pass.code != *code);
        before > self.len()
    }
}
