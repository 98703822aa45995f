//! Items as programs make, read, change and delete them.

use serde_json::{Value, json};

use crate::{
    binary::Person,
    served::{Served, field, login, text},
};

#[test]
fn an_item_is_found_by_name_and_read_with_its_values() {
    let served = Served::open();
    let program = served.program("r");

    let vaults = program
        .get("/v1/vaults/?filter=title%20eq%20%22dev%22")
        .is(200)
        .json();
    let listed = program
        .get(&format!(
            "{}?filter=title+eq+%22stripe%22",
            served.items("Dev")
        ))
        .is(200)
        .json();
    let item = program
        .get(&format!(
            "{}/{}",
            served.items("Dev"),
            text(&listed[0]["id"])
        ))
        .is(200);

    assert_eq!(vaults[0]["id"], json!(served.vault("Dev")));
    assert_eq!(vaults.as_array().unwrap().len(), 1);
    assert!(listed[0].get("fields").is_none());
    assert_eq!(item.header("1password-connect-version"), Some("1.8.1"));
    assert_eq!(item.header("cache-control"), Some("no-store"));
    assert!(item.header("x-request-id").is_some());
    let item = item.json();
    assert_eq!(field(&item, "password")["value"], json!(Person::PASSWORD));
    assert_eq!(field(&item, "password")["type"], json!("CONCEALED"));
    assert!(field(&item, "password")["entropy"].as_f64().unwrap() > 64.0);
    assert_eq!(field(&item, "username")["value"], json!("ops"));
}

#[test]
fn an_item_goes_through_its_life() {
    let served = Served::open();
    let program = served.program("rw");
    let items = served.items("Dev");

    let made = program.creates(&items, &login("Shop", served.vault("Dev")));
    let own = format!("{items}/{}", text(&made["id"]));

    assert_eq!(made["version"], json!(1));
    assert_eq!(field(&made, "username")["label"], json!("username"));
    let password = text(&field(&made, "password")["value"]);
    assert!(password.len() == 20 && password.bytes().all(|b| b.is_ascii_alphanumeric()));
    assert_eq!(field(&made, "password")["type"], json!("CONCEALED"));
    assert_eq!(field(&made, "pin")["section"]["label"], json!("Admin"));
    assert_eq!(program.get(&own).is(200).json(), made);

    let mut wanted = made.clone();
    wanted["title"] = json!("Shop 2");
    wanted["fields"][2]["value"] = json!("7654321");
    let replaced = program.put(&own, &wanted).is(200).json();
    assert_eq!(replaced["version"], json!(2));
    assert_eq!(field(&replaced, "password")["value"], json!(password));
    assert_eq!(field(&replaced, "pin")["value"], json!("7654321"));
    program.put(&own, &wanted).is(409);

    let change = json!([
        { "op": "replace", "path": "/fields/password/value", "value": "canary-next" },
        { "op": "add", "path": "/fields", "value": { "id": "host", "label": "host", "value": "db" } },
        { "op": "remove", "path": "/fields/pin" },
        { "op": "add", "path": "/tags/-", "value": "extra" },
        { "op": "replace", "path": "/title", "value": "Shop 3" },
    ]);
    let changed = program.patch(&own, &change).is(200).json();
    assert_eq!(changed["title"], json!("Shop 3"));
    assert_eq!(changed["tags"], json!(["prod", "extra"]));
    assert_eq!(field(&changed, "password")["value"], json!("canary-next"));
    assert_eq!(field(&changed, "host")["type"], json!("STRING"));
    assert_eq!(program.patch(&own, &json!([])).is(200).json(), changed);

    let gone = program.delete(&own).is(204);
    assert_eq!(gone.body, "");
    program.get(&own).is(404);
    program.delete(&own).is(404);
    let titles: Vec<Value> = program
        .get(&items)
        .is(200)
        .json()
        .as_array()
        .unwrap()
        .clone();
    assert_eq!(titles.len(), 1);
}

#[test]
fn whoever_may_only_write_is_told_nothing_that_an_item_holds() {
    let served = Served::open();
    let (reader, writer) = (served.program("rw"), served.program("w"));
    let items = served.items("Dev");

    let made = writer.creates(&items, &login("Shop", served.vault("Dev")));
    let own = format!("{items}/{}", text(&made["id"]));
    let full = reader.get(&own).is(200).json();
    let secrets = ["ops", &text(&field(&full, "password")["value"]), "1234567"];

    let change = json!([{ "op": "replace", "path": "/title", "value": "Shop 2" }]);
    let mut whole = login("Shop 3", served.vault("Dev"));
    whole["id"] = made["id"].clone();
    for answer in [
        writer.patch(&own, &json!([])).is(200),
        writer.patch(&own, &change).is(200),
        writer.put(&own, &whole).is(200),
    ] {
        for secret in secrets {
            assert!(!answer.body.contains(secret), "{answer:?}");
        }
        let told = answer.json();
        assert!(told.get("files").is_none());
        for field in told["fields"].as_array().unwrap() {
            for member in ["value", "entropy", "totp"] {
                assert!(field.get(member).is_none(), "{field}");
            }
        }
    }
    for path in [items.clone(), own.clone(), format!("{own}/files")] {
        let told = writer.get(&path).fails(403);
        assert!(told.contains("does not have permission"), "{told}");
    }
    for op in ["test", "copy", "move"] {
        let change = json!([{ "op": op, "path": "/fields/pin/value", "from": "/fields/pin/value", "value": "1234567" }]);
        writer.patch(&own, &change).is(400);
    }
    writer.delete(&own).is(204);
}
