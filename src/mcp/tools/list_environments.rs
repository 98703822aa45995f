//! `list_environments`: the environments that the agent may know of.

use rmcp::{Json, RoleServer, service::RequestContext, tool, tool_router};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::environment_details::EnvironmentLine;
use crate::mcp::{VaultServer, arguments::Arguments, error::ToolError, schema};

#[derive(Deserialize, JsonSchema)]
struct ListEnvironments {}

/// The environments that the agent may know of.
#[derive(Serialize, JsonSchema)]
struct EnvironmentList {
    /// The environments, in order of name.
    environments: Vec<EnvironmentLine>,
}

#[tool_router(router = list_environments_router, vis = "pub(super)")]
impl VaultServer {
    #[tool(
        description = include_str!("../../../tools/list_environments.md"),
        input_schema = schema::input::<ListEnvironments>(),
        output_schema = schema::output::<EnvironmentList>(),
        annotations(
            title = "List environments",
            read_only_hint = true,
            destructive_hint = false,
            idempotent_hint = true,
            open_world_hint = false
        )
    )]
    async fn list_environments(
        &self,
        arguments: Arguments<ListEnvironments>,
        context: RequestContext<RoleServer>,
    ) -> Result<Json<EnvironmentList>, ToolError> {
        let ListEnvironments {} = arguments.read()?;
        let broker = self.broker().await?;
        let environments = broker.environments(&self.caller(&context)).await?;
        Ok(Json(EnvironmentList {
            environments: environments
                .into_iter()
                .map(EnvironmentLine::from)
                .collect(),
        }))
    }
}
