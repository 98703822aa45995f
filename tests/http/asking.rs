//! What only a person knows, asked for by an agent over HTTP: in a page where the person is on this machine, and never in
//! one that is somewhere else.

use serde_json::{Value, json};

use crate::{
    browser::{Seen, Window},
    client::{Agent, House, Wire, bearer},
};

const CANARY: &str = "canary-7Q2-do-not-repeat";

fn asks_for_a_token() -> Value {
    json!({ "vault": "Dev", "title": "Mail", "fields": [{ "label": "api key", "ask": true }] })
}

/// What a client says of itself that can show an address.
fn shows_addresses() -> Value {
    json!({ "elicitation": { "form": {}, "url": {} } })
}

/// A call of the newest version by a client that can show addresses; its result.
fn call(agent: &Agent, again: &Value) -> Value {
    let mut params = json!({
        "name": "create_item", "arguments": asks_for_a_token(),
        "_meta": { "io.modelcontextprotocol/clientCapabilities": shows_addresses() },
    });
    for (name, value) in again.as_object().into_iter().flatten() {
        params[name] = value.clone();
    }
    let reply = agent.ask("tools/call", params);
    assert_eq!(reply.status, 200, "{reply:?}");
    reply.message()["result"].take()
}

/// What a person types on a page.
fn types(address: &str) -> Seen {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let fields = [("hidden", CANARY), ("answer", "save")];
    runtime.block_on(async { Window::at(address).submit(&fields).await })
}

#[test]
fn a_person_types_on_a_page_of_this_machine_and_the_agent_hears_that_it_is_set() {
    let house = House::open();
    let codex = house.agent("codex");

    let first = call(&codex, &json!({}));
    let requests = first["inputRequests"].as_object().unwrap();
    let (code, request) = requests.iter().next().unwrap();
    let typed = types(request["params"]["url"].as_str().unwrap());
    let again = json!({
        "requestState": first["requestState"],
        "inputResponses": { code: { "action": "accept" } },
    });
    let second = call(&codex, &again);

    assert_eq!(first["resultType"], "input_required", "{first}");
    assert_eq!(request["params"]["mode"], "url");
    assert_eq!(typed.status, 200, "{typed:?}");
    let asked = &second["structuredContent"]["asked"][0];
    assert_eq!(asked["state"], "set", "{second}");
    assert!(!format!("{first}{second}{}", typed.body).contains(CANARY));
    let read = house.person.types(["read", "op://Dev/Mail/api key"]);
    assert_eq!(read.succeeds().stdout.trim_end(), CANARY);
}

#[test]
fn in_a_session_the_server_asks_on_the_calls_own_stream() {
    let house = House::open();
    let codex = house.agent("codex");
    let token = bearer(&codex.token);
    let mut hello = crate::client::initialize("2025-11-25");
    hello["capabilities"] = shows_addresses();
    let begun = house.wire().legacy(&codex.token, None, "initialize", hello);
    let session = begun.header("mcp-session-id").unwrap().to_owned();
    let in_session = [("authorization", &*token), ("mcp-session-id", &session)];
    let ready = json!({ "jsonrpc": "2.0", "method": "notifications/initialized" });
    house.wire().post(&in_session, &ready);
    let params = json!({ "name": "create_item", "arguments": asks_for_a_token() });
    let message = json!({ "jsonrpc": "2.0", "id": 7, "method": "tools/call", "params": params });

    let mut calling = house.wire();
    calling.send("POST", "/mcp", &in_session, &message.to_string());
    assert_eq!(calling.head().status, 200);
    let asked = next_message(&mut calling);
    let typed = types(asked["params"]["url"].as_str().unwrap());
    let accept = json!({ "jsonrpc": "2.0", "id": asked["id"], "result": { "action": "accept" } });
    house.wire().post(&in_session, &accept);
    let answer = next_message(&mut calling);

    assert_eq!(asked["method"], "elicitation/create", "{asked}");
    assert_eq!(typed.status, 200, "{typed:?}");
    let told = &answer["result"]["structuredContent"]["asked"][0];
    assert_eq!(
        (&answer["id"], &told["state"]),
        (&json!(7), &json!("set")),
        "{answer}"
    );
    assert!(!answer.to_string().contains(CANARY));
}

#[test]
fn from_afar_no_page_is_shown_and_the_way_out_is_told() {
    let house = House::serving(&["--behind-proxy", "--allow-host", "vault.example.com"]);
    let codex = house.agent("codex");

    let answer = call(&codex, &json!({}));

    assert_eq!(answer["resultType"], "complete", "{answer}");
    let asked = &answer["structuredContent"]["asked"][0];
    assert_eq!(asked["state"], "waiting");
    assert!(asked.get("address").is_none());
    let next = asked["next"].as_str().unwrap();
    let code = asked["code"].as_str().unwrap();
    let way_out = format!("`hushkey approve {code}` on the computer on which hushkey runs");
    assert!(
        next.contains(&way_out) && !next.contains("browser"),
        "{next}"
    );
    assert!(!answer.to_string().contains("127.0.0.1"), "{answer}");
}

/// The next message that comes as an event, and is no notification.
fn next_message(wire: &mut Wire<std::net::TcpStream>) -> Value {
    loop {
        let chunk = wire.chunk().expect("a stream that goes on");
        let data = chunk.lines().filter_map(|line| line.strip_prefix("data:"));
        let mut messages = data.filter_map(|it| serde_json::from_str::<Value>(it.trim()).ok());
        if let Some(message) = messages.find(|it| it.get("id").is_some()) {
            return message;
        }
    }
}
