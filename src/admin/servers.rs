//! Connect servers: made, renamed, deleted, and given vaults.

use jiff::Timestamp;

use super::{
    AdminError, Office, WantedVault, name, vault_of,
    view::{CredentialsJson, NewServerJson, ServerJson},
};
use crate::{
    access::{Reach, VaultAccess},
    registry::connect::ConnectServer,
    vault::{VaultId, reference::Named},
};

const CREATES: &str = "creating and deleting Connect servers is for a group that manages Secrets Automation as a whole; yours manages single \
     servers";
const GRANTS: &str = "granting a vault is for a group that manages Secrets Automation as a whole; yours manages single servers, \
                      within what they have";

impl Office<'_> {
    /// All servers that are managed here, by name.
    ///
    /// # Errors
    /// [`AdminError`]
    pub async fn servers(&self) -> Result<Vec<ServerJson>, AdminError> {
        self.seen("the Connect servers").await?;
        let names = self.broker.grantable_vaults().await?;
        let mut servers = self.registry.servers()?;
        servers.retain(|server| self.manages(&server.id));
        let view = |server: &ConnectServer| ServerJson::of(server, &names);
        Ok(servers.iter().map(view).collect())
    }

    /// A server by id or name.
    ///
    /// # Errors
    /// [`AdminError`]
    pub async fn server(&self, name_or_id: &str) -> Result<ServerJson, AdminError> {
        let server = self.find(name_or_id).await?;
        self.seen(&format!("Connect server {}", server.name))
            .await?;
        let names = self.broker.grantable_vaults().await?;
        Ok(ServerJson::of(&server, &names))
    }

    /// Makes a server with these vaults; where nothing else is said, to read and write.
    ///
    /// # Errors
    /// [`AdminError`]
    pub async fn create_server(
        &self,
        called: &str,
        vaults: &[WantedVault],
    ) -> Result<NewServerJson, AdminError> {
        let called = name(called)?;
        let what = format!("a new Connect server {called}");
        self.whole(&what, CREATES).await?;
        let all = self.vaults(None).await?;
        let granted = granted(vaults, &all)?;
        let what = format!("{what} with {}", told(&granted));
        let reach: Reach = granted
            .iter()
            .map(|(vault, access)| (vault.id.clone(), *access))
            .collect();
        let (made, credentials) = self
            .deed(&what, move |registry| {
                let made = registry.create_server(&called, reach, Timestamp::now())?;
                let credentials = registry.credentials(&made.id)?;
                Ok((made, credentials))
            })
            .await?;
        Ok(NewServerJson {
            server: ServerJson::of(&made, &all),
            credentials: credentials.as_ref().map(CredentialsJson::of),
        })
    }

    /// Calls a server otherwise.
    ///
    /// # Errors
    /// [`AdminError`]
    pub async fn rename_server(
        &self,
        name_or_id: &str,
        called: &str,
    ) -> Result<ServerJson, AdminError> {
        let called = name(called)?;
        let server = self.find(name_or_id).await?;
        let what = format!("Connect server {} is called {called}", server.name);
        self.whole(&what, CREATES).await?;
        let renamed = ConnectServer {
            name: called.clone(),
            ..server.clone()
        };
        self.deed(&what, move |registry| {
            registry.rename_server(&server.id, &called)
        })
        .await?;
        Ok(ServerJson::of(
            &renamed,
            &self.broker.grantable_vaults().await?,
        ))
    }

    /// Deletes a server with its tokens.
    ///
    /// # Errors
    /// [`AdminError`]
    pub async fn delete_server(&self, name_or_id: &str) -> Result<ServerJson, AdminError> {
        let server = self.find(name_or_id).await?;
        let what = format!("Connect server {} is deleted, with its tokens", server.name);
        self.whole(&what, CREATES).await?;
        let names = self.broker.grantable_vaults().await?;
        let view = ServerJson::of(&server, &names);
        self.deed(&what, move |registry| registry.delete_server(&server.id))
            .await?;
        Ok(view)
    }

    /// Says what a server may do in a vault from now on.
    ///
    /// # Errors
    /// [`AdminError`]
    pub async fn grant_vault(
        &self,
        name_or_id: &str,
        wanted: &WantedVault,
    ) -> Result<ServerJson, AdminError> {
        let server = self.find(name_or_id).await?;
        let access = wanted.access.unwrap_or(VaultAccess::ALL);
        let what = format!("a vault for Connect server {}", server.name);
        self.whole(&what, GRANTS).await?;
        let all = self.vaults(None).await?;
        let vault = vault_of(&wanted.vault, &all)?;
        let what = format!(
            "vault {} ({access}) for Connect server {}",
            vault.name, server.name
        );
        self.set_access(&what, server, vault.id, access, &all).await
    }

    /// Takes a vault from a server: its tokens reach it no more.
    ///
    /// # Errors
    /// [`AdminError`]
    pub async fn revoke_vault(
        &self,
        name_or_id: &str,
        vault: &str,
    ) -> Result<ServerJson, AdminError> {
        let server = self.find(name_or_id).await?;
        let all = self.vaults(Some(&server.reach)).await?;
        let vault = match vault_of(vault, &all) {
            Ok(vault) => vault,
            // A vault that is gone was granted all the same, and is taken away by its id.
            Err(error) => match VaultId::parse(&vault.to_ascii_lowercase()) {
                Ok(id) if server.reach.access(&id) != VaultAccess::default() => Named {
                    name: id.to_string(),
                    id,
                },
                _ => return Err(error),
            },
        };
        let what = format!(
            "vault {} is taken from Connect server {}",
            vault.name, server.name
        );
        let nothing = VaultAccess::default();
        self.set_access(&what, server, vault.id, nothing, &all)
            .await
    }

    async fn set_access(
        &self,
        what: &str,
        mut server: ConnectServer,
        vault: VaultId,
        access: VaultAccess,
        names: &[Named<VaultId>],
    ) -> Result<ServerJson, AdminError> {
        server.reach.set(vault.clone(), access);
        let view = ServerJson::of(&server, names);
        self.deed(what, move |registry| {
            registry.set_access(&server.id, &vault, access)
        })
        .await?;
        Ok(view)
    }
}

fn granted(
    wanted: &[WantedVault],
    all: &[Named<VaultId>],
) -> Result<Vec<(Named<VaultId>, VaultAccess)>, AdminError> {
    let granted = wanted.iter().map(|wanted| {
        let access = wanted.access.unwrap_or(VaultAccess::ALL);
        Ok((vault_of(&wanted.vault, all)?, access))
    });
    granted.collect()
}

fn told(granted: &[(Named<VaultId>, VaultAccess)]) -> String {
    let each = granted
        .iter()
        .map(|(vault, access)| format!("{} ({access})", vault.name));
    match &each.collect::<Vec<_>>()[..] {
        [] => "no vault".to_owned(),
        each => each.join(", "),
    }
}
