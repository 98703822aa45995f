//! Completes the names of vaults and items, in prompts and resource templates.

use rmcp::{
    RoleServer,
    model::{CompleteRequestParams, CompletionInfo, Reference},
    service::RequestContext,
};

use super::{VaultServer, error::ToolError, prompts, resources};
use crate::{broker::ItemsWanted, display_text::escaped};

impl VaultServer {
    /// The names that begin with what was typed; none when they can't be had. A completion is a
    /// convenience, so its failure is told to the operator only.
    pub(super) async fn completion(
        &self,
        request: &CompleteRequestParams,
        context: &RequestContext<RoleServer>,
    ) -> CompletionInfo {
        let argument = &request.argument;
        if !takes(&request.r#ref, &argument.name) {
            return CompletionInfo::default();
        }
        let vault = request
            .context
            .as_ref()
            .and_then(|it| it.get_argument("vault"));
        let names = match argument.name.as_str() {
            "vault" if self.offered.has("list_vaults") => self.vault_names(context).await,
            "item" if self.offered.has("list_items") => {
                self.item_titles(&argument.value, vault, context).await
            }
            _ => Ok(Vec::new()),
        };
        let names = names
            .inspect_err(|error| drop(error.told()))
            .unwrap_or_default();
        page(&argument.value, names)
    }

    async fn vault_names(
        &self,
        context: &RequestContext<RoleServer>,
    ) -> Result<Vec<String>, ToolError> {
        let vaults = self.broker().await?.vaults(&self.caller(context)).await?;
        Ok(vaults
            .into_iter()
            .map(|vault| vault.overview.name)
            .collect())
    }

    async fn item_titles(
        &self,
        typed: &str,
        vault: Option<&String>,
        context: &RequestContext<RoleServer>,
    ) -> Result<Vec<String>, ToolError> {
        let wanted = ItemsWanted {
            vault: vault.filter(|name| !name.is_empty()).cloned(),
            query: (!typed.is_empty()).then(|| typed.to_owned()),
            ..ItemsWanted::default()
        };
        let page = self
            .broker()
            .await?
            .items(&self.caller(context), &wanted)
            .await?;
        Ok(page
            .items
            .into_iter()
            .map(|line| line.overview.title)
            .collect())
    }
}

/// Tells whether a prompt or a template takes an argument of that name.
fn takes(completed: &Reference, argument: &str) -> bool {
    match completed {
        Reference::Prompt(prompt) => prompts::all()
            .iter()
            .any(|it| it.name == prompt.name && it.takes(argument)),
        Reference::Resource(template) => {
            [resources::ITEM, resources::VAULT_ITEMS].contains(&template.uri.as_str())
                && template.uri.contains(&format!("{{{argument}}}"))
        }
        _ => false,
    }
}

fn page(typed: &str, names: Vec<String>) -> CompletionInfo {
    let typed = typed.to_lowercase();
    let mut names: Vec<String> = names
        .iter()
        .filter(|name| name.to_lowercase().starts_with(&typed))
        .map(|name| escaped(name))
        .collect();
    names.sort();
    names.dedup();
    let total = u32::try_from(names.len()).ok();
    let more = names.len() > CompletionInfo::MAX_VALUES;
    names.truncate(CompletionInfo::MAX_VALUES);
    CompletionInfo::with_pagination(names, total, more).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_completed_in_any_case_sorted_once_and_a_hundred_at_most() {
        let names = (0..150).map(|n| format!("Stripe {n:03}")).chain([
            "stripe".into(),
            "stripe".into(),
            "GitHub".into(),
        ]);

        let info = page("STR", names.collect());

        assert_eq!(info.values.len(), 100);
        assert_eq!((info.total, info.has_more), (Some(151), Some(true)));
        assert!(!info.values.contains(&"GitHub".to_owned()));
    }
}
