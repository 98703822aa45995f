//! The tests of `tests/broker.rs` once more, with a Connect server of our own in place of the store: our client against our server.

#[path = "support/own_connect.rs"]
mod fake_connect;
#[path = "support/house.rs"]
mod house;

#[path = "broker/concealment.rs"]
mod concealment;
#[path = "broker/environments.rs"]
mod environments;
#[path = "broker/files.rs"]
mod files;
#[path = "broker/forms.rs"]
mod forms;
#[path = "broker/items.rs"]
mod items;
#[path = "broker/records.rs"]
mod records;
#[path = "broker/runs.rs"]
mod runs;
#[path = "broker/started.rs"]
mod started;
#[path = "broker/templates.rs"]
mod templates;
#[path = "broker/ways_round.rs"]
mod ways_round;

/// `tests/broker.rs` runs the same tests over the store.
const BACKEND: house::Backend = house::Backend::Connect;

/// An agent that may do everything in `Dev` and run anything there.
const WIDE: &str = r#"
path = ["/usr/bin", "/bin"]
[agents.codex]
confirm = []
[agents.codex.vaults]
Dev = "full"
[[agents.codex.commands]]
run = ["**"]
secrets = ["op://Dev/**"]
env = ["*"]
"#;
