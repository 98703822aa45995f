//! `inject_template`: a template with secret references becomes a file with values.

use std::path::PathBuf;

use rmcp::{Json, RoleServer, service::RequestContext, tool, tool_router};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    broker::{self, TemplateText},
    display_text::escaped,
    mcp::{VaultServer, arguments::Arguments, dialogue, error::ToolError, schema},
};

#[derive(Deserialize, JsonSchema)]
struct InjectTemplate {
    /// The file with the template. Exactly one of `template_file` and `template`.
    #[schemars(length(min = 1))]
    template_file: Option<PathBuf>,
    /// The template itself: text with references, bare or as {{ op://vault/item/field }}.
    #[schemars(length(min = 1))]
    template: Option<String>,
    /// Where the filled template is written.
    #[schemars(length(min = 1))]
    out_file: PathBuf,
    /// Whether a file that is there is replaced; false when absent.
    overwrite: Option<bool>,
    /// Why, in one sentence, for the owner's log and whoever has to allow it.
    reason: Option<String>,
}

/// The file that was written.
#[derive(Serialize, JsonSchema)]
struct FilledTemplate {
    /// Where it is.
    out_file: String,
    /// The references whose values are in it.
    references: Vec<String>,
}

#[tool_router(router = inject_template_router, vis = "pub(super)")]
impl VaultServer {
    #[tool(
        description = include_str!("../../../tools/inject_template.md"),
        input_schema = schema::input::<InjectTemplate>(),
        output_schema = schema::output::<FilledTemplate>(),
        annotations(
            title = "Fill a template into a file",
            read_only_hint = false,
            destructive_hint = true,
            idempotent_hint = true,
            open_world_hint = false
        )
    )]
    async fn inject_template(
        &self,
        arguments: Arguments<InjectTemplate>,
        context: RequestContext<RoleServer>,
    ) -> Result<Json<FilledTemplate>, ToolError> {
        let wanted = arguments.read()?;
        let reason = wanted.reason;
        let broker = self.broker().await?;
        let template = match (wanted.template_file, wanted.template) {
            (Some(path), None) => TemplateText::File(path),
            (None, Some(text)) => TemplateText::Text(text),
            _ => {
                return Err(ToolError::from(broker::BrokerError::Invalid(
                    "say either `template_file` or `template`".into(),
                )));
            }
        };
        let wanted = broker::InjectTemplate {
            template,
            out_file: wanted.out_file,
            mode: 0o600,
            overwrite: wanted.overwrite.unwrap_or(false),
        };
        let caller = self.caller(&context);
        let asker = dialogue::asker(&caller, &context, reason.as_deref());
        let filled = dialogue::told(&context, None, broker.inject_template(asker, &wanted)).await?;
        Ok(Json(FilledTemplate {
            out_file: escaped(&filled.path.display().to_string()),
            references: filled.references,
        }))
    }
}
