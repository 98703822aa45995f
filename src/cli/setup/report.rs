//! What `hushkey setup` tells: of one client that was told, and of all that there are.

use serde::Serialize;

use crate::{
    cli::output::{Ink, Output},
    display_text::escaped,
    setup::{Client, Done, Entry, Outcome},
};

/// What was done with one client, or would be.
#[derive(Debug, Serialize)]
pub(super) struct Report {
    pub(super) client: &'static str,
    pub(super) result: &'static str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) changed: Vec<String>,
    /// Bounds that the entry had and has no longer.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) dropped: Vec<&'static str>,
    pub(super) file: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) backup: Option<String>,
    pub(super) name: String,
    /// Nothing where the entry was taken out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) entry: Option<EntryView>,
    /// The entry as it would be written, where it is only shown.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) text: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) next: Vec<String>,
}

/// An entry, as JSON has it.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub(super) enum EntryView {
    Served { url: String, token_variable: String },
    Started { command: String, args: Vec<String> },
}

/// One client in the list.
#[derive(Debug, Serialize)]
pub(super) struct Listed {
    pub(super) client: &'static str,
    pub(super) title: &'static str,
    pub(super) here: bool,
    pub(super) state: &'static str,
    pub(super) file: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) problem: Option<String>,
}

impl From<&Entry> for EntryView {
    fn from(entry: &Entry) -> Self {
        match entry.clone() {
            Entry::Served {
                url,
                token_variable,
            } => Self::Served {
                url,
                token_variable,
            },
            Entry::Started { program, arguments } => Self::Started {
                command: program,
                args: arguments,
            },
        }
    }
}

impl EntryView {
    fn sentence(&self) -> String {
        match self {
            Self::Served {
                url,
                token_variable,
            } => {
                format!(
                    "goes to {} with the token in {token_variable}",
                    escaped(url)
                )
            }
            Self::Started { command, args } => {
                let words = std::iter::once(command).chain(args).map(String::as_str);
                let line = shlex::try_join(words).unwrap_or_else(|_| command.clone());
                format!("starts  {}", escaped(&line))
            }
        }
    }
}

impl Report {
    /// Takes in what became of the settings.
    pub(super) fn done(self, done: Done) -> Self {
        let (result, changed) = match done.outcome {
            Outcome::Added => ("added", Vec::new()),
            Outcome::AlreadyThere => ("already_there", Vec::new()),
            Outcome::Deleted => ("deleted", Vec::new()),
            Outcome::NotThere => ("not_there", Vec::new()),
            Outcome::Removed => ("removed", Vec::new()),
            Outcome::Restored => ("restored", Vec::new()),
            Outcome::Updated(members) => ("updated", members),
        };
        Self {
            result,
            changed,
            dropped: done.dropped,
            file: done.file.display().to_string(),
            backup: done.backup.map(|backup| backup.display().to_string()),
            ..self
        }
    }

    /// Tells it to a person.
    pub(super) fn tell(&self, output: Output) -> anyhow::Result<()> {
        let (name, file) = (&self.name, escaped(&self.file));
        let title = Client::named(self.client).map_or(self.client, |client| client.title);
        if let Some(text) = &self.text {
            // The entry alone is what somebody may want to hand on.
            output.note(&format!("{title} reads this from {file}:"));
            return output.line(text.trim_end());
        }
        let sentence = match self.result {
            "added" => format!("`{name}` is in {file} now"),
            "already_there" => format!("`{name}` was in {file} already; nothing was written"),
            "deleted" => format!("{file} held nothing but `{name}`, and is gone"),
            "not_there" => format!("there is no `{name}` in {file}; nothing was written"),
            "removed" => format!("`{name}` is no longer in {file}"),
            "restored" => format!("{file} is what it was before `{name}` came into it"),
            _ => {
                let changed = self.changed.join(" and ");
                format!("`{name}` in {file} has another {changed} now")
            }
        };
        output.line(&format!("{}: {sentence}", output.ink(Ink::Bold, title)))?;
        if let (Some(entry), false) = (&self.entry, self.result == "already_there") {
            output.line(&format!("  {}", entry.sentence()))?;
        }
        if !self.dropped.is_empty() {
            let options = self.dropped.join(", ");
            output.line(&format!(
                "  gone    {}: type it again where it should stay",
                output.ink(Ink::Yellow, &options)
            ))?;
        }
        if let Some(backup) = &self.backup {
            output.line(&format!("  before  {}", escaped(backup)))?;
        }
        self.next
            .iter()
            .try_for_each(|step| output.line(&format!("  next    {step}")))
    }
}

/// Tells of all clients, and which command to type.
pub(super) fn tell_all(listed: &[Listed], output: Output) -> anyhow::Result<()> {
    if output.is_json() {
        return output.json(&listed);
    }
    let row = |listed: &Listed| {
        let here = if listed.here { "yes" } else { "-" };
        let state = listed.state.replace('_', " ");
        [
            listed.client.to_owned(),
            here.to_owned(),
            state,
            escaped(&listed.file),
        ]
    };
    let rows: Vec<[String; 4]> = listed.iter().map(row).collect();
    output.table(["CLIENT", "HERE", "HUSHKEY", "FILE"], &rows)?;
    for problem in listed.iter().filter_map(|listed| listed.problem.as_ref()) {
        output.note(problem);
    }
    if let Some(one) = listed
        .iter()
        .find(|listed| listed.here && listed.state == "absent")
    {
        output.note(&format!(
            "`hushkey setup {}` tells that client of hushkey, `hushkey setup --all` all that are here; --print only shows",
            one.client
        ));
    } else if !listed.iter().any(|listed| listed.here) {
        output.note(
            "none of these clients is here; `hushkey setup CLIENT` writes its file all the same",
        );
    }
    Ok(())
}
