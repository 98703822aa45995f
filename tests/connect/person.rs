//! A person at the command line, and an agent over MCP, whose secrets lie on a Connect server.

use std::process::Command;

use insta::assert_snapshot;
use serde_json::json;

use super::{
    FakeConnect, TOKEN,
    agent::Program,
    binary::{Person, Ran},
    fake_connect::{Fault, Token},
};

struct Desk {
    person: Person,
    server: FakeConnect,
    dev: String,
    stripe: String,
}

/// A person who has a server with `Stripe` in `Dev`, and nothing on this machine.
fn desk() -> Desk {
    let server = FakeConnect::new();
    let dev = server.vault("Dev");
    let stripe = server.item(
        &dev,
        "Stripe",
        &[
            ("username", "STRING", "ops"),
            ("password", "CONCEALED", Person::PASSWORD),
        ],
    );
    Desk {
        person: Person::new(),
        server,
        dev,
        stripe,
    }
}

impl Desk {
    fn types(&self, words: &[&str]) -> Ran {
        let command = self.person.command(words);
        self.runs(command)
    }

    fn runs(&self, mut command: Command) -> Ran {
        command.envs(self.server.variables());
        self.person.runs(&mut command)
    }
}

#[test]
fn the_first_command_makes_a_policy_that_grants_nothing_and_says_so_once() {
    let desk = desk();

    let first = desk.types(&["vault", "list"]).succeeds();
    let second = desk.types(&["vault", "list"]).succeeds();
    let policy = desk.types(&["policy", "show", "--json"]).succeeds();

    assert_snapshot!(first.said(), @"hushkey: first use with a Connect server: made a policy that grants nothing to any agent in [dir]/home/policy.toml; `hushkey agent allow` grants");
    assert_eq!(second.stderr, "");
    assert!(first.stdout.contains("Dev"), "{}", first.stdout);
    assert_eq!(policy.json()["agents"], json!([]));
    assert!(!desk.person.home().join("store.db").exists());
}

#[test]
fn values_are_read_used_and_changed_over_the_server() {
    let desk = desk();
    desk.person.writes("rotated.txt", "canary-rotated-4471");

    let read = desk.types(&["read", "op://dev/stripe/password"]).succeeds();
    let run = desk
        .types(&[
            "run",
            "--env",
            "KEY=op://Dev/Stripe/password",
            "--",
            "sh",
            "-c",
            "echo key $KEY",
        ])
        .succeeds();
    desk.types(&[
        "item",
        "edit",
        "Stripe",
        "--vault",
        "Dev",
        "--from-file",
        "password=rotated.txt",
        "--tags",
        "a,b",
    ])
    .succeeds();
    desk.types(&[
        "item",
        "create",
        "--vault",
        "Dev",
        "--title",
        "New",
        "--generate-password",
    ])
    .succeeds();
    let gone = desk.types(&["item", "delete", "New"]).ends_with(1);
    desk.types(&["item", "delete", "New", "--permanent", "--force"])
        .succeeds();

    assert_eq!(read.stdout.trim_end(), Person::PASSWORD);
    assert_eq!(run.stdout, "key <concealed:op://Dev/Stripe/password>\n");
    let now = desk.server.item_now(&desk.stripe);
    assert_eq!(now["fields"][1]["value"], "canary-rotated-4471");
    assert_eq!(now["tags"], json!(["a", "b"]));
    assert!(gone.stderr.contains("--permanent"), "{}", gone.stderr);
    let list = desk.types(&["item", "list", "--json"]).succeeds();
    assert_eq!(list.json().as_array().unwrap().len(), 1);
}

#[test]
fn no_program_gets_the_servers_token() {
    let desk = desk();

    let run = desk
        .types(&["run", "--env", "KEY=op://Dev/Stripe/password", "--", "env"])
        .succeeds();
    let unmasked = desk
        .types(&[
            "run",
            "--no-masking",
            "--env",
            "KEY=op://Dev/Stripe/password",
            "--",
            "env",
        ])
        .succeeds();

    for told in [run, unmasked] {
        assert!(told.stdout.contains("KEY="), "the control: {}", told.stdout);
        assert!(!told.stdout.contains("OP_CONNECT_TOKEN") && !told.stdout.contains(TOKEN));
        assert!(
            told.stdout.contains("OP_CONNECT_HOST"),
            "an address is no secret"
        );
    }
}

#[test]
fn connect_wins_over_a_store_and_says_so_once() {
    let person = Person::with_stripe();
    let server = FakeConnect::new();
    server.vault("Team");
    let variables = server.variables();
    let mut command = person.command(["vault", "list"]);
    command.envs(variables.clone());

    let both = person.runs(&mut command).succeeds();
    let mut command = person.command(["--backend", "local", "vault", "list"]);
    command.envs(variables);
    let local = person.runs(&mut command).succeeds();

    assert_snapshot!(both.said(), @"hushkey: OP_CONNECT_HOST and OP_CONNECT_TOKEN select the Connect server; --backend local uses the store here");
    assert!(both.stdout.contains("Team") && !both.stdout.contains("Dev"));
    assert!(local.stdout.contains("Dev") && local.stderr.is_empty());
}

#[test]
fn a_log_that_was_begun_with_a_server_lets_a_store_be_made_later() {
    let desk = desk();
    desk.types(&["vault", "list"]).succeeds();

    desk.person.types(["init", "--vault", "Own"]).succeeds();

    let list = desk.person.types(["vault", "list", "--json"]).succeeds();
    assert_eq!(list.json()[0]["name"], "Own");
}

#[test]
fn status_tells_health_version_clock_and_token_without_the_token() {
    let desk = desk();
    desk.types(&["item", "get", "Stripe"]).succeeds();

    let told = desk.types(&["connect", "status"]).succeeds();
    let json = desk.types(&["connect", "status", "--json"]).succeeds();

    let shown = told.shown().replace(&desk.server.url(), "[url]");
    let shown: String = shown
        .lines()
        .map(|line| match line.split_once(" ms") {
            Some(_) => "answers    within [time] ms\n".to_owned(),
            None => format!("{line}\n"),
        })
        .collect();
    assert_snapshot!(shown, @"
    server     [url]
    version    1.8.1
    answers    within [time] ms
    clock      agrees with this machine's
    needs      sync: ACTIVE
    needs      sqlite: ACTIVE (Connected to database)
    token      is taken
    token      id TOK, for server SRV
    token      has no end
    vault      Dev ([id]): read; write is unknown until it is tried
    ");
    assert_eq!(json.json()["version"], "1.8.1");
    assert_eq!(json.json()["token"]["id"], "TOK");
    for text in [told.stdout, json.stdout] {
        assert!(!text.contains(TOKEN) && !text.contains(&TOKEN[60..]));
    }
}

#[test]
fn status_names_what_is_wrong_with_server_or_token() {
    let desk = desk();
    let mut refused = desk.person.command(["connect", "status"]);
    refused
        .env("OP_CONNECT_HOST", desk.server.url())
        .env("OP_CONNECT_TOKEN", "not-the-token");
    let mut down = desk.person.command(["connect", "status"]);
    down.env("OP_CONNECT_HOST", "http://127.0.0.1:9")
        .env("OP_CONNECT_TOKEN", TOKEN);

    let refused = desk.person.runs(&mut refused).ends_with(5);
    let down = desk.person.runs(&mut down).ends_with(5);
    let local = desk.person.types(["connect", "status"]).ends_with(1);

    assert!(
        refused.stdout.contains("does not take the token"),
        "{}",
        refused.stdout
    );
    assert!(down.stderr.contains("can't be reached"), "{}", down.stderr);
    assert!(
        local.stderr.contains("there is no Connect server here"),
        "{}",
        local.stderr
    );
}

#[test]
fn activity_and_metrics_are_the_servers_own() {
    let desk = desk();
    desk.types(&["read", "op://Dev/Stripe/password"]).succeeds();

    let activity = desk
        .types(&["connect", "activity", "--limit", "2"])
        .succeeds();
    let json = desk.types(&["connect", "activity", "--json"]).succeeds();
    let metrics = desk.types(&["connect", "metrics"]).succeeds();

    assert_eq!(activity.stdout.lines().count(), 3, "{}", activity.stdout);
    assert!(activity.stdout.contains("READ") && activity.stdout.contains("hushkey/"));
    assert!(json.json()["requests"].as_array().unwrap().len() > 2);
    assert!(metrics.stdout.contains("go_goroutines 9"));
    let agents = [("CLAUDECODE", "1")];
    let mut command = desk.person.command(["connect", "metrics"]);
    command.envs(agents);
    desk.runs(command).succeeds();
}

#[test]
fn doctor_shows_what_the_token_may_do() {
    let desk = desk();
    desk.server.token(Token {
        text: TOKEN.to_owned(),
        vaults: None,
        read: true,
        write: false,
    });
    desk.types(&["vault", "list"]).succeeds();

    let told = desk.types(&["doctor"]);

    assert!(
        told.stdout.contains("the server answers"),
        "{}",
        told.stdout
    );
    assert!(told.stdout.contains("Dev: "), "{}", told.stdout);
    assert!(!told.stdout.contains(TOKEN));
}

#[test]
fn refresh_asks_anew_and_without_it_one_command_asks_once() {
    let desk = desk();
    desk.types(&["vault", "list"]).succeeds();
    let asked = |words: &[&str]| {
        desk.server.forget();
        desk.types(words).succeeds();
        desk.server.asked().len()
    };

    let kept = asked(&["item", "get", "Stripe"]);
    let anew = asked(&["--refresh", "item", "get", "Stripe"]);

    assert!(kept < anew, "{kept} and {anew} requests");
    assert_eq!(
        kept,
        3,
        "vaults, items, the item: {:?}",
        desk.server.asked()
    );
}

#[test]
fn an_agents_programs_never_get_the_servers_token_and_printing_it_is_concealed() {
    let server = FakeConnect::new();
    let dev = server.vault("Dev");
    server.item(
        &dev,
        "Stripe",
        &[("password", "CONCEALED", Person::PASSWORD)],
    );
    let program = Program::new();
    let variables = server.variables();
    let variables: Vec<(&str, &str)> = variables
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_str()))
        .collect();
    let mut init = program.command(&["init"]);
    init.envs(variables.iter().copied());
    assert!(init.output().unwrap().status.success());
    program.file("leaked.txt", &format!("token={TOKEN}\n"));
    let mut session = program.serve(&[], &variables);

    let env = json!({ "KEY": "op://Dev/Stripe/password" });
    let environment = session.answered("run_command", json!({ "command": ["env"], "env": env }));
    let printed = session.answered("run_command", json!({ "command": ["cat", "leaked.txt"] }));
    let own = session.answered(
        "run_command",
        json!({ "command": ["sh", "-c", "cat /proc/$PPID/environ /proc/*/environ 2>/dev/null | tr '\\0' '\\n' | grep -c OP_CONNECT_TOKEN; true"] }),
    );
    let vaults = session.answered("list_vaults", json!({}));
    let spoken = session.end();

    let environment = environment["stdout"].as_str().unwrap();
    assert!(
        environment.contains("KEY=<concealed:"),
        "the control: {environment}"
    );
    assert!(!environment.contains("OP_CONNECT"), "{environment}");
    assert_eq!(
        printed["stdout"],
        "token=<concealed:the Connect server's token>\n"
    );
    // Root reads everything; for anybody else there is nothing to read.
    if !rustix::process::geteuid().is_root() {
        assert_eq!(own["stdout"], "0\n");
    }
    assert_eq!(
        vaults["vaults"][0]["token"],
        "read; write is unknown until it is tried"
    );
    for heard in [spoken.stdout, spoken.stderr] {
        let heard = String::from_utf8_lossy(&heard).into_owned();
        assert!(
            !heard.contains(TOKEN) && !heard.contains(Person::PASSWORD),
            "{heard}"
        );
    }
}

#[test]
fn a_category_that_the_server_does_not_make_is_refused_before_a_source_runs() {
    let server = FakeConnect::new();
    server.vault("Dev");
    let program = Program::new();
    let variables = server.variables();
    let variables: Vec<(&str, &str)> = variables
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_str()))
        .collect();
    let mut init = program.command(&["init"]);
    init.envs(variables.iter().copied());
    assert!(init.output().unwrap().status.success());
    let mut session = program.serve(&[], &variables);
    let field =
        json!({ "label": "key", "command": ["sh", "-c", "touch ran; echo canary-made-5519"] });

    let refused = session.refusal(
        "create_item",
        json!({ "vault": "Dev", "title": "Scan", "category": "DOCUMENT", "fields": [field] }),
    );
    let ran = session.answered("run_command", json!({ "command": ["ls"] }));
    let made = session.answered(
        "create_item",
        json!({ "vault": "Dev", "title": "Scan", "fields": [field] }),
    );
    let control = session.answered("run_command", json!({ "command": ["ls"] }));

    assert_snapshot!(refused, @"a Connect server can't make items of the category DOCUMENT; choose another, such as SECURE_NOTE, or make it in 1Password");
    assert_eq!(ran["stdout"], "");
    assert_eq!(made["title"], "Scan");
    assert_eq!(control["stdout"], "ran\n");
}

#[test]
fn a_read_only_token_takes_the_writing_rights_from_what_is_shown() {
    let server = FakeConnect::new();
    let dev = server.vault("Dev");
    server.item(
        &dev,
        "Stripe",
        &[("password", "CONCEALED", Person::PASSWORD)],
    );
    server.token(Token {
        text: TOKEN.to_owned(),
        vaults: None,
        read: true,
        write: false,
    });
    let program = Program::new();
    let variables = server.variables();
    let variables: Vec<(&str, &str)> = variables
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_str()))
        .collect();
    let mut init = program.command(&["init"]);
    init.envs(variables.iter().copied());
    assert!(init.output().unwrap().status.success());
    let mut session = program.serve(&[], &variables);

    let before = session.answered("list_vaults", json!({}));
    let refused = session.refusal("update_item", json!({ "item": "Stripe", "tags": ["x"] }));
    let after = session.answered("list_vaults", json!({}));

    assert_eq!(
        before["vaults"][0]["access"],
        json!(["metadata", "use", "create", "update"])
    );
    assert!(refused.contains("may not write in this vault"), "{refused}");
    assert_eq!(after["vaults"][0]["access"], json!(["metadata", "use"]));
    assert_eq!(after["vaults"][0]["token"], "read");
}

#[test]
fn whatever_the_server_does_neither_answer_nor_log_has_token_or_value() {
    let server = FakeConnect::new();
    let dev = server.vault("Dev");
    server.item(
        &dev,
        "Stripe",
        &[("password", "CONCEALED", Person::PASSWORD)],
    );
    let program = Program::new();
    let variables = server.variables();
    let variables: Vec<(&str, &str)> = variables
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_str()))
        .collect();
    let mut init = program.command(&["init"]);
    init.envs(variables.iter().copied());
    assert!(init.output().unwrap().status.success());
    // Everything is logged that may be.
    let mut session = program.serve(&[], &variables);
    session.answered("list_vaults", json!({}));

    for fault in [
        Fault::Status(401, vec![]),
        Fault::Status(400, vec![]),
        Fault::Status(500, vec![]),
        Fault::Reset,
        Fault::Html,
        Fault::WrongLength(-5),
        Fault::Redirect("http://127.0.0.1:9/".into()),
    ] {
        server.plan("*", "/items", u32::MAX, fault);
        let run = json!({ "command": ["true"], "env": { "K": "op://Dev/Stripe/password" } });
        session.refusal("run_command", run);
        let generated = json!({ "label": "k", "generate": {} });
        session.refusal(
            "create_item",
            json!({ "vault": "Dev", "title": "x", "fields": [generated] }),
        );
        server.behave();
    }
    let spoken = session.end();

    let said = String::from_utf8_lossy(&spoken.stderr).into_owned();
    assert!(said.contains("hushkey"), "the control: {said}");
    for heard in [String::from_utf8_lossy(&spoken.stdout).into_owned(), said] {
        for never in [
            TOKEN,
            &TOKEN[40..80],
            Person::PASSWORD,
            "canary-message",
            "canary-page",
        ] {
            assert!(!heard.contains(never), "{never} in {heard}");
        }
    }
}

#[test]
fn a_title_in_the_form_of_an_id_is_found_after_the_id_is_not() {
    let desk = desk();
    desk.server
        .item(&desk.dev, "abcdefghijklmnopqrstuvwxyz", &[]);

    let found = desk
        .types(&["item", "get", "abcdefghijklmnopqrstuvwxyz", "--json"])
        .succeeds();
    let by_id = desk
        .types(&["item", "get", &desk.stripe, "--json"])
        .succeeds();

    assert_eq!(found.json()["title"], "abcdefghijklmnopqrstuvwxyz");
    assert_eq!(by_id.json()["title"], "Stripe");
}
