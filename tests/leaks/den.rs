//! A vault with secrets in it, and an agent whose programs print them.

use std::process::{Command, Stdio};

use serde_json::{Value, json};

use crate::{
    agent::{Program, Session},
    secrets::Kind,
    undo,
    way::{Undo, Verdict, Way},
};

/// So many characters of a value in a row are a leak.
pub const LEAK: usize = 6;

/// So many of them show that a way prints the value.
const SHOWN: usize = 12;

/// How many runs go on at the same time.
const AT_ONCE: usize = 4;

/// The program, and an agent that gets values from the vault.
pub struct Den {
    pub program: Program,
    pub agent: Session,
}

impl Den {
    pub fn open() -> Self {
        let program = Program::new();
        program.done(&["init"]);
        let assignments =
            Kind::ALL.map(|kind| format!("{}[password]={}", kind.label(), kind.value()));
        let mut arguments = vec!["item", "create", "--vault", "Dev", "--title", "Leaks"];
        arguments.extend(assignments.iter().map(String::as_str));
        program.done(&arguments);
        let agent = program.serve(&[], &[]);
        Self { program, agent }
    }

    /// Runs a shell script that has a secret in `$KEY`; the answer.
    pub fn shell(&mut self, kind: Kind, script: &str) -> Value {
        let run = json!({ "command": ["sh", "-c", script], "env": { "KEY": kind.reference() } });
        self.agent.answered("run_command", run)
    }

    /// Runs a shell script that has no secret; the answer.
    pub fn shell_without(&mut self, script: &str) -> Value {
        self.agent
            .answered("run_command", json!({ "command": ["sh", "-c", script] }))
    }

    /// Goes all ways; what became of each. What comes through in pieces would count against later ways, so each way that may
    /// come through has a server of its own.
    pub fn go(&mut self, ways: &[Way]) -> Vec<Gone> {
        let through = |way: &Way| matches!(way.verdict, Verdict::Through(_));
        let mut gone = Vec::new();
        for some in ways.chunk_by(|one, next| !through(one) && !through(next)) {
            self.agent = self.program.serve(&[], &[]);
            for some in some.chunks(AT_ONCE) {
                gone.extend(self.go_at_once(some));
            }
        }
        gone
    }

    fn go_at_once(&mut self, ways: &[Way]) -> Vec<Gone> {
        let sent: Vec<_> = ways
            .iter()
            .map(|way| {
                let run =
                    json!({ "command": way.command(), "env": { "KEY": way.kind.reference() } });
                self.agent.send_call("run_command", run)
            })
            .collect();
        let open: Vec<String> = ways.iter().map(unconcealed).collect();
        let all = ways.iter().zip(open).zip(sent);
        all.map(|((way, open), id)| Gone::new(way, &open, &self.agent.answer(id)))
            .collect()
    }
}

/// What a way prints with the value in plain view, without hushkey.
fn unconcealed(way: &Way) -> String {
    let place = tempfile::tempdir().unwrap();
    let command = way.command();
    let output = Command::new(&command[0])
        .args(&command[1..])
        .env_clear()
        .env("KEY", way.kind.value())
        .env("PATH", "/usr/bin:/bin")
        .env("TMPDIR", place.path())
        .stdin(Stdio::null())
        .output()
        .unwrap();
    [output.stdout, output.stderr]
        .map(|stream| String::from_utf8_lossy(&stream).into_owned())
        .concat()
}

/// What became of a way.
pub enum Gone {
    /// The command does not print the value: what it prints.
    Aimless(String),
    /// There are marks, and beside them more than a few characters of the value: the text.
    Half(String),
    Masked,
    /// Neither value nor mark came out: the text.
    Nothing(String),
    /// The text.
    Through(String),
    Withheld,
}

impl Gone {
    fn new(way: &Way, shown: &str, concealed: &Value) -> Self {
        let text = printed(concealed);
        let aims = match way.undo {
            Undo::Lost(length) => shown.chars().count() >= length,
            _ => undone(way, shown)
                .iter()
                .any(|text| way.kind.stands_in(text, SHOWN.min(way.kind.value().len()))),
        };
        if !aims {
            return Self::Aimless(shown.to_owned());
        }
        if is_withheld(concealed) {
            return Self::Withheld;
        }
        let bare = unmarked(&text);
        let leaks = undone(way, &bare)
            .iter()
            .any(|text| way.kind.stands_in(text, LEAK));
        match (
            leaks || matches!(way.undo, Undo::Lost(_)) && bare == text,
            bare != text,
        ) {
            (true, true) => Self::Half(text),
            (true, false) => Self::Through(text),
            (false, true) => Self::Masked,
            (false, false) => Self::Nothing(text),
        }
    }

    /// In words.
    pub fn told(&self) -> String {
        match self {
            Self::Aimless(text) => format!("the command does not print the value: {text:?}"),
            Self::Half(text) => format!("half of it is masked: {text:?}"),
            Self::Masked => "it is masked".to_owned(),
            Self::Nothing(text) => format!("nothing of it came out, not even a mark: {text:?}"),
            Self::Through(text) => format!("it comes through: {text:?}"),
            Self::Withheld => "it is withheld".to_owned(),
        }
    }

    /// Whether that is what the way says.
    pub fn is(&self, verdict: Verdict) -> bool {
        matches!(
            (self, verdict),
            (Self::Masked, Verdict::Masked)
                | (Self::Through(_), Verdict::Through(_))
                | (Self::Withheld, Verdict::Withheld)
        )
    }
}

/// All that a program printed, as the agent reads it.
pub fn printed(answer: &Value) -> String {
    let content = &answer["result"]["structuredContent"];
    let content = if content.is_null() { answer } else { content };
    let text = |stream: &str| {
        content[stream]
            .as_str()
            .unwrap_or_else(|| panic!("{answer}"))
            .to_owned()
    };
    text("stdout") + &text("stderr")
}

/// Whether an answer says that output was withheld because it shows a value, or too many pieces of it.
pub fn is_withheld(answer: &Value) -> bool {
    let content = &answer["result"]["structuredContent"];
    let content = if content.is_null() { answer } else { content };
    content["withheld"].as_str().is_some_and(|why| {
        let known = [
            "output withheld: it looks like an encoded form of op://Dev/Leaks/",
            "output withheld: with what was shown before, too much of op://Dev/Leaks/",
        ];
        assert!(known.iter().any(|known| why.starts_with(known)), "{answer}");
        true
    })
}

/// A text without marks.
pub fn unmarked(text: &str) -> String {
    let marks = Kind::ALL.map(Kind::mark);
    let marks = marks
        .iter()
        .map(String::as_str)
        .chain(["<concealed:a secret of another run>"]);
    marks.fold(text.to_owned(), |text, mark| text.replace(mark, "\n"))
}

/// What a reader can make of a text. What stood on both sides of a mark is put together as well.
fn undone(way: &Way, text: &str) -> Vec<String> {
    let mut texts = vec![text.to_owned(), undo::reversed(text)];
    match way.undo {
        Undo::By(undo) => texts.push(undo(text)),
        Undo::Lost(_) => {}
        Undo::Script(script) => texts.push(undo::script(script, text)),
    }
    texts
}
