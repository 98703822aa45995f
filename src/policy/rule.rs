//! Command rules: which program may have which secrets, and how much of its output comes back.

use std::{fmt, path::PathBuf, time::Duration};

use crate::{
    access::AgentName,
    limits::Limits,
    policy::{CommandPattern, ReferencePattern, glob::Glob},
};

/// One `[[agents.NAME.commands]]` of the policy file.
#[derive(Clone, Debug)]
pub struct Rule {
    /// Whose rule it is, and where it stands.
    pub id: RuleId,
    /// The line in the policy file where it begins, from 1.
    pub line: usize,
    /// Which program with which arguments.
    pub run: CommandPattern,
    /// Which references may reach it.
    pub secrets: Vec<ReferencePattern>,
    /// Which plain variables the agent may set.
    pub env: Vec<Glob>,
    /// Whether a person is asked.
    pub approve: Approve,
    /// By which ways a person may answer; as the agent's table says when absent.
    pub approve_by: Option<ApproveBy>,
    /// Whether the agent has to say why.
    pub require_reason: bool,
    /// How much of the output comes back at most.
    pub output: OutputMode,
    /// What becomes of output when a secret is too short to be concealed by a mark.
    pub short_values: ShortValues,
    /// Fields that are no secrets, and whose values come back as they are.
    pub plain: Vec<ReferencePattern>,
    /// When a run is ended at the latest.
    pub timeout: Option<Duration>,
    /// How much of the machine a run may use.
    pub limits: Limits,
    /// The directories that a run starts in or beneath; anywhere within the agent's roots when there are none.
    pub cwd: Vec<PathBuf>,
    /// What the program finds when it starts.
    pub surroundings: Surroundings,
    /// The group that the rule comes from, if it is not the agent's own.
    pub group: Option<AgentName>,
}

/// What a rule says of how its program starts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Surroundings {
    /// Variables that the program gets from hushkey's own environment.
    pub inherit: Vec<String>,
    /// Variables with the policy's own text; they win over the agent's.
    pub set: Vec<(String, String)>,
    /// What the program's file has to hold: SHA-256.
    pub sha256: Option<[u8; 32]>,
}

impl Rule {
    /// The rule as decisions and the log name it.
    #[must_use]
    pub fn name(&self) -> RuleName {
        RuleName {
            id: self.id.clone(),
            pattern: self.run.to_string(),
        }
    }

    /// Tells whether the rule certainly decides each run that a later one with this command and these secrets would, as
    /// far as the patterns tell.
    pub(super) fn shadows(&self, run: &CommandPattern, secrets: &[ReferencePattern]) -> bool {
        self.run.is_at_least(run) && self.hands_out(secrets)
    }

    /// Tells whether all references that these patterns cover may certainly reach the program.
    pub(super) fn hands_out(&self, secrets: &[ReferencePattern]) -> bool {
        let has = |one| self.secrets.iter().any(|pattern| pattern.is_at_least(one));
        secrets.iter().all(has)
    }
}

/// A rule's place in the policy.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RuleId {
    /// The agent that it belongs to.
    pub agent: AgentName,
    /// Counted from 1 within the agent.
    pub number: u32,
}

impl fmt::Display for RuleId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "rule {} of {}", self.number, self.agent)
    }
}

/// A rule as a decision and the audit log name it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RuleName {
    /// Its place.
    pub id: RuleId,
    /// Its command pattern, as one line.
    pub pattern: String,
}

/// Whether a person is asked before a rule's run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Approve {
    /// Nobody is asked.
    #[default]
    Never,
    /// A person is asked the first time.
    Once,
    /// A person is asked each time.
    Always,
}

impl Approve {
    /// The words of the policy file.
    pub const WORDS: [&'static str; 3] = ["never", "once", "always"];

    /// The word in the policy file.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        Self::WORDS[self as usize]
    }

    /// Reads the word of the policy file.
    #[must_use]
    pub fn read(word: &str) -> Option<Self> {
        [Self::Never, Self::Once, Self::Always]
            .into_iter()
            .find(|approve| approve.as_str() == word)
    }
}

/// By which ways a person may answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ApproveBy {
    /// In a dialogue that the agent's client shows, or locally.
    Any,
    /// On this machine only, outside of the agent's client: a client can answer its own dialogue.
    Local,
}

impl ApproveBy {
    /// The words of the policy file.
    pub const WORDS: [&'static str; 2] = ["any", "local"];

    /// The word in the policy file.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        Self::WORDS[self as usize]
    }

    /// Reads the word of the policy file.
    #[must_use]
    pub fn read(word: &str) -> Option<Self> {
        [Self::Any, Self::Local]
            .into_iter()
            .find(|by| by.as_str() == word)
    }
}

/// What becomes of a program's output when it was given a secret that a mark cannot conceal: one that is very short or easy
/// to guess.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ShortValues {
    /// Only success or failure is told.
    #[default]
    Withhold,
    /// It is masked like others. Where its mark stands tells much of it.
    Mask,
}

impl ShortValues {
    /// The words of the policy file.
    pub const WORDS: [&'static str; 2] = ["withhold", "mask"];

    /// The word in the policy file.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        Self::WORDS[self as usize]
    }

    /// Reads the word of the policy file.
    #[must_use]
    pub fn read(word: &str) -> Option<Self> {
        [Self::Withhold, Self::Mask]
            .into_iter()
            .find(|short| short.as_str() == word)
    }
}

/// How much of a program's output is let through, least first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum OutputMode {
    /// Only whether it succeeded.
    None,
    /// Counts of lines and bytes.
    Summary,
    /// The end of it.
    Tail,
    /// All of it, up to a limit.
    #[default]
    Full,
}

impl OutputMode {
    /// The words of the policy file and of `run_command`, least first.
    pub const WORDS: [&'static str; 4] = ["none", "summary", "tail", "full"];

    /// The word in the policy file.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        Self::WORDS[self as usize]
    }

    /// Reads the word of the policy file.
    #[must_use]
    pub fn read(word: &str) -> Option<Self> {
        [Self::None, Self::Summary, Self::Tail, Self::Full]
            .into_iter()
            .find(|mode| mode.as_str() == word)
    }
}

impl fmt::Display for OutputMode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
