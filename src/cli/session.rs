//! One invocation: how it prints, where things lie, and the broker when a command needs it.

use std::{io, path::PathBuf, sync::OnceLock};

use tokio::runtime::{Builder, Runtime};

use crate::{
    access::Caller,
    audit::AuditLog,
    broker::{Anchor, Broker},
    cli::{
        BackendName, Global,
        failure::{Failure, reason},
        guard,
        opening::{self, Beginnings},
        output::Output,
    },
    config::{BackendKind, Config, Overrides},
    offload,
};

/// Whoever types commands owns the store.
pub(super) const OWNER: Caller = Caller::Owner;

/// One invocation of a command.
pub(super) struct Session {
    /// How it prints.
    pub(super) output: Output,
    /// Where things lie.
    pub(super) config: Config,
}

impl Session {
    /// Reads the configuration; opens nothing.
    pub(super) fn begin(global: &Global, output: Output) -> anyhow::Result<Self> {
        Self::begin_as(global, output, None)
    }

    /// As [`Session::begin`], for an agent that proves its name by a token in a file.
    pub(super) fn begin_as(
        global: &Global,
        output: Output,
        agent_token_file: Option<PathBuf>,
    ) -> anyhow::Result<Self> {
        let overrides = Overrides {
            home: global.home.clone(),
            backend: global.backend.map(|name| match name {
                BackendName::Connect => BackendKind::Connect,
                BackendName::Local => BackendKind::Local,
            }),
            agent: None,
            agent_token_file,
            refresh: global.refresh,
        };
        let config = Config::load(&overrides, |name| std::env::var_os(name))?;
        if config.local_store_passed_over {
            output.note(
                "OP_CONNECT_HOST and OP_CONNECT_TOKEN select the Connect server; --backend local uses the store here",
            );
        }
        Ok(Self { output, config })
    }

    /// Opens policy, audit log and store for the owner; makes them on first use.
    pub(super) fn broker(&self) -> anyhow::Result<Broker> {
        guard::refuse_beneath_a_run()?;
        self.make_on_first_use()?;
        let broker = opening::open(&self.config)?;
        if let Anchor::Older { head, known } = wait(broker.anchor())? {
            self.output.note(&format!(
                "the store stands at revision {} though it stood at {}: an older copy was put in its place; \
                 `hushkey doctor` tells more",
                head.revision, known.revision
            ));
        }
        Ok(broker)
    }

    /// Opens the audit log, which has to be readable when the store is not.
    pub(super) fn audit(&self) -> anyhow::Result<AuditLog> {
        guard::refuse_beneath_a_run()?;
        self.make_on_first_use()?;
        Ok(opening::open_audit(&self.config)?)
    }

    /// Makes the store where there is none, and says so.
    pub(super) fn make_on_first_use(&self) -> anyhow::Result<()> {
        if opening::is_made(&self.config) {
            return Ok(());
        }
        let beginnings = Beginnings::on_first_use(&self.config);
        let made = opening::make(&self.config, &beginnings)?;
        // Nothing was, where another process was quicker.
        if made.policy && opening::is_connect(&self.config) {
            self.output.note(&format!(
                "first use with a Connect server: made a policy that grants nothing to any agent in {}; `hushkey agent allow` grants",
                self.config.places.policy.display()
            ));
        }
        if made.vault.is_some() {
            self.output.note(&format!(
                "first use: made vault {} in {}; `hushkey init --help` tells what else can be chosen",
                beginnings.vault,
                self.config.places.store.display()
            ));
        }
        Ok(())
    }
}

/// Runs a future to its end on this thread, and all that it needs done.
pub(super) fn wait<T, E: Into<anyhow::Error>>(
    future: impl Future<Output = Result<T, E>>,
) -> anyhow::Result<T> {
    offload::alone(|| wait_beside_others(future))
}

/// The same for a future that serves others: what waits for the disk has threads of its own.
pub(super) fn wait_beside_others<T, E: Into<anyhow::Error>>(
    future: impl Future<Output = Result<T, E>>,
) -> anyhow::Result<T> {
    // One for the whole process: what it needs is made once, and nobody waits for the end of its threads.
    static RUNTIME: OnceLock<io::Result<Runtime>> = OnceLock::new();

    let runtime = RUNTIME.get_or_init(|| Builder::new_current_thread().enable_all().build());
    match runtime {
        Ok(runtime) => runtime.block_on(future).map_err(Into::into),
        Err(error) => Err(Failure::Failed(format!("cannot begin work: {}", reason(error))).into()),
    }
}

/// Never: the owner ends a command by a signal.
pub(super) async fn uncancelled() {
    std::future::pending().await
}
