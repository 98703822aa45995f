//! `attach_file`: a file from disk into an item.

use std::path::PathBuf;

use rmcp::{Json, RoleServer, service::RequestContext, tool, tool_router};
use schemars::JsonSchema;
use serde::Deserialize;

use super::item_details::ItemDetails;
use crate::{
    broker,
    mcp::{VaultServer, arguments::Arguments, dialogue, error::ToolError, schema},
};

#[derive(Deserialize, JsonSchema)]
struct AttachFile {
    /// The item's title or id.
    #[schemars(length(min = 1))]
    item: String,
    /// The vault's name or id; needed where several vaults have an item of that title.
    #[schemars(length(min = 1))]
    vault: Option<String>,
    /// The file on disk.
    #[schemars(length(min = 1))]
    path: PathBuf,
    /// Its name in the item; that on disk when absent.
    #[schemars(length(min = 1))]
    name: Option<String>,
    /// Why, in one sentence, for the owner's log and whoever has to allow it.
    reason: Option<String>,
}

#[tool_router(router = attach_file_router, vis = "pub(super)")]
impl VaultServer {
    #[tool(
        description = include_str!("../../../tools/attach_file.md"),
        input_schema = schema::input::<AttachFile>(),
        output_schema = schema::output::<ItemDetails>(),
        annotations(
            title = "Attach a file to an item",
            read_only_hint = false,
            destructive_hint = false,
            idempotent_hint = false,
            open_world_hint = false
        )
    )]
    async fn attach_file(
        &self,
        arguments: Arguments<AttachFile>,
        context: RequestContext<RoleServer>,
    ) -> Result<Json<ItemDetails>, ToolError> {
        let wanted = arguments.read()?;
        let reason = wanted.reason;
        let wanted = broker::AttachFile {
            item: wanted.item,
            vault: wanted.vault,
            path: wanted.path,
            name: wanted.name,
        };
        let broker = self.broker().await?;
        let caller = self.caller(&context);
        let asker = dialogue::asker(&caller, &context, reason.as_deref());
        let item = dialogue::told(&context, None, broker.attach_file(asker, &wanted)).await?;
        Ok(Json(item.into()))
    }
}
