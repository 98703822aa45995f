//! Policy, rights, log, doctor, and an agent's session over real pipes.

use std::{
    fs,
    io::{BufRead, BufReader, Write},
    process::Stdio,
    time::{Duration, Instant},
};

use insta::assert_snapshot;
use serde_json::{Value, json};

use crate::binary::Person;

#[test]
fn rights_are_added_to_the_policy_once_and_on_record() {
    let person = Person::with_stripe();
    let words = [
        "agent",
        "allow",
        "codex",
        "--vault",
        "dev=use",
        "--command",
        "psql --file *",
        "--secrets",
        "op://Dev/Stripe/*",
    ];

    let first = person.types(words).succeeds();
    let again = person.types(words).succeeds();

    assert_snapshot!(first.shown(), @"
    codex now has: use in vault Dev, run `psql --file *` with op://Dev/Stripe/*
    in [dir]/home/policy.toml; `hushkey policy check` tells what deserves a look
    ");
    assert_snapshot!(again.shown(), @"codex has that already: use in vault Dev, run `psql --file *` with op://Dev/Stripe/*");
    let shown = person.types(["policy", "show"]).succeeds().stdout;
    let (path, agents) = shown.split_once("\n\n").unwrap();
    assert!(path.starts_with("programs are looked up in /"), "{path}");
    assert_snapshot!(agents, @"
    codex
      files     where it was started, or beneath
      vaults    Dev  use: metadata, use
      commands  1. psql --file * with op://Dev/Stripe/*; output full

    default
      files     where it was started, or beneath
      vaults    Dev  write: metadata, use, create, update
      commands  1. ** with op://Dev/**; may set *; output full
    ");
    let policy = fs::read_to_string(person.home().join("policy.toml")).unwrap();
    assert!(
        policy.starts_with("# Who may do what"),
        "comments stay: {policy}"
    );
    let log = person.types(["log", "--json"]).succeeds().json();
    let changes = log
        .as_array()
        .unwrap()
        .iter()
        .filter(|entry| entry["action"] == "manage_access")
        .count();
    assert_eq!(changes, 2, "one change: allowed and done");
}

#[test]
fn a_policy_is_checked_and_its_mistakes_are_placed() {
    let person = Person::with_stripe();

    let wide = person.types(["policy", "check"]).succeeds();
    person.writes(
        "home/policy.toml",
        "[agents.codex.vaults]\nDev = \"everything\"\n",
    );
    let broken = person.types(["policy", "check"]).ends_with(1);
    let useless = person.types(["item", "list"]).ends_with(5);

    assert_snapshot!(wide.shown(), @"
    look: line 21: any program may have `op://Dev/**`; that includes shells, which can send them anywhere
    [dir]/home/policy.toml is well-formed; one thing in it deserves a look
    ");
    assert_snapshot!(broken.said(), @"hushkey: [dir]/home/policy.toml: line 2, column 7: unknown level `everything`; known are off, read, use, write, full");
    assert_eq!(useless.said(), broken.said());
}

#[test]
fn a_decision_is_explained_rule_by_rule() {
    let person = Person::with_stripe();
    person.writes(
        "home/policy.toml",
        r#"
        path = ["/usr/bin", "/bin"]
        [agents.codex.vaults]
        Dev = "use"
        [[agents.codex.commands]]
        run = "env -i *"
        secrets = ["op://Dev/Stripe/*"]
        [groups.builders]
        members = ["codex"]
        [[groups.builders.commands]]
        run = "env"
        secrets = ["op://Dev/Other/*"]
        [[groups.builders.commands]]
        run = "env"
        secrets = ["op://Dev/**"]
        timeout_seconds = 30
        [[groups.builders.commands]]
        run = "env **"
        secrets = ["op://Dev/**"]
        "#,
    );
    let explain = |more: &[&str]| {
        let words = ["policy", "explain", "--agent"];
        person.types([&words[..], more].concat())
    };
    let reference = "op://Dev/Stripe/password";

    let allowed = explain(&["codex", "--command", "env", "--ref", reference]).succeeds();
    let denied = explain(&["codex", "--command", "sh -c env", "--ref", reference]).succeeds();
    let stranger = explain(&["nobody", "--command", "env", "--ref", reference]).succeeds();
    let json = explain(&["codex", "--command", "env -i x", "--json"])
        .succeeds()
        .json();

    assert_snapshot!(allowed.shown(), @"
    allowed: output full, at most 30 s
      rights in Dev: use
      rule 1 (line 5) `env -i *` does not match: it takes 2 arguments, and here are 0
      rule 2 (line 10, group builders) `env` does not match: op://Dev/Stripe/password is not among its secrets
      rule 3 (line 13, group builders) `env` decides
      rule 4 (line 17, group builders) `env **` would match, but rule 3 comes first
    ");
    assert_snapshot!(denied.shown(), @"
    denied: no rule has this command with these references
      rights in Dev: use
      rule 1 (line 5) `env -i *` does not match: its program is /usr/bin/env
      rule 2 (line 10, group builders) `env` does not match: its program is /usr/bin/env; op://Dev/Stripe/password is not among its secrets
      rule 3 (line 13, group builders) `env` does not match: its program is /usr/bin/env
      rule 4 (line 17, group builders) `env **` does not match: its program is /usr/bin/env
    what would allow it: hushkey agent allow codex --command '/usr/bin/sh * *' --secrets op://Dev/Stripe/password
    ");
    assert_snapshot!(stranger.shown(), @"
    denied: the policy does not name it
      rights in Dev: off
      without `use` in Dev, no rule is asked
      no rule is there for this agent
    what would allow it: hushkey agent allow nobody --vault 'Dev=use' && hushkey agent allow nobody --command /usr/bin/env --secrets op://Dev/Stripe/password
    ");
    assert_eq!(json["rules"][0]["decides"], true, "{json}");
    explain(&["codex", "--command", "no-such-program"]).ends_with(1);
    explain(&["codex", "--command", "env", "--ref", "op://Dev/Gone/x"]).ends_with(4);
    person
        .types_with(
            &[("CLAUDECODE", "1")],
            ["policy", "explain", "--agent", "codex", "--command", "env"],
        )
        .ends_with(3);
}

#[test]
fn the_log_is_followed_and_does_not_feed_itself() {
    let person = Person::with_stripe();
    let mut following = person
        .command(["log", "--follow", "--json", "-n", "1"])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(following.stdout.take().unwrap()).lines();
    let first: Value = serde_json::from_str(&lines.next().unwrap().unwrap()).unwrap();

    person
        .types(["read", "op://Dev/Stripe/username"])
        .succeeds();

    let next: Value = serde_json::from_str(&lines.next().unwrap().unwrap()).unwrap();
    following.kill().unwrap();
    following.wait().unwrap();
    assert_eq!(
        next["seq"].as_u64(),
        first["seq"].as_u64().map(|seq| seq + 1)
    );
    assert_eq!(next["action"], "reveal");
}

#[test]
fn an_agent_uses_a_secret_over_real_pipes() {
    let person = Person::with_stripe();
    let mut server = person
        .command(["mcp"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut input = server.stdin.take().unwrap();
    let mut lines = BufReader::new(server.stdout.take().unwrap()).lines();
    let mut ask = |id: u32, method: &str, params: Value| -> Value {
        let message = json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params });
        writeln!(input, "{message}").unwrap();
        let line = lines.next().unwrap().unwrap();
        assert!(!line.contains("canary"), "{line}");
        serde_json::from_str(&line).unwrap()
    };

    let hello = ask(
        1,
        "initialize",
        json!({
            "protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": { "name": "test", "version": "1" },
        }),
    );
    let answer = ask(
        2,
        "tools/call",
        json!({ "name": "run_command", "arguments": {
            "command": ["sh", "-c", "echo got $K"], "env": { "K": "op://Dev/Stripe/password" },
        }}),
    );
    drop(input);

    assert_eq!(hello["result"]["protocolVersion"], "2025-06-18");
    let structured = &answer["result"]["structuredContent"];
    assert_eq!(
        structured["stdout"], "got <concealed:op://Dev/Stripe/password>\n",
        "{answer}"
    );
    let begun = Instant::now();
    assert!(server.wait().unwrap().success());
    assert!(begun.elapsed() < Duration::from_secs(10));
}

#[test]
fn an_unknown_agent_is_served_and_denied() {
    let person = Person::with_stripe();
    let messages = [
        json!({ "jsonrpc": "2.0", "id": 1, "method": "initialize", "params": {
            "protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": { "name": "test", "version": "1" } } }),
        json!({ "jsonrpc": "2.0", "method": "notifications/initialized" }),
        json!({ "jsonrpc": "2.0", "id": 2, "method": "tools/call", "params": { "name": "get_item", "arguments": { "item": "Stripe" } } }),
    ];
    let input: String = messages
        .iter()
        .map(|message| format!("{message}\n"))
        .collect();

    let ran = person
        .feeds(&input, ["mcp", "--agent", "stranger"])
        .succeeds();

    let answer: Value = serde_json::from_str(ran.stdout.lines().last().unwrap()).unwrap();
    assert_eq!(answer["result"]["isError"], true, "{answer}");
    assert!(!ran.stdout.contains("ops"), "{}", ran.stdout);
}
