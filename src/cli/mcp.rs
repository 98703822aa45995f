//! `hushkey mcp`: serves the tools to an agent over standard input and output.

use std::{path::PathBuf, sync::Arc};

use jiff::Timestamp;

use crate::{
    access::{Agent, AgentName, Caller, Standing},
    broker::{Anchor, Broker, BrokerError, LazyBroker, PolicySource as _},
    cli::{
        agent_arguments::Mcp,
        failure::{Failure, reason},
        guard, opening,
        session::Session,
    },
    config::Config,
    http::page::TypingDoor,
    mcp::{self, Proof, ServerOptions, VaultServer},
    policy_file::PolicyFile,
    registry::{NotProven, TokenDigest},
};

/// Serves until the client goes.
pub(super) fn perform(arguments: Mcp, session: Session) -> anyhow::Result<()> {
    guard::refuse_beneath_a_run()?;
    let named = match &arguments.agent {
        Some(name) => {
            Some(AgentName::parse(name).map_err(|error| Failure::Usage(error.to_string()))?)
        }
        None => None,
    };
    let options = ServerOptions {
        read_only: arguments.read_only,
        tools: (!arguments.tools.is_empty()).then_some(arguments.tools),
        exclude_tools: arguments.exclude_tools,
        without_handles: false,
    };
    // A store that can't be made is told to the model, by the first tool that needs it.
    if let Err(error) = session.make_on_first_use() {
        session.output.note(&error.to_string());
    }
    let name = match &named {
        Some(name) => name.clone(),
        None => session.config.agent.name.clone(),
    };
    let mut agent = Agent {
        name,
        default_roots: default_roots(std::env::current_dir().ok()),
        client: None,
        standing: Standing::default(),
    };
    let policy = PolicyFile::new(session.config.places.policy.clone(), std::env::home_dir());
    let (broker, proof) = if session.config.agent_token.is_some() {
        let (broker, proof) = proven(&session.config, named.as_ref(), &mut agent)?;
        (broker, Some(proof))
    } else {
        refuse_a_label(&session.config, &agent.name)?;
        let config = Arc::new(session.config);
        let broker = LazyBroker::new(move || Box::pin(open(Arc::clone(&config))));
        (broker, None)
    };

    let broker = Arc::new(broker);
    let page = Arc::new(TypingDoor::new(Arc::clone(&broker)));
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::Failed(format!("cannot begin to serve: {}", reason(&error))))?;
    let server = VaultServer::new(broker, Caller::Agent(agent), &options)
        .map_err(|error| Failure::Usage(error.to_string()))?
        .with_page(page)
        .with_scope(Arc::new(move |caller| {
            Some(policy.current().ok()?.scope(caller))
        }));
    let server = match proof {
        Some(proof) => server.proven_by(proof),
        None => server,
    };
    let served = runtime.block_on(mcp::serve_stdio(server));
    // A thread may still sit in a read of standard input.
    runtime.shutdown_background();
    served.map_err(|error| Failure::Usage(error.to_string()).into())
}

/// Opens everything at once for an agent with a token, which has to be good now; and a way to ask whether it still is.
/// The token tells the agent's name; another one on the command line is a mistake.
fn proven(
    config: &Config,
    named: Option<&AgentName>,
    agent: &mut Agent,
) -> anyhow::Result<(LazyBroker, Proof)> {
    let given = config.agent_token.as_ref();
    let digest = given.and_then(|token| TokenDigest::of(token.text.expose_secret()));
    let digest = digest.ok_or_else(|| {
        Failure::Usage("what was given as the agent's token is none: it begins with `hka_` and has 63 characters".to_owned())
    })?;
    let (broker, registry) = opening::open_with_agents(config)?;
    let found = registry.prove(&digest, Timestamp::now());
    let found = found.map_err(|error| Failure::Unavailable(error.to_string()))?;
    let refused = match found {
        Ok(name) if named.is_none_or(|named| *named == name) => {
            agent.name = name;
            agent.standing.proven = true;
            let name = agent.name.clone();
            let _ = registry.note_use(&digest, Timestamp::now());
            let proof: Proof = Arc::new(move || {
                let found = registry.prove(&digest, Timestamp::now());
                matches!(found, Ok(Ok(found)) if found == name)
            });
            return Ok((LazyBroker::of(broker), proof));
        }
        Ok(_) => "is another agent's than --agent names; drop one of the two",
        Err(NotProven::Expired(_)) => "has expired; `hushkey agent rotate` makes a new one",
        Err(NotProven::Revoked(_)) => "was revoked; `hushkey agent create` makes a new one",
        Err(NotProven::Unknown) => "was not made here; `hushkey agent create` makes one",
    };
    Err(Failure::Denied(format!("the agent's token {refused}")).into())
}

/// Refuses to begin for a mere name where the policy wants it proven: each request would be refused as well, but here it
/// is seen at once. A policy that can't be read is told by the first request.
fn refuse_a_label(config: &Config, name: &AgentName) -> Result<(), Failure> {
    let file = PolicyFile::new(config.places.policy.clone(), std::env::home_dir());
    // Understanding the whole policy is for the first request: few want a token, and each start would pay for it.
    if !file.may_say("require_token") {
        return Ok(());
    }
    let policy = file.current();
    if policy.is_ok_and(|policy| policy.requires_token(name)) {
        return Err(Failure::Denied(format!(
            "the policy takes the name {name} only with its token: put it into HUSHKEY_AGENT_TOKEN, or name its file with \
             --agent-token-file; `hushkey agent rotate {name}` makes a new one"
        )));
    }
    Ok(())
}

/// Opens the broker, and warns of a store that was replaced by an older copy.
async fn open(config: Arc<Config>) -> Result<Broker, BrokerError> {
    // A key command may wait for a person: the server has to hear its client meanwhile.
    let opened = tokio::task::spawn_blocking(move || opening::open(&config)).await;
    let broker = opened.map_err(|error| BrokerError::Unavailable {
        message: "the vault could not be opened; this is a fault of hushkey".to_owned(),
        source: Some(Box::new(error)),
    })??;
    if let Anchor::Older { head, known } = broker.anchor().await? {
        tracing::warn!(
            revision = head.revision,
            known = known.revision,
            "an older copy was put in the store's place; `hushkey doctor` tells more"
        );
    }
    Ok(broker)
}

/// Where paths lie that the agent names, unless its policy says otherwise: beneath the directory that it was started in.
/// Desktop assistants start their servers at the top, which bounds nothing: then nowhere.
fn default_roots(start: Option<PathBuf>) -> Vec<PathBuf> {
    start
        .into_iter()
        .filter(|start| start.parent().is_some())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_agent_that_is_started_at_the_top_can_name_no_path() {
        assert_eq!(default_roots(Some("/".into())), [] as [PathBuf; 0]);
        assert_eq!(
            default_roots(Some("/home/ada/shop".into())),
            [PathBuf::from("/home/ada/shop")]
        );
    }
}
