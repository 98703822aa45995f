//! The registries of tokens, held against the audit log: an older copy of one may hold a token that was revoked.

use std::path::Path;

use super::{key, open_with, unavailable, unavailable_text};
use crate::{
    broker::{Broker, BrokerError},
    config::{Backend, Config},
    keys::Kek,
    registry::{Registry, RegistryError, connect::ConnectRegistry},
    vault::StoreHead,
};

/// Everything that tells who calls over HTTP.
pub(in crate::cli) struct Registries {
    /// The agents' tokens.
    pub(in crate::cli) agents: Registry,
    /// The Connect servers and their tokens.
    pub(in crate::cli) connect: ConnectRegistry,
}

/// As [`super::open`], with the agents' tokens.
pub(in crate::cli) fn open_with_agents(config: &Config) -> Result<(Broker, Registry), BrokerError> {
    let (broker, kek) = opened(config)?;
    let agents = agents(config, &kek, &broker)?;
    Ok((broker, agents))
}

/// As [`super::open`], with the Connect servers.
pub(in crate::cli) fn open_with_connect(
    config: &Config,
) -> Result<(Broker, ConnectRegistry), BrokerError> {
    let (broker, kek) = opened(config)?;
    let connect = connect(config, &kek, &broker)?;
    Ok((broker, connect))
}

/// As [`super::open`], with all registries.
pub(in crate::cli) fn open_with_registries(
    config: &Config,
) -> Result<(Broker, Registries), BrokerError> {
    let (broker, kek) = opened(config)?;
    let registries = Registries {
        agents: agents(config, &kek, &broker)?,
        connect: connect(config, &kek, &broker)?,
    };
    Ok((broker, registries))
}

/// Wraps the keys of the registries that are there with another key of the owner's.
pub(super) fn rewrap(config: &Config, old: &Kek, new: &Kek) -> Result<(), BrokerError> {
    let places = &config.places;
    if places.agents.exists() && Registry::open(&places.agents, new).is_err() {
        let registry = Registry::open(&places.agents, old).map_err(unavailable)?;
        registry.rewrap(old, new).map_err(unavailable)?;
    }
    if places.connect.exists() && ConnectRegistry::open(&places.connect, new).is_err() {
        let registry = ConnectRegistry::open(&places.connect, old).map_err(unavailable)?;
        registry.rewrap(old, new).map_err(unavailable)?;
    }
    Ok(())
}

fn opened(config: &Config) -> Result<(Broker, Kek), BrokerError> {
    drop(super::lock(
        config,
        super::FlockOperation::NonBlockingLockShared,
    ));
    let key = key::owner_key(config)?;
    let kek = key.kek.clone();
    Ok((open_with(config, key)?, kek))
}

fn agents(config: &Config, kek: &Kek, broker: &Broker) -> Result<Registry, BrokerError> {
    let path = &config.places.agents;
    let registry = Registry::open(path, kek).map_err(unavailable)?;
    let again = "make new ones with `hushkey agent create`";
    refuse_older(broker, path, ("agents' tokens", again), || registry.head())?;
    Ok(registry)
}

fn connect(config: &Config, kek: &Kek, broker: &Broker) -> Result<ConnectRegistry, BrokerError> {
    let path = &config.places.connect;
    let mut registry = ConnectRegistry::open(path, kek).map_err(unavailable)?;
    if matches!(config.backend, Backend::Local) {
        registry = registry.with_lender(super::lender(config.places.store.clone(), kek.clone()));
    }
    refuse_older_connect(broker, path, &registry)?;
    Ok(registry)
}

/// Refuses Connect servers that lie further back than was noted of them.
pub(super) fn refuse_older_connect(
    broker: &Broker,
    path: &Path,
    registry: &ConnectRegistry,
) -> Result<(), BrokerError> {
    let again = "make new ones with `hushkey connect server create`";
    let what = ("Connect servers and their tokens", again);
    refuse_older(broker, path, what, || registry.head())
}

/// Refuses a registry that lies further back than was noted of it, and notes one that does not.
fn refuse_older(
    broker: &Broker,
    path: &Path,
    (what, again): (&str, &str),
    head: impl Fn() -> Result<StoreHead, RegistryError>,
) -> Result<(), BrokerError> {
    let store = head().map_err(unavailable)?.store;
    // What was noted is read first: others may move the registry on at any time, and note that.
    let known = broker.audit().known_head(&store)?;
    let head = head().map_err(unavailable)?;
    if known.is_some_and(|known| {
        head.revision < known.revision || head.revision == known.revision && head.mark != known.mark
    }) {
        return Err(unavailable_text(format!(
            "an older copy of the {what} was put in place of `{}`, and may hold some that were revoked, so none is accepted; \
             move it away and {again}",
            path.display()
        )));
    }
    broker.audit().note_head(&head)?;
    Ok(())
}
