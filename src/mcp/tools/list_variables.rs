//! `list_variables`: names and references of an environment's variables, never what is behind them.

use rmcp::{Json, RoleServer, service::RequestContext, tool, tool_router};
use schemars::JsonSchema;
use serde::Deserialize;

use super::environment_details::EnvironmentDetails;
use crate::mcp::{VaultServer, arguments::Arguments, error::ToolError, schema};

#[derive(Deserialize, JsonSchema)]
struct ListVariables {
    /// The environment's name or id.
    #[schemars(length(min = 1))]
    environment: String,
}

#[tool_router(router = list_variables_router, vis = "pub(super)")]
impl VaultServer {
    #[tool(
        description = include_str!("../../../tools/list_variables.md"),
        input_schema = schema::input::<ListVariables>(),
        output_schema = schema::output::<EnvironmentDetails>(),
        annotations(
            title = "List an environment's variables",
            read_only_hint = true,
            destructive_hint = false,
            idempotent_hint = true,
            open_world_hint = false
        )
    )]
    async fn list_variables(
        &self,
        arguments: Arguments<ListVariables>,
        context: RequestContext<RoleServer>,
    ) -> Result<Json<EnvironmentDetails>, ToolError> {
        let ListVariables { environment } = arguments.read()?;
        let caller = self.caller(&context);
        let broker = self.broker().await?;
        Ok(Json(
            broker.environment(&caller, &environment).await?.into(),
        ))
    }
}
