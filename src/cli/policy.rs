//! `hushkey policy` shows and checks the policy; [`change`] is how a command changes it.

use std::path::PathBuf;

use serde::Serialize;

use crate::{
    broker::{Broker, BrokerError},
    cli::{
        failure::{Failure, reason},
        guard,
        output::Ink,
        policy_arguments::PolicyCommand,
        session::{Session, wait},
    },
    launch,
    policy::{
        AgentDescription, Description, EnvironmentDescription, RuleDescription, VaultDescription,
    },
};

mod change;
mod explain;

pub(super) use change::change;

/// Does what the command says.
pub(super) fn perform(command: &PolicyCommand, session: &Session) -> anyhow::Result<()> {
    guard::refuse_agents("`hushkey policy`")?;
    let broker = session.broker()?;
    match command {
        PolicyCommand::Check => check(&broker, session),
        PolicyCommand::Explain(arguments) => explain::explain(arguments, &broker, session),
        PolicyCommand::Show => show(&broker, session),
    }
}

fn check(broker: &Broker, session: &Session) -> anyhow::Result<()> {
    let path = &session.config.places.policy;
    let policy = match wait(broker.bound_policy()) {
        Ok(policy) => policy,
        // A policy with a mistake is what this command is for; the vault is well.
        Err(error) => {
            return Err(match error.downcast::<BrokerError>() {
                Ok(BrokerError::Unavailable { message, .. }) => Failure::Failed(message).into(),
                Ok(other) => other.into(),
                Err(error) => error,
            });
        }
    };
    let mut warnings: Vec<(usize, String)> = policy
        .warnings()
        .into_iter()
        .map(|warning| (warning.line, warning.message))
        .chain(policy.digests().iter().filter_map(changed_program))
        .collect();
    warnings.sort_by_key(|(line, _)| *line);
    let output = session.output;
    if output.is_json() {
        let warnings: Vec<_> = warnings
            .iter()
            .map(|(line, message)| serde_json::json!({ "line": line, "message": message }))
            .collect();
        return output.json(&serde_json::json!({ "policy": path, "warnings": warnings }));
    }
    for (line, message) in &warnings {
        let look = output.ink(Ink::Yellow, "look:");
        output.line(&format!("{look} line {line}: {message}"))?;
    }
    output.line(&match warnings.len() {
        0 => format!(
            "{} is well-formed, and nothing in it needs a look",
            path.display()
        ),
        1 => format!(
            "{} is well-formed; one thing in it deserves a look",
            path.display()
        ),
        count => format!(
            "{} is well-formed; {count} things in it deserve a look",
            path.display()
        ),
    })
}

/// What there is to say of a program whose file is not what its rule wants.
fn changed_program(
    (line, program, wanted): &(usize, PathBuf, [u8; 32]),
) -> Option<(usize, String)> {
    let shown = program.display();
    let message = match launch::sha256(program) {
        Ok(held) if held == *wanted => return None,
        Ok(held) => format!(
            "`{shown}` is not what `sha256` names, so it is not started; its file holds {}: make sure that it is the program \
             that you mean before you write that",
            data_encoding::HEXLOWER.encode(&held)
        ),
        Err(error) => format!(
            "`{shown}` can't be compared with `sha256`: {}",
            reason(&error)
        ),
    };
    Some((*line, message))
}

fn show(broker: &Broker, session: &Session) -> anyhow::Result<()> {
    let policy = wait(broker.bound_policy())?;
    let output = session.output;
    let description = policy.describe();
    if output.is_json() {
        return output.json(&PolicyJson::from(&description));
    }
    output.line(description.to_string().trim_end())
}

/// The policy, as `--json` shows it.
#[derive(Serialize)]
struct PolicyJson<'a> {
    path: &'a [String],
    agents: Vec<AgentJson<'a>>,
}

#[derive(Serialize)]
struct AgentJson<'a> {
    name: &'a str,
    roots: Option<&'a [String]>,
    vaults: Vec<GrantJson<'a>>,
    environments: Vec<EnvironmentJson<'a>>,
    commands: Vec<RuleJson<'a>>,
}

#[derive(Serialize)]
struct GrantJson<'a> {
    vault: &'a str,
    rights: String,
    in_force: bool,
}

#[derive(Serialize)]
struct EnvironmentJson<'a> {
    environment: &'a str,
    rights: String,
    in_force: bool,
}

#[derive(Serialize)]
struct RuleJson<'a> {
    number: u32,
    command: &'a str,
    program: Option<&'a str>,
    secrets: &'a [String],
    terms: &'a [String],
}

impl<'a> From<&'a Description> for PolicyJson<'a> {
    fn from(policy: &'a Description) -> Self {
        let grant = |grant: &'a VaultDescription| GrantJson {
            vault: &grant.vault,
            rights: grant.rights.to_string(),
            in_force: grant.unbound.is_none(),
        };
        let environment = |grant: &'a EnvironmentDescription| EnvironmentJson {
            environment: &grant.environment,
            rights: grant.rights.to_string(),
            in_force: grant.there,
        };
        let rule = |rule: &'a RuleDescription| RuleJson {
            number: rule.number,
            command: &rule.command,
            program: rule.program.as_deref(),
            secrets: &rule.secrets,
            terms: &rule.terms,
        };
        let agent = |agent: &'a AgentDescription| AgentJson {
            name: &agent.name,
            roots: agent.roots.as_deref(),
            vaults: agent.vaults.iter().map(grant).collect(),
            environments: agent.environments.iter().map(environment).collect(),
            commands: agent.rules.iter().map(rule).collect(),
        };
        Self {
            path: &policy.path,
            agents: policy.agents.iter().map(agent).collect(),
        }
    }
}
