//! `hushkey agent`: gives agents rights, in the policy file, and [`token`]s that prove their names.

use crate::{
    access::AgentName,
    broker::{Broker, VaultView},
    cli::{
        agent_arguments::{AgentAllow, AgentCommand},
        failure::Failure,
        guard, policy,
        session::{OWNER, Session, wait},
        vault,
    },
    display_text::escaped,
    policy::{
        KnownVaults, Rights,
        edit::{self, NewRule},
    },
    vault::reference::Named,
};

mod token;

/// Does what the command says.
pub(super) fn perform(command: &AgentCommand, session: &Session) -> anyhow::Result<()> {
    guard::refuse_agents("`hushkey agent`")?;
    match command {
        AgentCommand::Allow(arguments) => allow(arguments, session),
        AgentCommand::Create(arguments) => token::create(arguments, session),
        AgentCommand::List => token::list(session),
        AgentCommand::Rename { from, to } => token::rename(from, to, session),
        AgentCommand::Revoke { name } => token::revoke(name, session),
        AgentCommand::Rotate { name, expires_in } => token::rotate(name, *expires_in, session),
    }
}

fn agent_name(typed: &str) -> Result<AgentName, Failure> {
    AgentName::parse(typed).map_err(|error| Failure::Usage(error.to_string()))
}

fn allow(arguments: &AgentAllow, session: &Session) -> anyhow::Result<()> {
    let agent = agent_name(&arguments.name)?;
    let broker = session.broker()?;
    let grants = grants(&arguments.vaults, &broker)?;
    let environments = environments(&arguments.environments)?;
    let rules: Vec<NewRule> = arguments
        .command
        .iter()
        .map(|run| NewRule {
            run: run.clone(),
            secrets: arguments.secrets.clone(),
            env: arguments.variables.clone(),
            output: arguments.output,
        })
        .collect();

    let mut said: Vec<String> = grants
        .iter()
        .map(|(vault, rights)| format!("{} in vault {}", rights, escaped(vault)))
        .collect();
    said.extend(environments.iter().map(|(environment, rights)| {
        format!("{} with environment {}", rights, escaped(environment))
    }));
    said.extend(rules.iter().map(|rule| {
        let mut said = format!("run `{}`", escaped(&rule.run));
        if !rule.secrets.is_empty() {
            said += &format!(" with {}", escaped(&rule.secrets.join(", ")));
        }
        if !rule.env.is_empty() {
            said += &format!(" and its variables {}", escaped(&rule.env.join(", ")));
        }
        said
    }));
    let said = said.join(", ");
    let path = &session.config.places.policy;
    let changed = policy::change(&broker, path, &format!("{agent}: {said}"), |text| {
        let mut text = text.to_owned();
        for (vault, rights) in &grants {
            text = edit::allow_vault(&text, &agent, vault, *rights)?;
        }
        for (environment, rights) in &environments {
            text = edit::allow_environment(&text, &agent, environment, *rights)?;
        }
        for rule in &rules {
            text = edit::allow_command(&text, &agent, rule)?;
        }
        Ok(text)
    })?;

    let output = session.output;
    if output.is_json() {
        return output.json(&serde_json::json!({
            "agent": agent.as_str(),
            "policy": path,
            "changed": changed,
        }));
    }
    if !changed {
        return output.line(&format!("{agent} has that already: {said}"));
    }
    output.line(&format!("{agent} now has: {said}"))?;
    output.line(&format!(
        "in {}; `hushkey policy check` tells what deserves a look",
        path.display()
    ))
}

/// Reads `E=LEVEL`; one that is not there yet may be named, so that an agent can make it.
fn environments(typed: &[String]) -> Result<Vec<(String, Rights)>, Failure> {
    typed
        .iter()
        .map(|grant| {
            let (environment, level) = grant.rsplit_once('=').ok_or_else(|| {
                Failure::Usage("--environment takes E=LEVEL, as staging=use".to_owned())
            })?;
            let rights = Rights::parse(level).map_err(|error| Failure::Usage(error.to_string()))?;
            Ok((environment.trim().to_owned(), rights))
        })
        .collect()
}

/// Reads `VAULT=LEVEL`, each vault spelt as the policy has to spell it.
fn grants(typed: &[String], broker: &Broker) -> anyhow::Result<Vec<(String, Rights)>> {
    let vaults = wait(broker.vaults(&OWNER))?;
    let named = |view: &VaultView| Named {
        id: view.overview.id.clone(),
        name: view.overview.name.clone(),
    };
    let known: KnownVaults = vaults.iter().map(named).collect();
    typed
        .iter()
        .map(|grant| {
            let (vault, level) = grant.rsplit_once('=').ok_or_else(|| {
                Failure::Usage("--vault takes VAULT=LEVEL, as Dev=use".to_owned())
            })?;
            let rights = Rights::parse(level).map_err(|error| Failure::Usage(error.to_string()))?;
            let vault = named(&vault::find_one(vault, &vaults)?);
            Ok((known.spelling(&vault).to_owned(), rights))
        })
        .collect()
}
