//! What can be done about Connect servers, their tokens and groups: by the owner at the command line, by managers over the admin API.
//!
//! One [`Office`] serves both, so that what a manager may do is decided in one place: a manager of the whole does what the
//! owner does, but for groups; a manager of single servers sees no others, makes tokens within what they have, and takes vaults
//! away, but gives none. Everything that changes something is on record before it is done; of managers, everything that
//! is looked at, too.

use std::sync::Arc;

use jiff::Timestamp;

use crate::{
    access::{Reach, VaultAccess},
    broker::{Administrator, Broker, BrokerError},
    registry::{
        RegistryError,
        connect::{
            ConnectName, ConnectRegistry, ConnectServer, ConnectToken, Manager, NotAConnectName,
        },
    },
    vault::{
        Noun, Secret, ServerId, StoreHead, VaultError, VaultId, name::same_name, reference::Named,
    },
};

mod groups;
mod servers;
mod tokens;
pub mod view;
mod wanted;

pub use groups::WantedManaged;
pub use wanted::{NotWanted, WantedVault};

/// Where Connect servers are managed, for one person or program.
pub struct Office<'b> {
    broker: &'b Broker,
    registry: Arc<ConnectRegistry>,
    who: Administrator,
    /// What a manager manages; `None` for the owner, who manages all.
    manager: Option<Manager>,
}

/// Why it was not done.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AdminError {
    /// The vaults or the audit log do not answer, or there is no such vault.
    #[error(transparent)]
    Broker(#[from] BrokerError),

    /// A manager may not do this.
    #[error("{0}")]
    Denied(&'static str),

    /// What was asked for can't be meant.
    #[error("{0}")]
    Invalid(String),

    /// The registry says no.
    #[error(transparent)]
    Registry(#[from] RegistryError),
}

impl From<NotAConnectName> for AdminError {
    fn from(error: NotAConnectName) -> Self {
        Self::Invalid(error.to_string())
    }
}

impl<'b> Office<'b> {
    /// The owner's.
    #[must_use]
    pub fn of_owner(broker: &'b Broker, registry: Arc<ConnectRegistry>) -> Self {
        Self {
            broker,
            registry,
            who: Administrator::Owner,
            manager: None,
        }
    }

    /// A manager's, whose token was found good; `way` says from where: `https 10.0.0.7`.
    #[must_use]
    pub fn of_manager(
        broker: &'b Broker,
        registry: Arc<ConnectRegistry>,
        manager: Manager,
        way: String,
    ) -> Self {
        let actor = crate::audit::ManagerActor {
            name: format!("{}/{}", manager.group_name, manager.member),
            way,
        };
        Self {
            broker,
            registry,
            who: Administrator::Manager(actor),
            manager: Some(manager),
        }
    }

    /// Does a deed on record, away from the threads that serve others.
    async fn deed<T: Send + 'static>(
        &self,
        what: &str,
        work: impl FnOnce(&ConnectRegistry) -> Result<T, RegistryError> + Send + 'static,
    ) -> Result<T, AdminError> {
        let registry = Arc::clone(&self.registry);
        let work = move || -> Result<(T, StoreHead), RegistryError> {
            let made = work(&registry)?;
            Ok((made, registry.head()?))
        };
        Ok(self.broker.administer(&self.who, what, work).await??)
    }

    async fn seen(&self, what: &str) -> Result<(), AdminError> {
        Ok(self.broker.administration_seen(&self.who, what).await?)
    }

    fn manages(&self, server: &ServerId) -> bool {
        let manager = self.manager.as_ref();
        manager.is_none_or(|manager| manager.manages(server))
    }

    /// Refuses, on record, what only the owner and managers of the whole may do.
    async fn whole(&self, what: &str, refusal: &'static str) -> Result<(), AdminError> {
        if self.manager.as_ref().is_none_or(|manager| manager.whole) {
            return Ok(());
        }
        self.denied(what, refusal).await
    }

    async fn denied(&self, what: &str, refusal: &'static str) -> Result<(), AdminError> {
        let why = "its group does not manage that";
        self.broker
            .administration_denied(&self.who, what, why)
            .await?;
        Err(AdminError::Denied(refusal))
    }

    /// A server by id or name. One that is not managed is as unknown as one that is not there.
    async fn find(&self, name_or_id: &str) -> Result<ConnectServer, AdminError> {
        let found = self.registry.server(name_or_id);
        let what = match found {
            Ok(found) if self.manages(&found.id) => return Ok(found),
            Ok(found) => format!("Connect server {}", found.name),
            Err(RegistryError::NoSuch { name, .. }) => format!("Connect server {name}"),
            Err(error) => return Err(error.into()),
        };
        let why = "there is none that its group manages";
        self.broker
            .administration_denied(&self.who, &what, why)
            .await?;
        Err(AdminError::Registry(RegistryError::NoSuch {
            what: "Connect server",
            name: name_or_id.to_owned(),
            list: "`hushkey connect server list`",
        }))
    }

    /// The vaults that somebody may name here: all, or those that a server has.
    async fn vaults(&self, within: Option<&Reach>) -> Result<Vec<Named<VaultId>>, AdminError> {
        let mut vaults = self.broker.grantable_vaults().await?;
        if let Some(reach) = within {
            vaults.retain(|vault| reach.access(&vault.id) != VaultAccess::default());
        }
        Ok(vaults)
    }
}

/// A vault by id, in any case, or by name.
fn vault_of(wanted: &str, among: &[Named<VaultId>]) -> Result<Named<VaultId>, AdminError> {
    let id = wanted.to_ascii_lowercase();
    if let Some(vault) = among.iter().find(|vault| vault.id.as_str() == id) {
        return Ok(vault.clone());
    }
    let named: Vec<_> = among
        .iter()
        .filter(|vault| same_name(&vault.name, wanted))
        .collect();
    let name = wanted.to_owned();
    let noun = Noun::Vault;
    Err(match named[..] {
        [vault] => return Ok(vault.clone()),
        [] => BrokerError::from(VaultError::NotFound { noun, name }).into(),
        _ => {
            let candidates = named.iter().map(|vault| vault.id.to_string()).collect();
            BrokerError::from(VaultError::Ambiguous {
                noun,
                name,
                candidates,
            })
            .into()
        }
    })
}

fn name(text: &str) -> Result<ConnectName, AdminError> {
    Ok(ConnectName::parse(text)?)
}

/// A token that was just made.
#[derive(Debug)]
pub struct Issued {
    /// What is known of it.
    pub details: ConnectToken,
    /// The vaults' names.
    pub vaults: Vec<Named<VaultId>>,
    /// The token: shown once, kept nowhere.
    pub token: Secret,
}

/// A token that is wanted.
#[derive(Clone, Debug)]
pub struct WantedToken {
    /// What it is to be called.
    pub name: String,
    /// The server's name or id.
    pub server: String,
    /// The vaults that it is to open.
    pub vaults: Vec<WantedVault>,
    /// From when on it is refused, if it expires.
    pub expires: Option<Timestamp>,
}
