//! `start_command`: a program with secrets that stays up.

use std::{collections::BTreeMap, path::PathBuf};

use rmcp::{Json, RoleServer, service::RequestContext, tool, tool_router};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::run_command::OutputArgument;
use crate::{
    broker::RunRequest,
    mcp::{VaultServer, arguments::Arguments, dialogue, error::ToolError, schema},
    policy::OutputMode,
};

#[derive(Deserialize, JsonSchema)]
struct StartCommand {
    /// The program and its arguments. There is no shell: no quoting, `$VAR`, pipes or globs.
    #[schemars(length(min = 1))]
    command: Vec<String>,
    /// Variables for the program: an op:// reference, or plain text where policy allows that variable.
    #[serde(default)]
    env: BTreeMap<String, String>,
    /// Variables that hold the path of a private file with the value of an op:// reference; gone after the run.
    #[serde(default)]
    files: BTreeMap<String, String>,
    /// The path of a file with NAME=VALUE lines; values may be op:// references.
    #[schemars(length(min = 1))]
    env_file: Option<PathBuf>,
    /// The name or id of an environment, whose variables the program gets; `env` beats it, it beats `env_file`.
    #[schemars(length(min = 1))]
    environment: Option<String>,
    /// The directory to start in.
    #[schemars(length(min = 1))]
    cwd: Option<PathBuf>,
    /// How much of the output you need; policy may give less.
    output: Option<OutputArgument>,
    /// Why you run it, in one sentence, for the owner's log.
    reason: Option<String>,
}

/// The program that was started.
#[derive(Serialize, JsonSchema)]
struct StartedCommand {
    /// What read_command and stop_command know it by.
    handle: String,
}

#[tool_router(router = start_command_router, vis = "pub(super)")]
impl VaultServer {
    #[tool(
        description = include_str!("../../../tools/start_command.md"),
        input_schema = schema::input::<StartCommand>(),
        output_schema = schema::output::<StartedCommand>(),
        annotations(
            title = "Start a program that stays up",
            read_only_hint = false,
            destructive_hint = true,
            idempotent_hint = false,
            open_world_hint = true
        )
    )]
    async fn start_command(
        &self,
        arguments: Arguments<StartCommand>,
        context: RequestContext<RoleServer>,
    ) -> Result<Json<StartedCommand>, ToolError> {
        let request = RunRequest::from(arguments.read()?);
        let broker = self.broker().await?;
        let caller = self.caller(&context);
        let asker = dialogue::asker(&caller, &context, None);
        let handle = broker.start_command(asker, request);
        let handle = dialogue::told(&context, None, handle).await?;
        Ok(Json(StartedCommand { handle }))
    }
}

impl From<StartCommand> for RunRequest {
    fn from(wanted: StartCommand) -> Self {
        Self {
            command: wanted.command,
            env: wanted.env.into_iter().collect(),
            files: wanted.files.into_iter().collect(),
            env_files: wanted.env_file.into_iter().collect(),
            environments: wanted.environment.into_iter().collect(),
            cwd: wanted.cwd,
            output: wanted.output.map(OutputMode::from),
            reason: wanted.reason,
            ..Self::default()
        }
    }
}
