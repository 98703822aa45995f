//! JSON Patch in all forms that Connect takes.

use serde_json::{Value, json};

use crate::served::{Program, Served, field, login, text};

/// An item, and whoever changes it.
struct Bench {
    served: Served,
    program: Program,
    own: String,
    made: Value,
}

impl Bench {
    fn open() -> Self {
        let served = Served::open();
        let program = served.program("rw");
        let items = served.items("Dev");
        let made = program.creates(&items, &login("Shop", served.vault("Dev")));
        Self {
            own: format!("{items}/{}", text(&made["id"])),
            served,
            program,
            made,
        }
    }

    fn change(&self, op: &str, path: &str, value: Value) -> Value {
        let change = json!([{ "op": op, "path": path, "value": value }]);
        self.program.patch(&self.own, &change).is(200).json()
    }

    fn remove(&self, path: &str) -> Value {
        let change = json!([{ "op": "remove", "path": path }]);
        self.program.patch(&self.own, &change).is(200).json()
    }
}

#[test]
fn fields_are_changed_by_their_ids_and_members_by_name() {
    let bench = Bench::open();

    let item = bench.change("replace", "/fields/pin/value", json!(42));
    assert_eq!(field(&item, "pin")["value"], json!("42"));
    let item = bench.change("add", "/fields/pin/label", json!("PIN"));
    assert_eq!(field(&item, "pin")["label"], json!("PIN"));
    let item = bench.change("replace", "/fields/pin/type", json!("string"));
    assert_eq!(field(&item, "pin")["type"], json!("STRING"));
    let item = bench.change("replace", "/fields/pin/section", json!({ "label": "New" }));
    assert_eq!(field(&item, "pin")["section"]["label"], json!("New"));
    let item = bench.remove("/fields/pin/section");
    assert!(field(&item, "pin").get("section").is_none());
    let item = bench.remove("/fields/pin/value");
    assert!(field(&item, "pin").get("value").is_none());
    let item = bench.change("add", "/fields/pin/generate", json!(true));
    assert_eq!(text(&field(&item, "pin")["value"]).len(), 32);
    let item = bench.change(
        "replace",
        "/fields/pin",
        json!({ "label": "other", "value": "x" }),
    );
    assert_eq!(field(&item, "pin")["label"], json!("other"));
    let item = bench.change("add", "/fields/a~1b~0c", json!({ "value": "odd" }));
    assert_eq!(field(&item, "a/b~c")["value"], json!("odd"));
    let item = bench.change("add", "/fields/-", json!({ "label": "last", "generate": true, "recipe": { "length": 8, "characterSets": ["DIGITS"] } }));
    let last = item["fields"].as_array().unwrap().last().unwrap();
    assert_eq!(last["type"], json!("CONCEALED"));
    assert!(text(&last["value"]).len() == 8 && text(&last["value"]).parse::<u32>().is_ok());
    let item = bench.remove("/fields/password");
    assert_eq!(item["fields"].as_array().unwrap().len(), 4);
    let item = bench.change(
        "replace",
        "/fields",
        json!([{ "id": "only", "value": "1" }]),
    );
    assert_eq!(item["fields"].as_array().unwrap().len(), 1);
}

#[test]
fn the_item_itself_is_changed_by_part_or_as_a_whole() {
    let bench = Bench::open();

    assert_eq!(
        bench.change("add", "/favorite", json!(true))["favorite"],
        json!(true)
    );
    assert!(bench.remove("/favorite").get("favorite").is_none());
    assert_eq!(
        bench.change("add", "/tags/0", json!("first"))["tags"],
        json!(["first", "prod"])
    );
    assert_eq!(
        bench.change("replace", "/tags/1", json!("test"))["tags"],
        json!(["first", "test"])
    );
    assert_eq!(bench.remove("/tags/0")["tags"], json!(["test"]));
    assert_eq!(
        bench.change("replace", "/tags", json!(["a", "b"]))["tags"],
        json!(["a", "b"])
    );
    assert!(bench.remove("/tags").get("tags").is_none());
    let item = bench.change(
        "add",
        "/urls/-",
        json!({ "href": "https://b.example", "label": "b" }),
    );
    assert_eq!(
        item["urls"][1],
        json!({ "href": "https://b.example", "label": "b" })
    );
    let item = bench.change("add", "/sections", json!({ "id": "s", "label": "S" }));
    assert_eq!(item["sections"].as_array().unwrap().len(), 2);
    let item = bench.change("replace", "/sections/s/label", json!("T"));
    assert_eq!(item["sections"][1]["label"], json!("T"));
    let item = bench.remove("/sections/admin");
    assert!(field(&item, "pin").get("section").is_none());
    let item = bench.change("replace", "/", login("Whole", bench.served.vault("Dev")));
    assert_eq!(
        (&item["title"], &item["id"]),
        (&json!("Whole"), &bench.made["id"])
    );
}

#[test]
fn what_cannot_be_changed_like_this_is_refused_and_nothing_is_changed() {
    let bench = Bench::open();
    let operation =
        |op: &str, path: &str, value: Value| json!({ "op": op, "path": path, "value": value });
    let title = operation("replace", "/title", json!("changed"));

    for bad in [
        operation("replace", "title", json!("x")),
        operation("replace", "/version", json!(9)),
        operation("replace", "/id", json!("x")),
        operation("replace", "/state", json!("ARCHIVED")),
        operation("replace", "/fields/nobody/value", json!("x")),
        operation("replace", "/fields/0/value", json!("x")),
        operation("replace", "/fields/pin/id", json!("x")),
        operation("replace", "/fields/pin", json!({ "id": "other" })),
        operation("replace", "/fields/pin/value/deeper", json!("x")),
        operation("replace", "/fields/pin/value", json!({ "a": 1 })),
        operation("replace", "/fields/pin/type", json!("TOTP")),
        operation("replace", "/tags/7", json!("x")),
        operation("replace", "/tags/-1", json!("x")),
        operation("replace", "/tags/01", json!("x")),
        operation("add", "/tags/x", json!("x")),
        operation("replace", "/favorite", json!("yes")),
        operation("remove", "/", json!(null)),
        operation("remove", "/title", json!(null)),
        operation("test", "/title", json!("Shop")),
        operation("copy", "/title", json!("Shop")),
        operation("add", "/fields", json!({ "id": "pin" })),
        operation(
            "add",
            "/fields",
            json!({ "purpose": "PASSWORD", "value": "x" }),
        ),
        json!({ "op": "add", "path": "/fields" }),
        json!({ "path": "/title", "value": "x" }),
        json!([]),
    ] {
        let change = json!([title, bad]);
        bench.program.patch(&bench.own, &change).is(400);
    }
    bench.program.patch(&bench.own, &title).is(400);
    bench.program.patch(&bench.own, &json!({})).is(400);
    assert_eq!(bench.program.get(&bench.own).is(200).json(), bench.made);
}

#[test]
fn days_and_months_are_read_as_people_write_them_and_shown_as_connect_does() {
    let bench = Bench::open();
    let day = |value: &str| {
        bench.change(
            "add",
            "/fields/day",
            json!({ "type": "DATE", "value": value }),
        )
    };

    assert_eq!(
        field(&day("2024-02-29"), "day")["value"],
        json!("1709208000")
    );
    assert_eq!(
        field(&day("1709208000"), "day")["value"],
        json!("1709208000")
    );
    let item = bench.change(
        "add",
        "/fields/month",
        json!({ "type": "MONTH_YEAR", "value": "2024/12" }),
    );
    assert_eq!(field(&item, "month")["value"], json!("202412"));
    let kept = bench
        .served
        .house
        .person
        .types(["read", "op://Dev/Shop/day"]);
    assert_ne!(kept.stdout.trim(), "1709208000");
}

#[test]
fn a_code_of_the_moment_comes_with_what_makes_it() {
    let bench = Bench::open();
    let item = bench.change("add", "/fields", json!({ "id": "otp", "label": "otp", "type": "OTP", "value": "otpauth://totp/x?secret=JBSWY3DPEHPK3PXP" }));

    let code = text(&field(&item, "otp")["totp"]);
    assert!(code.len() == 6 && code.parse::<u32>().is_ok());
    let item = bench.change("replace", "/fields/otp/value", json!("not a seed !"));
    assert!(field(&item, "otp").get("totp").is_none());
}
