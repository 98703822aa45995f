//! `save_file`: an item's file to disk.

use std::path::PathBuf;

use rmcp::{Json, RoleServer, service::RequestContext, tool, tool_router};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    broker,
    display_text::escaped,
    mcp::{VaultServer, arguments::Arguments, dialogue, error::ToolError, schema},
};

#[derive(Deserialize, JsonSchema)]
struct SaveFile {
    /// The item's title or id.
    #[schemars(length(min = 1))]
    item: String,
    /// The vault's name or id; needed where several vaults have an item of that title.
    #[schemars(length(min = 1))]
    vault: Option<String>,
    /// The file's name or id, as get_item tells it.
    #[schemars(length(min = 1))]
    file: String,
    /// Where the file is written; nothing may be there yet.
    #[schemars(length(min = 1))]
    out_file: PathBuf,
    /// Why, in one sentence, for the owner's log and whoever has to allow it.
    reason: Option<String>,
}

/// The file that was written.
#[derive(Serialize, JsonSchema)]
struct SavedFile {
    /// Where it is.
    out_file: String,
    /// Its size in bytes.
    size: u64,
}

#[tool_router(router = save_file_router, vis = "pub(super)")]
impl VaultServer {
    #[tool(
        description = include_str!("../../../tools/save_file.md"),
        input_schema = schema::input::<SaveFile>(),
        output_schema = schema::output::<SavedFile>(),
        annotations(
            title = "Save an item's file to disk",
            read_only_hint = false,
            destructive_hint = false,
            idempotent_hint = false,
            open_world_hint = false
        )
    )]
    async fn save_file(
        &self,
        arguments: Arguments<SaveFile>,
        context: RequestContext<RoleServer>,
    ) -> Result<Json<SavedFile>, ToolError> {
        let wanted = arguments.read()?;
        let reason = wanted.reason;
        let wanted = broker::SaveFile {
            item: wanted.item,
            vault: wanted.vault,
            file: wanted.file,
            out_file: wanted.out_file,
            mode: 0o600,
            overwrite: false,
        };
        let broker = self.broker().await?;
        let caller = self.caller(&context);
        let asker = dialogue::asker(&caller, &context, reason.as_deref());
        let saved = dialogue::told(&context, None, broker.save_file(asker, &wanted)).await?;
        Ok(Json(SavedFile {
            out_file: escaped(&saved.path.display().to_string()),
            size: saved.size,
        }))
    }
}
