//! A request in words: what a person reads before deciding, the same in a terminal, a dialogue and on a page.

use crate::{
    approvals::{AccessMatter, Matter, Request, RunMatter},
    display_text::escaped,
};

/// One thing that a person is told, escaped: a label, and what it says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    /// What it is: `command`.
    pub label: &'static str,
    /// What it says: `psql --file migrate.sql`.
    pub text: String,
}

impl Request {
    /// Everything that the decision is about, in order; nothing is cut.
    #[must_use]
    pub fn told(&self) -> Vec<Told> {
        let mut told = Vec::new();
        let mut tell = |label, text: &str| {
            let text = escaped(text);
            told.push(Told { label, text });
        };
        match &self.client {
            Some(client) => tell("agent", &format!("{} ({client})", self.agent)),
            None => tell("agent", self.agent.as_str()),
        }
        match &self.matter {
            Matter::Access(AccessMatter::Command { references, .. }) => {
                tell("asks for", &self.matter.to_string());
                references.iter().for_each(|it| tell("with", it));
            }
            Matter::Access(AccessMatter::Vault { .. }) => {
                tell("asks for", &self.matter.to_string());
            }
            Matter::Ask(_) => tell("asks for", &self.matter.to_string()),
            Matter::Delete(delete) => {
                tell("wants to", &self.matter.to_string());
                let after = if delete.archive {
                    "it is put away, and its owner can bring it back"
                } else {
                    "it is gone for good"
                };
                tell("after that", after);
            }
            Matter::Run(run) => tell_run(run, &self.matter, &mut tell),
            Matter::Write(write) => {
                tell("wants to", &self.matter.to_string());
                write.changes.iter().for_each(|it| tell("sets", it));
            }
        }
        tell(
            "its reason",
            self.reason.as_deref().unwrap_or("none was given"),
        );
        told
    }

    /// One line of what is asked, escaped: for lists.
    #[must_use]
    pub fn summary(&self) -> String {
        escaped(&self.matter.to_string())
    }

    /// What a remembered yes would hold for, escaped; `None` where it can't be remembered.
    #[must_use]
    pub fn remembering(&self) -> Option<String> {
        self.grant.as_ref().map(|grant| {
            let with = match grant.references.len() {
                0 => "without references".to_owned(),
                1 => "with the same reference".to_owned(),
                count => format!("with the same {count} references"),
            };
            escaped(&format!("every run of `{}` {with}", grant.pattern))
        })
    }
}

fn tell_run(run: &RunMatter, matter: &Matter, tell: &mut impl FnMut(&'static str, &str)) {
    let command = matter.command().unwrap_or_default();
    tell("wants to run", &command);
    tell("program", &run.program);
    tell("in", &run.cwd);
    for handed in &run.handed {
        tell("gets", &format!("{} as {}", handed.reference, handed.way));
    }
    for (name, value) in &run.variables {
        match value {
            Some(value) => tell("variable", &format!("{name}={value}")),
            None => tell("variable", &format!("{name}, from a file")),
        }
    }
    tell("agent sees", &format!("its output: {}", run.output));
    tell("by the rule", &run.rule);
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;
    use crate::approvals::{Handed, tests::opened};

    #[test]
    fn a_person_is_told_everything_and_nothing_moves_or_hides() {
        let request = opened(
            RunMatter {
                program: "/usr/bin/psql".into(),
                argv: vec!["psql".into(), "a b\n\u{202e}x".into()],
                cwd: "/srv".into(),
                handed: vec![Handed {
                    reference: "op://Dev/DB/password".into(),
                    ids: "v/i/f".into(),
                    way: "variable PGPASSWORD".into(),
                }],
                variables: vec![
                    ("PGHOST".into(), Some("evil\u{1b}[2J".into())),
                    ("MODE".into(), None),
                ],
                rule: "psql *".into(),
                output: "tail".into(),
            },
            Timestamp::UNIX_EPOCH,
        );

        let told: Vec<String> = request
            .told()
            .into_iter()
            .map(|told| format!("{}: {}", told.label, told.text))
            .collect();

        assert_eq!(
            told,
            [
                "agent: codex",
                r"wants to run: psql 'a b\n\u{202e}x'",
                "program: /usr/bin/psql",
                "in: /srv",
                "gets: op://Dev/DB/password as variable PGPASSWORD",
                r"variable: PGHOST=evil\u{1b}[2J",
                "variable: MODE, from a file",
                "agent sees: its output: tail",
                "by the rule: psql *",
                "its reason: to look",
            ]
        );
    }
}
