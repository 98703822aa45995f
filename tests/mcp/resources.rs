//! Resources: the reading tools' answers at an address, switched off with them.

use hushkey::mcp::ServerOptions;
use serde_json::json;

use crate::desk::Setup;

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
