//! What a person decided, who it was, and by which way.

use jiff::Timestamp;

use crate::approvals::Person;

/// What a person decided on a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decision {
    /// Yes or no.
    pub verdict: Verdict,
    /// Whether it is to hold for later requests too: a *yes* as a [`crate::approvals::Grant`], a *no* to a request for
    /// access as [`crate::approvals::Muted`].
    pub remember: bool,
    /// Who decided.
    pub by: Person,
    /// By which way.
    pub way: Way,
    /// When, by the clock of the process that wrote it.
    pub at: Timestamp,
    /// Proof that the owner's passphrase was known; the broker demands it where there is one.
    pub proof: Option<Proof>,
}

/// An Ed25519 signature over [`crate::approvals::Approvals::message`]. What it is worth is for those to say who know the owner's keys.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proof(pub [u8; 64]);

/// Yes or no.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It may not be done.
    No,
    /// It may be done.
    Yes,
}

/// By which way a decision came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// A dialogue that the agent's own client showed: the client may have answered it by itself.
    Dialogue,
    /// The owner's page.
    Page,
    /// A terminal.
    Terminal,
}

impl Way {
    /// The way in one word.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Dialogue => "dialogue",
            Self::Page => "page",
            Self::Terminal => "terminal",
        }
    }

    /// Tells whether it is out of the agent's client's hands.
    #[must_use]
    pub fn is_local(self) -> bool {
        self != Self::Dialogue
    }
}
