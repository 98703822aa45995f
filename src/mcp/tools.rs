//! The tools: one file each, listed here.
//!
//! A new tool is a description in `tools/`, a file beside the others and a line in [`router`].

use std::sync::LazyLock;

use rmcp::{handler::server::router::tool::ToolRouter, model::ToolAnnotations};

use super::VaultServer;

mod address;
mod attach_file;
mod check_references;
mod create_environment;
mod create_item;
mod delete_item;
mod environment_details;
mod field;
pub(super) mod get_item;
mod inject_template;
pub(super) mod item_details;
pub(super) mod list_activity;
mod list_environments;
pub(super) mod list_items;
mod list_variables;
pub(super) mod list_vaults;
mod read_command;
mod rename_environment;
mod request_access;
mod run_command;
mod save_file;
mod set_variables;
mod source;
mod start_command;
mod stop_command;
mod update_item;
mod word;

/// All tools, with their schemas; built when first asked for, so that a session's first answer need not wait.
pub(super) fn router() -> &'static ToolRouter<VaultServer> {
    static ROUTER: LazyLock<ToolRouter<VaultServer>> = LazyLock::new(|| {
        VaultServer::attach_file_router()
            + VaultServer::check_references_router()
            + VaultServer::create_environment_router()
            + VaultServer::create_item_router()
            + VaultServer::delete_item_router()
            + VaultServer::get_item_router()
            + VaultServer::inject_template_router()
            + VaultServer::list_activity_router()
            + VaultServer::list_environments_router()
            + VaultServer::list_items_router()
            + VaultServer::list_variables_router()
            + VaultServer::list_vaults_router()
            + VaultServer::read_command_router()
            + VaultServer::rename_environment_router()
            + VaultServer::request_access_router()
            + VaultServer::run_command_router()
            + VaultServer::save_file_router()
            + VaultServer::set_variables_router()
            + VaultServer::start_command_router()
            + VaultServer::stop_command_router()
            + VaultServer::update_item_router()
    });
    &ROUTER
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
