//! `hushkey ui` as a program: where it refuses to run, what it prints, and what its buttons do to who waits.

use std::{
    io::{BufRead, BufReader},
    process::{Child, Stdio},
};

use serde_json::{Value, json};

use crate::{
    approve::{Agent, person, touch, waiting},
    binary::Person,
    browser::{Seen, Window, token},
};

/// The page of a person, and a browser that is signed in to it.
struct Page {
    ui: Child,
    window: Window,
    cookie: String,
}

impl Page {
    async fn of(person: &Person) -> Self {
        let (ui, line) = serves(person, &["ui"]);
        let entrance = Window::at(&line);
        let seen = entrance.look().await;
        assert_eq!(seen.status, 303, "{seen:?}");
        let cookie = seen.header("set-cookie").unwrap();
        Self {
            ui,
            window: Window {
                path: seen.header("location").unwrap(),
                ..entrance
            },
            cookie: cookie.split(';').next().unwrap().to_owned(),
        }
    }

    async fn look(&self, place: &str) -> Seen {
        let path = format!("{}{place}", self.window.path);
        let headers = [
            ("Host", self.window.host.as_str()),
            ("Cookie", &self.cookie),
        ];
        self.window.send("GET", &path, &headers, "").await
    }

    /// Fills a form of `place` in and sends it to `action`.
    async fn sends(&self, place: &str, action: &str, fields: &[(&str, &str)]) -> Seen {
        let token = token(&self.look(place).await.body);
        let mut all = vec![("token", token.as_str())];
        all.extend(fields);
        let origin = format!("http://{}", self.window.host);
        let headers = [
            ("Host", self.window.host.as_str()),
            ("Origin", &origin),
            ("Cookie", &self.cookie),
        ];
        let window = Window {
            path: format!("{}{action}", self.window.path),
            ..self.window.clone()
        };
        window.post_with(&headers, &all).await
    }

    async fn says(&self, code: &str, answer: &str, passphrase: &str) -> Seen {
        let fields = [
            ("code", code),
            ("answer", answer),
            ("passphrase", passphrase),
        ];
        self.sends("", "decide", &fields).await
    }
}

impl Drop for Page {
    fn drop(&mut self) {
        let _ = self.ui.kill();
        let _ = self.ui.wait();
    }
}

/// Starts it, and waits for the line that it prints.
fn serves(person: &Person, words: &[&str]) -> (Child, String) {
    let mut ui = person
        .command(words)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(ui.stdout.take().unwrap()).lines();
    let line = lines.next().unwrap().unwrap();
    (ui, line)
}

fn code(request: &Value) -> &str {
    request["code"].as_str().unwrap()
}

#[test]
fn the_owners_page_is_for_no_agents_shell_and_not_beneath_a_run() {
    let person = person();

    let shell = person
        .types_with(&[("CLAUDECODE", "1")], ["ui"])
        .ends_with(3);
    person.writes(
        "home/policy.toml",
        "path = [\"/usr/bin\", \"/bin\"]\n[[agents.default.commands]]\nrun = \"sh -c *\"\n",
    );
    let mut agent = Agent::of(&person);
    let script = format!(
        "HUSHKEY_HOME='{}' HOME=/ '{}' ui",
        person.home().display(),
        env!("CARGO_BIN_EXE_hushkey")
    );
    agent.begins("run_command", &json!({ "command": ["sh", "-c", script] }));
    let beneath = agent.answer();

    assert!(
        shell
            .stderr
            .contains("`hushkey ui` is for a person, and CLAUDECODE tells"),
        "{}",
        shell.stderr
    );
    assert_eq!(shell.stdout, "");
    let said = &beneath["structuredContent"];
    assert_eq!(
        (&said["exit_code"], &said["stdout"]),
        (&json!(3), &json!("")),
        "{beneath}"
    );
}

#[test]
fn the_owners_page_is_served_on_this_machine_only() {
    let person = person();

    for listen in ["0.0.0.0:0", "192.0.2.1:8971", "[::]:0"] {
        let refused = person.types(["ui", "--listen", listen]).ends_with(2);

        assert_eq!(refused.stdout, "");
        assert_eq!(
            refused.said().trim_end(),
            "hushkey: the owner's page is for this machine: --listen takes an address such as 127.0.0.1:8971"
        );
    }
    person.types(["ui", "--listen", "localhost"]).ends_with(2);
}

#[tokio::test]
async fn the_owners_page_prints_an_address_that_is_good_once_and_ends_when_it_is_interrupted() {
    let person = person();
    let (mut ui, line) = serves(&person, &["ui", "--json"]);
    let told: Value = serde_json::from_str(&line).unwrap();
    let window = Window::at(told["address"].as_str().unwrap());

    let (first, second) = (window.look().await, window.look().await);

    assert!(window.host.starts_with("127.0.0.1:"), "{line}");
    assert_eq!((first.status, second.status), (303, 403));
    let process = rustix::process::Pid::from_child(&ui);
    rustix::process::kill_process(process, rustix::process::Signal::INT).unwrap();
    assert_eq!(ui.wait().unwrap().code(), Some(0));
}

#[tokio::test]
async fn what_is_remembered_is_taken_back_with_a_button() {
    let person = person();
    let mut agent = Agent::of(&person);
    agent.begins("run_command", &touch());
    let page = Page::of(&person).await;
    let asked = waiting(&person);
    let allowed = page.says(code(&asked), "remember", "").await;
    assert_eq!(allowed.status, 303, "{allowed:?}");
    assert_eq!(agent.answer()["structuredContent"]["ok"], true);
    let remembered = person.types(["approve", "--remembered", "--json"]);
    let grant = remembered.succeeds().json()[0].clone();

    let shown = page.look("remembered").await;
    let fields = [("code", code(&grant))];
    let revoked = page.sends("remembered", "remembered", &fields).await;

    assert!(shown.body.contains("may run <code>touch *</code>"));
    assert!(shown.body.contains("op://Dev/Stripe/password"));
    assert_eq!(revoked.status, 303, "{revoked:?}");
    let left = page.look("remembered").await.body;
    assert!(left.contains("Nothing is remembered"), "{left}");
    agent.begins("run_command", &touch());
    let again = waiting(&person);
    page.says(code(&again), "no", "").await;
    assert_eq!(agent.answer()["isError"], true);
}

#[tokio::test]
async fn with_a_passphrase_a_yes_on_the_page_needs_the_right_one() {
    let person = person();
    person.writes("pass", "canary correct horse battery\n");
    person
        .types(["passphrase", "set", "--passphrase-file", "pass"])
        .succeeds();
    person
        .types(["unlock", "--passphrase-file", "pass"])
        .succeeds();
    let mut agent = Agent::of(&person);
    agent.begins("run_command", &json!({ "command": ["mkdir", "made"] }));
    let page = Page::of(&person).await;
    let asked = waiting(&person);

    let empty = page.says(code(&asked), "yes", "").await;
    let wrong = page.says(code(&asked), "yes", "canary another horse").await;

    for (seen, complaint) in [
        (&empty, "Type the passphrase of the store"),
        (&wrong, "that is not the passphrase"),
    ] {
        assert!(seen.body.contains(complaint), "{seen:?}");
        assert!(seen.body.contains("role=\"alert\""), "{seen:?}");
        assert!(!seen.body.contains("canary"), "{seen:?}");
    }
    assert!(!person.path("made").exists());
    let right = page
        .says(code(&asked), "yes", "canary correct horse battery")
        .await;
    assert_eq!(right.status, 303, "{right:?}");
    assert_eq!(agent.answer()["structuredContent"]["ok"], true);
    let log = person.types(["log"]).succeeds().stdout;
    assert!(
        log.contains("a wrong passphrase on the owner's page"),
        "{log}"
    );
    assert!(!log.contains("canary"), "{log}");
    person.types(["lock"]).succeeds();
}

#[tokio::test]
async fn a_right_is_given_on_the_page_once_or_as_the_rule_that_is_shown() {
    let person = person();
    let mut agent = Agent::of(&person);
    let run = json!({ "command": ["cp", "a", "b"], "env": { "K": "op://Dev/Stripe/password" } });
    let ask = json!({ "command": ["cp", "a", "b"], "references": ["op://Dev/Stripe/password"], "reason": "tests" });
    person.writes("a", "text");
    let page = Page::of(&person).await;
    agent.begins("request_access", &ask);
    agent.answer();
    let asked = waiting(&person);

    let shown = page.look("").await.body;
    let once = page.says(code(&asked), "once", "").await;

    for part in [
        "[[agents.default.commands]]",
        "run = [&quot;cp&quot;, &quot;a&quot;, &quot;b&quot;]",
        "/usr/bin/cp",
        "Allow once",
        "Add the rule",
    ] {
        assert!(shown.contains(part), "{part}: {shown}");
    }
    assert_eq!(once.status, 303, "{once:?}");
    let listed = page.look("remembered").await.body;
    assert!(
        listed.contains("Allowed once, and not yet used"),
        "{listed}"
    );
    agent.begins("run_command", &run);
    assert_eq!(agent.answer()["structuredContent"]["ok"], true);
    agent.begins("run_command", &run);
    assert_eq!(agent.answer()["isError"], true);
    let before = std::fs::read_to_string(person.home().join("policy.toml")).unwrap();
    assert!(!before.contains("\"cp\""), "no rule was written: {before}");

    agent.begins("request_access", &ask);
    agent.answer();
    let asked = waiting(&person);
    let rule = page.says(code(&asked), "rule", "").await;

    assert_eq!(rule.status, 303, "{rule:?}");
    let after = std::fs::read_to_string(person.home().join("policy.toml")).unwrap();
    assert!(after.contains("run = [\"cp\", \"a\", \"b\"]"), "{after}");
    for _ in 0..2 {
        agent.begins("run_command", &run);
        assert_eq!(agent.answer()["structuredContent"]["ok"], true);
    }
}
