//! A right that an agent asked for, as it would stand in the policy.

use std::path::Path;

use crate::{
    access::AgentName,
    approvals::{AccessMatter, Matter, Request},
    broker::{Broker, RunInQuestion},
    cli::{
        failure::Failure,
        policy,
        session::{OWNER, wait},
        vault,
    },
    display_text::escaped,
    policy::{
        Decision, Right, Rights,
        edit::{self, EditError, NewRule},
    },
    vault::SecretReference,
};

/// What would be written into a policy that had nothing of it; else why that can't be.
pub(in crate::cli) fn preview(request: &Request) -> Result<String, String> {
    let rule = Rule::of(request).map_err(|error| error.to_string())?;
    let text = rule
        .add_to("", &request.agent)
        .map_err(|error| error.to_string())?;
    let lines: Vec<_> = text.lines().filter(|it| !it.trim().is_empty()).collect();
    Ok(lines.join("\n"))
}

/// Makes sure that what was asked for can be written, before anything is decided.
pub(super) fn check(broker: &Broker, request: &Request) -> anyhow::Result<()> {
    Rule::of(request)?.found(broker).map(drop)
}

/// Writes what was asked for into the policy, on record; what is lacking still, if something is.
pub(in crate::cli) fn write(
    broker: &Broker,
    path: &Path,
    request: &Request,
) -> anyhow::Result<Option<String>> {
    let rule = Rule::of(request)?.found(broker)?;
    let what = format!("{}: {}", request.agent, request.matter);
    policy::change(broker, path, &what, |text| {
        rule.add_to(text, &request.agent)
    })?;
    Ok(lacking(broker, request))
}

enum Rule {
    Command(NewRule),
    /// A vault as the agent wrote it.
    Vault(String, Rights),
}

impl Rule {
    fn of(request: &Request) -> Result<Self, Failure> {
        match &request.matter {
            Matter::Access(AccessMatter::Command {
                command,
                references,
            }) => Ok(Self::Command(NewRule {
                run: pattern(command)?,
                secrets: references.iter().map(|it| field(it)).collect(),
                ..NewRule::default()
            })),
            Matter::Access(AccessMatter::Vault { vault, level }) => {
                let rights = Rights::parse(level);
                let rights = rights.map_err(|error| Failure::Usage(error.to_string()))?;
                Ok(Self::Vault(vault.clone(), rights))
            }
            _ => Err(Failure::Usage("nobody asks for a right there".to_owned())),
        }
    }

    /// With the vault that is meant, if there is one.
    fn found(self, broker: &Broker) -> anyhow::Result<Self> {
        Ok(match self {
            Self::Vault(wanted, rights) => {
                let vaults = wait(broker.vaults(&OWNER))?;
                Self::Vault(vault::find_one(&wanted, &vaults)?.overview.name, rights)
            }
            command => command,
        })
    }

    fn add_to(&self, policy: &str, agent: &AgentName) -> Result<String, EditError> {
        match self {
            Self::Command(rule) => edit::allow_command(policy, agent, rule),
            Self::Vault(vault, rights) => edit::allow_vault(policy, agent, vault, *rights),
        }
    }
}

/// The very command that was asked for: a `*` that the agent wrote must not become a pattern.
fn pattern(command: &[String]) -> Result<String, Failure> {
    if command.iter().any(|word| word.contains('*')) {
        return Err(Failure::Usage(
            "the command holds `*`, which a rule takes for any argument; write the rule by hand with `hushkey agent allow`"
                .to_owned(),
        ));
    }
    shlex::try_join(command.iter().map(String::as_str))
        .map_err(|_| Failure::Usage("the command can't be written as a rule".to_owned()))
}

/// The field that a reference is about: what of it is wanted stands in no rule.
fn field(reference: &str) -> String {
    let (field, _) = reference.split_once('?').unwrap_or((reference, ""));
    field.to_owned()
}

/// A rule is not all that a run needs: what is missing.
fn lacking(broker: &Broker, request: &Request) -> Option<String> {
    let Matter::Access(AccessMatter::Command {
        command,
        references,
    }) = &request.matter
    else {
        return None;
    };
    let references = references.iter().map(|it| SecretReference::parse(it));
    let explained = wait(broker.explain(&RunInQuestion {
        agent: request.agent.clone(),
        command: command.clone(),
        references: references.collect::<Result<_, _>>().ok()?,
        variables: Vec::new(),
        cwd: None,
        reasoned: true,
    }));
    let explained = match explained {
        Ok(explained) => explained,
        Err(error) => return Some(format!("it can't run as it was asked: {error}")),
    };
    let Decision::Denied(refusal) = &explained.decision else {
        return None;
    };
    let lacking = explained
        .rights
        .iter()
        .filter(|(_, it)| !it.has(Right::Use));
    let remedies: Vec<_> = lacking
        .map(|(vault, rights)| {
            let wanted = rights.with(Right::Use).with(Right::Metadata);
            let option = format!("{}={wanted}", vault.name);
            let option = shlex::try_quote(&option).unwrap_or_default();
            format!("`hushkey agent allow {} --vault {option}`", request.agent)
        })
        .collect();
    Some(if remedies.is_empty() {
        format!("it is refused still: {}", refusal.cause)
    } else {
        format!(
            "it is refused still, for it may not use the vault; {} allows that",
            escaped(&remedies.join(" and "))
        )
    })
}
