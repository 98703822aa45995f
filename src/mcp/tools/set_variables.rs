//! `set_variables`: sets and removes an environment's variables, whose secrets come from somewhere else than the model.

use rmcp::{Json, RoleServer, service::RequestContext, tool, tool_router};
use schemars::JsonSchema;
use serde::Deserialize;

use super::{environment_details::EnvironmentDetails, source::SourceArguments};
use crate::{
    broker::{self, NewVariable},
    mcp::{
        VaultServer,
        arguments::{ArgumentError, Arguments},
        dialogue,
        error::ToolError,
        schema,
    },
};

#[derive(Deserialize, JsonSchema)]
struct SetVariables {
    /// The environment's name or id.
    #[schemars(length(min = 1))]
    environment: String,
    /// The variables to set. Each holds a `reference`, or says with exactly one of generate, ask, file, command, copy, text where its value comes from.
    #[serde(default)]
    set: Vec<SetVariableArguments>,
    /// Names of variables to remove.
    #[serde(default)]
    remove: Vec<String>,
    /// The vault, by name or id, that keeps values which are generated, read or copied; needed for these only.
    #[schemars(length(min = 1))]
    vault: Option<String>,
    /// The title of the item there that gets them, a field for each; the environment's name when absent.
    #[schemars(length(min = 1))]
    item: Option<String>,
    /// Why, in one sentence, for the owner's log.
    reason: Option<String>,
}

/// A variable and what it is to hold.
#[derive(Deserialize, JsonSchema)]
struct SetVariableArguments {
    /// The variable's name.
    #[schemars(length(min = 1))]
    name: String,
    /// The op:// reference that it holds.
    #[schemars(length(min = 1))]
    reference: Option<String>,
    #[serde(flatten)]
    source: SourceArguments,
}

#[tool_router(router = set_variables_router, vis = "pub(super)")]
impl VaultServer {
    #[tool(
        description = include_str!("../../../tools/set_variables.md"),
        input_schema = schema::input::<SetVariables>(),
        output_schema = schema::output::<EnvironmentDetails>(),
        annotations(
            title = "Set an environment's variables",
            read_only_hint = false,
            destructive_hint = true,
            idempotent_hint = false,
            open_world_hint = false
        )
    )]
    async fn set_variables(
        &self,
        arguments: Arguments<SetVariables>,
        context: RequestContext<RoleServer>,
    ) -> Result<Json<EnvironmentDetails>, ToolError> {
        let mut wanted = arguments.read()?;
        let reason = wanted.reason.take();
        let request = wanted.try_into()?;
        let caller = self.caller(&context);
        let broker = self.broker().await?;
        let asker = dialogue::asker(&caller, &context, reason.as_deref());
        let changed = broker.set_variables(asker, request, context.ct.cancelled());
        let changed = dialogue::told(&context, None, changed).await?;
        Ok(Json(changed.into()))
    }
}

impl TryFrom<SetVariables> for broker::SetVariables {
    type Error = ToolError;

    fn try_from(wanted: SetVariables) -> Result<Self, ToolError> {
        let set = wanted
            .set
            .into_iter()
            .enumerate()
            .map(|(index, variable)| variable.read(&format!("set[{index}]")))
            .collect::<Result<_, _>>()?;
        Ok(Self {
            environment: wanted.environment,
            set,
            remove: wanted.remove,
            vault: wanted.vault,
            item: wanted.item,
        })
    }
}

impl SetVariableArguments {
    fn read(self, place: &str) -> Result<(String, NewVariable), ToolError> {
        let new = match (self.reference, self.source.is_none()) {
            (Some(reference), true) => NewVariable::Reference(reference),
            (None, _) => NewVariable::Source(self.source.one(place)?),
            (Some(_), false) => {
                return Err(ArgumentError::new(format!(
                    "argument `{place}` must have either `reference` or one source, not both"
                ))
                .into());
            }
        };
        Ok((self.name, new))
    }
}
