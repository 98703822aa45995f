//! `hushkey approve`, with an agent at the other end that waits: what is shown, decided, remembered and granted.

use std::{
    io::{BufRead, BufReader, Write},
    process::{Child, ChildStdin, ChildStdout, Stdio},
    time::Duration,
};

use insta::assert_snapshot;
use serde_json::{Value, json};

use crate::binary::{Person, Ran};

const POLICY: &str = r#"
path = ["/usr/bin", "/bin"]
[agents.default.vaults]
Dev = "full"
[[agents.default.commands]]
run = "touch *"
secrets = ["op://Dev/**"]
approve = "once"
[[agents.default.commands]]
run = "mkdir *"
approve = "always"
"#;

/// An agent of `hushkey mcp` whose client can show no dialogue.
struct Agent {
    server: Child,
    input: ChildStdin,
    lines: std::io::Lines<BufReader<ChildStdout>>,
}

impl Agent {
    fn of(person: &Person) -> Self {
        let mut server = person
            .command(["mcp"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        Self {
            input: server.stdin.take().unwrap(),
            lines: BufReader::new(server.stdout.take().unwrap()).lines(),
            server,
        }
    }

    fn begins(&mut self, tool: &str, arguments: &Value) {
        let message = json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {
            "name": tool, "arguments": arguments,
            "_meta": { "io.modelcontextprotocol/protocolVersion": "2026-07-28", "io.modelcontextprotocol/clientCapabilities": {} },
        } });
        writeln!(self.input, "{message}").unwrap();
    }

    fn answer(&mut self) -> Value {
        let line = self.lines.next().unwrap().unwrap();
        assert!(!line.contains("canary"), "{line}");
        serde_json::from_str::<Value>(&line).unwrap()["result"].clone()
    }
}

impl Drop for Agent {
    fn drop(&mut self) {
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}

fn person() -> Person {
    let person = Person::with_stripe();
    person.writes("home/policy.toml", POLICY);
    person
}

fn touch() -> Value {
    json!({ "command": ["touch", "ran"], "env": { "K": "op://Dev/Stripe/password" }, "reason": "to see" })
}

/// The first thing that waits, as `--json` lists it.
fn waiting(person: &Person) -> Value {
    for _ in 0..500 {
        let listed = person.types(["approve", "--json"]).succeeds().json();
        if let Some(first) = listed.get(0) {
            return first.clone();
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    panic!("nothing waits");
}

fn without(code: &str, ran: &Ran) -> String {
    ran.shown().replace(code, "[code]")
}

#[test]
fn what_waits_is_listed_shown_in_full_and_runs_after_a_yes_that_is_remembered() {
    let person = person();
    let mut agent = Agent::of(&person);
    agent.begins("run_command", &touch());
    let first = waiting(&person);
    let code = first["code"].as_str().unwrap();
    assert_eq!(
        (&first["kind"], &first["agent"]),
        (&json!("run"), &json!("default"))
    );
    let listed = person.types(["approve"]).succeeds();
    assert!(listed.stdout.contains(code), "{}", listed.stdout);
    assert!(!person.path("ran").exists());

    let allowed = person.types(["approve", code, "--yes"]).succeeds();

    let shown = without(code, &allowed);
    let shown = shown.replace(
        person.path("").canonicalize().unwrap().to_str().unwrap(),
        "[dir]",
    );
    assert_snapshot!(shown, @"
             agent  default
      wants to run  touch ran
           program  /usr/bin/touch
                in  [dir]
              gets  op://Dev/Stripe/password as variable K
        agent sees  its output: full
       by the rule  touch *
        its reason  to see
      a yes allows  every run of `touch *` with the same reference; --once allows this run only
    Allowed, and so from now on; `hushkey approve --remembered` lists it.
    ");
    assert_eq!(agent.answer()["structuredContent"]["ok"], true);
    assert!(person.path("ran").exists());
    let remembered = person
        .types(["approve", "--remembered", "--json"])
        .succeeds()
        .json();
    assert_eq!(
        remembered[0]["what"],
        "may run `touch *` with op://Dev/Stripe/password"
    );
    let mut again = touch();
    again["command"] = json!(["touch", "again"]);
    agent.begins("run_command", &again);
    assert_eq!(agent.answer()["structuredContent"]["ok"], true);
    let grant = remembered[0]["code"].as_str().unwrap();
    person.types(["approve", "--revoke", grant]).succeeds();
    person.types(["approve", "--revoke", grant]).ends_with(4);
    agent.begins("run_command", &again);
    let code = waiting(&person)["code"].as_str().unwrap().to_owned();
    person.types(["approve", &code, "--deny"]).succeeds();
    assert_eq!(agent.answer()["isError"], true);
    let log = person.types(["log"]).succeeds().stdout;
    for part in [
        "(terminal) allowed default running `touch`",
        "and so from now on",
        "did not allow default running",
        "remembered as",
    ] {
        assert!(log.contains(part), "{part}: {log}");
    }
}

#[test]
fn a_code_that_is_wrong_used_or_unknown_decides_nothing() {
    let person = person();
    let mut agent = Agent::of(&person);
    agent.begins("run_command", &json!({ "command": ["mkdir", "made"] }));
    let code = waiting(&person)["code"].as_str().unwrap().to_owned();

    assert_snapshot!(person.types(["approve", "K7"]).ends_with(2).said(), @"hushkey: a code has eight letters and digits, as KXQ4-7MAB; `hushkey approve` lists them");
    assert_snapshot!(person.types(["approve", "KXQ4-7MAB", "--yes"]).ends_with(4).said(), @"hushkey: nothing waits under this code; `hushkey approve` lists what does");
    assert_snapshot!(person.types(["approve", &code, "--yes", "--remember"]).ends_with(2).said(), @r#"hushkey: this can't be remembered: only runs of rules with `approve = "once"` are"#);
    assert_snapshot!(person.types(["approve", &code]).ends_with(2).said(), @"hushkey: there is no terminal to ask you on; say --yes or --deny");
    assert!(!person.path("made").exists());
    person
        .types(["approve", &code.to_lowercase().replace('-', ""), "--yes"])
        .succeeds();
    assert_eq!(agent.answer()["structuredContent"]["ok"], true);
    assert_snapshot!(person.types(["approve", &code, "--yes"]).ends_with(4).said(), @"hushkey: this was decided already, or nobody waits for it any more");
}

#[test]
fn where_the_store_has_a_passphrase_a_yes_needs_it() {
    let person = person();
    person.writes("pass", "canary correct horse battery\n");
    person.writes("wrong", "canary another horse battery\n");
    person
        .types(["passphrase", "set", "--passphrase-file", "pass"])
        .succeeds();
    person
        .types(["unlock", "--passphrase-file", "pass"])
        .succeeds();
    let mut agent = Agent::of(&person);
    agent.begins("run_command", &json!({ "command": ["mkdir", "made"] }));
    let code = waiting(&person)["code"].as_str().unwrap().to_owned();

    person.types(["approve", &code, "--yes"]).ends_with(2);
    let wrong = person
        .types(["approve", &code, "--yes", "--passphrase-file", "wrong"])
        .ends_with(5);
    assert!(
        wrong.stderr.contains("that is not the passphrase"),
        "{}",
        wrong.stderr
    );
    assert!(!person.path("made").exists());
    person
        .types(["approve", &code, "--yes", "--passphrase-file", "pass"])
        .succeeds();

    assert_eq!(agent.answer()["structuredContent"]["ok"], true);
    person.types(["lock"]).succeeds();
}

#[test]
fn a_right_that_an_agent_asked_for_is_granted_as_a_rule_or_never() {
    let person = person();
    let mut agent = Agent::of(&person);
    let wanted = |command: &str| json!({ "command": [command, "a b"], "references": ["op://Dev/Stripe/password"], "reason": "tests" });
    agent.begins("request_access", &wanted("cp"));
    assert_eq!(agent.answer()["structuredContent"]["asked"], true);
    let code = waiting(&person)["code"].as_str().unwrap().to_owned();

    person.types(["approve", &code, "--yes"]).succeeds();

    let policy = std::fs::read_to_string(person.home().join("policy.toml")).unwrap();
    assert!(policy.contains(r#"run = ["cp", "a b"]"#), "{policy}");
    assert!(
        policy.contains("approve = \"once\""),
        "what was there stays: {policy}"
    );
    agent.begins("request_access", &wanted("mv"));
    agent.answer();
    let code = waiting(&person)["code"].as_str().unwrap().to_owned();
    person.types(["approve", &code, "--never"]).succeeds();
    agent.begins("request_access", &wanted("mv"));
    assert_eq!(agent.answer()["structuredContent"]["asked"], true);
    assert_eq!(
        person.types(["approve", "--json"]).succeeds().json(),
        json!([])
    );
    let log = person.types(["log"]).succeeds().stdout;
    assert!(
        log.contains("waits for a person's leave for asking that it may run `cp 'a b'`"),
        "{log}"
    );
}
