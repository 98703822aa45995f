//! `hushkey connect vault`: gives vaults to Connect servers, and takes them away.

use super::{Open, servers};
use crate::{
    admin::WantedVault,
    cli::{
        connect_arguments::{VaultGrant, VaultGrantCommand},
        failure::Failure,
    },
    display_text::escaped,
};

/// Does what the command says.
pub(super) fn perform(command: &VaultGrantCommand, open: &Open<'_>) -> anyhow::Result<()> {
    let office = open.office();
    let output = open.session.output;
    let changed = match command {
        VaultGrantCommand::Grant(grant) => {
            open.wait(office.grant_vault(&grant.server, &one(grant)?))?
        }
        VaultGrantCommand::Revoke(grant) => {
            open.wait(office.revoke_vault(&grant.server, &grant.vault))?
        }
    };
    if output.is_json() {
        return output.json(&changed);
    }
    let has = match servers::told(&changed.vaults) {
        none if none.is_empty() => "no vault".to_owned(),
        vaults => vaults,
    };
    output.line(&format!(
        "Connect server {} has {has} now",
        escaped(&changed.name)
    ))
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
