//! The net under the promise: what prints values or changes rights refuses in an agent's shell, and no vault is
//! opened beneath an agent's run.

use insta::assert_snapshot;

use crate::binary::Person;

const REVEALING: [&[&str]; 11] = [
    &["read", "op://Dev/Stripe/password"],
    &["item", "get", "Stripe", "--reveal"],
    &[
        "run",
        "--no-masking",
        "--env",
        "K=op://Dev/Stripe/password",
        "--",
        "env",
    ],
    &["agent", "allow", "codex", "--vault", "Dev=full"],
    &["agent", "create", "codex", "--vault", "Dev=full"],
    &["agent", "rotate", "codex"],
    &["policy", "show"],
    &["policy", "check"],
    &["approve"],
    &["approve", "KXQ4-7MAB", "--yes"],
    &["approve", "--remembered"],
];

#[test]
fn what_reveals_or_grants_refuses_in_an_agents_shell() {
    let person = Person::with_stripe();
    let policy = std::fs::read(person.home().join("policy.toml")).unwrap();

    for variable in [
        "AGENT",
        "AI_AGENT",
        "CLAUDECODE",
        "CODEX_SANDBOX",
        "CURSOR_AGENT",
        "GEMINI_CLI",
        "OPENCODE",
    ] {
        for words in REVEALING {
            let refused = person.types_with(&[(variable, "1")], words);

            let expected = if words[0] == "run" { 125 } else { 3 };
            assert_eq!(refused.status, expected, "{variable} {words:?}");
            assert!(refused.stderr.contains(variable), "{}", refused.stderr);
            assert!(!refused.stdout.contains("canary"), "{}", refused.stdout);
        }
    }
    assert_eq!(
        std::fs::read(person.home().join("policy.toml")).unwrap(),
        policy
    );
    assert_snapshot!(person.types_with(&[("CLAUDECODE", "1")], REVEALING[0]).said(), @"hushkey: `hushkey read` is for a person, and CLAUDECODE tells that this is an agent's shell; run it in a terminal of your own. An agent uses a secret without seeing it: `run_command` over MCP, or `hushkey run`");
}

#[test]
fn what_reveals_nothing_works_in_an_agents_shell() {
    let person = Person::with_stripe();

    for words in [
        &["item", "get", "Stripe"][..],
        &["vault", "list"],
        &[
            "run",
            "--env",
            "K=op://Dev/Stripe/password",
            "--",
            "sh",
            "-c",
            "echo $K",
        ],
    ] {
        let ran = person.types_with(&[("CLAUDECODE", "1")], words).succeeds();

        assert!(!ran.stdout.contains("canary"), "{}", ran.stdout);
    }
}

#[test]
fn the_log_tells_an_agents_shell_no_command_that_would_allow_what_was_denied() {
    let person = Person::with_stripe();
    person
        .types(["agent", "allow", "codex", "--vault", "Dev=read"])
        .succeeds();
    let call = r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"run_command","arguments":{"command":["true"],"env":{"K":"op://Dev/Stripe/password"}},"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{}}}}"#;
    person.feeds(&format!("{call}\n"), ["mcp", "--agent", "codex"]);

    let shown =
        |variables: &[(&str, &str)]| person.types_with(variables, ["log"]).succeeds().stdout;

    let person_sees = shown(&[]);
    assert!(
        person_sees.contains("hushkey agent allow codex"),
        "{person_sees}"
    );
    let agent_sees = shown(&[("CLAUDECODE", "1")]);
    assert!(agent_sees.contains("codex was denied"), "{agent_sees}");
    assert!(!agent_sees.contains("hushkey agent allow"), "{agent_sees}");
}

#[test]
fn nothing_that_opens_a_vault_works_beneath_a_run() {
    let person = Person::with_stripe();

    for words in [
        &["item", "list"][..],
        &["vault", "list"],
        &["read", "op://Dev/Stripe/password"],
        &["run", "--env", "K=op://Dev/Stripe/password", "--", "true"],
        &["log"],
        &["init", "--if-missing"],
        &["policy", "show"],
        &["mcp"],
        &["demo"],
    ] {
        let refused = person.types_with(&[("HUSHKEY_RUN", "1")], words);

        let expected = if words[0] == "run" { 125 } else { 3 };
        assert_eq!(refused.status, expected, "{words:?}: {}", refused.stderr);
        assert_eq!(refused.stdout, "");
    }
}
