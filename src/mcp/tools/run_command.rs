//! `run_command`: a program with secrets, and its redacted output.

use std::{collections::BTreeMap, path::PathBuf, time::Duration};

use rmcp::{Json, RoleServer, service::RequestContext, tool, tool_router};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    broker::{RunAnswer, RunRequest},
    display_text::escaped,
    launch::Status,
    mcp::{VaultServer, arguments::Arguments, dialogue, error::ToolError, schema},
    policy::OutputMode,
};

/// How long a program may run when nothing is said.
const TIMEOUT_SECONDS: u64 = 60;

#[derive(Deserialize, JsonSchema)]
struct RunCommand {
    /// The program and its arguments. There is no shell: no quoting, `$VAR`, pipes or globs.
    #[schemars(length(min = 1))]
    command: Vec<String>,
    /// Variables for the program: an op:// reference, or plain text where policy allows that variable.
    #[serde(default)]
    env: BTreeMap<String, String>,
    /// Variables that hold the path of a private file with the value of an op:// reference; gone after the run.
    #[serde(default)]
    files: BTreeMap<String, String>,
    /// The op:// reference whose value the program reads from standard input.
    #[schemars(length(min = 1))]
    stdin: Option<String>,
    /// The path of a file with NAME=VALUE lines; values may be op:// references.
    #[schemars(length(min = 1))]
    env_file: Option<PathBuf>,
    /// The name or id of an environment, whose variables the program gets; `env` beats it, it beats `env_file`.
    #[schemars(length(min = 1))]
    environment: Option<String>,
    /// The directory to start in.
    #[schemars(length(min = 1))]
    cwd: Option<PathBuf>,
    /// After how many seconds the program is ended; 60 when absent.
    #[schemars(range(min = 1, max = 3600))]
    timeout_seconds: Option<u64>,
    /// How much of the output you need; policy may give less.
    output: Option<OutputArgument>,
    /// Why you run it, in one sentence, for the owner's log and whoever has to allow it.
    reason: Option<String>,
}

#[derive(Clone, Copy, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum OutputArgument {
    Full,
    Tail,
    Summary,
    None,
}

/// How the run ended. Only `ok` is there when policy gives no output at all.
#[derive(Default, Serialize, JsonSchema)]
pub(super) struct RunResult {
    /// Whether the program exited with status 0.
    ok: bool,
    /// The exit status; absent when a signal ended it.
    #[serde(skip_serializing_if = "Option::is_none")]
    exit_code: Option<i32>,
    /// The number of the signal that ended it.
    #[serde(skip_serializing_if = "Option::is_none")]
    signal: Option<i32>,
    /// Whether the time-out ended it.
    #[serde(skip_serializing_if = "Option::is_none")]
    timed_out: Option<bool>,
    /// How long it ran, in milliseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    duration_ms: Option<u64>,
    /// What it wrote to standard output, with secrets concealed as `<concealed:REFERENCE>`.
    #[serde(skip_serializing_if = "Option::is_none")]
    stdout: Option<String>,
    /// What it wrote to standard error, concealed likewise.
    #[serde(skip_serializing_if = "Option::is_none")]
    stderr: Option<String>,
    /// Whether some of the output was cut.
    #[serde(skip_serializing_if = "Option::is_none")]
    truncated: Option<bool>,
    /// Why output is withheld, when it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    withheld: Option<String>,
    /// How often the content of each reference was concealed; 9 means nine or more.
    #[serde(skip_serializing_if = "Option::is_none")]
    concealed: Option<BTreeMap<String, u64>>,
}

#[tool_router(router = run_command_router, vis = "pub(super)")]
impl VaultServer {
    #[tool(
        description = include_str!("../../../tools/run_command.md"),
        input_schema = schema::input::<RunCommand>(),
        output_schema = schema::output::<RunResult>(),
        annotations(
            title = "Run a program with secrets",
            read_only_hint = false,
            destructive_hint = true,
            idempotent_hint = false,
            open_world_hint = true
        )
    )]
    async fn run_command(
        &self,
        arguments: Arguments<RunCommand>,
        context: RequestContext<RoleServer>,
    ) -> Result<Json<RunResult>, ToolError> {
        let request = RunRequest::from(arguments.read()?);
        let timeout = request.timeout.unwrap_or_default();
        let caller = self.caller(&context);
        let broker = self.broker().await?;
        let asker = dialogue::asker(&caller, &context, None);
        let run = broker.run(asker, request, context.ct.cancelled());
        let answer = dialogue::told(&context, Some(timeout), run).await?;
        Ok(Json(answer.into()))
    }
}

impl From<RunCommand> for RunRequest {
    fn from(wanted: RunCommand) -> Self {
        let timeout = wanted.timeout_seconds.unwrap_or(TIMEOUT_SECONDS);
        Self {
            command: wanted.command,
            inherited: Vec::new(),
            env: wanted.env.into_iter().collect(),
            files: wanted.files.into_iter().collect(),
            stdin: wanted.stdin,
            env_files: wanted.env_file.into_iter().collect(),
            environments: wanted.environment.into_iter().collect(),
            cwd: wanted.cwd,
            timeout: Some(Duration::from_secs(timeout)),
            output: wanted.output.map(OutputMode::from),
            reason: wanted.reason,
        }
    }
}

impl From<OutputArgument> for OutputMode {
    fn from(wanted: OutputArgument) -> Self {
        match wanted {
            OutputArgument::Full => Self::Full,
            OutputArgument::Tail => Self::Tail,
            OutputArgument::Summary => Self::Summary,
            OutputArgument::None => Self::None,
        }
    }
}

impl From<RunAnswer> for RunResult {
    fn from(answer: RunAnswer) -> Self {
        let ok = answer.ok();
        if answer.mode == OutputMode::None {
            // Why output is withheld tells nothing of it; that policy shows none is no reason to say so each time.
            return Self {
                ok,
                withheld: answer.withheld.as_deref().map(escaped),
                ..Self::default()
            };
        }
        let (exit_code, signal) = match answer.status {
            Some(Status::Exited(code)) => (Some(code), None),
            Some(Status::Signaled(signal)) => (None, Some(signal)),
            None => (None, None),
        };
        Self {
            ok,
            exit_code,
            signal,
            timed_out: Some(answer.timed_out),
            duration_ms: Some(u64::try_from(answer.duration.as_millis()).unwrap_or(u64::MAX)),
            stdout: Some(answer.stdout),
            stderr: Some(answer.stderr),
            truncated: Some(answer.truncated),
            withheld: answer.withheld.as_deref().map(escaped),
            concealed: Some(answer.concealed),
        }
    }
}
