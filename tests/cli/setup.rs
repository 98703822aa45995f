//! Clients are told of hushkey in their own settings.

use std::{
    fs,
    io::{BufRead, BufReader, Write},
    path::Path,
    process::{Command, Stdio},
};

use serde_json::Value;

use crate::binary::{PATH, Person};

/// A search path on which no client lies that is installed on this machine.
const NOWHERE: [(&str, &str); 1] = [("PATH", "/nowhere")];

/// The program and the arguments that a client finds in its settings.
fn entry(person: &Person, file: &str) -> (String, Vec<String>) {
    let settings: Value =
        serde_json::from_str(&fs::read_to_string(person.path(file)).unwrap()).unwrap();
    let entry = &settings["mcpServers"]["hushkey"];
    let words = entry["args"].as_array().unwrap().iter();
    (
        entry["command"].as_str().unwrap().to_owned(),
        words
            .map(|word| word.as_str().unwrap().to_owned())
            .collect(),
    )
}

#[test]
fn a_client_is_told_once_and_what_was_there_comes_back() {
    let person = Person::with_stripe();
    let before = "{\n  // mine\n  \"theme\": \"dark\",\n}\n";
    fs::create_dir(person.path(".gemini")).unwrap();
    person.writes(".gemini/settings.json", before);

    let first = person.types(["setup", "gemini"]).succeeds();
    let second = person.types(["setup", "gemini"]).succeeds();
    let written = fs::read_to_string(person.path(".gemini/settings.json")).unwrap();
    let removed = person.types(["setup", "gemini", "--remove"]).succeeds();

    assert!(
        first.stdout.starts_with("Gemini CLI: `hushkey` is in "),
        "{}",
        first.stdout
    );
    assert!(
        first.stdout.contains("  next    start `gemini` again"),
        "{}",
        first.stdout
    );
    assert!(
        second.stdout.contains("already; nothing was written"),
        "{}",
        second.stdout
    );
    assert!(
        written.contains("// mine\n  \"theme\": \"dark\",\n"),
        "{written}"
    );
    assert!(
        removed.stdout.contains("is what it was before"),
        "{}",
        removed.stdout
    );
    let after = fs::read_to_string(person.path(".gemini/settings.json")).unwrap();
    assert_eq!(after, before);
    assert_eq!(fs::read_dir(person.path(".gemini")).unwrap().count(), 1);
}

#[test]
fn what_an_entry_says_starts_a_server_from_any_directory_and_with_no_variables() {
    let person = Person::with_stripe();
    person.types(["setup", "cursor"]).succeeds();
    let (program, words) = entry(&person, ".cursor/mcp.json");
    let hello = r#"{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-06-18","capabilities":{},"clientInfo":{"name":"c","version":"1"}}}
{"jsonrpc":"2.0","method":"notifications/initialized"}
{"jsonrpc":"2.0","id":2,"method":"tools/call","params":{"name":"list_vaults","arguments":{}}}
"#;

    let mut server = Command::new(&program)
        .args(&words)
        .env_clear()
        .env("PATH", PATH)
        .current_dir("/")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut input = server.stdin.take().unwrap();
    input.write_all(hello.as_bytes()).unwrap();
    let mut lines = BufReader::new(server.stdout.take().unwrap()).lines();
    let answer = lines.find(|line| line.as_ref().unwrap().contains("\"id\":2"));

    assert!(
        answer.unwrap().unwrap().contains("Dev"),
        "the vault of the home that setup saw"
    );
    drop(input);
    assert!(server.wait().unwrap().success());
    assert!(Path::new(&program).is_absolute());
}

#[test]
fn options_and_places_come_into_the_entry_and_no_secret_does() {
    let person = Person::with_stripe();
    let secrets = [
        ("HUSHKEY_AGENT_TOKEN", "canary-token"),
        ("ANTHROPIC_API_KEY", "canary-model-key"),
        ("OP_CONNECT_TOKEN", "canary-connect"),
        ("OP_CONNECT_HOST", "http://127.0.0.1:9"),
    ];
    let words = [
        "setup",
        "cursor",
        "--agent",
        "ci",
        "--read-only",
        "--tools",
        "list_vaults,get_item",
        "--agent-token-file",
        "ci.token",
        "--backend",
        "local",
        "--json",
    ];
    person.writes("ci.token", "canary-in-file");

    let ran = person.types_with(&secrets, words).succeeds();

    let (_, arguments) = entry(&person, ".cursor/mcp.json");
    let home = person.home().display().to_string();
    let token = person.path("ci.token").display().to_string();
    assert_eq!(
        arguments,
        [
            "mcp",
            "--home",
            &home,
            "--backend",
            "local",
            "--agent",
            "ci",
            "--agent-token-file",
            &token,
            "--tools",
            "list_vaults,get_item",
            "--read-only"
        ]
    );
    let json = ran.json();
    assert_eq!(
        (&json["client"], &json["result"]),
        (&"cursor".into(), &"added".into())
    );
    let text = fs::read_to_string(person.path(".cursor/mcp.json")).unwrap();
    for place in [&text, &ran.stdout, &ran.stderr] {
        assert!(!place.contains("canary"), "{place}");
    }
}

#[test]
fn without_a_name_clients_are_listed_and_nothing_is_written() {
    let person = Person::with_stripe();
    fs::create_dir(person.path(".cursor")).unwrap();
    fs::create_dir(person.path(".codex")).unwrap();
    person.writes(".codex/config.toml", "broken = \n");

    let listed = person.types_with(&NOWHERE, ["setup"]).succeeds();
    let json = person
        .types_with(&NOWHERE, ["setup", "--json"])
        .succeeds()
        .json();

    let line = |client: &str| {
        listed
            .stdout
            .lines()
            .find(|line| line.starts_with(client))
            .unwrap()
            .to_owned()
    };
    assert!(line("cursor").contains("yes   absent"), "{}", listed.stdout);
    assert!(
        line("codex").contains("yes   unreadable"),
        "{}",
        listed.stdout
    );
    assert!(
        line("windsurf").contains("-     absent"),
        "{}",
        listed.stdout
    );
    assert!(
        listed.stderr.contains("line 1 is malformed"),
        "{}",
        listed.stderr
    );
    assert!(
        listed.stderr.contains("`hushkey setup cursor`"),
        "{}",
        listed.stderr
    );
    assert_eq!(json.as_array().unwrap().len(), 9);
    assert_eq!(fs::read_dir(person.path(".cursor")).unwrap().count(), 0);
}

#[test]
fn all_that_are_here_are_told_also_where_one_cannot_be() {
    let person = Person::with_stripe();
    for client in [".cursor", ".codex", ".gemini"] {
        fs::create_dir(person.path(client)).unwrap();
    }
    person.writes(".codex/config.toml", "broken = \n");

    let ran = person
        .types_with(&NOWHERE, ["setup", "--all", "--json"])
        .ends_with(1);

    let clients: Vec<_> = ran
        .json()
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["client"].clone())
        .collect();
    assert_eq!(clients, ["cursor", "gemini"]);
    assert!(ran.stderr.contains("config.toml"), "{}", ran.stderr);
    assert_eq!(
        fs::read_to_string(person.path(".codex/config.toml")).unwrap(),
        "broken = \n"
    );
    Person::new()
        .types_with(&NOWHERE, ["setup", "--all"])
        .ends_with(4);
}

#[test]
fn an_agents_shell_may_look_and_not_write() {
    let person = Person::with_stripe();
    fs::create_dir(person.path(".cursor")).unwrap();

    for (variable, value) in [("CLAUDECODE", "1"), ("HUSHKEY_RUN", "x")] {
        let agent = [(variable, value)];
        for words in [
            &["setup", "cursor"][..],
            &["setup", "--all"],
            &["setup", "cursor", "--remove"],
        ] {
            person.types_with(&agent, words).ends_with(3);
        }
        person.types_with(&agent, ["setup"]).succeeds();
        let shown = person
            .types_with(&agent, ["setup", "cursor", "--print"])
            .succeeds();
        assert!(shown.stdout.contains("\"mcpServers\""), "{}", shown.stdout);
    }

    assert_eq!(fs::read_dir(person.path(".cursor")).unwrap().count(), 0);
}

#[test]
fn a_project_gets_a_file_of_its_own_where_the_client_reads_one() {
    let person = Person::with_stripe();

    person
        .types(["setup", "claude-code", "--project"])
        .succeeds();
    let refused = person
        .types(["setup", "windsurf", "--project"])
        .ends_with(2);

    let (_, words) = entry(&person, ".mcp.json");
    assert_eq!(words[0], "mcp");
    assert!(!person.path(".claude.json").exists());
    assert!(
        refused.stderr.contains("leave --project away"),
        "{}",
        refused.stderr
    );
}

#[test]
fn what_comes_next_is_said_and_a_build_is_no_place_to_point_at() {
    let person = Person::with_stripe();

    let stranger = person
        .types(["setup", "codex", "--agent", "codex"])
        .succeeds();
    let known = person.types(["setup", "zed"]).succeeds();
    let nobody = person.types(["setup", "emacs"]).ends_with(2);

    assert!(
        stranger
            .stdout
            .contains("`hushkey agent allow codex --vault Dev=use`"),
        "{}",
        stranger.stdout
    );
    assert!(!known.stdout.contains("agent allow"), "{}", known.stdout);
    assert!(
        stranger.stderr.contains("may be gone tomorrow"),
        "{}",
        stranger.stderr
    );
    assert!(nobody.stderr.contains("claude-code"), "{}", nobody.stderr);
}

#[test]
fn nothing_that_a_clients_settings_hold_is_repeated() {
    let person = Person::with_stripe();
    fs::create_dir(person.path(".cursor")).unwrap();
    let held = "{\"mcpServers\": {\"canary-server\": {\"command\": \"canary\"}, \"hushkey\": {\"command\": \"/canary\", \
                \"args\": [\"canary\"], \"env\": {\"canary\": \"canary\"}}}, \"canary\": 1}";

    for words in [
        &["setup"][..],
        &["setup", "cursor", "--print"],
        &["setup", "cursor"],
        &["setup", "cursor", "--remove"],
    ] {
        for settings in [held, &held.replace("1}", "canary}")] {
            person.writes(".cursor/mcp.json", settings);
            for form in [&["--json"][..], &[]] {
                let ran = person.types([words, form].concat());
                assert!(
                    ran.stdout.len() + ran.stderr.len() > 20,
                    "the control: something is said"
                );
                for told in [&ran.stdout, &ran.stderr] {
                    assert!(!told.contains("canary"), "{words:?}: {told}");
                }
            }
        }
    }
}

#[test]
fn a_client_is_sent_to_a_server_elsewhere_with_its_token_by_a_variables_name() {
    let person = Person::with_stripe();
    let token = [("HUSHKEY_TOKEN", "canary-token")];
    let url = "http://127.0.0.1:8970/mcp";

    let ran = person
        .types_with(&token, ["setup", "claude-code", "--url", url])
        .succeeds();
    let unknown = person.types(["setup", "cursor", "--url", url]).ends_with(1);
    for bad in [
        &["--url", "http://ops:canary@127.0.0.1/mcp"][..],
        &["--url", "https://a.example/mcp?token=canary"],
        &["--url", "unix:/run/hushkey"],
        &["--url", url, "--token-variable", "hka canary"],
        &["--url", url, "--agent", "ci"],
    ] {
        person
            .types([&["setup", "codex"], bad].concat())
            .ends_with(2);
    }

    let settings = fs::read_to_string(person.path(".claude.json")).unwrap();
    assert!(
        settings.contains("\"Authorization\": \"Bearer ${HUSHKEY_TOKEN}\""),
        "{settings}"
    );
    for told in [&settings, &ran.stdout, &ran.stderr] {
        assert!(!told.contains("canary"), "{told}");
    }
    assert!(
        ran.stdout
            .contains("  next    put the agent's token into HUSHKEY_TOKEN"),
        "{}",
        ran.stdout
    );
    assert!(
        unknown.stderr.contains("no token into it"),
        "{}",
        unknown.stderr
    );
    assert!(!person.path(".cursor").exists() && !person.path(".codex").exists());
}

#[test]
fn a_bound_that_an_entry_loses_is_named() {
    let person = Person::with_stripe();
    person
        .types(["setup", "cursor", "--read-only", "--agent", "canary"])
        .succeeds();

    let shown = person.types(["setup", "cursor"]).succeeds();
    let again = person
        .types(["setup", "cursor", "--json"])
        .succeeds()
        .json();

    assert!(
        shown
            .stdout
            .contains("  gone    --agent, --read-only: type it again"),
        "{}",
        shown.stdout
    );
    assert!(!shown.stdout.contains("canary"), "{}", shown.stdout);
    assert_eq!(
        (&again["result"], &again["dropped"]),
        (&"already_there".into(), &Value::Null)
    );
}
