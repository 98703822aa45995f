//! `create_environment`: a new, empty environment.

use rmcp::{Json, RoleServer, service::RequestContext, tool, tool_router};
use schemars::JsonSchema;
use serde::Deserialize;

use super::environment_details::EnvironmentDetails;
use crate::mcp::{VaultServer, arguments::Arguments, dialogue, error::ToolError, schema};

#[derive(Deserialize, JsonSchema)]
struct CreateEnvironment {
    /// The new environment's name: letters, digits, spaces, `-`, `_`, `.`.
    #[schemars(length(min = 1, max = 64))]
    name: String,
    /// Why, in one sentence, for the owner's log.
    reason: Option<String>,
}

#[tool_router(router = create_environment_router, vis = "pub(super)")]
impl VaultServer {
    #[tool(
        description = include_str!("../../../tools/create_environment.md"),
        input_schema = schema::input::<CreateEnvironment>(),
        output_schema = schema::output::<EnvironmentDetails>(),
        annotations(
            title = "Create an environment",
            read_only_hint = false,
            destructive_hint = false,
            idempotent_hint = false,
            open_world_hint = false
        )
    )]
    async fn create_environment(
        &self,
        arguments: Arguments<CreateEnvironment>,
        context: RequestContext<RoleServer>,
    ) -> Result<Json<EnvironmentDetails>, ToolError> {
        let CreateEnvironment { name, reason } = arguments.read()?;
        let caller = self.caller(&context);
        let broker = self.broker().await?;
        let asker = dialogue::asker(&caller, &context, reason.as_deref());
        let made = broker.create_environment(asker, &name);
        let made = dialogue::told(&context, None, made).await?;
        Ok(Json(made.into()))
    }
}
