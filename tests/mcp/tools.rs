//! What tools answer, and what holds for what each of them answers, over a vault in memory.

use insta::{assert_json_snapshot, assert_snapshot};
use serde_json::{Value, json};

use crate::{
    BACKEND,
    desk::{Backend, Desk, Setup},
    fake_vault::FakeVault,
};

pub const CANARY: &str = "canary-7Q2-do-not-repeat";

/// `Stripe` in `Dev`, with the canary in a field.
pub fn stripe() -> FakeVault {
    FakeVault::new()
        .vault("Dev")
        .item(
            "Stripe",
            &[
                ("username", "STRING", "alice"),
                ("secret key", "CONCEALED", CANARY),
                ("empty", "CONCEALED", ""),
            ],
        )
        .url("https://alice:hunter2@dashboard.stripe.com/login?token=abc")
}

/// The answer with `[id]` for each id; what should be one and is not stays, and shows in the snapshot.
pub fn without_ids(mut answer: Value) -> Value {
    fn hide(value: &mut Value) {
        match value {
            Value::String(text) if hushkey::vault::is_id(text) => *text = "[id]".to_owned(),
            Value::Array(elements) => elements.iter_mut().for_each(hide),
            Value::Object(members) => {
                for (name, value) in members {
                    match name.as_str() {
                        "created_at" | "updated_at" => *value = "[time]".into(),
                        _ => hide(value),
                    }
                }
            }
            _ => {}
        }
    }
    hide(&mut answer);
    answer
}

#[tokio::test]
async fn list_vaults_tells_what_may_be_done_in_each() {
    let policy = "[agents.tester.vaults]\nDev = \"use\"\nCI = [\"create\"]\n";
    let vault = FakeVault::new()
        .vault("Dev")
        .vault("CI")
        .vault("Private")
        .vault("Dev 2");
    let desk = Setup::under(vault, policy).start();

    let mut answer = desk.answer("list_vaults", json!({})).await;

    for vault in answer["vaults"].as_array_mut().unwrap() {
        let token = vault.as_object_mut().unwrap().remove("token");
        let expected = (BACKEND == Backend::Connect).then(|| json!(crate::fake_connect::TOLD));
        assert_eq!(token, expected);
    }
    assert_json_snapshot!(without_ids(answer), @r#"
    {
      "vaults": [
        {
          "access": [
            "create"
          ],
          "description": "",
          "id": "[id]",
          "items": 0,
          "name": "CI"
        },
        {
          "access": [
            "metadata",
            "use"
          ],
          "description": "",
          "id": "[id]",
          "items": 0,
          "name": "Dev"
        }
      ]
    }
    "#);
}

#[tokio::test]
async fn check_references_reads_a_file_and_shows_only_its_references() {
    let desk = Desk::open(stripe());
    let lines =
        format!("PLAIN={CANARY}\nKEY='op://Dev/Stripe/secret key'\nGONE=op://Dev/Nothing/here\n");
    std::fs::write(desk.server.root.join(".env"), lines).unwrap();

    let answer = desk
        .answer("check_references", json!({ "env_file": ".env" }))
        .await;

    assert_json_snapshot!(answer, @r#"
    {
      "references": [
        {
          "name": "KEY",
          "reference": "op://Dev/Stripe/secret key",
          "resolves": true
        },
        {
          "name": "GONE",
          "reason": "there is no item `Nothing`; list the items to see what there is",
          "reference": "op://Dev/Nothing/here",
          "resolves": false
        }
      ]
    }
    "#);
}

#[tokio::test]
async fn list_activity_tells_the_newest_last_and_refusals_too() {
    let policy = "[agents.tester.vaults]\nDev = \"read\"\n";
    let desk = Setup::under(stripe(), policy).start();
    desk.answer("get_item", json!({ "item": "Stripe" })).await;
    desk.refusal("delete_item", json!({ "item": "Stripe" }))
        .await;

    let answer = desk
        .answer("list_activity", json!({ "limit": 3, "since": "1h" }))
        .await;

    let entries = answer["entries"].as_array().unwrap();
    let told: Vec<_> = entries
        .iter()
        .map(|it| format!("{} {}", it["action"], it["decision"]))
        .collect();
    assert_snapshot!(told.join("\n"), @r#"
    "get_item" "done"
    "delete_item" "denied"
    "list_activity" "allowed"
    "#);
    assert!(entries.iter().all(|it| it["agent"] == "tester"));
}

#[tokio::test]
async fn an_ambiguous_name_is_refused_with_the_ids() {
    let desk = Desk::open(stripe().item("Stripe", &[]));

    let refusal = desk.refusal("get_item", json!({ "item": "Stripe" })).await;

    assert!(
        refusal.starts_with("2 items are called `Stripe`; use an id instead: "),
        "{refusal}"
    );
}

#[tokio::test]
async fn an_outage_reaches_the_model_without_its_cause() {
    let desk = Desk::open(FakeVault::down("10.0.0.7 refused token eyJhbGc"));

    let answer = desk.call("list_vaults", json!({})).await;

    assert_eq!(answer["isError"], true);
    assert_eq!(
        answer["content"],
        json!([{ "type": "text", "text": "the vault could not be reached" }])
    );
    assert!(!answer.to_string().contains("eyJhbGc"));
}

#[tokio::test]
async fn a_corrupted_item_is_refused() {
    let desk = Desk::open(stripe().corrupted());

    let refusal = desk.refusal("get_item", json!({ "item": "Stripe" })).await;

    assert_snapshot!(refusal, @"the item was changed or removed outside hushkey and is refused; `hushkey doctor` tells more");
}

#[tokio::test]
async fn what_somebody_wrote_to_mislead_a_reader_is_shown_escaped() {
    let vault = FakeVault::new().vault("Dev").item(
        "Pay\u{202e}lap\u{200b}\u{1b}[2J",
        &[("a\u{2066}b", "STRING", "x")],
    );
    let desk = Desk::open(vault);

    let items = desk.answer("list_items", json!({})).await;
    let item = desk
        .answer("get_item", json!({ "item": items["items"][0]["id"] }))
        .await;

    for text in [items.to_string(), item.to_string()] {
        assert!(
            !text.contains(['\u{202e}', '\u{200b}', '\u{2066}']) && !text.contains("\\u001b"),
            "{text}"
        );
    }
}

#[tokio::test]
async fn text_and_structured_content_of_every_tool_say_the_same() {
    let desk = Desk::open(stripe());
    let calls = [
        ("list_vaults", json!({})),
        ("list_items", json!({})),
        ("get_item", json!({ "item": "Stripe" })),
        (
            "check_references",
            json!({ "references": ["op://Dev/Stripe/username"] }),
        ),
        (
            "create_item",
            json!({ "vault": "Dev", "title": "x", "fields": [] }),
        ),
        ("update_item", json!({ "item": "x", "tags": ["y"] })),
        ("delete_item", json!({ "item": "x" })),
        ("create_environment", json!({ "name": "staging" })),
        (
            "set_variables",
            json!({ "environment": "staging", "set": [{ "name": "NODE_ENV", "text": "test" }] }),
        ),
        ("list_environments", json!({})),
        ("list_variables", json!({ "environment": "staging" })),
        (
            "rename_environment",
            json!({ "environment": "staging", "name": "spare" }),
        ),
        (
            "run_command",
            json!({ "command": ["true"], "environment": "spare" }),
        ),
        (
            "attach_file",
            json!({ "item": "Stripe", "path": "attached.txt" }),
        ),
        (
            "inject_template",
            json!({ "template": "op://Dev/Stripe/username", "out_file": "filled.txt" }),
        ),
        (
            "save_file",
            json!({ "item": "Stripe", "file": "attached.txt", "out_file": "saved.txt" }),
        ),
        ("start_command", json!({ "command": ["sleep", "60"] })),
        ("read_command", json!({ "handle": "HANDLE" })),
        ("stop_command", json!({ "handle": "HANDLE" })),
        (
            "request_access",
            json!({ "vault": "Dev", "level": "full", "reason": "x" }),
        ),
        ("list_activity", json!({})),
    ];
    let mut handle = Value::Null;
    let all = desk.result("tools/list", json!({})).await["tools"]
        .as_array()
        .unwrap()
        .len();
    assert_eq!(calls.len(), all, "a tool is missing here");

    std::fs::write(desk.server.root.join("attached.txt"), CANARY).unwrap();

    for (tool, mut arguments) in calls {
        if arguments["handle"] == "HANDLE" {
            arguments["handle"] = handle.clone();
        }
        if tool == "attach_file" && BACKEND == Backend::Connect {
            let refused = desk.refusal(tool, arguments).await;
            assert!(refused.contains("can't take files"), "{refused}");
            let server = desk.server.connect.as_ref().unwrap();
            let stripe = desk.answer("get_item", json!({ "item": "Stripe" })).await;
            server.file(
                stripe["id"].as_str().unwrap(),
                "attached.txt",
                CANARY.as_bytes(),
            );
            tokio::time::sleep(std::time::Duration::from_millis(100)).await;
            continue;
        }
        let result = desk.call(tool, arguments).await;

        assert_eq!(result["isError"], false, "{tool}: {result}");
        let text = result["content"][0]["text"].as_str().unwrap();
        let text: Value = serde_json::from_str(text).unwrap_or_else(|_| panic!("{tool}: {text}"));
        assert_eq!(text, result["structuredContent"], "{tool}");
        assert_eq!(result["content"].as_array().unwrap().len(), 1, "{tool}");
        if tool == "start_command" {
            handle = result["structuredContent"]["handle"].clone();
        }
    }
}
