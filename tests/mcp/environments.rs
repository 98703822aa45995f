//! Environments through the tools: from an empty one to a run, and never a value.

use insta::{assert_json_snapshot, assert_snapshot};
use serde_json::{Value, json};

use crate::{desk::Desk, fake_vault::FakeVault};

const CANARY: &str = "canary-7Q2-do-not-repeat";

fn desk() -> Desk {
    let vault = FakeVault::new()
        .vault("Dev")
        .item("Stripe", &[("secret key", "CONCEALED", CANARY)]);
    Desk::open(vault)
}

async fn filled() -> Desk {
    let desk = desk();
    desk.answer("create_environment", json!({ "name": "staging" }))
        .await;
    let set = json!({
        "environment": "staging",
        "set": [
            { "name": "STRIPE", "reference": "op://Dev/Stripe/secret key" },
            { "name": "SESSION_KEY", "generate": {} },
            { "name": "NODE_ENV", "text": "staging" },
        ],
        "vault": "Dev",
    });
    desk.answer("set_variables", set).await;
    desk
}

fn without_ids(mut answer: Value) -> Value {
    let id = answer["id"].take();
    assert!(hushkey::vault::is_id(id.as_str().unwrap()), "{id}");
    answer["id"] = json!("[id]");
    answer
}

#[tokio::test]
async fn list_variables_tells_names_and_references_and_no_text() {
    let desk = filled().await;

    let answer = desk
        .answer("list_variables", json!({ "environment": "Staging" }))
        .await;

    assert_json_snapshot!(without_ids(answer), @r#"
    {
      "environment": "staging",
      "id": "[id]",
      "variables": [
        {
          "concealed": true,
          "name": "STRIPE",
          "reference": "op://Dev/Stripe/secret key",
          "set_by": "tester"
        },
        {
          "concealed": false,
          "name": "NODE_ENV",
          "set_by": "tester"
        },
        {
          "concealed": true,
          "name": "SESSION_KEY",
          "reference": "op://Dev/staging/SESSION_KEY",
          "set_by": "tester"
        }
      ]
    }
    "#);
}

#[tokio::test]
async fn list_environments_tells_what_may_be_done_with_each() {
    let desk = filled().await;

    let answer = desk.answer("list_environments", json!({})).await;

    let line = &answer["environments"][0];
    assert_eq!(line["name"], "staging");
    assert_eq!(
        line["access"],
        json!(["metadata", "use", "create", "update"])
    );
    assert_eq!(line["variables"], 3);
    assert_eq!(answer["environments"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn run_command_takes_an_environment_and_what_is_named_beside_it_wins() {
    let desk = filled().await;
    let run = json!({
        "command": ["sh", "-c", "echo $STRIPE $SESSION_KEY $NODE_ENV"],
        "environment": "staging",
        "env": { "NODE_ENV": "test" },
    });

    let answer = desk.answer("run_command", run).await;

    assert_eq!(
        answer["stdout"],
        "<concealed:op://Dev/Stripe/secret key> <concealed:op://Dev/staging/SESSION_KEY> test\n"
    );
    assert_eq!(answer["concealed"]["op://Dev/Stripe/secret key"], 1);
}

#[tokio::test]
async fn an_environment_is_renamed_and_its_variables_removed() {
    let desk = filled().await;
    let rename = json!({ "environment": "staging", "name": "spare" });
    let remove = json!({ "environment": "spare", "remove": ["STRIPE", "SESSION_KEY"] });

    let renamed = desk.answer("rename_environment", rename).await;
    let left = desk.answer("set_variables", remove.clone()).await;
    let again = desk.refusal("set_variables", remove).await;

    assert_eq!(renamed["environment"], "spare");
    assert_eq!(left["variables"].as_array().unwrap().len(), 1);
    assert_snapshot!(again, @"there is no variable `STRIPE`; list the variables to see what there is");
}

#[tokio::test]
async fn what_may_not_be_set_is_refused_and_never_repeated() {
    let desk = filled().await;

    for (variable, why) in [
        (
            json!({ "name": "API_TOKEN", "text": CANARY }),
            "looks like a secret",
        ),
        (
            json!({ "name": "A", "ask": true }),
            "use `ask` in create_item or update_item",
        ),
        (
            json!({ "name": "A" }),
            "argument `set[0]` must say where its value comes from",
        ),
        (
            json!({ "name": "A", "reference": "op://Dev/Stripe/secret key", "text": "x" }),
            "argument `set[0]` must have either `reference` or one source, not both",
        ),
        (json!({ "name": "A", "reference": CANARY }), "op://"),
        (
            json!({ "name": CANARY, "text": "x" }),
            "a variable's name has letters",
        ),
        (
            json!({ "name": "A", "generate": {} }),
            "`vault` has to say in which vault",
        ),
    ] {
        let set = json!({ "environment": "staging", "set": [variable] });
        let refused = desk.refusal("set_variables", set).await;

        assert!(refused.contains(why), "{refused}");
        assert!(!refused.contains("canary"), "{refused}");
    }
}

#[tokio::test]
async fn what_is_not_there_and_what_is_not_allowed_read_alike() {
    let desk = desk();
    let asked = |name: &str| desk.refusal("list_variables", json!({ "environment": name }));

    assert_snapshot!(asked("production").await, @"there is no environment `production`; list the environments to see what there is");
    let made = desk
        .refusal("create_environment", json!({ "name": "production" }))
        .await;
    assert!(
        made.starts_with("you may not give an environment this name; `list_environments` tells"),
        "{made}"
    );
}
