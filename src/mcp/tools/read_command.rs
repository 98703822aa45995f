//! `read_command`: what a started program has printed.

use rmcp::{Json, RoleServer, service::RequestContext, tool, tool_router};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::run_command::RunResult;
use crate::{
    broker::RunAnswer,
    mcp::{VaultServer, arguments::Arguments, error::ToolError, schema},
};

#[derive(Deserialize, JsonSchema)]
struct ReadCommand {
    /// The handle that start_command gave.
    #[schemars(length(min = 1))]
    handle: String,
    /// Only so many lines from the end of each stream.
    #[schemars(range(min = 1, max = 10_000))]
    tail_lines: Option<usize>,
}

/// What the program has printed, and how it ended if it has.
#[derive(Serialize, JsonSchema)]
pub(super) struct CommandResult {
    /// Whether it is still up.
    running: bool,
    #[serde(flatten)]
    result: RunResult,
}

#[tool_router(router = read_command_router, vis = "pub(super)")]
impl VaultServer {
    #[tool(
        description = include_str!("../../../tools/read_command.md"),
        input_schema = schema::input::<ReadCommand>(),
        output_schema = schema::output::<CommandResult>(),
        annotations(
            title = "Read a started program's output",
            read_only_hint = true,
            destructive_hint = false,
            idempotent_hint = true,
            open_world_hint = true
        )
    )]
    async fn read_command(
        &self,
        arguments: Arguments<ReadCommand>,
        context: RequestContext<RoleServer>,
    ) -> Result<Json<CommandResult>, ToolError> {
        let wanted = arguments.read()?;
        let broker = self.broker().await?;
        let caller = self.caller(&context);
        let answer = broker
            .read_command(&caller, &wanted.handle, wanted.tail_lines)
            .await?;
        Ok(Json(answer.into()))
    }
}

impl From<RunAnswer> for CommandResult {
    fn from(answer: RunAnswer) -> Self {
        Self {
            running: answer.status.is_none(),
            result: answer.into(),
        }
    }
}
