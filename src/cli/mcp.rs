//! `hushkey mcp`: serves the tools to an agent over standard input and output.

use std::sync::Arc;

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
        // Paths that the agent names lie beneath the directory that it was started in.
        default_roots: std::env::current_dir().into_iter().collect(),
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
    let broker = Arc::new(LazyBroker::new(move || {
        let config = Arc::clone(&config);
        Box::pin(async move { open(&config).await })
    }));

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
async fn open(config: &Config) -> Result<Broker, BrokerError> {
    let broker = opening::open(config)?;
    if let Anchor::Older { head, known } = broker.anchor().await? {
        tracing::warn!(
            revision = head.revision,
            known = known.revision,
            "an older copy was put in the store's place; `hushkey doctor` tells more"
        );
    }
    Ok(broker)
}
