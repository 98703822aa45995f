//! Vaults, items and activity as resources: what the reading tools answer, at an address.
//!
//! A resource is there only while the tool that gives the same answer is offered, so that switching a
//! tool off switches off what it tells.

use rmcp::{
    ErrorData, RoleServer,
    model::{
        CacheScope, ListResourceTemplatesResult, ListResourcesResult, ReadResourceResult, Resource,
        ResourceContents, ResourceTemplate,
    },
    service::RequestContext,
};
use serde::Serialize;

use super::{
    LIST_TTL_MS, VaultServer,
    error::ToolError,
    tools::{get_item::GetItem, list_activity::ListActivity, list_items::ListItems},
};

const MIME_TYPE: &str = "application/json";
/// The server behind the vaults; there with any backend, and says so where there is none.
const SERVER: &str = "hushkey://server";
pub(super) const ACTIVITY: &str = "hushkey://activity";
const VAULTS: &str = "hushkey://vaults";

/// The template for a vault's items.
pub(super) const VAULT_ITEMS: &str = "hushkey://vaults/{vault}/items";
/// The template for an item's metadata.
pub(super) const ITEM: &str = "hushkey://vaults/{vault}/items/{item}";

/// What an address stands for.
#[derive(Debug, PartialEq, Eq)]
enum Address {
    Activity,
    Item { vault: String, item: String },
    Server,
    VaultItems { vault: String },
    Vaults,
}

impl Address {
    /// Reads an address; names in it may be percent-encoded.
    fn parse(uri: &str) -> Option<Self> {
        let segments: Vec<String> = uri
            .strip_prefix("hushkey://")?
            .split('/')
            .map(decoded)
            .collect::<Option<_>>()?;
        let segments: Vec<&str> = segments.iter().map(String::as_str).collect();
        match segments[..] {
            ["activity"] => Some(Self::Activity),
            ["server"] => Some(Self::Server),
            ["vaults"] => Some(Self::Vaults),
            ["vaults", vault, "items"] if !vault.is_empty() => Some(Self::VaultItems {
                vault: vault.to_owned(),
            }),
            ["vaults", vault, "items", item] if !vault.is_empty() && !item.is_empty() => {
                Some(Self::Item {
                    vault: vault.to_owned(),
                    item: item.to_owned(),
                })
            }
            _ => None,
        }
    }

    /// The tool that gives the same answer.
    fn tool(&self) -> &'static str {
        match self {
            Self::Activity => "list_activity",
            Self::Item { .. } => "get_item",
            Self::VaultItems { .. } => "list_items",
            Self::Server | Self::Vaults => "list_vaults",
        }
    }
}

/// Decodes `%XX`; `None` for what is not UTF-8 or badly encoded.
fn decoded(segment: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(segment.len());
    let mut rest = segment.as_bytes();
    while let [first, tail @ ..] = rest {
        if *first == b'%' {
            let digits = std::str::from_utf8(tail.get(..2)?).ok()?;
            bytes.push(u8::from_str_radix(digits, 16).ok()?);
            rest = &tail[2..];
        } else {
            bytes.push(*first);
            rest = tail;
        }
    }
    String::from_utf8(bytes).ok()
}

impl VaultServer {
    pub(super) fn offered_resources(&self) -> ListResourcesResult {
        let all = [
            (
                ACTIVITY,
                "activity",
                "What was done with your vaults, newest last",
                "list_activity",
            ),
            (
                SERVER,
                "server",
                "Where the vaults are kept, and whether the server there is well",
                "list_vaults",
            ),
            (
                VAULTS,
                "vaults",
                "The vaults that you may see, and what you may do in each",
                "list_vaults",
            ),
        ];
        let resources = all
            .into_iter()
            .filter(|(.., tool)| self.offered.has(tool))
            .map(|(uri, name, description, _)| {
                Resource::new(uri, name)
                    .with_description(description)
                    .with_mime_type(MIME_TYPE)
            })
            .collect();
        ListResourcesResult::with_all_items(resources)
            .with_ttl_ms(LIST_TTL_MS)
            .with_cache_scope(CacheScope::Private)
    }

    pub(super) fn offered_templates(&self) -> ListResourceTemplatesResult {
        let all = [
            (
                VAULT_ITEMS,
                "items",
                "The items of a vault, by its name or id",
                "list_items",
            ),
            (
                ITEM,
                "item",
                "An item's metadata: fields, files, references; never a value",
                "get_item",
            ),
        ];
        let templates = all
            .into_iter()
            .filter(|(.., tool)| self.offered.has(tool))
            .map(|(uri, name, description, _)| {
                ResourceTemplate::new(uri, name)
                    .with_description(description)
                    .with_mime_type(MIME_TYPE)
            })
            .collect();
        ListResourceTemplatesResult::with_all_items(templates)
            .with_ttl_ms(LIST_TTL_MS)
            .with_cache_scope(CacheScope::Private)
    }

    /// Reads a resource. What it tells may change at any time, so it is not to be kept.
    ///
    /// # Errors
    /// "Not found" for an address that is none, or whose tool is switched off; what the broker said otherwise.
    pub(super) async fn resource(
        &self,
        uri: &str,
        context: &RequestContext<RoleServer>,
    ) -> Result<ReadResourceResult, ErrorData> {
        let address = Address::parse(uri)
            .filter(|address| self.offered.has(address.tool()))
            .ok_or_else(|| ErrorData::resource_not_found("there is no such resource", None))?;
        let told = match address {
            Address::Activity => json(self.activity_list(ListActivity::default(), context).await),
            Address::Item { vault, item } => {
                let wanted = GetItem {
                    item,
                    vault: Some(vault),
                };
                json(self.item_details(&wanted, context).await)
            }
            Address::Server => json(self.server_health(context).await),
            Address::VaultItems { vault } => {
                json(self.item_list(ListItems::in_vault(vault), context).await)
            }
            Address::Vaults => json(self.vault_list(context).await),
        };
        let contents = ResourceContents::text(told?, uri).with_mime_type(MIME_TYPE);
        Ok(ReadResourceResult::new(vec![contents])
            .with_ttl_ms(0)
            .with_cache_scope(CacheScope::Private))
    }
}

fn json(answer: Result<impl Serialize, ToolError>) -> Result<String, ErrorData> {
    let answer = answer.map_err(|error| ErrorData::internal_error(error.told(), None))?;
    serde_json::to_string(&answer)
        .map_err(|_| ErrorData::internal_error("the answer could not be written as JSON", None))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_read_with_its_names_decoded() {
        let item = |vault: &str, item: &str| {
            Some(Address::Item {
                vault: vault.to_owned(),
                item: item.to_owned(),
            })
        };

        assert_eq!(Address::parse("hushkey://vaults"), Some(Address::Vaults));
        assert_eq!(
            Address::parse("hushkey://vaults/Dev/items/a%2Fb%20c"),
            item("Dev", "a/b c")
        );
        for bad in [
            "hushkey://",
            "vaults",
            "hushkey://vaults/",
            "hushkey://vaults//items",
            "hushkey://vaults/Dev",
            "hushkey://vaults/%ff/items",
            "hushkey://vaults/%2/items",
            "hushkey://vaults/Dev/items/x/y",
            "hushkey://activity?limit=1",
        ] {
            assert_eq!(Address::parse(bad), None, "{bad}");
        }
    }
}
