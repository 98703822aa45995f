//! `list_items`: item overviews, page by page.

use rmcp::{Json, RoleServer, service::RequestContext, tool, tool_router};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{address, word::Word};
use crate::{
    broker::{ItemLine, ItemPage, ItemsWanted},
    display_text::escaped,
    mcp::{VaultServer, arguments::Arguments, error::ToolError, schema},
    vault::Category,
};

/// How many items a page has when nothing is said.
const PAGE: usize = 100;

#[derive(Default, Deserialize, JsonSchema)]
pub(in crate::mcp) struct ListItems {
    /// A vault's name or id; all vaults that you may see when absent.
    #[schemars(length(min = 1))]
    vault: Option<String>,
    /// Text that the title, a tag or a URL contains, in any case.
    #[schemars(length(min = 1))]
    query: Option<String>,
    /// One category.
    category: Option<Word<Category>>,
    /// One tag, in any case.
    #[schemars(length(min = 1))]
    tag: Option<String>,
    /// How many items at most; 100 when absent.
    #[schemars(range(min = 1, max = 500))]
    limit: Option<u16>,
    /// `next_cursor` of the page before.
    #[schemars(length(min = 1))]
    cursor: Option<String>,
}

/// A page of items.
#[derive(Serialize, JsonSchema)]
pub(in crate::mcp) struct ItemList {
    /// The items, in order of title.
    items: Vec<ItemSummary>,
    /// Give it as `cursor` to get the next page; absent on the last one.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_cursor: Option<String>,
}

/// One item.
#[derive(Serialize, JsonSchema)]
struct ItemSummary {
    /// The item's id; use it where the title is ambiguous.
    id: String,
    /// The item's title.
    title: String,
    /// What kind of item it is, for example LOGIN.
    category: String,
    /// The name of the vault that holds it.
    vault: String,
    /// Labels.
    tags: Vec<String>,
    /// Web addresses, without user information and query values.
    urls: Vec<String>,
    /// When it changed last, RFC 3339.
    updated_at: String,
    /// Grows by one with each change.
    version: u64,
}

#[tool_router(router = list_items_router, vis = "pub(super)")]
impl VaultServer {
    #[tool(
        description = include_str!("../../../tools/list_items.md"),
        input_schema = schema::input::<ListItems>(),
        output_schema = schema::output::<ItemList>(),
        annotations(
            title = "List items",
            read_only_hint = true,
            destructive_hint = false,
            idempotent_hint = true,
            open_world_hint = false
        )
    )]
    async fn list_items(
        &self,
        arguments: Arguments<ListItems>,
        context: RequestContext<RoleServer>,
    ) -> Result<Json<ItemList>, ToolError> {
        Ok(Json(self.item_list(arguments.read()?, &context).await?))
    }

    /// The answer, also for the resource of the same content.
    pub(in crate::mcp) async fn item_list(
        &self,
        wanted: ListItems,
        context: &RequestContext<RoleServer>,
    ) -> Result<ItemList, ToolError> {
        let page = self
            .broker()
            .await?
            .items(&self.caller(context), &wanted.into())
            .await?;
        Ok(page.into())
    }
}

impl ListItems {
    /// All items of one vault, a page of them.
    pub(in crate::mcp) fn in_vault(vault: String) -> Self {
        Self {
            vault: Some(vault),
            ..Self::default()
        }
    }
}

impl From<ListItems> for ItemsWanted {
    fn from(wanted: ListItems) -> Self {
        Self {
            vault: wanted.vault,
            query: wanted.query,
            category: wanted.category.map(|word| word.0),
            tag: wanted.tag,
            archived: false,
            limit: Some(wanted.limit.map_or(PAGE, usize::from)),
            cursor: wanted.cursor,
        }
    }
}

impl From<ItemPage> for ItemList {
    fn from(page: ItemPage) -> Self {
        Self {
            items: page.items.into_iter().map(ItemSummary::from).collect(),
            next_cursor: page.next_cursor,
        }
    }
}

impl From<ItemLine> for ItemSummary {
    fn from(line: ItemLine) -> Self {
        let item = line.overview;
        Self {
            id: item.id.to_string(),
            title: escaped(&item.title),
            category: escaped(item.category.as_str()),
            vault: escaped(&line.vault.name),
            tags: item.tags.iter().map(|tag| escaped(tag)).collect(),
            urls: address::shown(&item.urls),
            updated_at: item.updated_at.to_string(),
            version: item.version,
        }
    }
}
