//! Promises about every tool: one loop each, so that the next tool is covered by itself.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use insta::{assert_json_snapshot, with_settings};
use serde_json::{Value, json};

use crate::desk::{Desk, Setup};

async fn tools(desk: &Desk) -> Vec<Value> {
    let result = desk.result("tools/list", json!({})).await;
    result["tools"].as_array().expect("a list").clone()
}

/// Shows each object in a value, however deep, with the path to it.
fn each_object(
    value: &Value,
    path: &str,
    look: &mut impl FnMut(&str, &serde_json::Map<String, Value>),
) {
    match value {
        Value::Object(object) => {
            look(path, object);
            for (key, inner) in object {
                each_object(inner, &format!("{path}.{key}"), look);
            }
        }
        Value::Array(elements) => {
            elements
                .iter()
                .for_each(|inner| each_object(inner, path, look));
        }
        _ => {}
    }
}

#[tokio::test]
async fn each_tool_is_what_was_reviewed() {
    let desk = Setup::without_broker().start();

    for tool in tools(&desk).await {
        let name = tool["name"].as_str().unwrap().to_owned();
        with_settings!({ prepend_module_to_snapshot => false, snapshot_path => "../snapshots", omit_expression => true }, {
            assert_json_snapshot!(format!("tool_{name}"), tool);
        });
    }
}

#[tokio::test]
async fn each_tool_says_all_that_a_client_wants_to_know_of_it() {
    let desk = Setup::without_broker().start();

    for tool in tools(&desk).await {
        let name = tool["name"].as_str().unwrap();
        let annotations = &tool["annotations"];
        assert!(annotations["title"].is_string(), "{name}");
        for hint in [
            "readOnlyHint",
            "destructiveHint",
            "idempotentHint",
            "openWorldHint",
        ] {
            assert!(annotations[hint].is_boolean(), "{name} leaves {hint} open");
        }
        assert!(
            tool["description"]
                .as_str()
                .is_some_and(|it| it.len() < 1024),
            "{name}"
        );
        assert!(
            name.len() <= 48,
            "{name} is longer than some providers allow with a prefix"
        );
    }
}

#[tokio::test]
async fn the_description_of_each_tool_is_its_file() {
    let desk = Setup::without_broker().start();

    let tools = tools(&desk).await;

    for tool in &tools {
        let file = format!(
            "{}/tools/{}.md",
            env!("CARGO_MANIFEST_DIR"),
            tool["name"].as_str().unwrap()
        );
        let text = std::fs::read_to_string(&file).unwrap_or_else(|_| panic!("{file} is missing"));
        assert_eq!(tool["description"], json!(text));
    }
    let files = std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/tools")).unwrap();
    assert_eq!(
        files.count(),
        tools.len(),
        "a file in tools/ belongs to no tool"
    );
}

#[tokio::test]
async fn schemas_are_plain_enough_for_every_model_provider() {
    let desk = Setup::without_broker().start();

    for tool in tools(&desk).await {
        for which in ["inputSchema", "outputSchema"] {
            let schema = &tool[which];
            assert_eq!(schema["type"], "object", "{}.{which}", tool["name"]);
            each_object(
                schema,
                &format!("{}.{which}", tool["name"]),
                &mut |path, object| {
                    for keyword in [
                        "$ref", "$defs", "$schema", "allOf", "anyOf", "oneOf", "nullable",
                    ] {
                        assert!(!object.contains_key(keyword), "{path} has {keyword}");
                    }
                    for name in object
                        .get("properties")
                        .and_then(Value::as_object)
                        .into_iter()
                        .flat_map(|it| it.keys())
                    {
                        let plain = |it: char| it.is_ascii_alphanumeric() || "_.-".contains(it);
                        assert!(name.len() <= 64 && name.chars().all(plain), "{path}.{name}");
                    }
                    let format = object.get("format").filter(|it| it.is_string());
                    assert!(format.is_none(), "{path} has a format");
                    assert!(
                        !object.get("type").is_some_and(Value::is_array),
                        "{path} has several types"
                    );
                },
            );
        }
    }
}

#[tokio::test]
async fn every_argument_and_every_member_of_an_answer_is_described() {
    let desk = Setup::without_broker().start();

    for tool in tools(&desk).await {
        for which in ["inputSchema", "outputSchema"] {
            each_object(
                &tool[which],
                &format!("{}.{which}", tool["name"]),
                &mut |path, object| {
                    for (name, property) in object
                        .get("properties")
                        .and_then(Value::as_object)
                        .into_iter()
                        .flatten()
                    {
                        assert!(
                            property["description"].is_string(),
                            "{path}.{name} is not described"
                        );
                    }
                },
            );
        }
    }
}

#[tokio::test]
async fn every_object_of_arguments_refuses_unknown_members() {
    let desk = Setup::without_broker().start();

    for tool in tools(&desk).await {
        each_object(
            &tool["inputSchema"],
            tool["name"].as_str().unwrap(),
            &mut |path, object| {
                if object.get("type") == Some(&json!("object")) {
                    let open = object.get("additionalProperties");
                    let closed = open == Some(&json!(false)) || open.is_some_and(Value::is_object);
                    assert!(closed, "{path} is open");
                }
            },
        );
    }
}

#[tokio::test]
async fn no_answer_has_a_place_for_a_value() {
    let desk = Setup::without_broker().start();

    for tool in tools(&desk).await {
        each_object(
            &tool["outputSchema"],
            tool["name"].as_str().unwrap(),
            &mut |path, object| {
                for name in object
                    .get("properties")
                    .and_then(Value::as_object)
                    .into_iter()
                    .flat_map(|it| it.keys())
                {
                    assert!(
                        !["value", "secret", "password", "content", "totp", "otp"]
                            .contains(&name.as_str()),
                        "{path}.{name}"
                    );
                }
            },
        );
    }
}

#[tokio::test]
async fn the_list_of_tools_is_the_same_each_time_and_may_be_kept_by_its_client_alone() {
    let desk = Setup::without_broker().start();

    let first = desk.result("tools/list", json!({})).await;
    let second = desk.result("tools/list", json!({})).await;

    assert_eq!(first, second);
    assert_eq!(first["cacheScope"], "private");
    assert!(first["ttlMs"].as_u64().unwrap() > 0);
    let names: Vec<_> = first["tools"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| it["name"].as_str().unwrap())
        .collect();
    assert!(names.is_sorted());
}

#[tokio::test]
async fn nothing_is_opened_to_tell_what_there_is() {
    let tries = Arc::new(AtomicU64::new(0));
    let desk = Setup::counting_tries_to_open(Arc::clone(&tries)).start();

    for method in [
        "server/discover",
        "tools/list",
        "prompts/list",
        "resources/list",
        "resources/templates/list",
    ] {
        desk.result(method, json!({})).await;
        assert_eq!(tries.load(Ordering::Relaxed), 0, "{method}");
    }

    desk.call("list_vaults", json!({})).await;
    assert_eq!(tries.load(Ordering::Relaxed), 1, "the control");
}

#[test]
fn the_table_of_tools_has_a_line_for_each() {
    insta::assert_snapshot!(hushkey::mcp::tool_table(), @"
    | tool | does | annotations |
    |---|---|---|
    | `attach_file` | Attaches a file from disk to an item. | write |
    | `check_references` | Tells which `op://` references would resolve for you in a run, and why the others would not. | read-only |
    | `create_environment` | Creates an empty environment: a named set of variables that `run_command` can give to a program. | write |
    | `create_item` | Creates an item whose secrets come from somewhere else than you. | write |
    | `delete_item` | Puts an item away: the local store archives it and its owner can bring it back; a Connect server deletes it for good. | write, destructive |
    | `get_item` | Reads one item's metadata: sections, fields, files, tags, URLs, version. | read-only |
    | `inject_template` | Fills a template's secret references with their values and writes the result to a file, readable by its owner alone; returns only the path and the references. | write, destructive |
    | `list_activity` | Lists what you did with the vaults, and what was decided, in plain English. | read-only |
    | `list_environments` | Lists the environments that you may use: named sets of variables for programs, so that `run_command` needs no list of references. | read-only |
    | `list_items` | Lists items by title, tag, URL or category, one page at a time. | read-only |
    | `list_variables` | Lists the variables of an environment: their names and the `op://` references that they hold. | read-only |
    | `list_vaults` | Lists the vaults that you may see, and what you may do in each. | read-only |
    | `read_command` | Reads the last output of a program that `start_command` started, and tells whether it is still up. | read-only, open-world |
    | `rename_environment` | Gives an environment another name; its variables stay. | write |
    | `request_access` | Asks the owner for a right that you lack: a level in a vault, or a command with references. | write |
    | `run_command` | Runs a program with secrets in its environment, in private files or on standard input, and returns its exit status and output. | write, destructive, open-world |
    | `save_file` | Saves an item's file to disk, readable by its owner alone, and returns only the path and the size. | write |
    | `set_variables` | Sets and removes variables of an environment, all or none. | write, destructive |
    | `start_command` | Starts a program with secrets that stays up, such as a development server, and returns a handle at once. | write, destructive, open-world |
    | `stop_command` | Ends a program that `start_command` started, with all that it started in turn, and returns its last output. | write, destructive |
    | `update_item` | Changes an item: sets or rotates fields, adds or removes fields, renames, replaces tags or URLs. | write, destructive |
    ");
}
