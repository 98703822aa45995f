//! Wrong arguments: told apart and named, never repeated.

use serde_json::{Map, Value, json};

use crate::desk::{Desk, Setup};

const CANARY: &str = "canary-7Q2-do-not-repeat";

async fn tools(desk: &Desk) -> Vec<Value> {
    desk.result("tools/list", json!({})).await["tools"]
        .as_array()
        .expect("a list")
        .clone()
}

/// Something that fits a schema, with the required members only.
fn fitting(schema: &Value) -> Value {
    match schema["type"].as_str() {
        Some("object") => {
            let required = schema["required"].as_array().into_iter().flatten();
            let members = required.map(|name| {
                let name = name.as_str().unwrap();
                (name.to_owned(), fitting(&schema["properties"][name]))
            });
            Value::Object(members.collect::<Map<_, _>>())
        }
        Some("array") => json!([fitting(&schema["items"])]),
        Some("integer") => schema.get("minimum").cloned().unwrap_or(json!(1)),
        Some("boolean") => json!(true),
        _ => schema["enum"].get(0).cloned().unwrap_or(json!("x")),
    }
}

/// Something of another type than the schema wants, with the canary in it.
fn misfit(schema: &Value) -> Value {
    match schema["type"].as_str() {
        Some("string") => json!({ "x": CANARY }),
        _ => json!(CANARY),
    }
}

/// The arguments with every member in turn made wrong, at any depth.
fn spoilt(schema: &Value) -> Vec<Value> {
    let mut all = vec![misfit(schema)];
    match schema["type"].as_str() {
        Some("object") => {
            let properties = schema["properties"]
                .as_object()
                .cloned()
                .unwrap_or_default();
            for (name, property) in &properties {
                for wrong in spoilt(property) {
                    let mut whole = fitting(schema);
                    whole[name] = wrong;
                    all.push(whole);
                }
            }
            if let others @ Value::Object(_) = &schema["additionalProperties"] {
                all.extend(
                    spoilt(others)
                        .into_iter()
                        .map(|wrong| json!({ "NAME": wrong })),
                );
            } else {
                let mut whole = fitting(schema);
                whole["surprise"] = json!(CANARY);
                all.push(whole);
                let mut whole = fitting(schema);
                whole[CANARY] = json!(CANARY);
                all.push(whole);
            }
        }
        Some("array") => all.extend(
            spoilt(&schema["items"])
                .into_iter()
                .map(|wrong| json!([wrong])),
        ),
        _ if schema.get("enum").is_some() => all.push(json!(CANARY)),
        _ => {}
    }
    all
}

#[tokio::test]
async fn a_wrong_argument_is_named_and_its_value_never_repeated() {
    let desk = Setup::without_broker().start();
    let mut tried = 0;

    for tool in tools(&desk).await {
        let name = tool["name"].as_str().unwrap();
        let wrong = spoilt(&tool["inputSchema"])
            .into_iter()
            .filter(Value::is_object);
        for arguments in wrong {
            let shown = arguments.to_string();
            assert!(shown.contains(CANARY), "{shown}");

            let refusal = desk.refusal(name, arguments).await;

            assert!(refusal.contains("argument"), "{name} {shown}: {refusal}");
            assert!(!refusal.contains("canary"), "{name} {shown}: {refusal}");
            tried += 1;
        }
    }
    assert!(tried > 100, "only {tried} wrong arguments were tried");
}

#[tokio::test]
async fn fitting_arguments_get_as_far_as_the_broker() {
    let desk = Setup::without_broker().start();

    for tool in tools(&desk).await {
        let name = tool["name"].as_str().unwrap();
        let mut arguments = fitting(&tool["inputSchema"]);
        match name {
            "create_item" => arguments["fields"][0]["generate"] = json!({}),
            "check_references" => arguments["references"] = json!(["op://a/b/c"]),
            _ => {}
        }

        assert_eq!(
            desk.refusal(name, arguments).await,
            "the store can't be opened here",
            "{name}"
        );
    }
}

#[tokio::test]
async fn a_field_has_exactly_one_source() {
    let desk = Setup::without_broker().start();
    let create = |source: Value| {
        let mut field = json!({ "label": "password" });
        field
            .as_object_mut()
            .unwrap()
            .extend(source.as_object().cloned().unwrap());
        desk.refusal(
            "create_item",
            json!({ "vault": "Dev", "title": "x", "fields": [field] }),
        )
    };

    for source in [
        json!({}),
        json!({ "generate": {}, "text": CANARY }),
        json!({ "ask": true, "text": CANARY }),
    ] {
        let refusal = create(source).await;

        assert_eq!(
            refusal,
            "argument `fields[0]` must say where its value comes from with exactly one of generate, \
             ask, file, command, copy, text"
        );
    }
}

#[tokio::test]
async fn since_is_a_time_or_how_long_ago() {
    let desk = Setup::without_broker().start();

    let refusal = desk
        .refusal("list_activity", json!({ "since": CANARY }))
        .await;

    insta::assert_snapshot!(refusal, @"argument `since` must be a time in RFC 3339, or a length such as `1h`");
}
