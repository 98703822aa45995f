//! An import into a Connect server, which can't take many items at once: what was made before a failure is removed again.

use serde_json::json;

use super::{FakeConnect, binary::Person, fake_connect::Fault};

const EXPORT: [&str; 4] = ["GitHub", "GitLab", "Codeberg", "Sourcehut"];

/// A person with a Connect server, and an export of four items; the server takes two of them and refuses the third.
fn desk() -> (Person, FakeConnect, String) {
    let server = FakeConnect::new();
    let dev = server.vault("Dev");
    server.item(
        &dev,
        "Stripe",
        &[("password", "CONCEALED", Person::PASSWORD)],
    );
    let person = Person::new();
    let items: Vec<_> = EXPORT
        .iter()
        .map(|name| {
            let login = json!({ "username": "ops", "password": format!("canary-{name}") });
            json!({ "type": 1, "name": name, "login": login })
        })
        .collect();
    let export = json!({ "encrypted": false, "items": items });
    person.writes("bw.json", &export.to_string());
    server.plan("POST", "/items", 2, Fault::Wait(std::time::Duration::ZERO));
    server.plan("POST", "/items", 1, Fault::Status(400, Vec::new()));
    (person, server, dev)
}

fn import(person: &Person, server: &FakeConnect) -> super::binary::Ran {
    let mut command = person.command(["import", "bitwarden", "bw.json", "--vault", "Dev"]);
    command.envs(server.variables());
    person.runs(&mut command)
}

fn titles(person: &Person, server: &FakeConnect) -> Vec<String> {
    let mut command = person.command(["--refresh", "--json", "item", "list"]);
    command.envs(server.variables());
    let listed = person.runs(&mut command).succeeds().json();
    let listed = listed.as_array().unwrap().iter();
    listed
        .map(|item| item["title"].as_str().unwrap().to_owned())
        .collect()
}

#[test]
fn an_import_that_fails_halfway_leaves_nothing_behind_and_can_be_repeated() {
    let (person, server, _) = desk();

    let failed = import(&person, &server);
    let after = titles(&person, &server);
    import(&person, &server).succeeds();

    assert_ne!(failed.status, 0);
    assert!(!failed.said().contains("canary"), "{}", failed.said());
    assert_eq!(after, ["Stripe"]);
    assert_eq!(titles(&person, &server).len(), 5);
}

#[test]
fn what_could_not_be_removed_again_is_counted() {
    let (person, server, dev) = desk();
    server.plan("DELETE", &dev, 100, Fault::Status(403, Vec::new()));

    let failed = import(&person, &server);

    assert_ne!(failed.status, 0);
    let said = failed.said();
    assert!(
        said.contains("2 of the items that were made before could not be removed"),
        "{said}"
    );
    assert!(!said.contains("canary"), "{said}");
    assert_eq!(titles(&person, &server).len(), 3);
}
