//! Resources: the reading tools' answers at an address, switched off with them.

use hushkey::mcp::ServerOptions;
use serde_json::{Value, json};

use crate::{
    BACKEND,
    desk::{Backend, Desk, Setup},
    fake_connect::Fault,
    fake_vault::FakeVault,
};

/// A vault whose names need care in an address.
fn vault() -> FakeVault {
    FakeVault::new()
        .vault("Dev")
        .item(
            "Stripe / live",
            &[("secret key", "CONCEALED", "canary-7Q2-do-not-repeat")],
        )
        .item("GitHub", &[])
        .vault("Build")
        .item("Strip mine", &[])
}

async fn read(desk: &Desk, uri: &str) -> Value {
    let result = desk.result("resources/read", json!({ "uri": uri })).await;
    assert_eq!(
        (&result["cacheScope"], &result["ttlMs"]),
        (&json!("private"), &json!(0))
    );
    let content = &result["contents"][0];
    assert_eq!(
        (&content["uri"], &content["mimeType"]),
        (&json!(uri), &json!("application/json"))
    );
    serde_json::from_str(content["text"].as_str().unwrap()).unwrap()
}

async fn completed(desk: &Desk, argument: &str, typed: &str, vault: Option<&str>) -> Value {
    let result = desk
        .result(
            "completion/complete",
            json!({
                "ref": { "type": "ref/resource", "uri": "hushkey://vaults/{vault}/items/{item}" },
                "argument": { "name": argument, "value": typed },
                "context": { "arguments": vault.map(|name| json!({ "vault": name })).unwrap_or(json!({})) },
            }),
        )
        .await;
    result["completion"]["values"].clone()
}

#[tokio::test]
async fn the_lists_of_resources_and_templates_need_no_vault() {
    let desk = Setup::without_broker().start();

    let resources = desk.result("resources/list", json!({})).await;
    let templates = desk.result("resources/templates/list", json!({})).await;

    insta::with_settings!({ prepend_module_to_snapshot => false, snapshot_path => "../snapshots", omit_expression => true }, {
        insta::assert_json_snapshot!("resources", json!({
            "resources": resources["resources"],
            "templates": templates["resourceTemplates"],
        }));
    });
}

#[tokio::test]
async fn a_resource_goes_with_the_tool_that_tells_the_same() {
    let options = ServerOptions {
        exclude_tools: vec!["list_activity".into(), "get_item".into()],
        ..ServerOptions::default()
    };
    let desk = Setup::without_broker().options(options).start();

    let resources = desk.result("resources/list", json!({})).await.to_string();
    let templates = desk
        .result("resources/templates/list", json!({}))
        .await
        .to_string();
    let activity = desk
        .ask("resources/read", json!({ "uri": "hushkey://activity" }))
        .await;

    assert!(!resources.contains("hushkey://activity") && resources.contains("hushkey://vaults"));
    assert!(!templates.contains("{item}") && templates.contains("{vault}"));
    assert_eq!(activity["error"]["code"], -32602);
}

#[tokio::test]
async fn an_outage_reaches_the_reader_without_its_cause() {
    let desk = Setup::without_broker().start();

    let response = desk
        .ask("resources/read", json!({ "uri": "hushkey://vaults" }))
        .await;

    assert_eq!(
        response["error"]["message"],
        "the store can't be opened here"
    );
    assert!(!response.to_string().contains("eyJhbGc"));
}

#[tokio::test]
async fn a_resource_tells_what_its_tool_tells() {
    let desk = Desk::open(vault());

    for (uri, tool, arguments) in [
        ("hushkey://vaults", "list_vaults", json!({})),
        (
            "hushkey://vaults/dev/items",
            "list_items",
            json!({ "vault": "Dev" }),
        ),
        (
            "hushkey://vaults/Dev/items/Stripe%20%2F%20live",
            "get_item",
            json!({ "item": "Stripe / live" }),
        ),
    ] {
        assert_eq!(
            read(&desk, uri).await,
            desk.answer(tool, arguments).await,
            "{uri}"
        );
    }
    let activity = read(&desk, "hushkey://activity").await;
    assert!(
        activity["entries"]
            .as_array()
            .is_some_and(|it| it.len() > 5),
        "{activity}"
    );
}

#[tokio::test]
async fn names_of_vaults_and_items_are_completed() {
    let desk = Desk::open(vault());

    assert_eq!(completed(&desk, "vault", "d", None).await, json!(["Dev"]));
    assert_eq!(
        completed(&desk, "item", "str", None).await,
        json!(["Strip mine", "Stripe / live"])
    );
    assert_eq!(
        completed(&desk, "item", "str", Some("Dev")).await,
        json!(["Stripe / live"])
    );
    assert_eq!(
        completed(&desk, "item", "str", Some("no such vault")).await,
        json!([])
    );
    assert_eq!(completed(&desk, "canary", "", None).await, json!([]));
}

#[tokio::test]
async fn the_server_tells_whether_it_is_well_and_nothing_of_the_token() {
    let desk = Desk::open(vault());

    let told = read(&desk, "hushkey://server").await;

    let expected = match BACKEND {
        Backend::Connect => json!({
            "kept": "connect", "well": true, "version": "1.8.1",
            "dependencies": [{ "service": "sync", "status": "ACTIVE" }, { "service": "sqlite", "status": "ACTIVE" }],
        }),
        Backend::Memory => json!({ "kept": "local", "well": true }),
    };
    assert_eq!(told, expected);
    if let Some(server) = &desk.server.connect {
        server.plan("GET", "/heartbeat", u32::MAX, Fault::Status(503, vec![]));
        let told = read(&desk, "hushkey://server").await;
        assert_eq!(told["well"], false);
        assert!(told["trouble"].as_str().unwrap().contains("not ready"));
    }
}
