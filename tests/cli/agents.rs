//! Agents' tokens at the command line, and what they prove over stdio.

use std::{
    fs,
    io::{BufRead, BufReader, Write},
    process::Stdio,
};

use hushkey::registry::{LENGTH, PREFIX};
use insta::assert_snapshot;
use serde_json::{Value, json};

use crate::binary::{Person, Ran};

/// Makes an agent; its token.
fn create(person: &Person, words: &[&str]) -> String {
    let made = person.types([&["agent", "create"][..], words].concat());
    let token = made.succeeds().stdout.trim_end().to_owned();
    assert!(token.len() == LENGTH && token.starts_with(PREFIX));
    token
}

/// What a session over stdio answers to `list_vaults`.
fn session(person: &Person, variables: &[(&str, &str)], words: &[&str]) -> Ran {
    let hello = json!({ "jsonrpc": "2.0", "id": 1, "method": "initialize", "params": {
        "protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": { "name": "test", "version": "1" } } });
    let call = json!({ "jsonrpc": "2.0", "id": 2, "method": "tools/call", "params": { "name": "list_vaults" } });
    let input = person.writes("input", &format!("{hello}\n{call}\n"));
    let mut command = person.command([&["mcp"][..], words].concat());
    command
        .envs(variables.iter().copied())
        .stdin(fs::File::open(input).unwrap());
    person.runs(&mut command)
}

fn answer(ran: &Ran) -> Value {
    let last = ran.stdout.lines().last().expect("an answer");
    serde_json::from_str::<Value>(last).unwrap()["result"].take()
}

fn policy(person: &Person, text: &str) {
    person.writes("home/policy.toml", text);
}

#[test]
fn a_token_is_printed_once_and_kept_nowhere() {
    let person = Person::with_stripe();

    let made = person
        .types(["agent", "create", "codex", "--vault", "dev=use"])
        .succeeds();
    let again = person.types(["agent", "create", "codex"]).ends_with(1);

    let token = made.stdout.trim_end();
    assert_snapshot!(made.said(), @"hushkey: the token of codex is shown this once; it goes into the header `Authorization: Bearer …`, or into HUSHKEY_AGENT_TOKEN of `hushkey mcp`");
    assert_snapshot!(again.said(), @"hushkey: codex has a token already; `hushkey agent rotate codex` replaces it");
    for file in fs::read_dir(person.home()).unwrap() {
        let bytes = fs::read(file.unwrap().path()).unwrap();
        assert!(!bytes.windows(LENGTH).any(|it| it == token.as_bytes()));
    }
    let log = person.types(["log"]).succeeds().stdout;
    assert!(log.contains("a token for codex") && !log.contains(token));
    let shown = person.types(["policy", "show"]).succeeds().stdout;
    assert!(
        shown.contains("codex\n  files") && shown.contains("Dev  use"),
        "{shown}"
    );
}

#[test]
fn tokens_are_listed_by_how_they_begin_and_what_they_are_worth() {
    let person = Person::with_stripe();
    create(&person, &["codex"]);
    create(&person, &["ci", "--expires-in", "30d"]);
    person.types(["agent", "revoke", "codex"]).succeeds();

    let listed = person.types(["agent", "list", "--json"]).succeeds().json();
    let table = person.types(["agent", "list"]).succeeds().stdout;

    let states: Vec<_> = listed
        .as_array()
        .unwrap()
        .iter()
        .map(|it| (it["agent"].as_str().unwrap(), it["state"].as_str().unwrap()))
        .collect();
    assert_eq!(states, [("ci", "in force"), ("codex", "revoked")]);
    assert_eq!(listed[0]["token"].as_str().unwrap().len(), 8);
    assert!(table.starts_with("AGENT  TOKEN      STATE"), "{table}");
    person.types(["agent", "revoke", "codex"]).ends_with(4);
    person
        .types(["agent", "create", "x", "--expires-in", "0"])
        .ends_with(2);
}

#[test]
fn a_renamed_agent_keeps_token_and_rights() {
    let person = Person::with_stripe();
    let token = create(&person, &["codex", "--vault", "Dev=read"]);

    person
        .types(["agent", "rename", "codex", "cody"])
        .succeeds();
    person.types(["agent", "rename", "codex", "x"]).ends_with(4);
    person
        .types(["agent", "rename", "cody", "default"])
        .ends_with(2);

    let ran = session(&person, &[("HUSHKEY_AGENT_TOKEN", &token)], &[]).succeeds();
    assert_eq!(answer(&ran)["isError"], false, "{}", ran.stdout);
    let log = person.types(["log", "--agent", "cody"]).succeeds().stdout;
    assert!(log.contains("cody listed the vaults"), "{log}");
}

#[test]
fn a_name_that_the_policy_wants_proven_is_served_with_its_token_only() {
    let person = Person::with_stripe();
    let token = create(&person, &["codex"]);
    let other = create(&person, &["other"]);
    policy(
        &person,
        "[agents.codex]\nrequire_token = true\nvaults.Dev = \"use\"\n[agents.other]\n",
    );
    let file = person.writes("codex.token", &token);
    let codex = &["--agent", "codex"][..];

    let label = session(&person, &[], codex).ends_with(3);
    let proven = session(&person, &[("HUSHKEY_AGENT_TOKEN", &token)], codex).succeeds();
    let by_file = session(
        &person,
        &[],
        &["--agent-token-file", &file.display().to_string()],
    )
    .succeeds();
    let wrong = session(&person, &[("HUSHKEY_AGENT_TOKEN", &other)], codex).ends_with(3);
    let malformed = session(&person, &[("HUSHKEY_AGENT_TOKEN", "hka_canary")], codex).ends_with(2);
    person.types(["agent", "revoke", "codex"]).succeeds();
    let revoked = session(&person, &[("HUSHKEY_AGENT_TOKEN", &token)], codex).ends_with(3);

    assert_snapshot!(label.said(), @"hushkey: the policy takes the name codex only with its token: put it into HUSHKEY_AGENT_TOKEN, or name its file with --agent-token-file; `hushkey agent rotate codex` makes a new one");
    assert_snapshot!(wrong.said(), @"hushkey: the agent's token is another agent's than --agent names; drop one of the two");
    assert_snapshot!(malformed.said(), @"hushkey: what was given as the agent's token is none: it begins with `hka_` and has 63 characters");
    assert_snapshot!(revoked.said(), @"hushkey: the agent's token was revoked; `hushkey agent create` makes a new one");
    for ran in [proven, by_file] {
        assert_eq!(answer(&ran)["isError"], false, "{}", ran.stdout);
    }
}

#[test]
fn an_older_copy_of_the_tokens_is_refused() {
    let person = Person::with_stripe();
    let token = create(&person, &["codex"]);
    let copy = |from: &str, to: &str| {
        for file in ["agents.db", "agents.db-wal", "agents.db-shm"] {
            let (from, to) = (person.path(from).join(file), person.path(to).join(file));
            let _ = fs::create_dir_all(to.parent().unwrap());
            let _ = fs::remove_file(&to);
            let _ = fs::copy(from, to);
        }
    };
    copy("home", "kept");
    person.types(["agent", "revoke", "codex"]).succeeds();

    copy("kept", "home");

    let ran = session(&person, &[("HUSHKEY_AGENT_TOKEN", &token)], &[]).ends_with(5);
    assert!(ran.stderr.contains("an older copy"), "{}", ran.stderr);
}

#[test]
fn an_agents_program_does_not_get_its_token() {
    let person = Person::with_stripe();
    let token = create(&person, &["codex", "--vault", "Dev=use"]);
    person
        .types([
            "agent",
            "allow",
            "codex",
            "--command",
            "**",
            "--secrets",
            "op://Dev/**",
        ])
        .succeeds();
    let mut server = person
        .command(["mcp"])
        .env("HUSHKEY_AGENT_TOKEN", &token)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut input = server.stdin.take().unwrap();
    let mut lines = BufReader::new(server.stdout.take().unwrap()).lines();
    let mut ask = |method: &str, params: Value| -> String {
        let message = json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": params });
        writeln!(input, "{message}").unwrap();
        lines.next().unwrap().unwrap()
    };
    ask(
        "initialize",
        json!({ "protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": { "name": "test", "version": "1" } }),
    );

    let script = format!("env; echo {token}; printf %s {token} | base64 -w0");
    let answer = ask(
        "tools/call",
        json!({ "name": "run_command", "arguments": {
            "command": ["sh", "-c", script], "env": { "K": "op://Dev/Stripe/password" } } }),
    );

    drop(input);
    server.wait().unwrap();
    assert!(answer.contains("PATH="), "the control: {answer}");
    assert!(!answer.contains("HUSHKEY_AGENT_TOKEN"), "{answer}");
    assert!(!answer.contains(&token), "{answer}");
    let marks = answer.matches("<concealed:an agent's token>").count();
    assert!(marks >= 2, "{answer}");
}

#[test]
fn a_token_that_is_revoked_in_the_middle_of_a_session_proves_nothing_any_more() {
    let person = Person::with_stripe();
    let token = create(&person, &["codex"]);
    policy(
        &person,
        "[agents.codex]\nrequire_token = true\nvaults.Dev = \"use\"\n",
    );
    let mut server = person
        .command(["mcp"])
        .env("HUSHKEY_AGENT_TOKEN", &token)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut input = server.stdin.take().unwrap();
    let mut lines = BufReader::new(server.stdout.take().unwrap()).lines();
    let mut lists = || -> Value {
        let meta = json!({
            "io.modelcontextprotocol/protocolVersion": "2026-07-28",
            "io.modelcontextprotocol/clientCapabilities": {},
        });
        let params = json!({ "name": "list_vaults", "arguments": {}, "_meta": meta });
        let message =
            json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params });
        writeln!(input, "{message}").unwrap();
        let answer = lines.next().unwrap().unwrap();
        serde_json::from_str::<Value>(&answer).unwrap()["result"].take()
    };

    let before = lists();
    person.types(["agent", "revoke", "codex"]).succeeds();
    let after = lists();

    drop(input);
    server.wait().unwrap();
    assert_eq!(before["structuredContent"]["vaults"][0]["name"], "Dev");
    let seen = after["structuredContent"]["vaults"].as_array();
    assert!(seen.is_none_or(Vec::is_empty), "{after}");
    let log = person.types(["log", "--agent", "codex"]).succeeds().stdout;
    assert!(log.contains("refused") || log.contains("denied"), "{log}");
}
