//! `update_item`: sets or rotates fields, and changes title, tags and urls.

use rmcp::{RoleServer, service::RequestContext, tool, tool_router};
use schemars::JsonSchema;
use serde::Deserialize;

use super::{
    address, field::NewFieldArguments, item_details::WrittenDetails, source::SourceArguments,
};
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
};

#[derive(Deserialize, JsonSchema)]
struct UpdateItem {
    /// The item's title or id.
    #[schemars(length(min = 1))]
    item: String,
    /// The vault's name or id; needed where several vaults have an item of that title.
    #[schemars(length(min = 1))]
    vault: Option<String>,
    /// The version that you read; the change is refused when somebody else changed the item since.
    #[schemars(range(min = 1))]
    version: Option<u64>,
    /// A new title.
    #[schemars(length(min = 1))]
    title: Option<String>,
    /// New labels, in place of all the old ones.
    tags: Option<Vec<String>>,
    /// New web addresses, in place of all the old ones; the first is the main one.
    urls: Option<Vec<String>>,
    /// New values for fields that are there. Each says with exactly one of generate, ask, file, command, copy, text where its value comes from.
    #[serde(default)]
    set: Vec<SetFieldArguments>,
    /// Fields to add, as in create_item.
    #[serde(default)]
    add: Vec<NewFieldArguments>,
    /// Fields to remove, by label or id.
    #[serde(default)]
    remove: Vec<String>,
    /// Why, in one sentence, for the owner's log and whoever has to allow it.
    reason: Option<String>,
}

/// A new value for a field that is there.
#[derive(Deserialize, JsonSchema)]
struct SetFieldArguments {
    /// The field's label or id; `section/field` where several have the label.
    #[schemars(length(min = 1))]
    field: String,
    #[serde(flatten)]
    source: SourceArguments,
}

#[tool_router(router = update_item_router, vis = "pub(super)")]
impl VaultServer {
    #[tool(
        description = include_str!("../../../tools/update_item.md"),
        input_schema = schema::input::<UpdateItem>(),
        output_schema = schema::output::<WrittenDetails>(),
        annotations(
            title = "Change an item or rotate its secrets",
            read_only_hint = false,
            destructive_hint = true,
            idempotent_hint = false,
            open_world_hint = false
        )
    )]
    async fn update_item(
        &self,
        round: Round,
        arguments: Arguments<UpdateItem>,
        context: RequestContext<RoleServer>,
    ) -> Result<Written, ToolError> {
        let mut update = arguments.read()?;
        let reason = update.reason.take();
        let update = update.try_into()?;
        let write = async {
            let broker = self.broker().await?;
            let caller = self.caller(&context);
            let asker = dialogue::asker(&caller, &context, reason.as_deref());
            let written = broker.update_item(asker, update, context.ct.cancelled());
            dialogue::told(&context, None, written).await
        };
        self.written(&context, round, write).await
    }
}

impl TryFrom<UpdateItem> for broker::UpdateItem {
    type Error = ToolError;

    fn try_from(update: UpdateItem) -> Result<Self, ToolError> {
        let set = update
            .set
            .into_iter()
            .enumerate()
            .map(|(index, set)| {
                let source = set.source.one(&format!("set[{index}]"))?;
                Ok((set.field, source))
            })
            .collect::<Result<_, ToolError>>()?;
        let add = update
            .add
            .into_iter()
            .enumerate()
            .map(|(index, field)| field.field(&format!("add[{index}]")))
            .collect::<Result<_, _>>()?;
        Ok(Self {
            item: update.item,
            vault: update.vault,
            version: update.version,
            title: update.title,
            tags: update.tags,
            urls: update.urls.map(address::read),
            favorite: None,
            set,
            add,
            remove: update.remove,
        })
    }
}
