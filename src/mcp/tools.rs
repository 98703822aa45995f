//! The tools: one file each, listed here, and which of them a session offers.
//!
//! A new tool is a description in `tools/`, a file beside the others and a line in [`router`].

use std::{
    collections::{BTreeSet, HashMap},
    sync::LazyLock,
};

use rmcp::{
    handler::server::router::tool::ToolRouter,
    model::{Tool, ToolAnnotations},
};

use super::VaultServer;
use crate::vault::ItemUrl;

mod check_references;
mod create_item;
mod delete_item;
mod field;
pub(super) mod get_item;
pub(super) mod item_details;
pub(super) mod list_activity;
pub(super) mod list_items;
pub(super) mod list_vaults;
mod run_command;
mod source;
mod update_item;
mod word;

/// All tools, with their schemas; built when first asked for, so that a session's first answer need not wait.
pub(super) fn router() -> &'static ToolRouter<VaultServer> {
    static ROUTER: LazyLock<ToolRouter<VaultServer>> = LazyLock::new(|| {
        VaultServer::check_references_router()
            + VaultServer::create_item_router()
            + VaultServer::delete_item_router()
            + VaultServer::get_item_router()
            + VaultServer::list_activity_router()
            + VaultServer::list_items_router()
            + VaultServer::list_vaults_router()
            + VaultServer::run_command_router()
            + VaultServer::update_item_router()
    });
    &ROUTER
}

/// Which tools a server offers; everything when nothing is said.
#[derive(Clone, Debug, Default)]
pub struct ServerOptions {
    /// Drops every tool that changes something or runs a program, whatever else is said.
    pub read_only: bool,
    /// Only these tools.
    pub tools: Option<Vec<String>>,
    /// Not these tools, even if they are named in `tools`.
    pub exclude_tools: Vec<String>,
}

/// Why no server can be made of these options.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum OptionsError {
    /// The options leave no tool.
    #[error("these options leave no tool at all; drop one of them")]
    Nothing,

    /// There is no such tool. A misspelt exclusion would leave the tool on, so it is refused.
    #[error("there is no tool `{name}`; the tools are {}", known.join(", "))]
    UnknownTool {
        /// What was written.
        name: String,
        /// The tools that there are.
        known: Vec<String>,
    },
}

/// The tools that one server offers.
#[derive(Clone, Debug)]
pub(super) struct Offered(Option<BTreeSet<String>>);

impl Offered {
    /// Settles the options.
    ///
    /// # Errors
    /// [`OptionsError`] for a name that is no tool's, and when nothing is left.
    pub(super) fn settle(options: &ServerOptions) -> Result<Self, OptionsError> {
        if !options.read_only && options.tools.is_none() && options.exclude_tools.is_empty() {
            return Ok(Self(None));
        }
        let all: HashMap<String, Tool> = router()
            .list_all()
            .into_iter()
            .map(|tool| (tool.name.to_string(), tool))
            .collect();
        for name in options.tools.iter().flatten().chain(&options.exclude_tools) {
            if !all.contains_key(name) {
                let mut known: Vec<String> = all.into_keys().collect();
                known.sort();
                return Err(OptionsError::UnknownTool {
                    name: name.clone(),
                    known,
                });
            }
        }
        let left: BTreeSet<String> = all
            .into_iter()
            .filter(|(name, tool)| {
                options
                    .tools
                    .as_ref()
                    .is_none_or(|tools| tools.contains(name))
                    && !options.exclude_tools.contains(name)
                    && (!options.read_only || reads_only(tool))
            })
            .map(|(name, _)| name)
            .collect();
        if left.is_empty() {
            Err(OptionsError::Nothing)
        } else {
            Ok(Self(Some(left)))
        }
    }

    /// Tells whether the tool is offered.
    pub(super) fn has(&self, tool: &str) -> bool {
        self.0.as_ref().is_none_or(|offered| offered.contains(tool))
    }
}

fn reads_only(tool: &Tool) -> bool {
    tool.annotations
        .as_ref()
        .is_some_and(|it| it.read_only_hint == Some(true))
}

/// The tools as a Markdown table, for the README: name, first sentence of the description, annotations.
#[must_use]
pub fn tool_table() -> String {
    let mut table = "| tool | does | annotations |\n|---|---|---|\n".to_owned();
    for tool in router().list_all() {
        let description = tool.description.as_deref().unwrap_or_default();
        let sentence = description.split_inclusive(". ").next().unwrap_or_default();
        let sentence = sentence.lines().next().unwrap_or_default().trim_end();
        let annotations = tool.annotations.as_ref().map(words).unwrap_or_default();
        table += &format!("| `{}` | {sentence} | {annotations} |\n", tool.name);
    }
    table
}

fn words(annotations: &ToolAnnotations) -> String {
    let read_only = annotations.read_only_hint == Some(true);
    let mut words = vec![if read_only { "read-only" } else { "write" }];
    for (word, hint) in [
        ("destructive", annotations.destructive_hint),
        ("open-world", annotations.open_world_hint),
    ] {
        if hint == Some(true) {
            words.push(word);
        }
    }
    words.join(", ")
}

/// Web addresses as the model wrote them; the first is the main one.
fn urls(written: Vec<String>) -> Vec<ItemUrl> {
    written
        .into_iter()
        .enumerate()
        .map(|(index, href)| ItemUrl {
            href,
            label: None,
            primary: index == 0,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn offered(
        read_only: bool,
        tools: Option<&[&str]>,
        exclude: &[&str],
    ) -> Result<Vec<String>, OptionsError> {
        let owned = |names: &[&str]| names.iter().map(ToString::to_string).collect::<Vec<_>>();
        let options = ServerOptions {
            read_only,
            tools: tools.map(owned),
            exclude_tools: owned(exclude),
        };
        let offered = Offered::settle(&options)?;
        let names = router()
            .list_all()
            .into_iter()
            .map(|tool| tool.name.to_string());
        Ok(names.filter(|name| offered.has(name)).collect())
    }

    #[test]
    fn read_only_drops_everything_that_acts() {
        let left = offered(true, None, &[]).unwrap();

        assert_eq!(
            left,
            [
                "check_references",
                "get_item",
                "list_activity",
                "list_items",
                "list_vaults"
            ]
        );
    }

    #[test]
    fn an_exclusion_wins_over_a_wish_and_read_only_over_both() {
        let wished = Some(&["get_item", "list_items", "run_command"][..]);

        assert_eq!(
            offered(true, wished, &["get_item"]).unwrap(),
            ["list_items"]
        );
    }

    #[test]
    fn a_name_that_is_no_tool_is_refused_with_the_ones_that_are() {
        for (tools, exclude) in [(Some(&["run"][..]), &[][..]), (None, &["run"][..])] {
            let error = offered(false, tools, exclude).unwrap_err().to_string();

            assert!(
                error.starts_with("there is no tool `run`; the tools are check_references, "),
                "{error}"
            );
        }
    }

    #[test]
    fn options_that_leave_nothing_are_refused() {
        assert_eq!(
            offered(true, Some(&["run_command"]), &[]),
            Err(OptionsError::Nothing)
        );
    }
}
