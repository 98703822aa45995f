//! `hushkey serve`: serves the tools to many agents over HTTP, until a signal comes.

use std::path::Path;

use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::{
    broker::Anchor,
    cli::{
        agent_arguments::Serve,
        failure::{Failure, reason},
        guard, opening,
        output::Output,
        session::Session,
    },
    http::{Limits, Listen, Plan, Server, StartError, Tls},
    mcp::ServerOptions,
    registry::RegistryError,
};

/// Threads that answer; what waits for a disk has others.
const THREADS: usize = 4;

/// Serves until a signal.
pub(super) fn perform(arguments: Serve, mut session: Session) -> anyhow::Result<()> {
    guard::refuse_beneath_a_run()?;
    session.config.also_own.extend(arguments.tls_key.clone());
    let plan = plan(arguments)?;
    session.make_on_first_use()?;
    let (broker, registries) = opening::open_with_registries(&session.config)?;
    let unavailable = |error: RegistryError| Failure::Unavailable(error.to_string());
    let has_agents = !registries.agents.list().map_err(unavailable)?.is_empty();
    let has_servers = registries.connect.has_servers().map_err(unavailable)?;
    if !has_agents && !has_servers {
        session.output.note(
            "no agent has a token yet, so nobody will be let in; `hushkey agent create NAME` makes one, also while this runs",
        );
    }
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(threads.min(THREADS))
        .enable_all()
        .build()
        .map_err(|error| Failure::Failed(format!("cannot begin to serve: {}", reason(&error))))?;
    let served = runtime.block_on(async {
        if let Anchor::Older { .. } = broker.anchor().await? {
            session
                .output
                .note("an older copy was put in the store's place; `hushkey doctor` tells more");
        }
        let end = Signals::listen()?;
        let server = Server::start(plan, broker, registries.agents).await;
        let server = server.map_err(failure)?;
        tell(&server, session.output)?;
        server.run(end.first()).await;
        Ok(())
    });
    // What is still at work was cancelled; nobody waits for it.
    runtime.shutdown_background();
    served
}

fn plan(arguments: Serve) -> anyhow::Result<Plan> {
    let listens: Vec<Listen> = arguments.listen;
    let tls = match (&arguments.tls_cert, &arguments.tls_key) {
        (Some(certificate), Some(key)) => Some(read_tls(certificate, key)?),
        _ => None,
    };
    Ok(Plan {
        listens,
        tls,
        behind_proxy: arguments.behind_proxy,
        hosts: arguments.allow_host,
        options: ServerOptions {
            read_only: arguments.read_only,
            tools: (!arguments.tools.is_empty()).then_some(arguments.tools),
            exclude_tools: arguments.exclude_tools,
            without_handles: true,
        },
        limits: Limits::default(),
    })
}

fn read_tls(certificate: &Path, key: &Path) -> Result<Tls, Failure> {
    Tls::read(certificate, key).map_err(|error| Failure::Unavailable(error.to_string()))
}

fn failure(error: StartError) -> Failure {
    match error {
        StartError::Bind { .. } => Failure::Failed(error.to_string()),
        StartError::Open(_) => Failure::Denied(error.to_string()),
        other => Failure::Usage(other.to_string()),
    }
}

/// Says where it listens: the first line that it prints, and the only one.
fn tell(server: &Server, output: Output) -> anyhow::Result<()> {
    if output.is_json() {
        return output.json_line(&serde_json::json!({ "listening": server.addresses() }));
    }
    output.line(&format!(
        "serving MCP at {}",
        server.addresses().join(" and ")
    ))
}

/// The signals that end a server.
struct Signals {
    interrupt: Signal,
    terminate: Signal,
}

impl Signals {
    fn listen() -> Result<Self, Failure> {
        let of = |kind| {
            signal(kind).map_err(|error| {
                Failure::Failed(format!("signals cannot be received: {}", reason(&error)))
            })
        };
        Ok(Self {
            interrupt: of(SignalKind::interrupt())?,
            terminate: of(SignalKind::terminate())?,
        })
    }

    /// The first of them.
    async fn first(mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
}
