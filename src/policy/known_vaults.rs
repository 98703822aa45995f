//! The vaults that there are, for binding the policy's names to ids.

use crate::{
    policy::{fold, reference_pattern::spelling},
    vault::{VaultId, VaultOverview, reference::Named},
};

/// The vaults that there are.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KnownVaults(Vec<Named<VaultId>>);

/// Why a name stands for no vault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unbound {
    /// Several vaults have the name.
    Ambiguous,
    /// No vault has it.
    Unknown,
}

impl KnownVaults {
    /// Finds the one vault that a key of the policy means: by id if the key has the form of one, else by name
    /// in any case.
    pub(super) fn called(&self, key: &str) -> Result<&Named<VaultId>, Unbound> {
        if let Ok(id) = VaultId::parse(key) {
            return self
                .0
                .iter()
                .find(|vault| vault.id == id)
                .ok_or(Unbound::Unknown);
        }
        let key = fold(key);
        let mut found = self.0.iter().filter(|vault| fold(&vault.name) == key);
        match (found.next(), found.next()) {
            (None, _) => Err(Unbound::Unknown),
            (Some(vault), None) => Ok(vault),
            (Some(_), Some(_)) => Err(Unbound::Ambiguous),
        }
    }

    /// What a policy calls a vault: its name, or its id where the name is another's too or could be misread.
    #[must_use]
    pub fn spelling<'v>(&self, vault: &'v Named<VaultId>) -> &'v str {
        let name = spelling(vault.id.as_str(), &vault.name);
        let found = self.called(name);
        if found.is_ok_and(|found| found.id == vault.id) {
            name
        } else {
            vault.id.as_str()
        }
    }
}

impl FromIterator<Named<VaultId>> for KnownVaults {
    fn from_iter<I: IntoIterator<Item = Named<VaultId>>>(vaults: I) -> Self {
        Self(vaults.into_iter().collect())
    }
}

impl From<&[Named<VaultId>]> for KnownVaults {
    fn from(vaults: &[Named<VaultId>]) -> Self {
        vaults.iter().cloned().collect()
    }
}

impl From<&[VaultOverview]> for KnownVaults {
    fn from(vaults: &[VaultOverview]) -> Self {
        vaults
            .iter()
            .map(|vault| Named {
                id: vault.id.clone(),
                name: vault.name.clone(),
            })
            .collect()
    }
}
