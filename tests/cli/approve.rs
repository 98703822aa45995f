//! `hushkey approve`, with an agent at the other end that waits: what is shown, decided, remembered and granted.

use std::{
    io::{BufRead, BufReader, Write},
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
    time::Duration,
};

use insta::assert_snapshot;
use serde_json::{Value, json};

use crate::{
    binary::{Person, Ran},
    typed::Terminal,
};

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
pub struct Agent {
    server: Child,
    input: ChildStdin,
    lines: std::io::Lines<BufReader<ChildStdout>>,
}

impl Agent {
    pub fn of(person: &Person) -> Self {
        Self::with(&mut person.command(["mcp"]))
    }

    fn with(command: &mut Command) -> Self {
        Self::saying(command, Stdio::null())
    }

    fn saying(command: &mut Command, log: Stdio) -> Self {
        let mut server = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(log)
            .spawn()
            .unwrap();
        Self {
            input: server.stdin.take().unwrap(),
            lines: BufReader::new(server.stdout.take().unwrap()).lines(),
            server,
        }
    }

    pub fn begins(&mut self, tool: &str, arguments: &Value) {
        let message = json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {
            "name": tool, "arguments": arguments,
            "_meta": { "io.modelcontextprotocol/protocolVersion": "2026-07-28", "io.modelcontextprotocol/clientCapabilities": {} },
        } });
        writeln!(self.input, "{message}").unwrap();
    }

    pub fn answer(&mut self) -> Value {
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

pub fn person() -> Person {
    let person = Person::with_stripe();
    person.writes("home/policy.toml", POLICY);
    person
}

pub fn touch() -> Value {
    json!({ "command": ["touch", "ran"], "env": { "K": "op://Dev/Stripe/password" }, "reason": "to see" })
}

/// The first thing that waits, as `--json` lists it.
pub fn waiting(person: &Person) -> Value {
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
        log.contains("asked for its owner's leave that it may run `cp 'a b'`"),
        "{log}"
    );
}

#[test]
fn a_command_that_an_agent_asked_for_is_allowed_once_and_listed_until_it_is_used() {
    let person = person();
    person.writes("a", "text");
    let mut agent = Agent::of(&person);
    let run = json!({ "command": ["cp", "a", "b"], "env": { "K": "op://Dev/Stripe/password" } });
    let ask = json!({ "command": ["cp", "a", "b"], "references": ["op://Dev/Stripe/password"], "reason": "tests" });
    agent.begins("request_access", &ask);
    agent.answer();
    let code = waiting(&person)["code"].as_str().unwrap().to_owned();

    let allowed = person
        .types(["approve", &code, "--once", "--yes"])
        .succeeds();

    assert_snapshot!(without(&code, &allowed), @r#"
             agent  default
          asks for  may run `cp a b` with op://Dev/Stripe/password
              with  op://Dev/Stripe/password
        its reason  tests
         as a rule  [[agents.default.commands]]
                    run = ["cp", "a", "b"]
                    secrets = ["op://Dev/Stripe/password"]
              once  one run of `cp a b` (/usr/bin/cp) with exactly these references, within a day
    Allowed once; `hushkey approve --remembered` lists it until it is used.
    "#);
    let listed = person.types(["approve", "--remembered", "--json"]);
    let listed = listed.succeeds().json();
    assert_eq!(listed[0]["code"], code);
    let what = listed[0]["what"].as_str().unwrap();
    assert!(
        what.starts_with("may run `cp a b` with op://Dev/Stripe/password once, until "),
        "{what}"
    );
    agent.begins("run_command", &run);
    assert_eq!(agent.answer()["structuredContent"]["ok"], true);
    agent.begins("run_command", &run);
    assert_eq!(agent.answer()["isError"], true);
    let listed = person.types(["approve", "--remembered", "--json"]);
    assert_eq!(listed.succeeds().json(), json!([]));
    let log = person.types(["log"]).succeeds().stdout;
    for part in [
        "(terminal) allowed default that it may run `cp a b` with op://Dev/Stripe/password: once, until ",
        &format!("in a terminal, once ({code})"),
    ] {
        assert!(log.contains(part), "{part}: {log}");
    }

    agent.begins("request_access", &ask);
    agent.answer();
    let code = waiting(&person)["code"].as_str().unwrap().to_owned();
    person
        .types(["approve", &code, "--once", "--yes", "--json"])
        .succeeds();
    person.types(["approve", "--revoke", &code]).succeeds();
    agent.begins("run_command", &run);
    assert_eq!(agent.answer()["isError"], true);
}

#[test]
fn a_rule_that_is_not_enough_by_itself_is_granted_with_what_is_missing() {
    let person = person();
    person.writes("home/policy.toml", "path = [\"/usr/bin\", \"/bin\"]\n");
    let mut agent = Agent::of(&person);
    let ask = json!({ "command": ["cp", "a", "b"], "references": ["op://Dev/Stripe/password"], "reason": "tests" });
    agent.begins("request_access", &ask);
    agent.answer();
    let code = waiting(&person)["code"].as_str().unwrap().to_owned();

    let granted = person.types(["approve", &code, "--yes"]).succeeds();

    assert_snapshot!(granted.said(), @"hushkey: it is refused still, for it may not use the vault; `hushkey agent allow default --vault 'Dev=use'` allows that");
}

/// Waits until an agent's call is before its owner; the code.
fn asked(person: &Person, agent: &mut Agent, tool: &str, arguments: &Value) -> String {
    agent.begins(tool, arguments);
    waiting(person)["code"].as_str().unwrap().to_owned()
}

#[test]
fn on_a_terminal_yes_is_yes_and_anything_else_is_no() {
    let person = person();
    let mut agent = Agent::of(&person);
    for (typed, allowed) in [("y\n", true), ("\n", false), ("yep\n", false)] {
        let mkdir = json!({ "command": ["mkdir", format!("made-{allowed}")] });
        let code = asked(&person, &mut agent, "run_command", &mkdir);
        let Some(mut terminal) = Terminal::open(&person, &["approve", &code]) else {
            return;
        };

        terminal.answers("Allow it? [y/N] ", typed);

        let (status, screen) = terminal.ends();
        assert_eq!(status, 0, "{screen}");
        assert!(screen.contains("/usr/bin/mkdir"), "{screen}");
        let answer = agent.answer();
        assert_eq!(answer["isError"] != true, allowed, "{typed:?}: {answer}");
    }
    assert!(person.path("made-true").exists() && !person.path("made-false").exists());
}

#[test]
fn whoever_leaves_the_terminal_without_an_answer_has_decided_nothing() {
    let person = person();
    let mut agent = Agent::of(&person);
    let mkdir = json!({ "command": ["mkdir", "made"] });
    let code = asked(&person, &mut agent, "run_command", &mkdir);

    for (leaves, ends_with) in [("\u{4}", 3), ("\u{3}", 130)] {
        let Some(mut terminal) = Terminal::open(&person, &["approve", &code]) else {
            return;
        };
        terminal.answers("Allow it? [y/N] ", leaves);
        let (status, screen) = terminal.ends();

        assert_eq!(status, ends_with, "{leaves:?}: {screen}");
        assert_eq!(waiting(&person)["code"], code, "it waits still");
    }
    person.types(["approve", &code, "--yes"]).succeeds();
    assert_eq!(agent.answer()["structuredContent"]["ok"], true);
}

#[test]
fn a_value_that_an_agent_asked_for_is_typed_unseen_under_its_code() {
    let person = person();
    let mut agent = Agent::of(&person);
    let item = json!({ "vault": "Dev", "title": "Portal", "fields": [{ "label": "secret key", "ask": true }] });
    let code = asked(&person, &mut agent, "create_item", &item);
    agent.answer();

    // Called off in the middle: it can be typed still.
    let Some(mut terminal) = Terminal::open(&person, &["approve", &code]) else {
        return;
    };
    terminal.answers("secret key: ", "canary-7Q2\u{3}");
    let (status, screen) = terminal.ends();
    assert_eq!(status, 3, "{screen}");
    assert!(!screen.contains("canary-7Q2"), "{screen}");
    assert_eq!(waiting(&person)["code"], code);
    let mut terminal = Terminal::open(&person, &["approve", &code]).unwrap();
    terminal.answers("secret key: ", "canary-7Q2-typed\n");
    terminal.answers("once more: ", "canary-7Q2-typed\n");
    let (status, screen) = terminal.ends();

    assert_eq!(status, 0, "{screen}");
    assert!(screen.contains("Dev/Portal/secret key"), "{screen}");
    assert!(screen.contains("Set; the agent is told that"), "{screen}");
    assert!(!screen.contains("canary-7Q2"), "{screen}");
    agent.begins("get_item", &json!({ "item": "Portal" }));
    assert_eq!(
        agent.answer()["structuredContent"]["fields"][0]["set"],
        true
    );
    let read = person.types(["read", "-n", "op://Dev/Portal/secret key"]);
    assert_eq!(read.succeeds().stdout, "canary-7Q2-typed");
}

#[test]
fn on_a_terminal_the_passphrase_is_typed_unseen_and_a_wrong_one_decides_nothing() {
    let person = person();
    person.writes("pass", "canary correct horse battery\n");
    let set = ["passphrase", "set", "--passphrase-file", "pass"];
    person.types(set).succeeds();
    person
        .types(["unlock", "--passphrase-file", "pass"])
        .succeeds();
    let mut agent = Agent::of(&person);
    let mkdir = json!({ "command": ["mkdir", "made"] });
    let code = asked(&person, &mut agent, "run_command", &mkdir);

    for (typed, ends_with) in [
        ("canary another\n", 5),
        ("canary corr\u{3}", 3),
        ("canary correct horse battery\n", 0),
    ] {
        let Some(mut terminal) = Terminal::open(&person, &["approve", &code]) else {
            return;
        };
        assert!(!person.path("made").exists());
        terminal.answers("Allow it? [y/N] ", "y\n");
        terminal.answers("Passphrase: ", typed);
        let (status, screen) = terminal.ends();

        assert_eq!(status, ends_with, "{screen}");
        assert!(!screen.contains("canary"), "{screen}");
    }
    assert_eq!(agent.answer()["structuredContent"]["ok"], true);
    person.types(["lock"]).succeeds();
}

#[test]
fn on_a_terminal_a_right_is_given_once_as_a_rule_or_never() {
    let person = person();
    person.writes("a", "text");
    let mut agent = Agent::of(&person);
    let wanted = |to: &str| json!({ "command": ["cp", "a", to], "reason": "tests" });
    for (answer, said) in [
        ("o\n", "Allowed once"),
        ("r\n", "Granted"),
        ("v\n", "not shown again"),
        ("\n", "Denied."),
        ("n\n", "Denied."),
    ] {
        agent.begins("request_access", &wanted(answer.trim()));
        agent.answer();
        let code = waiting(&person)["code"].as_str().unwrap().to_owned();
        let Some(mut terminal) = Terminal::open(&person, &["approve", &code]) else {
            return;
        };

        terminal.answers("N = no: ", answer);

        let (status, screen) = terminal.ends();
        assert_eq!(status, 0, "{screen}");
        assert!(screen.contains(said), "{answer:?}: {screen}");
    }
    let mut runs = |to: &str| {
        agent.begins("run_command", &json!({ "command": ["cp", "a", to] }));
        agent.answer()["structuredContent"]["ok"] == true
    };
    assert_eq!((runs("o"), runs("o")), (true, false));
    assert_eq!((runs("r"), runs("r")), (true, true));
    assert!(!runs("v") && !runs("n"));
}

#[test]
fn a_notice_on_the_desktop_tells_who_waits_and_the_code_and_nothing_else() {
    let person = person();
    std::fs::create_dir(person.path("bin")).unwrap();
    let notifier = person.writes(
        "bin/notify-send",
        "#!/bin/sh\n{ for word; do echo \"word $word\"; done; env; } > told.part && mv told.part told\n",
    );
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o700);
    std::fs::set_permissions(&notifier, mode).unwrap();
    let mut command = person.command(["mcp"]);
    command
        .env(
            "PATH",
            format!("{}:/usr/bin:/bin", person.path("bin").display()),
        )
        .env("DISPLAY", ":99")
        .env("SERVICE_TOKEN", "canary-of-the-environment");
    let mut agent = Agent::with(&mut command);
    let mut run = touch();
    run["command"] = json!(["touch", "\u{1b}[2Jcanary-argument\u{202e}"]);
    run["reason"] = json!("canary-reason");

    agent.begins("run_command", &run);
    let code = waiting(&person)["code"].as_str().unwrap().to_owned();

    let told = (0..500).find_map(|_| {
        std::thread::sleep(std::time::Duration::from_millis(20));
        std::fs::read_to_string(person.path("told")).ok()
    });
    let told = told.expect("a notice");
    let words: Vec<_> = told.lines().filter(|it| it.starts_with("word ")).collect();
    let text = format!("word default waits for your leave: hushkey approve {code}");
    assert_eq!(
        words,
        ["word --app-name=hushkey", "word --", "word hushkey", &text]
    );
    assert!(told.contains("DISPLAY=:99"), "{told}");
    assert!(!told.contains("canary"), "{told}");
    assert!(!told.contains(['\u{1b}', '\u{202e}']), "{told:?}");
    person.types(["approve", &code, "--deny"]).succeeds();
    agent.answer();
}

#[test]
fn where_no_notice_can_be_shown_nothing_is_said_of_it() {
    let person = person();
    // A desktop without a notifier, and a notifier that somebody else could have put there.
    std::fs::create_dir(person.path("open")).unwrap();
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o777);
    std::fs::set_permissions(person.path("open"), mode).unwrap();
    let planted = person.writes("open/notify-send", "#!/bin/sh\ntouch planted\n");
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    std::fs::set_permissions(planted, mode).unwrap();
    let said = std::fs::File::create(person.path("said")).unwrap();
    let mut command = person.command(["mcp"]);
    command
        .env("PATH", person.path("open"))
        .env("DISPLAY", ":99");
    let mut agent = Agent::saying(&mut command, Stdio::from(said));

    let code = asked(&person, &mut agent, "run_command", &touch());
    person.types(["approve", &code, "--deny"]).succeeds();
    assert_eq!(agent.answer()["isError"], true);

    assert_eq!(std::fs::read_to_string(person.path("said")).unwrap(), "");
    assert!(!person.path("planted").exists());
}
