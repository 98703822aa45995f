//! What a Connect server says of itself.

use std::time::Instant;

use futures_util::future::join_all;

use super::{Aim, ConnectVault, Fault};
use crate::vault::{
    Dependency, Noun, ServerActivity, ServerRequest, ServerStatus, TokenStatus, Vault, VaultError,
    VaultId,
};

impl ConnectVault {
    /// Health, version, clock, and our token.
    pub(super) async fn status(&self) -> Result<ServerStatus, VaultError> {
        let began = Instant::now();
        let server = |fault: Fault| fault.told(Aim::Server);
        self.client.heartbeat().await.map_err(server)?;
        let took = began.elapsed();
        let health = self.client.health().await.map_err(server)?;
        self.vaults.forget(&());
        let (refused, vaults) = match self.vaults().await {
            Ok(vaults) => (None, vaults),
            Err(error) => (Some(error.to_string()), Vec::new()),
        };
        join_all(vaults.iter().map(|vault| self.try_reading(&vault.id))).await;
        let seen = self.client.seen();
        let version = seen.version.or(Some(health.version));
        Ok(ServerStatus {
            address: self.client.base().to_owned(),
            version: version.filter(|version| !version.is_empty()),
            took,
            clock_ahead: seen.ahead.map(jiff::SignedDuration::from_secs),
            dependencies: health
                .dependencies
                .into_iter()
                .map(|dependency| Dependency {
                    service: dependency.service,
                    status: dependency.status,
                    message: dependency.message,
                })
                .collect(),
            token: TokenStatus {
                refused,
                claims: self.token.claims().cloned(),
                vaults: vaults
                    .into_iter()
                    .map(|vault| {
                        let access = self.token.access(&vault.id);
                        (vault.id, vault.name, access)
                    })
                    .collect(),
            },
        })
    }

    /// Finds out whether the token may read in a vault, by a question whose answer is as good as empty.
    async fn try_reading(&self, vault: &VaultId) {
        if self.token.access(vault).read.is_none() {
            let nothing = super::filter::title(vault.as_str());
            let asked = self.client.items(vault, nothing.as_deref()).await;
            // What it tells is remembered; why it failed is not asked here.
            let _ = self.learn_read(vault, asked, Noun::Vault, vault.as_str());
        }
    }

    /// A page of the server's log.
    pub(super) async fn activity(
        &self,
        limit: u32,
        offset: u64,
    ) -> Result<ServerActivity, VaultError> {
        let page = self.client.activity(limit, offset).await;
        let page = page.map_err(|fault| fault.told(Aim::Server))?;
        let requests = page.requests.into_iter().map(|request| ServerRequest {
            time: request.timestamp,
            action: request.action,
            result: request.result,
            token: request.actor.jti,
            client: request.actor.user_agent,
            address: request.actor.request_ip,
            kind: request.resource.kind,
            vault: request.resource.vault.id,
            item: request.resource.item.id,
        });
        Ok(ServerActivity {
            requests: requests.collect(),
            total: page.total,
        })
    }
}
