//! The commands of `tests/cli.rs` once more, with a Connect server in place of the store.

#[path = "support/binary.rs"]
mod binary;
#[path = "support/fake_connect.rs"]
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

#[test]
fn environments_that_are_gone_are_missed() {
    let person = binary::Person::with_stripe();
    person
        .types(["environment", "create", "staging"])
        .succeeds();
    let kept = person.types(["environment", "list"]).succeeds();
    for name in [
        "environments.db",
        "environments.db-wal",
        "environments.db-shm",
    ] {
        let _ = std::fs::remove_file(person.home().join(name));
    }

    let missed = person.types(["environment", "list"]).succeeds();
    let made = person.types(["environment", "list"]).succeeds();

    assert_eq!(kept.stderr, "");
    assert!(kept.stdout.contains("staging"));
    assert!(missed.stderr.contains("was gone"), "{}", missed.stderr);
    assert!(!missed.stdout.contains("staging"));
    assert_eq!(made.stderr, "");
}
