//! Unique values go in as secrets, every channel is driven, and all that comes out anywhere is searched for them.
//!
//! The log is as talkative as it gets (`RUST_LOG=trace`). What reveals by design to its owner (`read`, `item get --reveal`)
//! is used once, to show that the search would have found what it did not find.

#[path = "support/agent.rs"]
mod agent;

#[path = "canary/broken.rs"]
mod broken;
#[path = "canary/channels.rs"]
mod channels;
#[path = "canary/command_line.rs"]
mod command_line;
#[path = "canary/ground.rs"]
mod ground;
#[path = "canary/processes.rs"]
mod processes;
#[path = "canary/protocol.rs"]
mod protocol;
#[path = "canary/search.rs"]
mod search;
