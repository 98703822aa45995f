//! `check_references`: which references would resolve in a run, and why not.

use std::path::PathBuf;

use rmcp::{Json, RoleServer, service::RequestContext, tool, tool_router};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    broker::Checked,
    display_text::escaped,
    mcp::{
        VaultServer,
        arguments::{ArgumentError, Arguments},
        error::ToolError,
        schema,
    },
};

#[derive(Deserialize, JsonSchema)]
struct CheckReferences {
    /// op:// references to check.
    #[serde(default)]
    #[schemars(length(min = 1))]
    references: Vec<String>,
    /// The path of a .env file; its lines that are references are checked, the others are not shown.
    #[schemars(length(min = 1))]
    env_file: Option<PathBuf>,
    /// The name or id of an environment; its variables that are references are checked.
    #[schemars(length(min = 1))]
    environment: Option<String>,
}

/// What became of the references.
#[derive(Serialize, JsonSchema)]
struct CheckedReferences {
    /// One entry a reference, in the order given.
    references: Vec<CheckedReference>,
}

/// One reference.
#[derive(Serialize, JsonSchema)]
struct CheckedReference {
    /// The reference as it was written.
    reference: String,
    /// The variable that carries it in the .env file or environment.
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    /// Whether it would resolve in a run of yours.
    resolves: bool,
    /// Why it would not.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
}

#[tool_router(router = check_references_router, vis = "pub(super)")]
impl VaultServer {
    #[tool(
        description = include_str!("../../../tools/check_references.md"),
        input_schema = schema::input::<CheckReferences>(),
        output_schema = schema::output::<CheckedReferences>(),
        annotations(
            title = "Check secret references",
            read_only_hint = true,
            destructive_hint = false,
            idempotent_hint = true,
            open_world_hint = false
        )
    )]
    async fn check_references(
        &self,
        arguments: Arguments<CheckReferences>,
        context: RequestContext<RoleServer>,
    ) -> Result<Json<CheckedReferences>, ToolError> {
        let wanted = arguments.read()?;
        if wanted.references.is_empty() && wanted.env_file.is_none() && wanted.environment.is_none()
        {
            let missing = "give `references`, `env_file` or `environment`";
            return Err(ArgumentError::new(missing).into());
        }
        let broker = self.broker().await?;
        let checked = broker
            .check_references(
                &self.caller(&context),
                &wanted.references,
                wanted.env_file.as_deref(),
                wanted.environment.as_deref(),
            )
            .await?;
        let references = checked.into_iter().map(CheckedReference::from).collect();
        Ok(Json(CheckedReferences { references }))
    }
}

impl From<Checked> for CheckedReference {
    fn from(checked: Checked) -> Self {
        Self {
            reference: escaped(&checked.reference),
            name: checked.name.as_deref().map(escaped),
            resolves: checked.reason.is_none(),
            reason: checked.reason.as_deref().map(escaped),
        }
    }
}
