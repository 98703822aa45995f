//! What the policy answers.

use std::{fmt, time::Duration};

use crate::{
    limits::Limits,
    policy::{ApproveBy, OutputMode, ReferencePattern, Right, RuleName, ShortValues, Surroundings},
};

/// The answer to an action. Pure data: nothing has happened yet, and it has to be recorded first.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
pub enum Decision {
    /// Go ahead, within these limits.
    Allowed(Permit),
    /// Go ahead if a person says yes.
    Asks(Asking),
    /// Don't.
    Denied(Refusal),
}

/// What is allowed, and within which limits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Permit {
    /// What it rests on.
    pub grounds: Grounds,
    /// The stricter of the rule's and the wanted output mode; only a run has use for it.
    pub output: OutputMode,
    /// What becomes of the output when a secret can't be concealed by a mark; only a run has use for it.
    pub short_values: ShortValues,
    /// Fields that are no secrets, and whose values come back as they are; only a run has use for it.
    pub plain: Vec<ReferencePattern>,
    /// When the run is ended at the latest, if the rule says so.
    pub timeout: Option<Duration>,
    /// How much of the machine the run may use.
    pub limits: Limits,
    /// How the program starts; only a run has use for it.
    pub surroundings: Surroundings,
}

/// What a person has to say yes to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asking {
    /// What is allowed after a yes.
    pub permit: Permit,
    /// By which ways the answer may come; `None` where the policy does not say.
    pub by: Option<ApproveBy>,
    /// Whether a yes may hold for later runs of the same rule with the same references.
    pub once: bool,
}

/// What a permit rests on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Grounds {
    /// A person said yes, now or once before.
    Approved {
        /// The rule that asked for it; rights alone did when absent.
        rule: Option<RuleName>,
        /// Who, by which way, and under which code: `ann, in a terminal (KXQ4-7MAB)`.
        how: String,
    },
    /// The owner asks.
    Owner,
    /// The agent's rights in the vaults.
    Rights,
    /// A command rule (and the rights in the vaults).
    Rule(RuleName),
    /// A Connect server's token, which reaches the vault: that is no policy's to decide.
    Token,
}

/// Why not, for the model and for the owner.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// Why not.
    pub cause: Cause,
    /// The rule that matched and still refuses, if one did.
    pub rule: Option<RuleName>,
    /// What the model may do instead: a sentence that tells nothing of what exists beyond its rules.
    pub advice: String,
    /// What would allow it: a `hushkey agent allow …` command, or a sentence. For the owner's log only, since an
    /// agent with a shell would simply run it.
    pub remedy: Option<String>,
}

/// Why something is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Cause {
    /// A person had to say yes, and did not.
    Approval,
    /// No rule has this program with these arguments for these references.
    Command,
    /// The rule does not let a run start in this directory.
    Directory,
    /// The agent comes from beyond this machine, and a program here could read hushkey's own files for it.
    Distant,
    /// The agent may not even know of a vault or field that it named: answer exactly as for a name
    /// that is not there.
    Hidden,
    /// Only the owner may.
    OwnerOnly,
    /// It has to say why.
    Reason,
    /// No one rule hands all these references to a program.
    References,
    /// The agent lacks this right in a vault that it may know of.
    Right(Right),
    /// The policy does not name the agent.
    UnknownAgent,
    /// The agent's name counts only where a token proves it, and none did.
    Unproven,
    /// The rule does not let the agent set this variable, or nobody may.
    Variable(String),
}

impl fmt::Display for Cause {
    /// For the owner: what was lacking.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Approval => f.write_str("no person allowed it"),
            Self::Command => f.write_str("no rule has this command with these references"),
            Self::Directory => f.write_str("its rule binds it to another directory"),
            Self::Distant => {
                f.write_str("it comes from beyond this machine, where no programs are run")
            }
            Self::Hidden => f.write_str("it has no right by which it could know of this"),
            Self::OwnerOnly => f.write_str("only the owner may"),
            Self::Reason => f.write_str("it gave no reason, and has to"),
            Self::References => f.write_str("no one rule and right cover all these references"),
            Self::Right(right) => write!(f, "it lacks the right `{right}`"),
            Self::UnknownAgent => f.write_str("the policy does not name it"),
            Self::Unproven => f.write_str("no token proved its name"),
            Self::Variable(name) => write!(f, "it may not set the variable `{name}`"),
        }
    }
}

impl Decision {
    /// Tells whether it may go ahead.
    #[must_use]
    pub fn is_allowed(&self) -> bool {
        matches!(self, Self::Allowed(_))
    }

    /// The rule that decided, if a rule did.
    #[must_use]
    pub fn rule(&self) -> Option<&RuleName> {
        match self {
            Self::Allowed(permit) | Self::Asks(Asking { permit, .. }) => permit.grounds.rule(),
            Self::Denied(refusal) => refusal.rule.as_ref(),
        }
    }
}

impl Grounds {
    /// The rule, if a rule did.
    #[must_use]
    pub fn rule(&self) -> Option<&RuleName> {
        match self {
            Self::Approved { rule, .. } => rule.as_ref(),
            Self::Owner | Self::Rights | Self::Token => None,
            Self::Rule(rule) => Some(rule),
        }
    }
}

impl Refusal {
    /// Tells whether it has to read like "there is no such thing": without code, without this advice.
    #[must_use]
    pub fn is_hidden(&self) -> bool {
        self.cause == Cause::Hidden
    }
}
