//! `hushkey connect vault`: gives vaults to Connect servers, and takes them away.

use super::{desk::Desk, servers};
use crate::{
    admin::WantedVault,
    cli::{
        connect_arguments::{VaultGrant, VaultGrantCommand},
        failure::Failure,
    },
    display_text::escaped,
};

/// Does what the command says.
pub(super) fn perform(command: &VaultGrantCommand, desk: &Desk<'_>) -> anyhow::Result<()> {
    let changed = match command {
        VaultGrantCommand::Grant(grant) => desk.grant_vault(&grant.server, &one(grant)?)?,
        VaultGrantCommand::Revoke(grant) => desk.revoke_vault(&grant.server, &grant.vault)?,
    };
    let has = match servers::told(&changed.vaults) {
        none if none.is_empty() => "no vault".to_owned(),
        vaults => vaults,
    };
    let sentence = format!("Connect server {} has {has} now", escaped(&changed.name));
    desk.tell(&changed, &sentence)
}

fn one(grant: &VaultGrant) -> Result<WantedVault, Failure> {
    let wanted = servers::wanted(std::slice::from_ref(&grant.vault))?;
    match <[WantedVault; 1]>::try_from(wanted) {
        Ok([one]) => Ok(one),
        Err(_) => Err(Failure::Usage(
            "--vault takes one vault here: Dev, or Dev,r".to_owned(),
        )),
    }
}
