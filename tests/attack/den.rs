//! A vault with a secret in it, and an agent that has hushkey's tools and bad intentions.

use serde_json::{Value, json};

use crate::agent::{Program, Session};

/// What must not come out. Long, and of characters that every tool prints as they are.
pub const VALUE: &str = "Vq7rT2mXk9LzPw4sNc8bHd3yJf6gQa5e";

/// Where it is.
pub const REFERENCE: &str = "op://Dev/Stripe/key";

/// What the host gave the server.
pub const TOKEN: &str = "Tk5uW8nYc2RvMx7hLp4zBs9jGd3fKq6a";

/// The program, a server and an agent.
pub struct Den {
    pub program: Program,
    pub agent: Session,
}

impl Den {
    /// As whoever runs the tests.
    pub fn open() -> Self {
        Self::of(Program::new())
    }

    /// With an ordinary user's server.
    pub fn of_an_ordinary_user() -> Self {
        Self::of(Program::of_an_ordinary_user())
    }

    fn of(program: Program) -> Self {
        program.done(&["init"]);
        let assignment = format!("key={VALUE}");
        program.done(&[
            "item",
            "create",
            "--vault",
            "Dev",
            "--title",
            "Stripe",
            &assignment,
        ]);
        let environment = [
            ("ANTHROPIC_API_KEY", TOKEN),
            ("HUSHKEY_BACKEND", "local"),
            ("OP_CONNECT_HOST", "http://127.0.0.1:1"),
            ("OP_CONNECT_TOKEN", TOKEN),
        ];
        let agent = program.serve(&[], &environment);
        Self { program, agent }
    }

    /// The key that opens the store, as its file has it.
    pub fn key(&self) -> String {
        let key = std::fs::read_to_string(self.program.home.join("key")).unwrap();
        key.trim().to_owned()
    }

    /// Runs a shell script without any secret; the whole answer as text.
    pub fn shell(&mut self, script: &str) -> String {
        self.call("run_command", json!({ "command": ["sh", "-c", script] }))
    }

    /// Runs a shell script that has the value in `$KEY`; the whole answer as text.
    pub fn shell_with_key(&mut self, script: &str) -> String {
        self.call(
            "run_command",
            json!({ "command": ["sh", "-c", script], "env": { "KEY": REFERENCE } }),
        )
    }

    /// Calls a tool; the whole answer, and every text in it as the model reads it.
    pub fn call(&mut self, tool: &str, arguments: Value) -> String {
        let answer = self.agent.call(tool, arguments);
        let mut texts = vec![answer.to_string()];
        read(&answer, &mut texts);
        texts.join("\n")
    }
}

fn read(value: &Value, texts: &mut Vec<String>) {
    match value {
        Value::String(text) => texts.push(text.clone()),
        Value::Array(values) => values.iter().for_each(|value| read(value, texts)),
        Value::Object(members) => members.values().for_each(|value| read(value, texts)),
        _ => {}
    }
}

/// As many characters of a value in a row are a leak.
const FRAGMENT: usize = 12;

/// Tells whether a text has a part of a value in it, as it is or turned round.
pub fn leaks(text: &str, value: &str) -> bool {
    let turned: String = value.chars().rev().collect();
    [value, &turned].iter().any(|value| {
        let parts = value.as_bytes().windows(FRAGMENT);
        parts
            .map(|part| std::str::from_utf8(part).unwrap())
            .any(|part| text.contains(part))
    })
}

/// Fails when a text has a part of the secret in it, or of the key, or of the server's token.
pub fn assert_nothing_in(text: &str, den: &Den, what: &str) {
    for (name, value) in [
        ("the value", VALUE),
        ("the token", TOKEN),
        ("the key", &den.key()),
    ] {
        assert!(!leaks(text, value), "{what}: {name} came out: {text}");
    }
}
