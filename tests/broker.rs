//! The broker, with a real store, policy, log and launcher: what it lets through, and each way round it that is closed.

#[path = "support/browser.rs"]
#[allow(dead_code)]
mod browser;
#[path = "support/fake_connect.rs"]
mod fake_connect;
#[allow(dead_code)]
#[path = "support/fake_vault.rs"]
mod fake_vault;
#[path = "support/house.rs"]
mod house;

#[path = "broker/anchor.rs"]
mod anchor;
#[path = "broker/approvals.rs"]
mod approvals;
#[path = "broker/attempts.rs"]
mod attempts;
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
#[path = "broker/owner_page.rs"]
mod owner_page;
#[path = "broker/passes.rs"]
mod passes;
#[path = "broker/records.rs"]
mod records;
#[path = "broker/runs.rs"]
mod runs;
#[path = "broker/started.rs"]
mod started;
#[path = "broker/templates.rs"]
mod templates;
#[path = "broker/together.rs"]
mod together;
#[path = "broker/ways_round.rs"]
mod ways_round;

/// `tests/broker_over_connect.rs` runs the same tests over a Connect server.
const BACKEND: house::Backend = house::Backend::Local;

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
