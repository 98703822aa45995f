//! Which of the tools one server offers.
//!
//! What is switched off is neither listed nor called, and takes the resources and prompts with it that
//! tell or need the same.

use std::collections::{BTreeSet, HashMap};

use rmcp::model::Tool;

use super::tools::router;
use crate::policy::{Right, Scope};

/// Without it there is nothing that the other tools for started programs could be used on.
const START: &str = "start_command";

/// Which tools a server offers; everything when nothing is said.
#[derive(Clone, Debug, Default)]
pub struct ServerOptions {
    /// Drops every tool that changes something or runs a program, whatever else is said.
    pub read_only: bool,
    /// Only these tools.
    pub tools: Option<Vec<String>>,
    /// Not these tools, even if they are named in `tools`.
    pub exclude_tools: Vec<String>,
    /// Drops the tools for programs that stay up: their handles hold only as long as one server's process.
    pub without_handles: bool,
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
        let all = !options.read_only
            && !options.without_handles
            && options.tools.is_none()
            && options.exclude_tools.is_empty();
        if all {
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
        let mut left: BTreeSet<String> = all
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
        if options.without_handles || !left.contains(START) {
            left.retain(|name| ![START, "read_command", "stop_command"].contains(&name.as_str()));
        }
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

/// Tells whether a tool can be of any use to a caller with this scope. What is not named here always is.
pub(super) fn is_of_use(tool: &str, scope: Scope) -> bool {
    match tool {
        "attach_file" | "update_item" => scope.has(Right::Update),
        "check_references" | "get_item" | "list_items" => scope.has(Right::Metadata),
        "create_environment" => scope.has_in_environments(Right::Create),
        "create_item" => scope.has(Right::Create),
        "delete_item" => scope.has(Right::Delete),
        "inject_template" | "save_file" => scope.has(Right::Files),
        "list_environments" | "list_variables" => scope.has_in_environments(Right::Metadata),
        "read_command" | "run_command" | "start_command" | "stop_command" => scope.runs(),
        // Another name stands in the agent's table as if it made one.
        "rename_environment" => {
            scope.has_in_environments(Right::Create) && scope.has_in_environments(Right::Update)
        }
        "set_variables" => scope.has_in_environments(Right::Update),
        _ => true,
    }
}

fn reads_only(tool: &Tool) -> bool {
    tool.annotations
        .as_ref()
        .is_some_and(|it| it.read_only_hint == Some(true))
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
            without_handles: false,
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
                "list_environments",
                "list_items",
                "list_variables",
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
    fn without_handles_and_without_a_start_there_is_nothing_to_read_or_stop() {
        let options = ServerOptions {
            without_handles: true,
            ..ServerOptions::default()
        };
        let without_handles = Offered::settle(&options).unwrap();
        let without_start = offered(false, None, &["start_command"]).unwrap();

        for name in ["start_command", "read_command", "stop_command"] {
            assert!(!without_handles.has(name) && !without_start.contains(&name.to_owned()));
        }
        assert!(without_handles.has("run_command"));
    }

    #[test]
    fn a_name_that_is_no_tool_is_refused_with_the_ones_that_are() {
        for (tools, exclude) in [(Some(&["run"][..]), &[][..]), (None, &["run"][..])] {
            let error = offered(false, tools, exclude).unwrap_err().to_string();

            assert!(
                error.starts_with(
                    "there is no tool `run`; the tools are attach_file, check_references, "
                ),
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
