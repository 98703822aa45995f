//! What each tool answers, over a vault in memory.

use hushkey::vault::{Section, SectionId};
use insta::{assert_json_snapshot, assert_snapshot};
use serde_json::{Value, json};

use crate::{
    BACKEND,
    desk::{Backend, Desk, Setup},
    fake_vault::FakeVault,
};

const CANARY: &str = "canary-7Q2-do-not-repeat";

fn stripe() -> FakeVault {
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
fn without_ids(mut answer: Value) -> Value {
    fn hide(value: &mut Value) {
        match value {
            Value::String(text) if hushkey::vault::is_id(text) => *text = "[id]".to_owned(),
            Value::Array(elements) => elements.iter_mut().for_each(hide),
            Value::Object(members) => members.values_mut().for_each(hide),
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
        let expected = (BACKEND == Backend::Connect).then(|| json!("unknown until it is tried"));
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
async fn list_items_finds_by_text_and_goes_page_by_page() {
    let mut vault = stripe();
    for n in 0..5 {
        vault = vault.item(&format!("Key {n}"), &[]);
    }
    let desk = Desk::open(vault);

    let found = desk
        .answer("list_items", json!({ "query": "STRIPE" }))
        .await;
    let first = desk
        .answer("list_items", json!({ "vault": "dev", "limit": 4 }))
        .await;
    let second = desk
        .answer(
            "list_items",
            json!({ "vault": "Dev", "limit": 4, "cursor": first["next_cursor"] }),
        )
        .await;

    assert_json_snapshot!(without_ids(found), @r#"
    {
      "items": [
        {
          "category": "LOGIN",
          "id": "[id]",
          "tags": [],
          "title": "Stripe",
          "updated_at": "2026-07-25T17:20:02Z",
          "urls": [
            "https://dashboard.stripe.com/login?token=…"
          ],
          "vault": "Dev",
          "version": 1
        }
      ]
    }
    "#);
    assert_eq!(first["items"].as_array().unwrap().len(), 4);
    assert_eq!(second["items"].as_array().unwrap().len(), 2);
    assert!(second.get("next_cursor").is_none());
}

#[tokio::test]
async fn get_item_tells_everything_but_values() {
    let vault = stripe().with(|item| {
        item.sections.push(Section {
            id: SectionId::new("api"),
            label: "API".into(),
        });
        item.fields[1].metadata.section = Some(SectionId::new("api"));
    });
    let desk = Desk::open(vault);

    let answer = desk.answer("get_item", json!({ "item": "stripe" })).await;

    assert!(!answer.to_string().contains("canary"));
    assert_json_snapshot!(without_ids(answer), @r#"
    {
      "category": "LOGIN",
      "created_at": "2026-07-25T17:20:02Z",
      "fields": [
        {
          "concealed": false,
          "id": "username",
          "label": "username",
          "reference": "op://Dev/Stripe/username",
          "set": true,
          "type": "STRING"
        },
        {
          "concealed": true,
          "id": "secret key",
          "label": "secret key",
          "reference": "op://Dev/Stripe/API/secret key",
          "section": "api",
          "set": true,
          "type": "CONCEALED"
        },
        {
          "concealed": true,
          "id": "empty",
          "label": "empty",
          "reference": "op://Dev/Stripe/empty",
          "set": false,
          "type": "CONCEALED"
        }
      ],
      "files": [],
      "id": "[id]",
      "sections": [
        {
          "id": "api",
          "label": "API"
        }
      ],
      "tags": [],
      "title": "Stripe",
      "updated_at": "2026-07-25T17:20:02Z",
      "urls": [
        "https://dashboard.stripe.com/login?token=…"
      ],
      "vault": "Dev",
      "vault_id": "[id]",
      "version": 1
    }
    "#);
}

#[tokio::test]
async fn each_reference_of_get_item_resolves() {
    let desk = Desk::open(stripe());

    let item = desk.answer("get_item", json!({ "item": "Stripe" })).await;
    let references: Vec<&Value> = item["fields"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| &it["reference"])
        .collect();
    let checked = desk
        .answer("check_references", json!({ "references": references }))
        .await;

    for reference in checked["references"].as_array().unwrap() {
        let field = reference["reference"].as_str().unwrap();
        assert_eq!(
            reference["resolves"],
            json!(!field.contains("empty")),
            "{reference}"
        );
    }
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
async fn create_item_generates_and_tells_no_value() {
    let desk = Desk::open(FakeVault::new().vault("Dev"));

    let answer = desk
        .answer(
            "create_item",
            json!({
                "vault": "Dev",
                "title": "Orders database",
                "category": "database",
                "tags": ["orders"],
                "urls": ["https://db.example.com", "https://other.example.com"],
                "fields": [
                    { "label": "username", "purpose": "username", "text": "orders" },
                    { "label": "password", "purpose": "PASSWORD", "generate": { "length": 40 } },
                    { "label": "port", "section": "Network", "text": "5432" },
                ],
            }),
        )
        .await;

    assert_json_snapshot!(without_ids(answer), @r#"
    {
      "category": "DATABASE",
      "created_at": "2026-07-25T17:20:02Z",
      "fields": [
        {
          "concealed": false,
          "id": "username",
          "label": "username",
          "purpose": "USERNAME",
          "reference": "op://Dev/Orders database/username",
          "set": true,
          "type": "STRING"
        },
        {
          "concealed": true,
          "id": "password",
          "label": "password",
          "purpose": "PASSWORD",
          "reference": "op://Dev/Orders database/password",
          "set": true,
          "type": "CONCEALED"
        },
        {
          "concealed": false,
          "id": "[id]",
          "label": "port",
          "reference": "op://Dev/Orders database/Network/port",
          "section": "[id]",
          "set": true,
          "type": "STRING"
        }
      ],
      "files": [],
      "id": "[id]",
      "sections": [
        {
          "id": "[id]",
          "label": "Network"
        }
      ],
      "tags": [
        "orders"
      ],
      "title": "Orders database",
      "updated_at": "2026-07-25T17:20:02Z",
      "urls": [
        "https://db.example.com",
        "https://other.example.com"
      ],
      "vault": "Dev",
      "vault_id": "[id]",
      "version": 1
    }
    "#);
}

#[tokio::test]
async fn a_concealed_field_takes_no_text() {
    let desk = Desk::open(FakeVault::new().vault("Dev"));
    let field = json!({ "label": "password", "purpose": "PASSWORD", "text": CANARY });

    let refusal = desk
        .refusal(
            "create_item",
            json!({ "vault": "Dev", "title": "x", "fields": [field] }),
        )
        .await;

    assert_snapshot!(refusal, @"field `password` is concealed, so its value must not pass through you: take it from `generate`, `file`, `command` or `copy`, or let a person type it with `ask`");
}

#[tokio::test]
async fn update_item_refuses_a_stale_version_and_changes_nothing() {
    let desk = Desk::open(stripe());
    let rename = |title: &str| json!({ "item": "Stripe", "version": 1, "tags": [title] });
    desk.answer("update_item", rename("first")).await;

    let refusal = desk.refusal("update_item", rename("second")).await;

    assert_snapshot!(refusal, @"the item is at version 2, not 1; read it again and repeat the change");
    assert_eq!(
        desk.answer("get_item", json!({ "item": "Stripe" })).await["tags"],
        json!(["first"])
    );
}

#[tokio::test]
async fn update_item_sets_adds_and_removes_fields() {
    let desk = Desk::open(stripe());

    let answer = desk
        .answer(
            "update_item",
            json!({
                "item": "Stripe",
                "title": "Stripe (live)",
                "urls": [],
                "set": [{ "field": "empty", "generate": { "kind": "hex" } }],
                "add": [{ "label": "host", "text": "api.stripe.com" }],
                "remove": ["username"],
            }),
        )
        .await;

    let fields = answer["fields"].as_array().unwrap().iter();
    let fields: Vec<_> = fields
        .map(|it| format!("{} {} {}", it["label"], it["type"], it["set"]))
        .collect();
    assert_eq!(
        fields,
        [
            r#""secret key" "CONCEALED" true"#,
            r#""empty" "CONCEALED" true"#,
            r#""host" "STRING" true"#
        ]
    );
    assert_eq!(
        (&answer["title"], &answer["version"]),
        (&json!("Stripe (live)"), &json!(2))
    );
}

#[tokio::test]
async fn delete_item_says_which_of_the_two_it_did() {
    let desk = Desk::open(stripe());

    let answer = desk
        .answer("delete_item", json!({ "item": "Stripe" }))
        .await;
    let again = desk
        .refusal("delete_item", json!({ "item": "Stripe" }))
        .await;

    let became = match BACKEND {
        Backend::Connect => "deleted",
        Backend::Memory => "archived",
    };
    assert_eq!(
        without_ids(answer),
        json!({ became: true, "id": "[id]", "title": "Stripe" })
    );
    assert_snapshot!(again, @"there is no item `Stripe`; list the items to see what there is");
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
