//! What a prepared run drew from, and whether that is still so: for `hushkey run --watch`.
//!
//! Only versions are compared, which are no secrets; no value is read for it.

use crate::{
    broker::{Broker, BrokerError, PreparedRun},
    vault::{Environment, EnvironmentId, ItemId, VaultError, VaultId},
};

/// The items and environments that a run has values of, in the versions that it has.
#[derive(Clone, Debug, Default)]
pub struct Used {
    items: Vec<(VaultId, ItemId, u64)>,
    environments: Vec<(EnvironmentId, u64)>,
}

impl PreparedRun {
    /// The items and environments that the values come from.
    #[must_use]
    pub fn used(&self) -> Used {
        let mut items: Vec<_> = self
            .targets
            .iter()
            .map(|target| {
                let reference = &target.reference;
                let vault = reference.vault.id.clone();
                (vault, reference.item.id.clone(), target.version)
            })
            .collect();
        items.dedup();
        Used {
            items,
            environments: self.environments.clone(),
        }
    }
}

impl Broker {
    /// Tells whether an item that a prepared run has values of was changed since, or is gone. Looks at metadata only, and
    /// only for as long as the run lasts that was recorded.
    ///
    /// # Errors
    /// [`BrokerError`] when the vault does not answer.
    pub async fn is_outdated(&self, used: &Used) -> Result<bool, BrokerError> {
        if !used.environments.is_empty() {
            let now = versions(&self.environments.environments().await?);
            if used.environments.iter().any(|it| !now.contains(it)) {
                return Ok(true);
            }
        }
        for (vault, item, version) in &used.items {
            match self.vault.metadata(vault, item).await {
                Ok(metadata) if metadata.overview.version == *version => {}
                Ok(_) | Err(VaultError::NotFound { .. }) => return Ok(true),
                Err(error) => return Err(error.into()),
            }
        }
        Ok(false)
    }
}

pub(super) fn versions(environments: &[Environment]) -> Vec<(EnvironmentId, u64)> {
    let environments = environments.iter();
    environments.map(|it| (it.id.clone(), it.version)).collect()
}
