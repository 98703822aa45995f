//! `rename_environment`: another name for an environment.

use rmcp::{Json, RoleServer, service::RequestContext, tool, tool_router};
use schemars::JsonSchema;
use serde::Deserialize;

use super::environment_details::EnvironmentDetails;
use crate::mcp::{VaultServer, arguments::Arguments, dialogue, error::ToolError, schema};

#[derive(Deserialize, JsonSchema)]
struct RenameEnvironment {
    /// The environment's name or id.
    #[schemars(length(min = 1))]
    environment: String,
    /// Its new name.
    #[schemars(length(min = 1, max = 64))]
    name: String,
    /// Why, in one sentence, for the owner's log.
    reason: Option<String>,
}

#[tool_router(router = rename_environment_router, vis = "pub(super)")]
impl VaultServer {
    #[tool(
        description = include_str!("../../../tools/rename_environment.md"),
        input_schema = schema::input::<RenameEnvironment>(),
        output_schema = schema::output::<EnvironmentDetails>(),
        annotations(
            title = "Rename an environment",
            read_only_hint = false,
            destructive_hint = false,
            idempotent_hint = true,
            open_world_hint = false
        )
    )]
    async fn rename_environment(
        &self,
        arguments: Arguments<RenameEnvironment>,
        context: RequestContext<RoleServer>,
    ) -> Result<Json<EnvironmentDetails>, ToolError> {
        let RenameEnvironment {
            environment,
            name,
            reason,
        } = arguments.read()?;
        let caller = self.caller(&context);
        let broker = self.broker().await?;
        let asker = dialogue::asker(&caller, &context, reason.as_deref());
        let renamed = broker.rename_environment(asker, &environment, &name);
        let renamed = dialogue::told(&context, None, renamed).await?;
        Ok(Json(renamed.into()))
    }
}
