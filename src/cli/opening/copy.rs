//! A copy of somebody's store and Connect servers, opened with a server's credentials and nothing else.
//!
//! The owner's key is not here. The audit log of what is asked for here, and that log's key, are this machine's own, beside
//! the copy and under names of their own: whatever else was copied is left alone.

use std::path::Path;

use super::{registries, unavailable, unavailable_text};
use crate::{
    admin::view::CredentialsJson,
    audit::AuditLog,
    broker::{Broker, BrokerError, Grounds, OwnPaths},
    config::{Backend, Config},
    keys::KeySource,
    policy_file::PolicyFile,
    private_file,
    registry::connect::{ConnectRegistry, Credentials},
};

/// Bytes that a credentials file may have.
const MOST: usize = 64 * 1024;

/// The names of this machine's own log and key.
const LOG: &str = "copy-audit.db";
const KEY: &str = "copy-key";

/// Opens the copy in the configured places.
pub(in crate::cli) fn open_copy(
    config: &Config,
    credentials: &Path,
) -> Result<(Broker, ConnectRegistry), BrokerError> {
    if matches!(config.backend, Backend::Connect(_)) {
        return Err(unavailable_text(
            "credentials open a copy of a local store, and here a Connect server keeps the secrets; say --backend local",
        ));
    }
    let places = &config.places;
    let credentials = read(credentials)?;
    let opened = ConnectRegistry::open_copy(&places.connect, &credentials).map_err(unavailable)?;
    let vault = super::copied(&places.store, &opened.lent)?;

    let kek = KeySource::File(places.key.with_file_name(KEY));
    let kek = kek.load_or_create().map_err(unavailable)?;
    let audit = AuditLog::open(&places.audit.with_file_name(LOG), &kek).map_err(unavailable)?;
    let own = kek.redactable().into_iter();
    let grounds = Grounds {
        environment: Default::default(),
        owner_path: Vec::new(),
        own_paths: OwnPaths::new(config.own_paths()),
        own_secrets: own
            .map(|spelling| ("hushkey's own key".to_owned(), spelling))
            .collect(),
        approved: None,
        unlocked: None,
    };
    // Programs with a token are under no policy, and nobody else is let in.
    let policy = PolicyFile::new(places.policy.clone(), None);
    let broker = Broker::new(vault, Box::new(policy), audit, grounds);
    registries::refuse_older_connect(&broker, &places.connect, &opened.registry)?;
    Ok((broker, opened.registry))
}

fn read(path: &Path) -> Result<Credentials, BrokerError> {
    let bytes = private_file::read_private(path, MOST).map_err(unavailable)?;
    let read = serde_json::from_slice::<CredentialsJson>(&bytes).ok();
    read.and_then(|json| json.credentials()).ok_or_else(|| {
        unavailable_text(format!(
            "`{}` is no credentials file of `hushkey connect server create`",
            path.display()
        ))
    })
}
