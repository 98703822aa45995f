//! What a model can see, call and be told, over the protocol itself.

#[path = "support/browser.rs"]
mod browser;
#[path = "support/desk.rs"]
mod desk;
#[path = "support/fake_connect.rs"]
mod fake_connect;
#[path = "support/fake_vault.rs"]
mod fake_vault;

#[path = "mcp/approvals.rs"]
mod approvals;
#[path = "mcp/arguments.rs"]
mod arguments;
#[path = "mcp/asking.rs"]
mod asking;
#[path = "mcp/environments.rs"]
mod environments;
#[path = "mcp/eras.rs"]
mod eras;
#[path = "mcp/fuzz.rs"]
mod fuzz;
#[path = "mcp/items.rs"]
mod items;
#[path = "mcp/prompts.rs"]
mod prompts;
#[path = "mcp/resources.rs"]
mod resources;
#[path = "mcp/runs.rs"]
mod runs;
#[path = "mcp/started.rs"]
mod started;
#[path = "mcp/stdio.rs"]
mod stdio;
#[path = "mcp/surface.rs"]
mod surface;
#[path = "mcp/tools.rs"]
mod tools;
#[path = "mcp/typing_page.rs"]
mod typing_page;

/// `tests/mcp_over_connect.rs` calls the same tools over a Connect server.
const BACKEND: desk::Backend = desk::Backend::Memory;
