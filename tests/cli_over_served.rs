//! The commands of `tests/cli.rs` once more, with a Connect server of our own in place of the store: our client against our server.

#[path = "support/binary.rs"]
mod binary;
#[path = "support/own_connect.rs"]
mod fake_connect;

#[path = "cli/dotenv.rs"]
mod dotenv;
#[path = "cli/environments.rs"]
mod environments;
#[path = "cli/exchange.rs"]
mod exchange;
#[path = "cli/files.rs"]
mod files;
#[path = "cli/forms.rs"]
mod forms;
#[path = "cli/items.rs"]
mod items;
#[path = "cli/net.rs"]
mod net;
#[path = "cli/owner.rs"]
mod owner;
#[path = "cli/runs.rs"]
mod runs;
#[path = "cli/templates.rs"]
mod templates;
#[path = "cli/typed.rs"]
mod typed;

/// `tests/cli.rs` types the same commands over the store.
const BACKEND: binary::Backend = binary::Backend::Connect;
