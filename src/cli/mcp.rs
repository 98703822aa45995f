//! `hushkey mcp`: serves the tools to an agent over standard input and output.

use std::{path::PathBuf, sync::Arc};

use crate::{
    access::{Agent, AgentName, Caller},
    broker::{Anchor, Broker, BrokerError, LazyBroker},
    cli::{
        Mcp,
        failure::{Failure, reason},
        guard, opening,
        session::Session,
    },
    config::Config,
    mcp::{self, ServerOptions},
};

/// Serves until the client goes.
pub(super) fn perform(arguments: Mcp, session: Session) -> anyhow::Result<()> {
    guard::refuse_beneath_a_run()?;
    let name = match &arguments.agent {
        Some(name) => AgentName::parse(name).map_err(|error| Failure::Usage(error.to_string()))?,
        None => session.config.agent.name.clone(),
    };
    let caller = Caller::Agent(Agent {
        name,
        default_roots: default_roots(std::env::current_dir().ok()),
        client: None,
    });
    let options = ServerOptions {
        read_only: arguments.read_only,
        tools: (!arguments.tools.is_empty()).then_some(arguments.tools),
        exclude_tools: arguments.exclude_tools,
    };
    // A store that can't be made is told to the model, by the first tool that needs it.
    if let Err(error) = session.make_on_first_use() {
        session.output.note(&error.to_string());
    }
    let config = Arc::new(session.config);
    let broker = Arc::new(LazyBroker::new(move || Box::pin(open(Arc::clone(&config)))));

    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::Failed(format!("cannot begin to serve: {}", reason(&error))))?;
    let served = runtime.block_on(mcp::serve_stdio(broker, caller, &options));
    // A thread may still sit in a read of standard input.
    runtime.shutdown_background();
    served.map_err(|error| Failure::Usage(error.to_string()).into())
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
