//! How store and audit log are, for whoever may ask without being known: numbers and states, and nothing by name.

use std::sync::Arc;

use crate::{
    broker::{Broker, BrokerError, guard::blocking},
    vault::Dependency,
};

/// How store and audit log are.
#[derive(Clone, Debug, Default)]
pub struct Vitals {
    /// What is needed to answer, and whether it works.
    pub dependencies: Vec<Dependency>,
    /// Vaults, and active items in them, if the store can be read.
    pub holdings: Option<(u64, u64)>,
}

impl Broker {
    /// Looks at store and audit log. Nothing of what it reads is told but sums, so that it is on no record.
    pub async fn vitals(&self) -> Vitals {
        let locked = self.grounds.unlocked.as_ref().is_some_and(|holds| !holds());
        let vaults = if locked {
            None
        } else {
            self.vault.vaults().await.ok()
        };
        let holdings = vaults.map(|vaults| {
            let items = vaults.iter().map(|vault| vault.items).sum();
            (vaults.len() as u64, items)
        });
        let store = match (locked, holdings) {
            (true, _) => state(
                "sqlite",
                "LOCKED",
                "its owner opens it with `hushkey unlock`",
            ),
            (false, Some(_)) => state("sqlite", "ACTIVE", ""),
            (false, None) => state("sqlite", "UNAVAILABLE", "the server's log tells why"),
        };
        let audit = Arc::clone(&self.audit);
        let newest = blocking(move || audit.newest()).await;
        let audit = match newest.and_then(|newest| newest.map_err(BrokerError::from)) {
            Ok(_) => state("audit", "ACTIVE", ""),
            Err(_) => state("audit", "UNAVAILABLE", "the server's log tells why"),
        };
        Vitals {
            dependencies: vec![store, audit],
            holdings,
        }
    }
}

fn state(service: &str, status: &str, message: &str) -> Dependency {
    Dependency {
        service: service.to_owned(),
        status: status.to_owned(),
        message: message.to_owned(),
    }
}
