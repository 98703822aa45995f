//! Values that a person types: asked twice, never shown.

use std::{
    io::{Read, Write},
    process::{Child, ChildStdin, ChildStdout, Command, ExitStatus, Stdio},
};

use crate::binary::{Person, is_there};

/// A command on a terminal of its own.
pub struct Terminal {
    child: Child,
    keys: ChildStdin,
    screen: ChildStdout,
    seen: String,
}

impl Terminal {
    /// Types a command; `None` where there is no `script` to make a terminal with.
    pub fn open(person: &Person, words: &[&str]) -> Option<Self> {
        if !is_there("script") {
            return None;
        }
        let own = person.command(["x"]);
        // Tests that were started in the background inherit that Ctrl-C does nothing; a terminal's programs don't.
        let reset = ["env", "--default-signal=INT"];
        let resets = Command::new(reset[0]).args([reset[1], "true"]).status();
        let line = reset
            .into_iter()
            .filter(|_| resets.as_ref().is_ok_and(ExitStatus::success))
            .chain([env!("CARGO_BIN_EXE_hushkey")])
            .chain(words.iter().copied());
        let mut child = Command::new("script")
            .args(["--quiet", "--return", "--command"])
            .arg(line.collect::<Vec<_>>().join(" "))
            .arg("/dev/null")
            .current_dir(person.path(""))
            .env_clear()
            .envs(
                own.get_envs()
                    .filter_map(|(name, value)| Some((name, value?))),
            )
            .env("SHELL", "/bin/sh")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let (keys, screen) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
        Some(Self {
            child,
            keys,
            screen,
            seen: String::new(),
        })
    }

    /// Waits for a question, and answers it.
    pub fn answers(&mut self, question: &str, answer: &str) {
        let from = self.seen.len();
        let mut byte = [0];
        while !self.seen[from..].contains(question) {
            assert_eq!(
                self.screen.read(&mut byte).unwrap(),
                1,
                "no `{question}`: {}",
                self.seen
            );
            self.seen.push(char::from(byte[0]));
        }
        self.keys.write_all(answer.as_bytes()).unwrap();
        self.keys.flush().unwrap();
    }

    /// Waits for the end; the exit status and all that was on the screen.
    pub fn ends(mut self) -> (i32, String) {
        let mut rest = Vec::new();
        // Linux ends a terminal with an error.
        let _ = self.screen.read_to_end(&mut rest);
        self.seen.push_str(&String::from_utf8_lossy(&rest));
        (self.child.wait().unwrap().code().unwrap(), self.seen)
    }
}

const ASK: [&str; 8] = [
    "item", "create", "--vault", "Dev", "--title", "Typed", "--ask", "password",
];

#[test]
fn a_typed_value_is_asked_for_twice_and_never_shown() {
    let person = Person::with_stripe();
    let Some(mut terminal) = Terminal::open(&person, &ASK) else {
        return;
    };

    terminal.answers("password: ", "canarx\x7fy-typed\n");
    terminal.answers("password, once more: ", "canary-typed\n");
    let (status, screen) = terminal.ends();

    assert_eq!(status, 0, "{screen}");
    assert!(!screen.contains("canar"), "{screen}");
    assert_eq!(
        person
            .types(["read", "-n", "op://Dev/Typed/password"])
            .stdout,
        "canary-typed"
    );
}

#[test]
fn a_value_of_an_item_that_is_there_is_typed_in_its_place() {
    let person = Person::with_stripe();
    let words = ["item", "edit", "Stripe", "--ask", "password"];
    let Some(mut terminal) = Terminal::open(&person, &words) else {
        return;
    };

    terminal.answers("password: ", "canary-typed\n");
    terminal.answers("password, once more: ", "canary-typed\n");
    let (status, screen) = terminal.ends();

    assert_eq!(status, 0, "{screen}");
    assert!(!screen.contains("canary"), "{screen}");
    let read = person.types(["read", "-n", "op://Dev/Stripe/password"]);
    assert_eq!(read.stdout, "canary-typed");
    let user = person.types(["read", "-n", "op://Dev/Stripe/username"]);
    assert_eq!(user.stdout, "ops", "the rest stays");
}

#[test]
fn two_different_values_store_nothing() {
    let person = Person::with_stripe();
    let Some(mut terminal) = Terminal::open(&person, &ASK) else {
        return;
    };

    terminal.answers("password: ", "one\n");
    terminal.answers("once more: ", "two\n");
    let (status, screen) = terminal.ends();

    assert_eq!(status, 2, "{screen}");
    person.types(["item", "get", "Typed"]).ends_with(4);
}

#[test]
fn an_interrupt_stores_nothing() {
    let person = Person::with_stripe();
    let Some(mut terminal) = Terminal::open(&person, &ASK) else {
        return;
    };

    terminal.answers("password: ", "one\x03");
    let (status, screen) = terminal.ends();

    assert_eq!(status, 3, "{screen}");
    person.types(["item", "get", "Typed"]).ends_with(4);
}

#[test]
fn what_is_for_good_is_asked_first() {
    let person = Person::with_stripe();
    let words = ["item", "delete", "Stripe", "--permanent"];

    let Some(mut terminal) = Terminal::open(&person, &words) else {
        return;
    };
    terminal.answers("for good? [y/N] ", "n\n");
    assert_eq!(terminal.ends().0, 3);
    person.types(["item", "get", "Stripe"]).succeeds();

    let Some(mut terminal) = Terminal::open(&person, &words) else {
        return;
    };
    terminal.answers("for good? [y/N] ", "y\n");
    assert_eq!(terminal.ends().0, 0);
    person.types(["item", "get", "Stripe"]).ends_with(4);
}
