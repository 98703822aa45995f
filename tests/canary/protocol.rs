//! Everything that can be said over MCP, in both eras, well and badly.

use serde_json::{Value, json};

use crate::{
    agent::{Era, Session},
    channels::Channels,
    ground::{Ground, REFERENCES},
};

/// Prints all that it has, in the forms that are promised to be found, and keeps what it got for the test. Of what is no
/// secret, a user name and a host, fragments are not promised.
const PRINTS_ALL: &str = r#"
    for name in PASSWORD USER_NAME SEED NOTE CREDENTIAL HOST PEM ODD; do
        value=$(printenv "$name")
        printf '%s\n' "$value"; printf '%s\n' "$value" >&2
        printf '%s' "$value" | base64 -w0; echo; printf 'x%s' "$value" | base64 -w0; echo; printf 'xy%s' "$value" | base64 -w0; echo
        printf '%s' "$value" | od -An -v -tx1 | tr -d ' \n'; echo; printf '%s' "$value" | rev; echo
        case $name in USER_NAME|HOST) ;; *) printf '%s' "$value" | cut -c3-40 ;; esac
    done
    env; cat "$KEY_FILE"; cat
    printf '%s' "$PASSWORD" >got; printf '%s' "$ODD" >>got; cat "$KEY_FILE" >>got
"#;

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

    fn runs(&mut self) {
        let got = self.ground.program.work.join("got");
        for output in ["full", "tail", "summary", "none"] {
            let mut run = self.run(&["sh", "-c", PRINTS_ALL]);
            run["output"] = json!(output);

            let answer = self.done("run_command", run);

            let canaries = &self.ground.canaries;
            let expected = [
                canaries.password.as_str(),
                &canaries.odd,
                &canaries.pem_text(),
            ]
            .concat();
            assert_eq!(
                std::fs::read_to_string(&got).unwrap(),
                expected,
                "the program did not get its values"
            );
            std::fs::remove_file(&got).unwrap();
            assert!(
                output != "full" || answer["stdout"].as_str().unwrap().contains("<concealed:"),
                "{answer}"
            );
        }
        let mut slow = json!({ "name": "run_command", "arguments": self.run(&["sh", "-c", "printenv PASSWORD; sleep 2.2; printenv ODD; exit 9"]) });
        slow["_meta"] = json!({ "progressToken": "token" });
        self.asked("tools/call", slow);
    }

    fn runs_that_fail(&mut self) {
        let program = &self.ground.program;
        let interpreter = program.file("bad-interpreter", "#!/nowhere/interpreter\n");
        let data = program.file("data", "no program\n");
        for (path, mode) in [(&interpreter, 0o755), (&data, 0o644)] {
            std::fs::set_permissions(path, std::os::unix::fs::PermissionsExt::from_mode(mode))
                .unwrap();
        }
        let pasted = self.ground.canaries.pasted.clone();
        for command in [
            &["no-such-program", &pasted][..],
            &["./bad-interpreter", &pasted],
            &["./data", &pasted],
            &["./missing", &pasted],
            &["true", "a\0b"],
            &["/proc/self/exe", &pasted],
            &[""],
        ] {
            let run = self.run(command);
            self.refused("run_command", run);
        }
        for (member, value) in [
            ("cwd", json!("missing")),
            ("cwd", json!("/root")),
            ("cwd", json!("token.txt")),
            ("env_file", json!("missing.env")),
            ("env_file", json!("/etc/shadow")),
            ("stdin", json!(&pasted)),
            ("stdin", json!("op://Dev/Portal/no such field")),
            ("files", json!({ "F": &pasted })),
            ("files", json!({ "a/b": "op://Dev/Portal/password" })),
            ("env", json!({ &pasted[..]: { "x": 1 } })),
            ("env", json!({ format!("{pasted}="): "x" })),
            ("env", json!({ "A": format!("op://{pasted}") })),
            (
                "env",
                json!({ "A": format!("op://Dev/Portal/password?attribute={pasted}") }),
            ),
            ("env", json!({ "A": "op://Dev/Portal/password/x/y/z" })),
            ("env", json!({ "A": "op://Dev/Twin/password" })),
            ("env", json!({ "LD_PRELOAD": "op://Dev/Portal/password" })),
            ("env", json!({ "BASH_ENV": &pasted })),
            ("timeout_seconds", json!(&pasted)),
            ("output", json!(&pasted)),
        ] {
            let mut run = self.run(&["true"]);
            run[member] = value;
            self.refused("run_command", run);
        }
        program.file(
            "broken.env",
            &format!(
                "A={0}\nB=\"{0}\nC=$(echo {0})\n",
                self.ground.canaries.dotenv
            ),
        );
        let mut run = self.run(&["true"]);
        run["env_file"] = json!("broken.env");
        self.refused("run_command", run);
        self.refused("check_references", json!({ "env_file": "broken.env" }));

        let mut killed = self.run(&["sh", "-c", "printenv PASSWORD ODD; kill -9 $$"]);
        killed["timeout_seconds"] = json!(20);
        self.done("run_command", killed);
        let mut late = self.run(&["sh", "-c", "printenv PASSWORD ODD; sleep 30"]);
        late["timeout_seconds"] = json!(1);
        let answer = self.done("run_command", late);
        assert_eq!(answer["timed_out"], true);
        let run = self.run(&["sh", "-c", "printenv PASSWORD ODD; sleep 30"]);
        let id = self.session.send_call("run_command", run);
        self.session.notify(
            "notifications/cancelled",
            json!({ "requestId": id, "reason": pasted }),
        );
    }

    fn tools_that_refuse(&mut self) {
        let pasted = self.ground.canaries.pasted.clone();
        for tool in ["get_item", "delete_item"] {
            self.refused(tool, json!({ "item": "Nothing" }));
            self.refused(tool, json!({ "item": "Twin" }));
            self.refused(tool, json!({ "item": "Portal", "vault": "Nowhere" }));
        }
        self.done(
            "list_items",
            json!({ "query": pasted, "category": "LOGIN", "tag": pasted }),
        );
        self.refused("list_items", json!({ "cursor": pasted }));
        self.refused("list_activity", json!({ "since": pasted }));
        self.done(
            "check_references",
            json!({ "references": [pasted, "op://Dev/Twin/password", "op://No/No/no"] }),
        );
        for variable in [
            json!({ "name": "API_TOKEN", "text": pasted }),
            json!({ "name": "A", "reference": pasted }),
            json!({ "name": "A", "reference": format!("op://{pasted}") }),
            json!({ "name": "A", "copy": pasted }),
            json!({ "name": "A", "command": ["cat", pasted] }),
            json!({ "name": "A", "generate": {}, "text": pasted }),
        ] {
            let set = json!({ "environment": "canaries", "set": [variable], "vault": "Dev" });
            self.refused("set_variables", set);
        }
        for source in [
            json!({ "text": pasted, "type": "CONCEALED" }),
            json!({ "text": pasted, "generate": {} }),
            json!({ "copy": pasted }),
            json!({ "copy": format!("op://{pasted}") }),
            json!({ "copy": "op://Dev/Twin/password" }),
            json!({ "copy": "op://Dev/Portal/password", "type": "STRING" }),
            json!({ "file": "missing" }),
            json!({ "file": "." }),
            json!({ "file": self.ground.program.home.join("key") }),
            json!({ "command": ["no-such-program", pasted] }),
            json!({ "command": ["sh", "-c", "cat printed.txt; cat printed.txt >&2; exit 3", pasted] }),
            json!({ "command": ["sh", "-c", "cat printed.txt; printf '\\377'", pasted] }),
            json!({ "command": ["true"] }),
            json!({ "ask": true, "text": pasted }),
            json!({ "generate": { "kind": pasted } }),
            json!({ "generate": { "length": pasted } }),
            json!({ "generate": { "length": 4, "exclude_characters": pasted } }),
            json!({ "generate": {}, "type": pasted }),
            json!({ "generate": {}, "purpose": pasted }),
        ] {
            let mut field = source.clone();
            field["label"] = json!("secret");
            self.refused(
                "create_item",
                json!({ "vault": "Dev", "title": "Refused", "fields": [field] }),
            );
            self.refused("update_item", json!({ "item": "Portal", "add": [field] }));
            if source.get("type").is_none() && source.get("purpose").is_none() {
                let mut set = source;
                set["field"] = json!("password");
                self.refused("update_item", json!({ "item": "Portal", "set": [set] }));
            }
        }
        self.refused(
            "update_item",
            json!({ "item": "Portal", "version": 99, "title": "x" }),
        );
        self.refused(
            "update_item",
            json!({ "item": "Portal", "remove": ["no such field"] }),
        );
        self.refused(
            "create_item",
            json!({ "vault": "Nowhere", "title": "x", "fields": [] }),
        );
        self.refused(
            "create_item",
            json!({ "vault": "Dev", "title": "x", "category": pasted, "fields": [] }),
        );
        self.refused(&pasted, json!({ "item": pasted }));
    }

    /// A value where another type belongs, as an unknown member, and in place of all arguments.
    fn wrong_arguments(&mut self) {
        let pasted = self.ground.canaries.pasted.clone();
        let tools = self.asked("tools/list", json!({}))["result"]["tools"].clone();
        for tool in tools.as_array().unwrap() {
            let name = tool["name"].as_str().unwrap();
            self.refused(name, json!(pasted));
            self.refused(name, json!([pasted]));
            self.refused(name, json!({ &pasted[..]: pasted }));
            self.refused(name, json!({ "surprise": { &pasted[..]: [pasted] } }));
            for (member, schema) in tool["inputSchema"]["properties"]
                .as_object()
                .into_iter()
                .flatten()
            {
                let wrong = if schema["type"] == "string" {
                    json!([{ &pasted[..]: pasted }])
                } else {
                    json!(pasted)
                };
                self.refused(name, json!({ member: wrong }));
            }
        }
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
