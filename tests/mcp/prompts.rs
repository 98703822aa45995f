//! Prompts: offered with the tools they need, filled once.

use hushkey::mcp::ServerOptions;
use serde_json::{Value, json};

use crate::desk::{Desk, Setup};

async fn names(desk: &Desk) -> Vec<String> {
    let result = desk.result("prompts/list", json!({})).await;
    let prompts = result["prompts"].as_array().expect("a list");
    prompts
        .iter()
        .map(|it| it["name"].as_str().unwrap().to_owned())
        .collect()
}

#[tokio::test]
async fn there_is_a_prompt_for_each_job_that_people_ask_for() {
    let desk = Setup::without_broker().start();

    let result = desk.result("prompts/list", json!({})).await;

    insta::with_settings!({ prepend_module_to_snapshot => false, snapshot_path => "../snapshots", omit_expression => true }, {
        insta::assert_json_snapshot!("prompts", result["prompts"]);
    });
}

#[tokio::test]
async fn a_prompt_is_offered_only_with_the_tools_that_it_needs() {
    let options = ServerOptions {
        read_only: true,
        ..ServerOptions::default()
    };
    let desk = Setup::without_broker().options(options).start();

    let hidden = desk
        .ask("prompts/get", json!({ "name": "rotate_credential" }))
        .await;

    assert_eq!(names(&desk).await, ["move_env_file", "review_access"]);
    assert_eq!(hidden["error"]["code"], -32602);
}

#[tokio::test]
async fn a_prompt_is_filled_with_its_arguments_and_needs_those_it_cannot_do_without() {
    let desk = Setup::without_broker().start();
    let get = |arguments: Value| {
        desk.ask(
            "prompts/get",
            json!({ "name": "rotate_credential", "arguments": arguments }),
        )
    };

    let filled = get(json!({ "item": "Stripe" })).await;
    let missing = get(json!({ "vault": "Dev" })).await;
    let unknown = get(json!({ "item": "Stripe", "canary": "canary" })).await;

    let text = filled["result"]["messages"][0]["content"]["text"]
        .as_str()
        .unwrap();
    assert!(
        text.starts_with("Rotate the secret of `Stripe`. Vault: found with list_items."),
        "{text}"
    );
    assert!(!text.contains('{'), "{text}");
    assert_eq!(
        missing["error"]["message"],
        "the prompt needs the argument `item`"
    );
    assert_eq!(
        unknown["error"]["message"],
        "the prompt has no such argument"
    );
}
