//! Whole turns: what an agent can do over HTTP, in both eras.

use serde_json::json;

use crate::client::House;

const REFERENCE: &str = "op://Dev/Stripe/password";

#[test]
fn an_agent_uses_a_secret_in_a_request_of_its_own() {
    let house = House::open();
    let codex = house.agent("codex");

    let vaults = codex.call("list_vaults", json!({}));
    let ran = codex.call(
        "run_command",
        json!({ "command": ["sh", "-c", "echo got $K"], "env": { "K": REFERENCE }, "cwd": house.work() }),
    );

    assert_eq!(vaults["structuredContent"]["vaults"][0]["name"], "Dev");
    assert_eq!(
        vaults["_meta"]["io.modelcontextprotocol/serverInfo"]["name"],
        "hushkey"
    );
    let told = &ran["structuredContent"];
    assert_eq!(
        told["stdout"],
        format!("got <concealed:{REFERENCE}>\n"),
        "{ran}"
    );
}

#[test]
fn an_agent_uses_a_secret_in_a_session_of_an_older_version() {
    let house = House::open();
    let codex = house.agent("codex");

    for version in ["2025-03-26", "2025-06-18", "2025-11-25"] {
        let session = codex.session(version);
        let reply = codex.ask_in(
            &session,
            "tools/call",
            json!({ "name": "run_command", "arguments": {
                "command": ["sh", "-c", "echo got $K"], "env": { "K": REFERENCE }, "cwd": house.work() } }),
        );

        let message = reply.message();
        let told = &message["result"]["structuredContent"];
        assert_eq!(
            told["stdout"],
            format!("got <concealed:{REFERENCE}>\n"),
            "{message}"
        );
        assert!(message["result"].get("resultType").is_none(), "{message}");
    }
}

#[test]
fn what_one_run_hid_is_concealed_in_every_later_answer() {
    let house = House::open();
    let codex = house.agent("codex");
    let session = codex.session("2025-11-25");
    let script = "printf '{\"jsonrpc\":\"%s\"}' $K";
    let run =
        json!({ "command": ["sh", "-c", script], "env": { "K": REFERENCE }, "cwd": house.work() });
    codex.call("run_command", run);
    let password = crate::binary::Person::PASSWORD;
    let naming = json!({ "item": format!("is it {password}?") });

    let modern = codex.ask(
        "tools/call",
        json!({ "name": "get_item", "arguments": naming }),
    );
    let legacy = codex.ask_in(
        &session,
        "tools/call",
        json!({ "name": "get_item", "arguments": naming }),
    );

    for reply in [modern, legacy] {
        let told = reply.message().to_string();
        assert!(told.contains("is it <concealed:"), "{told}");
        assert!(!reply.body.contains(password), "{told}");
    }
}

#[test]
fn the_log_tells_who_came_by_which_way_from_where() {
    let house = House::open();
    let codex = house.agent("codex");

    codex.call("list_vaults", json!({}));

    let log = house
        .person
        .types(["log", "--json", "--agent", "codex"])
        .succeeds()
        .json();
    assert_eq!(log[0]["client"], "[http 127.0.0.1] raw 1", "{log}");
}

#[test]
fn agents_see_what_their_own_rights_let_them_see() {
    let house = House::open();
    let codex = house.agent("codex");
    let guest = house.bare_agent("guest", &[]);

    let all = codex.call("list_vaults", json!({}));
    let none = guest.call("list_vaults", json!({}));

    assert_eq!(
        all["structuredContent"]["vaults"].as_array().unwrap().len(),
        1
    );
    assert_eq!(none["structuredContent"]["vaults"], json!([]));
    let looked = guest.call("get_item", json!({ "item": "Stripe" }));
    assert_eq!(looked["isError"], true);
}

#[test]
fn a_token_that_was_used_is_known_by_its_hour() {
    let house = House::open();
    let codex = house.agent("codex");

    codex.call("list_vaults", json!({}));

    let begun = std::time::Instant::now();
    loop {
        let listed = house
            .person
            .types(["agent", "list", "--json"])
            .succeeds()
            .json();
        if listed[0]["last_used_at"].is_string() {
            return;
        }
        assert!(begun.elapsed() < crate::client::SOON, "{listed}");
    }
}

#[test]
fn no_agents_token_comes_back_from_another_agents_program() {
    let house = House::open();
    let (codex, other) = (house.agent("codex"), house.agent("other"));
    // Known from its first use on: before, nothing of it is here but a digest.
    assert_eq!(other.ask("tools/list", json!({})).status, 200);
    let found = house.person.writes("found", &other.token);
    let script = format!(
        "cat {0}; echo; base64 -w0 {0}; echo; rev {0}",
        found.display()
    );

    let ran = codex.call(
        "run_command",
        json!({ "command": ["sh", "-c", script], "env": { "K": REFERENCE }, "cwd": house.work() }),
    );

    let told = ran.to_string();
    assert!(told.contains("<concealed:an agent's token>"), "{told}");
    assert!(!told.contains(&other.token), "{told}");
    assert!(!told.contains(&other.token[8..]), "{told}");
}
