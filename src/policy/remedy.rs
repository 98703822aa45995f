//! What would allow what was refused: for the owner's log, ready to be pasted into a shell.
//!
//! A command is described by its program and the number of its arguments, for what the arguments are is
//! kept nowhere.

use crate::{
    access::AgentName,
    policy::{
        Caution, CommandPattern, Governed, Policy, ReferencePattern, Right, Rights, Rule, Run,
        caution,
        decide::{Question, vaults},
    },
    vault::{VaultId, reference::Named},
};

/// Beyond so many arguments a command is described by `**`.
const STARS: usize = 6;

/// What is refused to whoever comes from beyond this machine.
pub(super) const DISTANT: &str = "an agent beside hushkey: `hushkey mcp`, or `hushkey serve` on loopback or a Unix socket, without --behind-proxy";

/// A token, for an agent that has to prove its name.
pub(super) fn unproven(agent: &AgentName) -> String {
    format!(
        "its token in HUSHKEY_AGENT_TOKEN or with --agent-token-file (`hushkey agent rotate {agent}` makes a new one), or no \
         `require_token` in the policy"
    )
}

/// The rights that are lacking in these vaults.
pub(super) fn rights<'v>(
    question: &Question<'_>,
    lacking: impl IntoIterator<Item = (&'v Named<VaultId>, Right)>,
) -> String {
    let mut command = Command::allow(question);
    command.rights(question, lacking);
    command.0
}

/// Any right in any vault: the agent is not even named.
pub(super) fn any_vault(question: &Question<'_>) -> String {
    let mut command = Command::allow(question);
    command.0.push_str(" --vault VAULT=use");
    command.0
}

/// These rights with an environment.
pub(super) fn environment(question: &Question<'_>, name: &str, wanted: Rights) -> String {
    let mut command = Command::allow(question);
    command.option("--environment", &format!("{name}={}", expressible(wanted)));
    command.0
}

/// A rule for this run, and the right `use` where it is lacking.
pub(super) fn run(question: &Question<'_>, run: &Run<'_>) -> String {
    let lacking: Vec<_> = vaults(run.secrets)
        .filter(|vault| !question.granted.rights(&vault.id).has(Right::Use))
        .map(|vault| (vault, Right::Use))
        .collect();
    let before = if lacking.is_empty() {
        String::new()
    } else {
        rights(question, lacking) + " && "
    };

    let mut command = Command::allow(question);
    command.option("--command", &pattern(run));
    for secret in references(run.secrets, question.policy) {
        command.option("--secrets", secret.as_str());
    }
    let by_name = |name: &&&str| matches!(caution(name), Some(Caution::ByName(_)));
    let carriers = run.secret_variables.iter().filter(by_name);
    for variable in run.variables.iter().chain(carriers) {
        command.option("--env", variable);
    }
    before + &command.0
}

/// One more variable in a rule.
pub(super) fn variable(question: &Question<'_>, rule: &Rule, name: &str) -> String {
    let mut command = Command::allow(question);
    command.option("--command", &rule.run.to_string());
    for secret in &rule.secrets {
        command.option("--secrets", secret.as_str());
    }
    command.option("--env", name);
    command.0
}

/// A demand of a rule that only its author can drop.
pub(super) fn change(rule: &Rule, key: &str) -> String {
    format!(
        "change `{key}` in {}, line {} of the policy",
        rule.id, rule.line
    )
}

/// A command line in the making.
struct Command(String);

impl Command {
    fn allow(question: &Question<'_>) -> Self {
        Self(format!("hushkey agent allow {}", question.name))
    }

    /// Names every vault once, with what the agent has there and what it lacks.
    fn rights<'v>(
        &mut self,
        question: &Question<'_>,
        lacking: impl IntoIterator<Item = (&'v Named<VaultId>, Right)>,
    ) {
        let mut seen: Vec<&VaultId> = Vec::new();
        for (vault, right) in lacking {
            if !seen.contains(&&vault.id) {
                seen.push(&vault.id);
                let wanted = question.granted.rights(&vault.id).with(right);
                let key = question.policy.known.spelling(vault);
                self.option("--vault", &format!("{key}={}", expressible(wanted)));
            }
        }
    }

    fn option(&mut self, option: &str, value: &str) {
        let value = shlex::try_quote(value).unwrap_or_default();
        self.0.push(' ');
        self.0.push_str(option);
        self.0.push(' ');
        self.0.push_str(&value);
    }
}

/// The right `use` alone can't be written on a command line, where it is the level.
fn expressible(rights: Rights) -> Rights {
    let level = Rights::level("use").unwrap_or_default();
    if rights == Rights::NONE.with(Right::Use) {
        level
    } else {
        rights
    }
}

fn pattern(run: &Run<'_>) -> String {
    let mut elements = vec![run.program.to_string_lossy().into_owned()];
    if run.arguments.len() > STARS {
        elements.push("**".to_owned());
    } else {
        elements.extend(run.arguments.iter().map(|_| "*".to_owned()));
    }
    CommandPattern::from_elements(elements).map_or_else(|_| "**".to_owned(), |p| p.to_string())
}

/// Each field and each origin once.
fn references(secrets: &[Governed<'_>], policy: &Policy) -> Vec<ReferencePattern> {
    let mut patterns: Vec<ReferencePattern> = Vec::new();
    for reference in secrets.iter().flat_map(|secret| secret.all()) {
        let pattern = ReferencePattern::exactly(reference, &policy.known);
        if !patterns.contains(&pattern) {
            patterns.push(pattern);
        }
    }
    patterns
}
