//! The tools and resources of `tests/mcp.rs` once more, with a Connect server of our own behind them: our client against our server.

#[path = "support/browser.rs"]
#[allow(dead_code)]
mod browser;
#[path = "support/desk.rs"]
#[allow(dead_code)]
mod desk;
#[path = "support/own_connect.rs"]
mod fake_connect;
#[path = "support/fake_vault.rs"]
#[allow(dead_code)]
mod fake_vault;

#[path = "mcp/asking.rs"]
mod asking;
#[path = "mcp/environments.rs"]
mod environments;
#[path = "mcp/items.rs"]
mod items;
#[path = "mcp/runs.rs"]
mod runs;
#[path = "mcp/tools.rs"]
mod tools;
#[path = "mcp/typing_page.rs"]
mod typing_page;

/// `tests/mcp.rs` calls the same tools over a vault in memory.
const BACKEND: desk::Backend = desk::Backend::Connect;
