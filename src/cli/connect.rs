//! `hushkey connect`: the Connect server that keeps the secrets, and Connect servers of one's own.
//!
//! The two have nothing to do with each other but their name: [`status`] asks a server of 1Password's, the others manage what
//! `hushkey serve` lets in.

use std::{process::ExitCode, sync::Arc};

use crate::{
    admin::{AdminError, Office},
    broker::Broker,
    cli::{
        connect_arguments::{ConnectCommand, GroupCommand},
        failure::Failure,
        guard, opening,
        session::Session,
    },
    registry::{RegistryError, connect::ConnectRegistry},
};

mod desk;
mod groups;
mod named;
mod remote;
mod servers;
mod status;
mod tokens;
mod usage;
mod vaults;

use desk::Desk;

/// Does what the command says.
pub(super) fn perform(command: &ConnectCommand, session: &Session) -> anyhow::Result<ExitCode> {
    match command {
        ConnectCommand::Activity { .. } | ConnectCommand::Metrics | ConnectCommand::Status => {
            return status::perform(command, session);
        }
        ConnectCommand::Group(command) => groups::grants(command, &Open::begin(session)?)?,
        ConnectCommand::Server(server) => {
            servers::perform(&server.command, &Desk::begin(&server.place, session)?)?;
        }
        ConnectCommand::Token(token) => {
            tokens::perform(&token.command, &Desk::begin(&token.place, session)?)?;
        }
        ConnectCommand::Usage(arguments) => usage::perform(arguments, session)?,
        ConnectCommand::Vault(vault) => {
            vaults::perform(&vault.command, &Desk::begin(&vault.place, session)?)?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// `hushkey group`.
pub(super) fn perform_group(command: &GroupCommand, session: &Session) -> anyhow::Result<()> {
    groups::perform(command, &Open::begin(session)?)
}

/// What managing needs, opened.
struct Open<'s> {
    session: &'s Session,
    broker: Broker,
    registry: Arc<ConnectRegistry>,
}

impl<'s> Open<'s> {
    fn begin(session: &'s Session) -> anyhow::Result<Self> {
        guard::refuse_agents("managing Connect servers")?;
        guard::refuse_beneath_a_run()?;
        session.make_on_first_use()?;
        let (broker, registry) = opening::open_with_connect(&session.config)?;
        Ok(Self {
            session,
            broker,
            registry: Arc::new(registry),
        })
    }

    fn office(&self) -> Office<'_> {
        Office::of_owner(&self.broker, Arc::clone(&self.registry))
    }

    /// Waits for what the office says.
    fn wait<T>(&self, work: impl Future<Output = Result<T, AdminError>>) -> anyhow::Result<T> {
        crate::cli::session::wait(async { work.await.map_err(failure) })
    }
}

/// The error, in a class of the command line's.
fn failure(error: AdminError) -> anyhow::Error {
    match error {
        AdminError::Broker(error) => error.into(),
        AdminError::Denied(_) => Failure::Denied(error.to_string()).into(),
        AdminError::Invalid(_) => Failure::Usage(error.to_string()).into(),
        AdminError::Registry(error) => match error {
            RegistryError::Ambiguous { .. } | RegistryError::NoSuch { .. } => {
                Failure::NotFound(error.to_string())
            }
            RegistryError::NoVault => Failure::Usage(error.to_string()),
            RegistryError::Store { .. } => Failure::Unavailable(error.to_string()),
            _ => Failure::Failed(error.to_string()),
        }
        .into(),
    }
}
