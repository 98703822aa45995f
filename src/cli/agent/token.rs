//! Agents' tokens at the command line: made and shown once, listed, renamed, revoked.
//!
//! A token is data and goes to standard output; what is said about it goes to standard error, so that
//! `hushkey agent create ci > token` does what it looks like.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde::Serialize;

use super::{agent_name, grants};
use crate::{
    access::AgentName,
    broker::Broker,
    cli::{
        agent_arguments::AgentCreate,
        failure::Failure,
        opening, policy, record,
        session::{Session, wait},
    },
    display_text::escaped,
    policy::edit,
    registry::{AgentToken, Registry, RegistryError},
    vault::Secret,
};

pub(super) fn create(arguments: &AgentCreate, session: &Session) -> anyhow::Result<()> {
    let agent = agent_name(&arguments.name)?;
    let (broker, registry) = open(session)?;
    let expires = expiry(arguments.expires_in)?;
    if has_one(&agent, &registry)? {
        return Err(failure(RegistryError::Exists(agent)).into());
    }
    let grants = grants(&arguments.vaults, &broker)?;
    let said = match &grants[..] {
        [] => format!("{agent} is named"),
        grants => {
            let each = grants.iter();
            let each = each.map(|(vault, rights)| format!("{rights} in vault {}", escaped(vault)));
            format!("{agent}: {}", each.collect::<Vec<_>>().join(", "))
        }
    };
    policy::change(&broker, &session.config.places.policy, &said, |text| {
        let mut text = edit::add_agent(text, &agent)?;
        for (vault, rights) in &grants {
            text = edit::allow_vault(&text, &agent, vault, *rights)?;
        }
        Ok(text)
    })?;
    let what = format!("a token for {agent}");
    let token = deed(&broker, &registry, &what, || {
        registry.create(&agent, expires, Timestamp::now())
    })?;
    if !rights_of(&agent, &broker)? {
        session.output.note(&format!(
            "{agent} may do nothing yet; `hushkey agent allow {agent} --vault VAULT=use` gives it something to do"
        ));
    }
    show_once(&agent, &token, expires, session)
}

pub(super) fn rotate(
    name: &str,
    expires_in: Option<Duration>,
    session: &Session,
) -> anyhow::Result<()> {
    let agent = agent_name(name)?;
    let (broker, registry) = open(session)?;
    let expires = expiry(expires_in)?;
    let what = format!("a new token for {agent}; the old one ends");
    let token = deed(&broker, &registry, &what, || {
        registry.rotate(&agent, expires, Timestamp::now())
    })?;
    show_once(&agent, &token, expires, session)
}

pub(super) fn revoke(name: &str, session: &Session) -> anyhow::Result<()> {
    let agent = agent_name(name)?;
    let (broker, registry) = open(session)?;
    let what = format!("the token of {agent} ends");
    deed(&broker, &registry, &what, || {
        registry.revoke(&agent, Timestamp::now())
    })?;
    let output = session.output;
    if output.is_json() {
        return output.json(&serde_json::json!({ "agent": agent.as_str(), "revoked": true }));
    }
    output.line(&format!(
        "the token of {agent} is refused from now on; its rights in the policy stay, for a client that is started with its name"
    ))
}

pub(super) fn rename(from: &str, to: &str, session: &Session) -> anyhow::Result<()> {
    let (from, to) = (agent_name(from)?, agent_name(to)?);
    let (broker, registry) = open(session)?;
    let tokens = registry.list().map_err(failure)?;
    if tokens.iter().any(|token| token.agent == to) {
        return Err(failure(RegistryError::Exists(to)).into());
    }
    let what = format!("{from} is called {to}");
    let path = &session.config.places.policy;
    let in_policy = policy::change(&broker, path, &what, |text| {
        edit::rename_agent(text, &from, &to)
    })?;
    let has_tokens = tokens.iter().any(|token| token.agent == from);
    if has_tokens {
        deed(&broker, &registry, &what, || registry.rename(&from, &to))?;
    }
    if !in_policy && !has_tokens {
        return Err(Failure::NotFound(format!(
            "there is no agent {from}; `hushkey policy show` and `hushkey agent list` tell which there are"
        ))
        .into());
    }
    let output = session.output;
    if output.is_json() {
        return output.json(&serde_json::json!({ "agent": to.as_str(), "was": from.as_str() }));
    }
    output.line(&format!(
        "{what} from now on; what it did before stays in the log as {from}'s"
    ))
}

pub(super) fn list(session: &Session) -> anyhow::Result<()> {
    let (_, registry) = open(session)?;
    let tokens = registry.list().map_err(failure)?;
    let now = Timestamp::now();
    let output = session.output;
    if output.is_json() {
        let tokens: Vec<_> = tokens.iter().map(|token| token_json(token, now)).collect();
        return output.json(&tokens);
    }
    if tokens.is_empty() {
        output.note("no agent has a token; `hushkey agent create NAME` makes one");
        return Ok(());
    }
    let day = |time: Timestamp| time.strftime("%Y-%m-%d").to_string();
    let rows: Vec<_> = tokens
        .iter()
        .map(|token| {
            [
                token.agent.to_string(),
                format!("{}…", token.hint),
                state(token, now).to_owned(),
                day(token.created),
                token.expires.map_or_else(|| "never".to_owned(), day),
                token.used.map_or_else(
                    || "never".to_owned(),
                    |time| time.strftime("%Y-%m-%d %H:00Z").to_string(),
                ),
            ]
        })
        .collect();
    output.table(
        ["AGENT", "TOKEN", "STATE", "MADE", "EXPIRES", "LAST USED"],
        &rows,
    )
}

/// Opens what a change of tokens needs.
fn open(session: &Session) -> anyhow::Result<(Broker, Registry)> {
    crate::cli::guard::refuse_beneath_a_run()?;
    session.make_on_first_use()?;
    Ok(opening::open_with_agents(&session.config)?)
}

/// Changes the registry on record, and notes where it stands then.
fn deed<T>(
    broker: &Broker,
    registry: &Registry,
    what: &str,
    work: impl FnOnce() -> Result<T, RegistryError>,
) -> anyhow::Result<T> {
    let done = record::deed(broker, what, || work().map_err(failure))?;
    broker
        .audit()
        .note_head(&registry.head().map_err(failure)?)?;
    Ok(done)
}

/// Prints a token, which nobody can do again.
fn show_once(
    agent: &AgentName,
    token: &Secret,
    expires: Option<Timestamp>,
    session: &Session,
) -> anyhow::Result<()> {
    let output = session.output;
    if output.is_json() {
        return output.json(&NewTokenJson {
            agent: agent.as_str(),
            token: token.expose_secret(),
            expires_at: expires.map(|time| time.to_string()),
        });
    }
    output.note(&format!(
        "the token of {agent} is shown this once; it goes into the header `Authorization: Bearer …`, or into HUSHKEY_AGENT_TOKEN of \
         `hushkey mcp`"
    ));
    output.line(token.expose_secret())
}

fn has_one(agent: &AgentName, registry: &Registry) -> Result<bool, Failure> {
    let tokens = registry.list().map_err(failure)?;
    let now = Timestamp::now();
    Ok(tokens
        .iter()
        .any(|token| token.agent == *agent && token.is_in_force(now)))
}

/// Tells whether the policy lets the agent do anything.
fn rights_of(agent: &AgentName, broker: &Broker) -> anyhow::Result<bool> {
    let described = wait(broker.bound_policy())?.describe();
    let known = described.agents.iter().find(|it| it.name == agent.as_str());
    Ok(known.is_some_and(|it| !it.vaults.is_empty() || !it.rules.is_empty()))
}

fn expiry(expires_in: Option<Duration>) -> Result<Option<Timestamp>, Failure> {
    let Some(length) = expires_in else {
        return Ok(None);
    };
    SignedDuration::try_from(length)
        .ok()
        .filter(|length| length.is_positive())
        .and_then(|length| Timestamp::now().checked_add(length).ok())
        .map(Some)
        .ok_or_else(|| Failure::Usage("--expires-in is a time from now on: 90m, 30d".to_owned()))
}

fn state(token: &AgentToken, now: Timestamp) -> &'static str {
    if token.revoked.is_some() {
        "revoked"
    } else if token.is_in_force(now) {
        "in force"
    } else {
        "expired"
    }
}

fn failure(error: RegistryError) -> Failure {
    match error {
        RegistryError::Exists(_) => Failure::Failed(error.to_string()),
        RegistryError::Missing(_) => Failure::NotFound(error.to_string()),
        other => Failure::Unavailable(other.to_string()),
    }
}

/// A new token, as `--json` prints it.
#[derive(Serialize)]
struct NewTokenJson<'a> {
    agent: &'a str,
    token: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    expires_at: Option<String>,
}

fn token_json(token: &AgentToken, now: Timestamp) -> serde_json::Value {
    let time = |time: Option<Timestamp>| time.map(|time| time.to_string());
    serde_json::json!({
        "agent": token.agent.as_str(),
        "token": token.hint,
        "state": state(token, now),
        "created_at": token.created.to_string(),
        "expires_at": time(token.expires),
        "revoked_at": time(token.revoked),
        "last_used_at": time(token.used),
    })
}
