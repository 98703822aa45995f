//! The Connect API before another Connect server: narrower tokens, and a log of one's own.

use serde_json::{Value, json};

use crate::{
    binary::Person,
    fake_connect::FakeConnect,
    served::{Served, field, login, text},
};

/// Served before another server with vaults `Dev` and `CI`.
fn gateway() -> Served {
    let mut person = Person::new();
    let server = FakeConnect::new();
    for vault in ["Dev", "CI"] {
        server.vault(vault);
    }
    person.server = Some(server);
    person.types(["init"]).succeeds();
    Served::of(person, &[])
}

#[test]
fn before_another_server_a_token_reaches_less_and_all_is_on_record_here() {
    let served = gateway();
    let program = served.program("rw");
    let items = served.items("Dev");

    let made = program.creates(&items, &login("Shop", served.vault("Dev")));
    let own = format!("{items}/{}", text(&made["id"]));
    let change = json!([{ "op": "replace", "path": "/fields/pin/value", "value": "7654321" }]);
    program.patch(&own, &change).is(200);
    let read = program.get(&own).is(200).json();
    program.get(&served.items("CI")).is(403);
    program.delete(&own).is(204);
    program.get(&own).is(404);

    assert_eq!(field(&read, "pin")["value"], json!("7654321"));
    let listed = program.get("/v1/vaults").is(200).json();
    assert_eq!(
        listed.as_array().unwrap().len(),
        1,
        "the other's token opens both"
    );
    let activity = program.get("/v1/activity").is(200).json();
    let denied = activity.as_array().unwrap().iter();
    assert_eq!(denied.filter(|it| it["result"] == "DENY").count(), 1);
}

#[test]
fn before_another_server_a_version_tells_no_writer_whether_it_has_guessed() {
    let served = gateway();
    let (program, writer) = (served.program("rw"), served.program("w"));
    let items = served.items("Dev");
    let made = program.creates(&items, &login("Shop", served.vault("Dev")));
    let own = format!("{items}/{}", text(&made["id"]));
    let guess =
        |value: &str| json!([{ "op": "replace", "path": "/fields/pin/value", "value": value }]);

    let right = writer.patch(&own, &guess("1234567")).is(200).json();
    let wrong = writer.patch(&own, &guess("0000000")).is(200).json();
    let activity = writer.get("/v1/activity?limit=3").is(200).json();

    assert_eq!(right, wrong);
    for member in ["version", "updatedAt", "lastEditedBy"] {
        assert!(right.get(member).is_none(), "{right}");
    }
    let told: Vec<&Value> = activity.as_array().unwrap().iter().collect();
    assert_eq!(told[1]["resource"], told[2]["resource"]);
}
