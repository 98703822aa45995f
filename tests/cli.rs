//! The command line, through the real binary.

#[path = "support/binary.rs"]
mod binary;
#[path = "support/terminal.rs"]
mod terminal;

#[path = "cli/bad_input.rs"]
mod bad_input;
#[path = "cli/demo.rs"]
mod demo;
#[path = "cli/dotenv.rs"]
mod dotenv;
#[path = "cli/first_use.rs"]
mod first_use;
#[path = "cli/items.rs"]
mod items;
#[path = "cli/net.rs"]
mod net;
#[path = "cli/on_a_terminal.rs"]
mod on_a_terminal;
#[path = "cli/owner.rs"]
mod owner;
#[path = "cli/runs.rs"]
mod runs;
#[path = "cli/typed.rs"]
mod typed;
#[path = "cli/words.rs"]
mod words;
