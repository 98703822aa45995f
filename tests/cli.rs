//! The command line, through the real binary.

#[path = "support/binary.rs"]
mod binary;
#[path = "support/browser.rs"]
#[allow(dead_code)]
mod browser;
#[path = "support/fake_connect.rs"]
mod fake_connect;
#[path = "support/terminal.rs"]
mod terminal;

#[path = "cli/agents.rs"]
mod agents;
#[path = "cli/approve.rs"]
mod approve;
#[path = "cli/backup.rs"]
mod backup;
#[path = "cli/bad_input.rs"]
mod bad_input;
#[path = "cli/connect_servers.rs"]
mod connect_servers;
#[path = "cli/connect_usage.rs"]
mod connect_usage;
#[path = "cli/demo.rs"]
mod demo;
#[path = "cli/dotenv.rs"]
mod dotenv;
#[path = "cli/environments.rs"]
mod environments;
#[path = "cli/exchange.rs"]
mod exchange;
#[path = "cli/files.rs"]
mod files;
#[path = "cli/first_use.rs"]
mod first_use;
#[path = "cli/forms.rs"]
mod forms;
#[path = "cli/items.rs"]
mod items;
#[path = "cli/log.rs"]
mod log;
#[path = "cli/net.rs"]
mod net;
#[path = "cli/on_a_terminal.rs"]
mod on_a_terminal;
#[path = "cli/owner.rs"]
mod owner;
#[path = "cli/passphrase.rs"]
mod passphrase;
#[path = "cli/policy.rs"]
mod policy;
#[path = "cli/readme.rs"]
mod readme;
#[path = "cli/runs.rs"]
mod runs;
#[path = "cli/setup.rs"]
mod setup;
#[path = "cli/store.rs"]
mod store;
#[path = "cli/templates.rs"]
mod templates;
#[path = "cli/typed.rs"]
mod typed;
#[path = "cli/ui.rs"]
mod ui;
#[path = "cli/watch.rs"]
mod watch;
#[path = "cli/words.rs"]
mod words;

/// `tests/cli_over_connect.rs` types the same commands with a Connect server in place of the store.
const BACKEND: binary::Backend = binary::Backend::Local;
