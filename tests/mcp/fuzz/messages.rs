//! Right messages of both eras, which the dice then mangle: each method, and each tool with arguments that it takes.

use serde_json::{Value, json};

use super::next_id;
use crate::desk::meta;

/// What must not come back: it stands where a careless model would write a value.
pub const CANARY: &str = "canary7Q2zRt5Kw9Lm";

/// A message as its client meant it.
pub struct Letter {
    pub message: Value,
}

impl Letter {
    pub fn of(message: Value) -> Self {
        Self { message }
    }

    pub fn method(&self) -> &str {
        self.message["method"].as_str().expect("a method")
    }

    /// What the header `Mcp-Name` repeats.
    pub fn name(&self) -> Option<&str> {
        let params = &self.message["params"];
        params["name"].as_str().or(params["uri"].as_str())
    }

    pub fn is_modern(&self) -> bool {
        let named = &self.message["params"]["_meta"]["io.modelcontextprotocol/protocolVersion"];
        named.is_string()
    }
}

/// All of them: each request in both eras, as far as those have it.
pub fn letters() -> Vec<Letter> {
    let calls = calls().into_iter().map(|(tool, arguments)| {
        let params = json!({ "name": tool, "arguments": arguments });
        ("tools/call", params)
    });
    let both: Vec<(&str, Value)> = requests().into_iter().chain(calls).collect();
    let older = both
        .iter()
        .map(|(method, params)| request(method, params.clone()));
    let newest = both
        .iter()
        .map(|(method, params)| modern(method, params.clone()));
    let all = older.chain(newest).chain(only_older()).chain(only_newest());
    all.map(Letter::of).collect()
}

pub fn initialize() -> Value {
    let client = json!({ "name": "old", "version": "1" });
    request(
        "initialize",
        json!({ "protocolVersion": "2025-11-25", "clientInfo": client, "capabilities": {} }),
    )
}

fn request(method: &str, params: Value) -> Value {
    json!({ "jsonrpc": "2.0", "id": next_id(), "method": method, "params": params })
}

fn modern(method: &str, mut params: Value) -> Value {
    params["_meta"] = meta();
    params["_meta"]["progressToken"] = json!(next_id());
    request(method, params)
}

fn only_older() -> Vec<Value> {
    vec![
        initialize(),
        request("ping", json!({})),
        request("logging/setLevel", json!({ "level": "debug" })),
        request(
            "resources/subscribe",
            json!({ "uri": "hushkey://activity" }),
        ),
        json!({ "jsonrpc": "2.0", "method": "notifications/initialized" }),
        json!({ "jsonrpc": "2.0", "method": "notifications/roots/list_changed" }),
        json!({ "jsonrpc": "2.0", "method": "notifications/cancelled", "params": { "requestId": 3, "reason": "none" } }),
        json!({ "jsonrpc": "2.0", "method": "notifications/progress", "params": { "progressToken": 1, "progress": 1 } }),
    ]
}

fn only_newest() -> Vec<Value> {
    let shows = json!({ "elicitation": { "form": {}, "url": {} } });
    let mut asks = modern(
        "tools/call",
        json!({ "name": "create_item", "arguments": { "vault": "Dev", "title": "Mail", "fields": [{ "label": "password", "ask": true }] } }),
    );
    asks["params"]["_meta"]["io.modelcontextprotocol/clientCapabilities"] = shows;
    let mut again = asks.clone();
    again["params"]["requestState"] = json!("forged.c3RhdGU");
    again["params"]["inputResponses"] =
        json!({ "ABCD-EFGH": { "action": "accept", "content": { "password": CANARY } } });
    vec![
        modern("server/discover", json!({})),
        modern(
            "subscriptions/listen",
            json!({ "notifications": { "toolsListChanged": true, "resourceSubscriptions": ["hushkey://activity"] } }),
        ),
        asks,
        again,
    ]
}

fn requests() -> Vec<(&'static str, Value)> {
    vec![
        ("tools/list", json!({ "cursor": "next" })),
        ("prompts/list", json!({})),
        (
            "prompts/get",
            json!({ "name": "add_credential", "arguments": { "vault": "Dev" } }),
        ),
        ("resources/list", json!({})),
        ("resources/templates/list", json!({})),
        ("resources/read", json!({ "uri": "hushkey://vaults" })),
        (
            "completion/complete",
            json!({ "ref": { "type": "ref/prompt", "name": "add_credential" }, "argument": { "name": "vault", "value": "D" } }),
        ),
    ]
}

fn calls() -> Vec<(&'static str, Value)> {
    let secret = "op://Dev/Stripe/secret key";
    vec![
        ("list_vaults", json!({})),
        (
            "list_items",
            json!({ "vault": "Dev", "query": "str", "category": "login", "tag": "x", "limit": 5 }),
        ),
        ("get_item", json!({ "vault": "Dev", "item": "Stripe" })),
        (
            "check_references",
            json!({ "references": [secret, "op://Dev/none/x"], "env_file": ".env" }),
        ),
        (
            "create_item",
            json!({ "vault": "Dev", "title": "Mail", "category": "login", "tags": ["a"], "urls": ["https://example.com"], "fields": [
                { "label": "username", "text": "ops" },
                { "label": "password", "type": "CONCEALED", "generate": { "length": 20 } },
            ] }),
        ),
        (
            "create_item",
            json!({ "vault": "Dev", "title": "Wrong", "fields": [{ "label": "password", "type": "CONCEALED", "text": CANARY }] }),
        ),
        (
            "update_item",
            json!({ "vault": "Dev", "item": "Stripe", "set": [{ "field": "secret key", "text": CANARY }], "value": CANARY }),
        ),
        ("delete_item", json!({ "vault": "Dev", "item": "Mail" })),
        (
            "run_command",
            json!({ "command": ["env"], "env": { "KEY": secret, "PLAIN": CANARY }, "timeout_seconds": 5, "output": "tail" }),
        ),
        (
            "start_command",
            json!({ "command": ["env"], "env": { "PLAIN": CANARY } }),
        ),
        ("read_command", json!({ "handle": "h", "tail_lines": 3 })),
        ("stop_command", json!({ "handle": "h" })),
        (
            "inject_template",
            json!({ "template": format!("key = {{{{ {secret} }}}} {CANARY}"), "out_file": "out.txt", "overwrite": true }),
        ),
        (
            "save_file",
            json!({ "vault": "Dev", "item": "Stripe", "file": "a.txt", "out_file": "a.txt" }),
        ),
        (
            "attach_file",
            json!({ "vault": "Dev", "item": "Stripe", "path": "a.txt" }),
        ),
        ("list_activity", json!({ "limit": 3, "since": "1h" })),
        ("list_environments", json!({})),
        ("create_environment", json!({ "name": "staging" })),
        ("list_variables", json!({ "environment": "staging" })),
        (
            "set_variables",
            json!({ "environment": "staging", "set": [{ "name": "KEY", "reference": secret }, { "name": "PLAIN", "text": CANARY }], "remove": ["OLD"] }),
        ),
        (
            "request_access",
            json!({ "vault": "Dev", "level": "use", "reason": "to try" }),
        ),
    ]
}
