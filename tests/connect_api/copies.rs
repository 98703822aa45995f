//! A copy of the store on another machine, served with a Connect server's credentials and nothing else.

use std::{fs, os::unix::fs::PermissionsExt, path::PathBuf};

use serde_json::{Value, json};

use crate::{
    binary::Person,
    client::House,
    served::{Program, login},
};

/// Somebody with a Connect server `Reports` that has `Dev`, and not `Private`.
struct Origin {
    person: Person,
    token: String,
}

impl Origin {
    fn new() -> Self {
        let person = Person::with_stripe();
        person.types(["vault", "create", "Private"]).succeeds();
        let words = [
            "item",
            "create",
            "--vault",
            "Private",
            "--title",
            "Hidden",
            "username=canary-user",
        ];
        person.types(words).succeeds();
        let words = ["connect", "server", "create", "Reports", "--vaults", "Dev"];
        person.types(words).succeeds();
        let words = [
            "connect", "token", "create", "web", "--server", "Reports", "--vault", "Dev",
        ];
        let token = person.types(words).succeeds().stdout.trim_end().to_owned();
        Self { person, token }
    }

    fn vault(&self, name: &str) -> String {
        let vault = self.person.types(["vault", "get", name, "--json"]);
        vault.succeeds().json()["id"].as_str().unwrap().to_owned()
    }

    /// Copies the two files, without the key and without the log; with the credentials beside them.
    fn copied_to(&self, other: &Person) -> PathBuf {
        fs::create_dir_all(other.home()).unwrap();
        fs::set_permissions(other.home(), fs::Permissions::from_mode(0o700)).unwrap();
        for file in ["store.db", "connect.db"] {
            for suffix in ["", "-wal", "-shm"] {
                let name = format!("{file}{suffix}");
                let _ = fs::remove_file(other.home().join(&name));
                let from = self.person.home().join(&name);
                if suffix != "-shm" && from.exists() {
                    fs::copy(from, other.home().join(&name)).unwrap();
                }
            }
        }
        let credentials = other.path("credentials.json");
        let from = self.person.path("1password-credentials.json");
        fs::copy(from, &credentials).unwrap();
        credentials
    }
}

fn serve(person: Person) -> House {
    House::of(person, &["--credentials", "credentials.json"])
}

#[test]
fn a_copy_without_the_key_answers_for_the_granted_vault_and_takes_no_change() {
    let origin = Origin::new();
    let elsewhere = Person::new();
    origin.copied_to(&elsewhere);
    assert!(!elsewhere.home().join("key").exists());
    let (dev, private) = (origin.vault("Dev"), origin.vault("Private"));

    let house = serve(elsewhere);
    let program = Program::to(&house.address, &origin.token);

    let vaults = program.get("/v1/vaults").is(200).json();
    assert_eq!(vaults.as_array().unwrap().len(), 1);
    let items = format!("/v1/vaults/{dev}/items");
    let listed = program.get(&items).is(200).json();
    let stripe = listed[0]["id"].as_str().unwrap().to_owned();
    let item = program.get(&format!("{items}/{stripe}")).is(200).json();
    assert!(item.to_string().contains(Person::PASSWORD));
    let hidden = program
        .get(&format!("/v1/vaults/{private}/items"))
        .fails(403);
    assert!(hidden.contains("is not in scope"), "{hidden}");
    for refused in [
        program.post(&items, &login("New", &dev)),
        program.delete(&format!("{items}/{stripe}")),
        program.patch(
            &format!("{items}/{stripe}"),
            &json!([{ "op": "replace", "path": "/title", "value": "x" }]),
        ),
    ] {
        let told = refused.fails(403);
        assert!(told.contains("a copy of the store"), "{told}");
    }
    assert_eq!(program.get("/health").status, 200);
    assert_eq!(program.get("/admin/v1/servers").status, 404);
    assert_eq!(program.post("/mcp", &json!({})).status, 404);
    program.get("/v1/activity").is(200);
    Program::to(&house.address, "x").get("/v1/vaults").is(401);

    let home = house.person.home();
    assert!(home.join("copy-audit.db").exists() && home.join("copy-key").exists());
    for other in ["key", "audit.db", "agents.db"] {
        assert!(!home.join(other).exists(), "{other} was made");
    }
}

#[test]
fn after_the_deletion_of_the_server_a_fresh_copy_opens_nothing() {
    let origin = Origin::new();
    let words = ["connect", "server", "delete", "Reports"];
    origin.person.types(words).succeeds();
    let elsewhere = Person::new();
    origin.copied_to(&elsewhere);

    let words = ["serve", "--credentials", "credentials.json"];
    let refused = elsewhere.types(words).ends_with(5);

    assert!(
        refused
            .stderr
            .contains("these credentials open nothing here"),
        "{}",
        refused.stderr
    );
}

#[test]
fn an_older_copy_in_the_place_of_a_newer_one_is_refused() {
    let origin = Origin::new();
    let (elsewhere, aside) = (Person::new(), Person::new());
    origin.copied_to(&aside);
    let words = ["connect", "token", "delete", "web"];
    origin.person.types(words).succeeds();
    origin.copied_to(&elsewhere);
    let house = serve(elsewhere);
    let program = Program::to(&house.address, &origin.token);
    program.get("/v1/vaults").is(401);
    let (_, _, elsewhere) = house.ends(rustix::process::Signal::TERM);

    for suffix in ["", "-wal"] {
        let name = format!("connect.db{suffix}");
        let _ = fs::remove_file(elsewhere.home().join(&name));
        if aside.home().join(&name).exists() {
            fs::copy(aside.home().join(&name), elsewhere.home().join(&name)).unwrap();
        }
    }
    let _ = fs::remove_file(elsewhere.home().join("connect.db-shm"));

    let words = ["serve", "--credentials", "credentials.json"];
    let refused = elsewhere.types(words).ends_with(5);
    assert!(
        refused.stderr.contains("an older copy"),
        "{}",
        refused.stderr
    );
}

#[test]
fn credentials_that_are_none_or_are_exposed_open_nothing() {
    let origin = Origin::new();
    let elsewhere = Person::new();
    let path = origin.copied_to(&elsewhere);
    let words = ["serve", "--credentials", "credentials.json"];
    let whole: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();

    let other_key = json!({ "key": "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA" });
    for change in [
        other_key,
        json!({ "key": "AAAA" }),
        json!({ "form": 2 }),
        json!({ "issuer": "com.1password" }),
        json!({ "server_id": "aaaaaaaaaaaaaaaaaaaaaaaaaa" }),
    ] {
        let mut changed = whole.clone();
        let members = change.as_object().unwrap().clone();
        changed.as_object_mut().unwrap().extend(members);
        elsewhere.writes("credentials.json", &changed.to_string());
        elsewhere.types(words).ends_with(5);
    }
    elsewhere.writes("credentials.json", &whole.to_string());
    fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
    elsewhere.types(words).ends_with(5);
}
