//! `request_access`: puts a right that the agent lacks before its owner, and goes on.

use rmcp::{Json, RoleServer, service::RequestContext, tool, tool_router};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    approvals::AccessMatter,
    broker::BrokerError,
    mcp::{VaultServer, arguments::Arguments, dialogue, error::ToolError, schema},
};

#[derive(Deserialize, JsonSchema)]
struct RequestAccess {
    /// The vault's name or id; with `level`.
    #[schemars(length(min = 1))]
    vault: Option<String>,
    /// What is wanted there: read, use, write or full.
    level: Option<LevelArgument>,
    /// The program and its arguments as they would be run; instead of a vault.
    #[schemars(length(min = 1))]
    command: Option<Vec<String>>,
    /// The op:// references that the program would get.
    #[serde(default)]
    references: Vec<String>,
    /// Why, in one sentence: the owner reads it.
    #[schemars(length(min = 1))]
    reason: String,
}

#[derive(Clone, Copy, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum LevelArgument {
    Read,
    Use,
    Write,
    Full,
}

/// That the owner was asked.
#[derive(Serialize, JsonSchema)]
struct AccessRequested {
    /// The request is before the owner. Nobody waits for the answer: it shows when you try again later.
    asked: bool,
}

#[tool_router(router = request_access_router, vis = "pub(super)")]
impl VaultServer {
    #[tool(
        description = include_str!("../../../tools/request_access.md"),
        input_schema = schema::input::<RequestAccess>(),
        output_schema = schema::output::<AccessRequested>(),
        annotations(
            title = "Ask the owner for a right",
            read_only_hint = false,
            destructive_hint = false,
            idempotent_hint = true,
            open_world_hint = false
        )
    )]
    async fn request_access(
        &self,
        arguments: Arguments<RequestAccess>,
        context: RequestContext<RoleServer>,
    ) -> Result<Json<AccessRequested>, ToolError> {
        let wanted = arguments.read()?;
        let broker = self.broker().await?;
        let matter = match (wanted.vault, wanted.level, wanted.command) {
            (Some(vault), Some(level), None) if wanted.references.is_empty() => {
                let level = level.word().to_owned();
                AccessMatter::Vault { vault, level }
            }
            (None, None, Some(command)) => AccessMatter::Command {
                command,
                references: wanted.references,
            },
            _ => {
                return Err(ToolError::from(BrokerError::Invalid(
                    "say either `vault` and `level`, or `command` with its `references`".into(),
                )));
            }
        };
        let caller = self.caller(&context);
        let asker = dialogue::asker(&caller, &context, Some(&wanted.reason));
        broker.request_access(asker, matter).await?;
        Ok(Json(AccessRequested { asked: true }))
    }
}

impl LevelArgument {
    fn word(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Use => "use",
            Self::Write => "write",
            Self::Full => "full",
        }
    }
}
