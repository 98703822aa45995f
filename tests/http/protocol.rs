//! The protocol to the letter, as far as the transport has a say in it.

use serde_json::{Value, json};

use crate::client::{House, bearer, meta};

#[test]
fn unknown_versions_are_answered_with_those_that_are_known() {
    let house = House::open();
    let codex = house.agent("codex");
    let token = bearer(&codex.token);
    let mut future = meta();
    future["io.modelcontextprotocol/protocolVersion"] = json!("2099-01-01");
    let message =
        json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": { "_meta": future } });

    let modern = house.wire().post(
        &[
            ("authorization", &token),
            ("mcp-protocol-version", "2099-01-01"),
            ("mcp-method", "tools/list"),
        ],
        &message,
    );

    assert_eq!(modern.status, 400, "{modern:?}");
    let error = &modern.message()["error"];
    assert_eq!(error["code"], -32022, "{error}");
    let supported = error["data"]["supported"].as_array().unwrap();
    assert!(supported.contains(&json!("2026-07-28")) && supported.contains(&json!("2025-11-25")));
}

#[test]
fn headers_say_the_same_as_the_message_or_the_request_is_refused() {
    let house = House::open();
    let codex = house.agent("codex");
    let token = bearer(&codex.token);
    let call = json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {
        "name": "list_vaults", "arguments": {}, "_meta": meta() } });
    let version = ("mcp-protocol-version", "2026-07-28");
    let method = ("mcp-method", "tools/call");
    let name = ("mcp-name", "list_vaults");

    for (headers, status, code) in [
        (vec![version, method, name], 200, None),
        (vec![version, name], 400, Some(-32020)),
        (vec![version, method], 400, Some(-32020)),
        (
            vec![version, ("mcp-method", "tools/list"), name],
            400,
            Some(-32020),
        ),
        (
            vec![version, method, ("mcp-name", "run_command")],
            400,
            Some(-32020),
        ),
    ] {
        let headers = [&[("authorization", &*token)][..], &headers].concat();

        let reply = house.wire().post(&headers, &call);

        assert_eq!(reply.status, status, "{headers:?} {reply:?}");
        let told = reply.message()["error"]["code"].as_i64();
        assert_eq!(told, code, "{reply:?}");
    }
}

#[test]
fn methods_that_the_newest_version_has_not_are_told_so() {
    let house = House::open();
    let codex = house.agent("codex");
    let token = bearer(&codex.token);
    let newest = [
        ("authorization", &*token),
        ("mcp-protocol-version", "2026-07-28"),
    ];

    let unknown = codex.ask("no/such/method", json!({}));
    let ping = codex.ask("ping", json!({}));
    let get = house.wire().request("GET", "/mcp", &newest, "");
    let put = house.wire().request("PUT", "/mcp", &newest, "");
    let json_only = house.wire().post(
        &[newest[0], newest[1], ("accept", "text/html")],
        &json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": {} }),
    );

    assert_eq!(
        (unknown.status, unknown.message()["error"]["code"].as_i64()),
        (404, Some(-32601))
    );
    assert_eq!(ping.message()["error"]["code"], -32601);
    assert_eq!((get.status, put.status, json_only.status), (405, 405, 406));
}

#[test]
fn discover_tells_all_without_a_session_and_for_this_agent_alone() {
    let house = House::open();
    let codex = house.agent("codex");

    let result = codex.ask("server/discover", json!({})).message()["result"].take();

    assert_eq!(result["resultType"], "complete");
    assert_eq!(result["cacheScope"], "private");
    assert!(result["supportedVersions"].as_array().unwrap().len() >= 5);
}

#[test]
fn every_result_of_the_newest_version_says_what_it_is_and_who_answered() {
    let house = House::open();
    let codex = house.agent("codex");

    for (method, params, cached) in [
        ("tools/list", json!({}), true),
        ("tools/call", json!({ "name": "list_vaults" }), false),
        ("prompts/list", json!({}), true),
        ("prompts/get", json!({ "name": "review_access" }), false),
        ("resources/list", json!({}), true),
        ("resources/templates/list", json!({}), true),
        ("resources/read", json!({ "uri": "hushkey://vaults" }), true),
        (
            "completion/complete",
            json!({
            "ref": { "type": "ref/prompt", "name": "add_credential" },
            "argument": { "name": "vault", "value": "D" } }),
            false,
        ),
    ] {
        let reply = codex.ask(method, params);

        assert_eq!(reply.status, 200, "{method}: {reply:?}");
        let result = reply.message()["result"].take();
        assert_eq!(result["resultType"], "complete", "{method}");
        assert_eq!(
            result["_meta"]["io.modelcontextprotocol/serverInfo"]["name"], "hushkey",
            "{method}"
        );
        if cached {
            assert_eq!(result["cacheScope"], "private", "{method}");
            assert!(result["ttlMs"].is_u64(), "{method}");
        }
    }
}

#[test]
fn mixtures_of_a_proxy_between_the_eras_are_answered() {
    let house = House::open();
    let codex = house.agent("codex");
    let token = bearer(&codex.token);
    let session = codex.session("2025-06-18");
    let legacy = json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": {} });
    let modern =
        json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": { "_meta": meta() } });

    for (headers, message) in [
        // Without the version, as Gemini sends it.
        (vec![("mcp-session-id", &*session)], &legacy),
        // The newest version's headers on an older session, as mcp-remote adds them.
        (
            vec![
                ("mcp-session-id", &*session),
                ("mcp-protocol-version", "2025-06-18"),
                ("mcp-method", "tools/list"),
            ],
            &legacy,
        ),
        // A session's id that the newest version has no use for.
        (
            vec![
                ("mcp-session-id", &*session),
                ("mcp-protocol-version", "2026-07-28"),
                ("mcp-method", "tools/list"),
            ],
            &modern,
        ),
    ] {
        let headers = [&[("authorization", &*token)][..], &headers].concat();

        let reply = house.wire().post(&headers, message);

        assert_eq!(reply.status, 200, "{headers:?} {reply:?}");
        assert!(reply.message()["result"]["tools"].is_array());
    }
}

#[test]
fn progress_comes_on_the_requests_own_stream() {
    let house = House::open();
    let codex = house.agent("codex");
    let mut with_token = meta();
    with_token["progressToken"] = json!("p-1");
    let message = json!({ "jsonrpc": "2.0", "id": 7, "method": "tools/call", "params": {
        "name": "run_command", "arguments": { "command": ["sleep", "3"], "cwd": house.work() }, "_meta": with_token } });
    let token = bearer(&codex.token);
    let headers = [
        ("authorization", &*token),
        ("mcp-protocol-version", "2026-07-28"),
        ("mcp-method", "tools/call"),
        ("mcp-name", "run_command"),
    ];

    let reply = house.wire().post(&headers, &message);

    assert_eq!(reply.header("content-type"), Some("text/event-stream"));
    assert_eq!(reply.header("x-accel-buffering"), Some("no"));
    let events: Vec<Value> = reply
        .body
        .lines()
        .filter_map(|line| serde_json::from_str(line.strip_prefix("data: ")?).ok())
        .collect();
    assert_eq!(events[0]["method"], "notifications/progress");
    assert_eq!(events[0]["params"]["progressToken"], "p-1");
    assert_eq!(events.last().unwrap()["id"], 7);
}

#[test]
fn the_list_of_tools_has_what_the_agents_rights_give_a_use_for() {
    let house = House::open();
    let all = house.agent("codex");
    let reader = house.bare_agent("reader", &["--vault", "Dev=read"]);
    let nobody = house.bare_agent("nobody", &[]);
    let keeper = house.bare_agent("keeper", &[]);
    let may = ["agent", "allow", "keeper", "--environment", "staging=read"];
    house.person.types(may).succeeds();
    let tools = |agent: &crate::client::Agent| -> Vec<String> {
        let result = agent.ask("tools/list", json!({})).message()["result"].take();
        let tools = result["tools"].as_array().unwrap().iter();
        tools
            .map(|tool| tool["name"].as_str().unwrap().to_owned())
            .collect()
    };

    assert_eq!(
        tools(&nobody),
        ["list_activity", "list_vaults", "request_access"]
    );
    assert_eq!(
        tools(&keeper),
        [
            "list_activity",
            "list_environments",
            "list_variables",
            "list_vaults",
            "request_access"
        ]
    );
    assert_eq!(
        tools(&reader),
        [
            "check_references",
            "get_item",
            "list_activity",
            "list_items",
            "list_vaults",
            "request_access"
        ]
    );
    let reads = json!({ "name": "read_command", "arguments": { "handle": "h" } });
    let read = all.ask("tools/call", reads).message();
    assert_eq!(read["error"]["code"], -32602, "{read}");
    let all = tools(&all);
    assert!(all.contains(&"run_command".to_owned()) && all.contains(&"create_item".to_owned()));
    assert!(
        !all.iter().any(|name| name == "start_command"),
        "handles live with a process"
    );
}

#[test]
fn a_subscriber_is_told_of_new_tools_and_new_activity_and_of_nothing_else() {
    let house = House::open();
    let codex = house.bare_agent("codex", &["--vault", "Dev=read"]);
    let other = house.bare_agent("other", &["--vault", "Dev=read"]);
    let message = json!({ "jsonrpc": "2.0", "id": 9, "method": "subscriptions/listen", "params": {
        "notifications": { "toolsListChanged": true, "promptsListChanged": true,
            "resourceSubscriptions": ["hushkey://activity", "hushkey://vaults"] }, "_meta": meta() } });
    let token = bearer(&codex.token);
    let headers = [
        ("authorization", &*token),
        ("mcp-protocol-version", "2026-07-28"),
        ("mcp-method", "subscriptions/listen"),
    ];
    let mut wire = house.wire();
    wire.send("POST", "/mcp", &headers, &message.to_string());
    assert_eq!(wire.head().status, 200);
    let mut next = || loop {
        let chunk = wire.chunk().expect("an event");
        let data = chunk.lines().find_map(|line| line.strip_prefix("data: "));
        if let Some(message) = data.and_then(|data| serde_json::from_str::<Value>(data).ok()) {
            return message;
        }
    };

    let acknowledged = next();
    other.call("list_vaults", json!({}));
    codex.call("list_items", json!({}));
    let activity = next();
    house
        .person
        .types(["agent", "allow", "codex", "--vault", "Dev=write"])
        .succeeds();
    let tools = next();

    assert_eq!(
        acknowledged["method"],
        "notifications/subscriptions/acknowledged"
    );
    let accepted = &acknowledged["params"]["notifications"];
    assert_eq!(
        accepted["resourceSubscriptions"],
        json!(["hushkey://activity"]),
        "{acknowledged}"
    );
    assert!(
        accepted
            .get("promptsListChanged")
            .is_none_or(|it| it != true),
        "{acknowledged}"
    );
    assert_eq!(
        activity["method"], "notifications/resources/updated",
        "{activity}"
    );
    assert_eq!(activity["params"]["uri"], "hushkey://activity");
    assert_eq!(
        tools["method"], "notifications/tools/list_changed",
        "{tools}"
    );
    for told in [acknowledged, activity, tools] {
        assert_eq!(
            told["params"]["_meta"]["io.modelcontextprotocol/subscriptionId"], 9,
            "{told}"
        );
    }
}

#[test]
fn a_session_of_an_older_version_is_told_of_new_tools() {
    let house = House::open();
    let codex = house.bare_agent("codex", &["--vault", "Dev=read"]);
    let session = codex.session("2025-11-25");
    let token = bearer(&codex.token);
    let mut wire = house.wire();
    let headers = [("authorization", &*token), ("mcp-session-id", &*session)];
    wire.send("GET", "/mcp", &headers, "");
    assert_eq!(wire.head().status, 200);

    house
        .person
        .types(["agent", "allow", "codex", "--vault", "Dev=write"])
        .succeeds();

    let told = loop {
        let chunk = wire.chunk().expect("an event");
        if chunk.contains("notifications/") {
            break chunk;
        }
    };
    assert!(told.contains("notifications/tools/list_changed"), "{told}");
}
