//! `list_vaults`: the vaults that the agent may see.

use rmcp::{Json, RoleServer, service::RequestContext, tool, tool_router};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    broker::VaultView,
    display_text::escaped,
    mcp::{VaultServer, arguments::Arguments, error::ToolError, schema},
};

#[derive(Deserialize, JsonSchema)]
struct ListVaults {}

/// The vaults that the agent may see.
#[derive(Serialize, JsonSchema)]
pub(in crate::mcp) struct VaultList {
    /// The vaults, in order of name.
    vaults: Vec<VaultLine>,
}

/// One vault.
#[derive(Serialize, JsonSchema)]
struct VaultLine {
    /// The vault's id.
    id: String,
    /// Its name.
    name: String,
    /// What it is for; may be empty.
    description: String,
    /// How many items it holds.
    items: u64,
    /// What you may do in it: any of metadata, use, create, update, delete, files.
    access: Vec<String>,
    /// What the Connect server's token lets hushkey do in it; `access` is already without what it refuses. Absent with the
    /// local store.
    #[serde(skip_serializing_if = "Option::is_none")]
    token: Option<String>,
}

#[tool_router(router = list_vaults_router, vis = "pub(super)")]
impl VaultServer {
    #[tool(
        description = include_str!("../../../tools/list_vaults.md"),
        input_schema = schema::input::<ListVaults>(),
        output_schema = schema::output::<VaultList>(),
        annotations(
            title = "List vaults",
            read_only_hint = true,
            destructive_hint = false,
            idempotent_hint = true,
            open_world_hint = false
        )
    )]
    async fn list_vaults(
        &self,
        arguments: Arguments<ListVaults>,
        context: RequestContext<RoleServer>,
    ) -> Result<Json<VaultList>, ToolError> {
        let ListVaults {} = arguments.read()?;
        Ok(Json(self.vault_list(&context).await?))
    }

    /// The answer, also for the resource of the same content.
    pub(in crate::mcp) async fn vault_list(
        &self,
        context: &RequestContext<RoleServer>,
    ) -> Result<VaultList, ToolError> {
        let vaults = self.broker().await?.vaults(&self.caller(context)).await?;
        Ok(VaultList {
            vaults: vaults.into_iter().map(VaultLine::from).collect(),
        })
    }
}

impl From<VaultView> for VaultLine {
    fn from(vault: VaultView) -> Self {
        Self {
            id: vault.overview.id.to_string(),
            name: escaped(&vault.overview.name),
            description: escaped(&vault.overview.description),
            items: vault.overview.items,
            access: vault.rights.iter().map(|right| right.to_string()).collect(),
            token: vault.access.map(|access| access.words().to_owned()),
        }
    }
}
