//! Both eras of the protocol, one after the other and mixed, on one pipe.

use rmcp::{ServiceExt, model::ProtocolVersion};
use serde_json::{Value, json};

use crate::desk::{Desk, Setup, meta};

fn initialize(version: &str) -> Value {
    json!({
        "protocolVersion": version,
        "clientInfo": { "name": "old", "version": "1" },
        "capabilities": {},
    })
}

async fn lists_tools(desk: &Desk, params: Value) -> bool {
    let response = desk.ask("tools/list", params).await;
    response["result"]["tools"]
        .as_array()
        .is_some_and(|tools| !tools.is_empty())
}

#[tokio::test]
async fn discover_tells_who_answers_and_what_it_can() {
    let desk = Setup::without_broker().start();

    let result = desk.result("server/discover", json!({})).await;

    assert_eq!(result["resultType"], "complete");
    assert_eq!(result["cacheScope"], "private");
    assert!(result["ttlMs"].as_u64().unwrap() > 0);
    assert_eq!(
        result["_meta"]["io.modelcontextprotocol/serverInfo"]["name"],
        "hushkey"
    );
    assert!(
        result["instructions"]
            .as_str()
            .unwrap()
            .contains("run_command")
    );
    let versions = result["supportedVersions"].as_array().unwrap();
    assert!(versions.contains(&json!("2026-07-28")) && versions.contains(&json!("2024-11-05")));
    for capability in ["completions", "prompts", "resources", "tools"] {
        assert!(
            result["capabilities"].get(capability).is_some(),
            "{capability}"
        );
    }
}

#[tokio::test]
async fn every_version_that_has_initialize_is_agreed_on() {
    for version in ["2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25"] {
        let desk = Setup::without_broker().legacy().start();

        let result = desk.result("initialize", initialize(version)).await;

        assert_eq!(result["protocolVersion"], version);
        assert!(lists_tools(&desk, json!({})).await, "{version}");
    }
}

#[tokio::test]
async fn a_version_from_the_future_is_answered_with_one_that_is_known() {
    let desk = Setup::without_broker().legacy().start();

    let result = desk.result("initialize", initialize("2099-01-01")).await;
    let tools = desk.result("tools/list", json!({})).await;
    let modern = desk
        .ask(
            "tools/list",
            json!({ "_meta": {
        "io.modelcontextprotocol/protocolVersion": "2099-01-01",
        "io.modelcontextprotocol/clientCapabilities": {},
    } }),
        )
        .await;

    assert_eq!(result["protocolVersion"], "2025-11-25");
    assert!(
        tools.get("resultType").is_none(),
        "a session of the old era gets the old shape"
    );
    assert_eq!(modern["error"]["code"], -32022);
}

#[tokio::test]
async fn discover_and_initialize_come_in_either_order() {
    for discover_first in [true, false] {
        let desk = Setup::without_broker().legacy().start();
        let discover = ("server/discover", json!({ "_meta": meta() }));
        let initialize = ("initialize", initialize("2025-11-25"));
        let order = if discover_first {
            [discover, initialize]
        } else {
            [initialize, discover]
        };

        for (method, params) in order {
            desk.result(method, params).await;
        }

        assert!(
            lists_tools(&desk, json!({})).await,
            "as an old session, {discover_first}"
        );
        assert!(
            lists_tools(&desk, json!({ "_meta": meta() })).await,
            "as a new request, {discover_first}"
        );
    }
}

#[tokio::test]
async fn a_client_may_change_its_mind_after_requests_of_the_new_era() {
    let desk = Setup::without_broker().legacy().start();

    assert!(lists_tools(&desk, json!({ "_meta": meta() })).await);
    desk.result("initialize", initialize("2025-06-18")).await;

    assert!(lists_tools(&desk, json!({})).await);
}

#[tokio::test]
async fn a_notification_before_the_first_request_ends_nothing() {
    let desk = Setup::without_broker().legacy().start();

    desk.send(&json!({ "jsonrpc": "2.0", "method": "notifications/initialized" }))
        .await;
    desk.send(&json!({ "jsonrpc": "2.0", "method": "notifications/cancelled", "params": { "requestId": 7 } })).await;

    assert!(lists_tools(&desk, json!({ "_meta": meta() })).await);
}

#[tokio::test]
async fn a_request_of_no_era_is_told_what_is_missing() {
    let desk = Setup::without_broker().legacy().start();

    let response = desk.ask("tools/list", json!({})).await;

    assert_eq!(response["error"]["code"], -32602);
}

#[tokio::test]
async fn every_result_of_the_new_era_says_who_answered() {
    let desk = Setup::without_broker().start();

    for (method, params) in [
        ("tools/list", json!({})),
        ("tools/call", json!({ "name": "list_vaults" })),
        ("prompts/list", json!({})),
        ("prompts/get", json!({ "name": "review_access" })),
        ("resources/list", json!({})),
        ("resources/templates/list", json!({})),
        (
            "completion/complete",
            json!({
                "ref": { "type": "ref/prompt", "name": "add_credential" },
                "argument": { "name": "vault", "value": "D" },
            }),
        ),
    ] {
        let result = desk.result(method, params).await;

        assert_eq!(result["resultType"], "complete", "{method}");
        assert_eq!(
            result["_meta"]["io.modelcontextprotocol/serverInfo"]["name"], "hushkey",
            "{method}"
        );
    }
}

#[tokio::test]
async fn old_sessions_see_nothing_of_the_new_era() {
    let desk = Setup::without_broker().legacy().start();
    desk.result("initialize", initialize("2025-06-18")).await;

    let result = desk
        .result("tools/call", json!({ "name": "list_vaults" }))
        .await;

    assert!(
        result.get("resultType").is_none() && result.get("_meta").is_none(),
        "{result}"
    );
}

#[tokio::test]
async fn what_is_not_there_is_told_by_the_code_that_the_protocol_has_for_it() {
    let desk = Setup::without_broker().start();

    for (method, params, code) in [
        ("tools/call", json!({ "name": "no_such_tool" }), -32602),
        ("prompts/get", json!({ "name": "no_such_prompt" }), -32602),
        (
            "resources/read",
            json!({ "uri": "hushkey://nowhere" }),
            -32602,
        ),
        ("no/such/method", json!({}), -32601),
        ("ping", json!({}), -32601),
    ] {
        let response = desk.ask(method, params).await;

        assert_eq!(response["error"]["code"], code, "{method}: {response}");
    }
}

#[tokio::test]
async fn what_is_no_request_is_survived_and_not_repeated() {
    let desk = Setup::without_broker().start();

    for garbage in [
        json!("canary"),
        json!([]),
        json!({}),
        json!({ "jsonrpc": "2.0", "id": 1, "method": 5, "params": "canary" }),
        json!({ "jsonrpc": "2.0", "id": {}, "method": "tools/list" }),
        json!({ "jsonrpc": "2.0", "id": 2, "method": "tools/call", "params": { "name": ["canary"] } }),
        json!({ "jsonrpc": "2.0", "id": 3, "method": "tools/call", "params": {
            "name": "list_items", "arguments": "canary", "_meta": meta(),
        } }),
        json!({ "jsonrpc": "2.0", "id": 4, "result": { "canary": "canary" } }),
        json!({ "jsonrpc": "2.0", "method": "notifications/canary", "params": { "canary": 1 } }),
    ] {
        desk.send(&garbage).await;
    }
    let last = desk.begin("tools/list", json!({})).await;

    loop {
        let answer = desk.receive().await.expect("the server lives");
        if answer["id"] == json!(last) && answer.get("result").is_some() {
            break;
        }
        assert!(!answer.to_string().contains("canary"), "{answer}");
        assert!(answer.get("error").is_some(), "{answer}");
    }
}

#[tokio::test]
async fn the_protocol_library_itself_can_talk_to_it() {
    let (ours, theirs) = tokio::io::duplex(64 * 1024);
    let _server = Setup::without_broker().serve(theirs);

    let client = ().serve(ours).await.expect("a session");
    let tools = client.list_all_tools().await.expect("tools");

    assert!(tools.iter().any(|tool| tool.name == "run_command"));
    assert!(
        client
            .peer_info()
            .is_some_and(|it| it.protocol_version >= ProtocolVersion::V_2025_11_25)
    );
}
