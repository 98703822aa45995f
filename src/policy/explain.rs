//! Why a run is decided as it is: every rule of the agent, and what keeps it from deciding.
//!
//! For the owner alone: it tells of rules and fields that an agent may not know of.

use std::fmt;

use jiff::Timestamp;

use crate::{
    access::{AgentName, Caller},
    policy::{Decision, Policy, Right, Rights, Rule, RuleName, Run},
    vault::{VaultId, reference::Named},
};

/// A decision about a run, and how it came about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Explanation {
    /// What is decided.
    pub decision: Decision,
    /// What the agent may do in each vault that a value comes from.
    pub rights: Vec<(Named<VaultId>, Rights)>,
    /// The agent's rules in the order in which they are asked.
    pub rules: Vec<RuleFinding>,
}

/// What one rule has to do with the run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RuleFinding {
    /// The rule.
    pub rule: RuleName,
    /// The line in the policy file where it begins, from 1.
    pub line: usize,
    /// The group that it comes from, if it is not the agent's own.
    pub group: Option<AgentName>,
    /// Whether it decides, and if not, why not.
    pub finding: Finding,
}

/// Whether a rule decides.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Finding {
    /// It is the first that has command and references.
    Decides,
    /// It has both, and an earlier rule decides.
    Late {
        /// The earlier one's number.
        after: u32,
    },
    /// It has not both; a clause for each reason.
    NoMatch(Vec<String>),
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Decides => f.write_str("decides"),
            Self::Late { after } => write!(f, "would match, but rule {after} comes first"),
            Self::NoMatch(reasons) => write!(f, "does not match: {}", reasons.join("; ")),
        }
    }
}

pub(super) fn explain(
    policy: &Policy,
    caller: &Caller,
    run: &Run<'_>,
    now: Timestamp,
) -> Explanation {
    let decision = policy.decide(caller, &super::Action::Run(run), now);
    let granted = match caller {
        Caller::Agent(agent) => policy.agents.get(&agent.name),
        Caller::Owner => None,
    };
    let mut rights: Vec<(Named<VaultId>, Rights)> = Vec::new();
    for vault in super::decide::vaults(run.secrets) {
        if !rights.iter().any(|(known, _)| known.id == vault.id) {
            rights.push((vault.clone(), policy.rights(caller, &vault.id)));
        }
    }
    let mut first = None;
    let mut rules = Vec::new();
    for rule in granted.into_iter().flat_map(|granted| &granted.rules) {
        let reasons = mismatches(rule, run);
        let finding = match first {
            _ if !reasons.is_empty() => Finding::NoMatch(reasons),
            Some(after) => Finding::Late { after },
            None => {
                first = Some(rule.id.number);
                Finding::Decides
            }
        };
        rules.push(RuleFinding {
            rule: rule.name(),
            line: rule.line,
            group: rule.group.clone(),
            finding,
        });
    }
    Explanation {
        decision,
        rights,
        rules,
    }
}

impl Explanation {
    /// The vaults in which the right `use` is lacking: then no rule is even asked.
    pub fn unusable(&self) -> impl Iterator<Item = &Named<VaultId>> {
        let lacking = self
            .rights
            .iter()
            .filter(|(_, rights)| !rights.has(Right::Use));
        lacking.map(|(vault, _)| vault)
    }
}

fn mismatches(rule: &Rule, run: &Run<'_>) -> Vec<String> {
    let mut reasons: Vec<String> = rule
        .run
        .mismatch(run.program, run.arguments)
        .into_iter()
        .collect();
    let uncovered = run.secrets.iter().flat_map(|secret| secret.all());
    let uncovered =
        uncovered.filter(|field| !rule.secrets.iter().any(|pattern| pattern.covers(field)));
    reasons.extend(uncovered.map(|field| format!("{field} is not among its secrets")));
    reasons
}
