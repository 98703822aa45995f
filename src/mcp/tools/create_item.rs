//! `create_item`: a new item whose values come from somewhere else than the model.

use rmcp::{RoleServer, service::RequestContext, tool, tool_router};
use schemars::JsonSchema;
use serde::Deserialize;

use super::{address, field::NewFieldArguments, item_details::WrittenDetails, word::Word};
use crate::{
    broker,
    mcp::{
        VaultServer,
        arguments::Arguments,
        asking::{Round, Written},
        dialogue,
        error::ToolError,
        schema,
    },
    vault::Category,
};

#[derive(Deserialize, JsonSchema)]
struct CreateItem {
    /// The vault's name or id.
    #[schemars(length(min = 1))]
    vault: String,
    /// The new item's title.
    #[schemars(length(min = 1))]
    title: String,
    /// What kind of item it is; LOGIN when absent.
    category: Option<Word<Category>>,
    /// The fields. Each says with exactly one of generate, ask, file, command, copy, text where its value comes from.
    fields: Vec<NewFieldArguments>,
    /// Labels.
    #[serde(default)]
    tags: Vec<String>,
    /// Web addresses; the first is the main one.
    #[serde(default)]
    urls: Vec<String>,
    /// Why, in one sentence, for the owner's log and whoever has to allow it.
    reason: Option<String>,
}

#[tool_router(router = create_item_router, vis = "pub(super)")]
impl VaultServer {
    #[tool(
        description = include_str!("../../../tools/create_item.md"),
        input_schema = schema::input::<CreateItem>(),
        output_schema = schema::output::<WrittenDetails>(),
        annotations(
            title = "Create an item",
            read_only_hint = false,
            destructive_hint = false,
            idempotent_hint = false,
            open_world_hint = false
        )
    )]
    async fn create_item(
        &self,
        round: Round,
        arguments: Arguments<CreateItem>,
        context: RequestContext<RoleServer>,
    ) -> Result<Written, ToolError> {
        let mut new = arguments.read()?;
        let reason = new.reason.take();
        let new = new.try_into()?;
        let write = async {
            let broker = self.broker().await?;
            let caller = self.caller(&context);
            let asker = dialogue::asker(&caller, &context, reason.as_deref());
            let written = broker.create_item(asker, new, context.ct.cancelled());
            dialogue::told(&context, None, written).await
        };
        self.written(&context, round, write).await
    }
}

impl TryFrom<CreateItem> for broker::CreateItem {
    type Error = ToolError;

    fn try_from(new: CreateItem) -> Result<Self, ToolError> {
        let fields = new
            .fields
            .into_iter()
            .enumerate()
            .map(|(index, field)| field.field(&format!("fields[{index}]")))
            .collect::<Result<_, _>>()?;
        Ok(Self {
            vault: new.vault,
            title: new.title,
            category: new.category.map(|word| word.0),
            fields,
            tags: new.tags,
            urls: address::read(new.urls),
            favorite: false,
        })
    }
}
