//! `get_item`: one item's metadata.

use rmcp::{Json, RoleServer, service::RequestContext, tool, tool_router};
use schemars::JsonSchema;
use serde::Deserialize;

use super::item_details::ItemDetails;
use crate::mcp::{VaultServer, arguments::Arguments, error::ToolError, schema};

#[derive(Deserialize, JsonSchema)]
pub(in crate::mcp) struct GetItem {
    /// The item's title or id.
    #[schemars(length(min = 1))]
    pub(in crate::mcp) item: String,
    /// The vault's name or id; needed where several vaults have an item of that title.
    #[schemars(length(min = 1))]
    pub(in crate::mcp) vault: Option<String>,
}

#[tool_router(router = get_item_router, vis = "pub(super)")]
impl VaultServer {
    #[tool(
        description = include_str!("../../../tools/get_item.md"),
        input_schema = schema::input::<GetItem>(),
        output_schema = schema::output::<ItemDetails>(),
        annotations(
            title = "Read an item's metadata",
            read_only_hint = true,
            destructive_hint = false,
            idempotent_hint = true,
            open_world_hint = false
        )
    )]
    async fn get_item(
        &self,
        arguments: Arguments<GetItem>,
        context: RequestContext<RoleServer>,
    ) -> Result<Json<ItemDetails>, ToolError> {
        Ok(Json(self.item_details(&arguments.read()?, &context).await?))
    }

    /// The answer, also for the resource of the same content.
    pub(in crate::mcp) async fn item_details(
        &self,
        wanted: &GetItem,
        context: &RequestContext<RoleServer>,
    ) -> Result<ItemDetails, ToolError> {
        let broker = self.broker().await?;
        let item = broker
            .item(&self.caller(context), &wanted.item, wanted.vault.as_deref())
            .await?;
        Ok(item.into())
    }
}
