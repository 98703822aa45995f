//! `delete_item`: puts an item away, or deletes it where the backend knows no archive.

use rmcp::{Json, RoleServer, service::RequestContext, tool, tool_router};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    broker::Deleted,
    display_text::escaped,
    mcp::{VaultServer, arguments::Arguments, dialogue, error::ToolError, schema},
};

#[derive(Deserialize, JsonSchema)]
struct DeleteItem {
    /// The item's title or id.
    #[schemars(length(min = 1))]
    item: String,
    /// The vault's name or id; needed where several vaults have an item of that title.
    #[schemars(length(min = 1))]
    vault: Option<String>,
    /// Why, in one sentence, for the owner's log and whoever has to allow it.
    reason: Option<String>,
}

/// What became of the item: exactly one of `archived` and `deleted` is there.
#[derive(Serialize, JsonSchema)]
struct DeletedItem {
    /// The item's id.
    id: String,
    /// The item's title.
    title: String,
    /// It is put away, and its owner can bring it back.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    #[schemars(default)]
    archived: bool,
    /// It is gone.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    #[schemars(default)]
    deleted: bool,
}

#[tool_router(router = delete_item_router, vis = "pub(super)")]
impl VaultServer {
    #[tool(
        description = include_str!("../../../tools/delete_item.md"),
        input_schema = schema::input::<DeleteItem>(),
        output_schema = schema::output::<DeletedItem>(),
        annotations(
            title = "Archive or delete an item",
            read_only_hint = false,
            destructive_hint = true,
            idempotent_hint = true,
            open_world_hint = false
        )
    )]
    async fn delete_item(
        &self,
        arguments: Arguments<DeleteItem>,
        context: RequestContext<RoleServer>,
    ) -> Result<Json<DeletedItem>, ToolError> {
        let wanted = arguments.read()?;
        let broker = self.broker().await?;
        let caller = self.caller(&context);
        let asker = dialogue::asker(&caller, &context, wanted.reason.as_deref());
        let deleted = broker.delete_item(asker, &wanted.item, wanted.vault.as_deref(), false);
        let deleted = dialogue::told(&context, None, deleted).await?;
        Ok(Json(deleted.into()))
    }
}

impl From<Deleted> for DeletedItem {
    fn from(deleted: Deleted) -> Self {
        Self {
            id: deleted.overview.id.to_string(),
            title: escaped(&deleted.overview.title),
            archived: deleted.archived,
            deleted: !deleted.archived,
        }
    }
}
