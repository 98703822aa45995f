//! Everything that can be said over MCP, in both eras, well and badly.

use serde_json::{Value, json};

use crate::{
    agent::{Era, Session},
    channels::Channels,
    ground::{Ground, REFERENCES},
};

#[path = "protocol/refusals.rs"]
mod refusals;
#[path = "protocol/runs.rs"]
mod runs;

struct Driver<'a> {
    ground: &'a Ground,
    session: Session,
    channels: Channels,
}

impl Driver<'_> {
    fn done(&mut self, tool: &str, arguments: Value) -> Value {
        let answer = self.session.call(tool, arguments);
        self.channels.answer(format!("answer of {tool}"), &answer);
        assert_eq!(answer["result"]["isError"], false, "{tool}: {answer}");
        answer["result"]["structuredContent"].clone()
    }

    fn refused(&mut self, tool: &str, arguments: Value) {
        let shown = arguments.to_string();
        let answer = self.session.call(tool, arguments);
        self.channels.answer(format!("refusal of {tool}"), &answer);
        let refused = answer["result"]["isError"] == json!(true) || answer.get("error").is_some();
        assert!(refused, "{tool} {shown}: {answer}");
    }

    fn asked(&mut self, method: &str, params: Value) -> Value {
        let answer = self.session.ask(method, params);
        self.channels.answer(method, &answer);
        answer
    }

    fn run(&mut self, command: &[&str]) -> Value {
        let env: Value = REFERENCES
            .iter()
            .map(|(name, it)| ((*name).to_owned(), json!(it)))
            .collect();
        json!({
            "command": command, "env": env, "files": { "KEY_FILE": "op://Dev/Server/private key" },
            "stdin": "op://Dev/Odd/odd value", "env_file": ".env", "reason": "to see what comes out",
        })
    }

    fn tools_that_answer(&mut self) {
        self.done("list_vaults", json!({}));
        self.done("list_items", json!({}));
        self.done(
            "list_items",
            json!({ "vault": "Dev", "query": "port", "limit": 2 }),
        );
        for item in ["Portal", "Gateway", "Server", "Odd", "Address"] {
            self.done("get_item", json!({ "item": item }));
        }
        let references: Vec<_> = REFERENCES.iter().map(|(_, reference)| *reference).collect();
        self.done(
            "check_references",
            json!({ "references": references, "env_file": ".env" }),
        );
        let made = self.done(
            "create_item",
            json!({
                "vault": "Dev", "title": "Made", "category": "API_CREDENTIAL", "tags": ["a"],
                "urls": ["https://user:pass@example.com/x?token=abc"],
                "fields": [
                    { "label": "generated", "generate": {} },
                    { "label": "from file", "file": "token.txt" },
                    { "label": "printed", "command": ["cat", "printed.txt"] },
                    { "label": "copied", "copy": "op://Dev/Portal/password" },
                    { "label": "host", "text": "db.example.com" },
                ],
            }),
        );
        self.done("update_item", json!({
            "item": made["id"], "version": made["version"], "title": "Made anew", "tags": ["b"],
            "set": [{ "field": "generated", "generate": { "kind": "passphrase" } }, { "field": "copied", "copy": "op://Dev/Odd/odd value" }],
            "add": [{ "label": "more", "file": "token.txt" }, { "label": "and more", "command": ["cat", "printed.txt"] }],
            "remove": ["host"],
        }));
        self.done("delete_item", json!({ "item": made["id"] }));
        self.environments();
        self.done("list_activity", json!({ "limit": 500 }));
    }

    fn environments(&mut self) {
        self.done("create_environment", json!({ "name": "canaries" }));
        let mut set: Vec<_> = REFERENCES
            .iter()
            .map(|(name, reference)| json!({ "name": name, "reference": reference }))
            .collect();
        set.extend([
            json!({ "name": "GENERATED", "generate": {} }),
            json!({ "name": "FROM_FILE", "file": "token.txt" }),
            json!({ "name": "PRINTED", "command": ["cat", "printed.txt"] }),
            json!({ "name": "COPIED", "copy": "op://Dev/Portal/password" }),
            json!({ "name": "NODE_ENV", "text": "test" }),
        ]);
        self.done(
            "set_variables",
            json!({ "environment": "canaries", "set": set, "vault": "Dev", "item": "Kept" }),
        );
        self.done("list_environments", json!({}));
        self.done("list_variables", json!({ "environment": "canaries" }));
        let run = self.done(
            "run_command",
            json!({ "command": ["env"], "environment": "canaries", "reason": "to see what comes out" }),
        );
        let shown = run["stdout"].as_str().unwrap_or_default();
        assert!(
            shown.contains("<concealed:op://Dev/Portal/password>"),
            "{run}"
        );
        self.done(
            "rename_environment",
            json!({ "environment": "canaries", "name": "birds" }),
        );
        self.done(
            "rename_environment",
            json!({ "environment": "birds", "name": "canaries" }),
        );
    }

    fn all_else(&mut self) {
        let pasted = self.ground.canaries.pasted.clone();
        let templates = self.asked("resources/templates/list", json!({}));
        assert!(templates.to_string().contains("{item}"));
        let resources = self.asked("resources/list", json!({}));
        let listed = resources["result"]["resources"].as_array().unwrap().iter();
        let mut addresses: Vec<String> = listed
            .map(|it| it["uri"].as_str().unwrap().to_owned())
            .collect();
        addresses.extend(
            ["Portal", "Gateway", "Server", "Odd", "Twin", "Nothing"]
                .map(|item| format!("hushkey://vaults/Dev/items/{item}")),
        );
        addresses.extend([
            "hushkey://vaults/Dev/items".to_owned(),
            "hushkey://vaults/Nowhere/items".to_owned(),
        ]);
        addresses.extend([
            format!("hushkey://{pasted}"),
            pasted.clone(),
            format!("hushkey://vaults/Dev/items/Portal?{pasted}/x"),
        ]);
        for uri in addresses {
            self.asked("resources/read", json!({ "uri": uri }));
        }
        let prompts = self.asked("prompts/list", json!({}));
        for prompt in prompts["result"]["prompts"].as_array().unwrap() {
            let name = &prompt["name"];
            let arguments = prompt["arguments"].as_array().into_iter().flatten();
            let filled: Value = arguments
                .map(|it| (it["name"].as_str().unwrap().to_owned(), json!("Portal")))
                .collect();
            let got = self.asked("prompts/get", json!({ "name": name, "arguments": filled }));
            assert!(got.get("result").is_some(), "{got}");
            self.asked(
                "prompts/get",
                json!({ "name": name, "arguments": { &pasted[..]: pasted } }),
            );
            self.asked(
                "prompts/get",
                json!({ "name": name, "arguments": { "item": [pasted] } }),
            );
        }
        self.asked("prompts/get", json!({ "name": pasted }));
        for (argument, value) in [
            ("vault", "D"),
            ("item", "P"),
            ("item", ""),
            (&pasted, "P"),
            ("item", &pasted),
        ] {
            for reference in [
                json!({ "type": "ref/prompt", "name": "rotate_credential" }),
                json!({ "type": "ref/resource", "uri": "hushkey://vaults/{vault}/items/{item}" }),
                json!({ "type": "ref/resource", "uri": pasted }),
            ] {
                self.asked(
                    "completion/complete",
                    json!({ "ref": reference, "argument": { "name": argument, "value": value } }),
                );
            }
        }
        for method in [
            "ping",
            "logging/setLevel",
            "subscriptions/listen",
            "server/discover",
            "resources/subscribe",
            "tasks/list",
        ] {
            self.session.send(
                method,
                json!({ "level": "debug", "uri": pasted, "cursor": pasted }),
            );
        }
        for line in [
            format!("{{\"jsonrpc\":\"2.0\",\"id\":\"{pasted}\",\"method\":"),
            pasted.clone(),
            json!({ "jsonrpc": "2.0", "id": {}, "method": "tools/call", "params": pasted }).to_string(),
            json!({ "jsonrpc": "1.0", "id": 70_000, "method": "tools/call", "params": { "name": [pasted] } }).to_string(),
            json!({ "jsonrpc": "2.0", "id": 70_001, "result": pasted }).to_string(),
            json!({ "jsonrpc": "2.0", "method": "notifications/x", "params": { "x": pasted } }).to_string(),
        ] {
            self.session.line(&line);
        }
        self.asked("tools/list", json!({ "cursor": 7 }));
    }
}

/// Drives everything, and lists the activity at last; what came out.
fn drive(era: Era) -> (Ground, Channels) {
    let (ground, channels) = Ground::plant();
    let address = format!(
        "https://me:{0}@example.com/?token={0}",
        ground.canaries.pasted
    );
    ground.program.done(&[
        "item", "create", "--vault", "Dev", "--title", "Address", "--url", &address,
    ]);
    let session = ground.program.serve_in(era, &[], &ground.environment());
    let mut driver = Driver {
        ground: &ground,
        session,
        channels,
    };
    driver.tools_that_answer();
    driver.runs();
    driver.runs_that_fail();
    driver.tools_that_refuse();
    driver.wrong_arguments();
    driver.all_else();
    driver.done("list_activity", json!({ "limit": 500 }));
    let Driver {
        session,
        mut channels,
        ..
    } = driver;
    channels.server("server", &session.end());

    let program = &ground.program;
    for arguments in [
        &["log"][..],
        &["log", "--json"],
        &["log", "--verify"],
        &["doctor"],
        &["policy", "show"],
    ] {
        channels.command(arguments[0], &program.run(arguments));
    }
    for place in [
        &program.home,
        &program.temporary,
        std::path::Path::new("/dev/shm"),
    ] {
        ground.collect_files(&mut channels, place);
    }
    (ground, channels)
}

fn nothing_comes_out_in(era: Era) {
    let (ground, channels) = drive(era);

    channels.assert_clean(
        &ground.search(),
        &[
            "answer of run_command",
            "answer of get_item",
            "refusal of create_item",
            "refusal of run_command",
            "resources/read",
            "prompts/get",
            "completion/complete",
            "standard output of the server",
            "hushkey log",
            "hushkey doctor",
            "file store.db",
            "file audit.db",
            "file policy.toml",
        ],
    );
}

#[test]
fn no_value_comes_out_over_the_newer_protocol_nor_lands_on_disk() {
    nothing_comes_out_in(Era::Modern);
}

#[test]
fn no_value_comes_out_over_the_older_protocol_nor_lands_on_disk() {
    nothing_comes_out_in(Era::Legacy);
}
