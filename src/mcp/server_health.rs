//! The health of the server behind the vaults, as a model sees it: nothing of the token, and no vault that it may not see.

use rmcp::{RoleServer, service::RequestContext};
use serde::Serialize;

use super::{VaultServer, error::ToolError};
use crate::{
    broker::BrokerError,
    display_text::escaped,
    vault::{ServerStatus, VaultError},
};

/// Whether the server is well.
#[derive(Serialize)]
pub(super) struct ServerHealth {
    /// `connect` or `local`.
    kept: &'static str,
    /// Whether everything works.
    well: bool,
    /// Its version.
    #[serde(skip_serializing_if = "Option::is_none")]
    version: Option<String>,
    /// What it needs, and how that is.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    dependencies: Vec<NeededService>,
    /// What is wrong, in a sentence.
    #[serde(skip_serializing_if = "Option::is_none")]
    trouble: Option<String>,
}

#[derive(Serialize)]
struct NeededService {
    service: String,
    status: String,
}

impl VaultServer {
    /// Asks the server; one that does not answer is an answer too.
    pub(super) async fn server_health(
        &self,
        context: &RequestContext<RoleServer>,
    ) -> Result<ServerHealth, ToolError> {
        let broker = self.broker().await?;
        match broker.server_status(&self.caller(context)).await {
            Ok(status) => Ok(status.into()),
            Err(BrokerError::Vault(VaultError::Unsupported(_))) => Ok(ServerHealth {
                kept: "local",
                well: true,
                version: None,
                dependencies: Vec::new(),
                trouble: None,
            }),
            Err(BrokerError::Vault(error)) => Ok(ServerHealth {
                kept: "connect",
                well: false,
                version: None,
                dependencies: Vec::new(),
                trouble: Some(ToolError::from(BrokerError::Vault(error)).told()),
            }),
            Err(error) => Err(error.into()),
        }
    }
}

impl From<ServerStatus> for ServerHealth {
    fn from(status: ServerStatus) -> Self {
        let works = status.dependencies.iter().all(|it| it.works());
        Self {
            kept: "connect",
            well: works && status.token.refused.is_none(),
            version: status.version.map(|version| escaped(&version)),
            dependencies: status
                .dependencies
                .iter()
                .map(|needed| NeededService {
                    service: escaped(&needed.service),
                    status: escaped(&needed.status),
                })
                .collect(),
            trouble: status.token.refused,
        }
    }
}
