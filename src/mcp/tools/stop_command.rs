//! `stop_command`: ends a started program.

use rmcp::{Json, RoleServer, service::RequestContext, tool, tool_router};
use schemars::JsonSchema;
use serde::Deserialize;

use super::read_command::CommandResult;
use crate::mcp::{VaultServer, arguments::Arguments, error::ToolError, schema};

#[derive(Deserialize, JsonSchema)]
struct StopCommand {
    /// The handle that start_command gave.
    #[schemars(length(min = 1))]
    handle: String,
}

#[tool_router(router = stop_command_router, vis = "pub(super)")]
impl VaultServer {
    #[tool(
        description = include_str!("../../../tools/stop_command.md"),
        input_schema = schema::input::<StopCommand>(),
        output_schema = schema::output::<CommandResult>(),
        annotations(
            title = "Stop a started program",
            read_only_hint = false,
            destructive_hint = true,
            idempotent_hint = true,
            open_world_hint = false
        )
    )]
    async fn stop_command(
        &self,
        arguments: Arguments<StopCommand>,
        context: RequestContext<RoleServer>,
    ) -> Result<Json<CommandResult>, ToolError> {
        let wanted = arguments.read()?;
        let broker = self.broker().await?;
        let caller = self.caller(&context);
        let answer = broker.stop_command(&caller, &wanted.handle).await?;
        Ok(Json(answer.into()))
    }
}
