//! `hushkey serve`: serves the tools to many agents over HTTP, until a signal comes.

use std::path::Path;

use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::{
    broker::{Anchor, Broker},
    cli::{
        agent_arguments::Serve,
        failure::{Failure, reason},
        guard,
        opening::{self, Registries},
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
    let credentials = arguments.credentials.clone();
    let mut plan = plan(arguments)?;
    plan.without_mcp |= credentials.is_some();
    let told = Told {
        mcp: !plan.without_mcp,
        connect_api: !plan.without_connect_api,
    };
    let (broker, agents, connect) = match &credentials {
        Some(file) => {
            let (broker, connect) = opening::open_copy(&session.config, file)?;
            (broker, None, connect)
        }
        None => {
            let (broker, registries) = open(&session)?;
            (broker, Some(registries.agents), registries.connect)
        }
    };
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
        let server = Server::start(plan, broker, agents, connect).await;
        let server = server.map_err(failure)?;
        told.tell(&server, session.output)?;
        server.run(end.first()).await;
        Ok(())
    });
    // What is still at work was cancelled; nobody waits for it.
    runtime.shutdown_background();
    served
}

/// Opens everything, and says where nobody could be let in.
fn open(session: &Session) -> anyhow::Result<(Broker, Registries)> {
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
    Ok((broker, registries))
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
        limits: limits(arguments.max_inline_file_size_kb)?,
        without_mcp: arguments.no_mcp,
        without_connect_api: arguments.no_connect_api,
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

/// The variable is Connect's own.
fn limits(inline_kilobytes: Option<u32>) -> Result<Limits, Failure> {
    const VARIABLE: &str = "OP_MAX_INLINE_FILE_SIZE_KB";
    let mut limits = Limits::default();
    let kilobytes = match (inline_kilobytes, std::env::var(VARIABLE)) {
        (Some(kilobytes), _) => Some(kilobytes),
        (None, Ok(text)) => Some(text.trim().parse().map_err(|_| {
            Failure::Usage(format!("{VARIABLE} is a number of kilobytes, such as 100"))
        })?),
        (None, Err(_)) => None,
    };
    if let Some(kilobytes) = kilobytes {
        limits.inline_bytes = u64::from(kilobytes) * 1024;
    }
    Ok(limits)
}

/// What is served, for telling it.
#[derive(Clone, Copy)]
struct Told {
    mcp: bool,
    connect_api: bool,
}

impl Told {
    /// Says where it listens: the first line that it prints, and the only one.
    fn tell(self, server: &Server, output: Output) -> anyhow::Result<()> {
        let connect = server.addresses();
        // A socket has no address of which a path could be a part.
        let mcp: Vec<String> = connect
            .iter()
            .map(|address| match address.starts_with("http") {
                true => format!("{address}/mcp"),
                false => address.clone(),
            })
            .collect();
        if output.is_json() {
            let listening = if self.mcp { &mcp } else { connect };
            let connect = if self.connect_api { connect } else { &[] };
            return output
                .json_line(&serde_json::json!({ "listening": listening, "connect": connect }));
        }
        let mcp = format!("MCP at {}", mcp.join(" and "));
        let connect = format!("the Connect API at {}", connect.join(" and "));
        output.line(&match (self.mcp, self.connect_api) {
            (true, true) => format!("serving {mcp}, {connect}"),
            (true, false) => format!("serving {mcp}"),
            (false, true) => format!("serving {connect}"),
            (false, false) => "serving nothing but /health".to_owned(),
        })
    }
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
