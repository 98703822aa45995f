//! Entries in plain English.
//!
//! Everything that came from outside is escaped. An agent is shown what it asked for and what came of it; not what would
//! allow it, and not whether a thing is there that it may not know of.

use std::path::Path;

use crate::{
    audit::{Answer, Entry, Event, Outcome, Verb},
    display_text::escaped,
    policy::{Grounds, RuleName},
    vault::ResolvedReference,
};

/// How many references a sentence names.
const REFERENCES_TOLD: usize = 5;

/// For whom a sentence is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Viewer {
    /// An agent, about its own doings.
    Agent,
    /// The owner: everything.
    Owner,
}

impl Entry {
    /// The entry as one sentence: ``codex ran `npm test` with Dev/Stripe/secret key: allowed by rule 2``.
    #[must_use]
    pub fn sentence(&self, viewer: Viewer) -> String {
        let who = self.who_text();
        let (did, doing) = self.verb.phrases();
        let object = self.object(viewer);
        // A right is not asked for on behalf of something else that is done.
        let doing = match self.verb {
            Verb::RequestAccess => String::new(),
            _ => format!(" {doing}"),
        };
        let mut sentence = match &self.event {
            Event::Answered(answer) => {
                let by = answered_by(answer, viewer);
                let verdict = if answer.yes || answer.by.is_none() {
                    "allowed"
                } else {
                    "did not allow"
                };
                let remembered = if answer.remembered {
                    ", and so from now on"
                } else {
                    ""
                };
                let why = match (&answer.why, viewer) {
                    (Some(why), Viewer::Owner) => format!(": {}", escaped(why)),
                    _ => String::new(),
                };
                format!(
                    "{by} {verdict} {who}{doing}{object}{remembered}{why} (approval {})",
                    answer.code
                )
            }
            Event::Asked { code, .. } if self.verb == Verb::RequestAccess => {
                format!("{who} asked for its owner's leave{object} (approval {code})")
            }
            Event::Asked { rule, code } => {
                let rule = rule
                    .as_ref()
                    .map(|rule| format!(" (rule {})", rule.id.number));
                format!(
                    "{who} waits for a person's leave for{doing}{object}{} (approval {code})",
                    rule.unwrap_or_default()
                )
            }
            Event::Allowed { grounds } => match grounds {
                Grounds::Approved { how, .. } => {
                    let by = match viewer {
                        Viewer::Agent => "a person".to_owned(),
                        Viewer::Owner => escaped(how),
                    };
                    format!("{who} {did}{object}: allowed by {by}")
                }
                Grounds::Owner => format!("{who} {did}{object}"),
                Grounds::Rights => format!("{who} {did}{object}: allowed by its rights"),
                Grounds::Rule(rule) => {
                    format!("{who} {did}{object}: allowed by rule {}", rule.id.number)
                }
                Grounds::Token => format!("{who} {did}{object}: allowed by its token"),
            },
            Event::Denied { .. } => format!("{who} was denied{doing}{object}"),
            Event::Ended { of, outcome } => {
                format!("{who} {did}{object}: {} (entry {of})", ending(outcome))
            }
        };
        self.add_refusal(viewer, &mut sentence);
        if let Some(reason) = &self.reason {
            // What a person did needs no reason; how it came about is told instead.
            let introduced = match self.verb {
                Verb::TypeValue => "",
                _ => "its reason: ",
            };
            sentence += &format!("; {introduced}{}", escaped(reason));
        }
        sentence
    }

    /// What it was done to, in a few words: `Dev/Stripe`. Empty when there is nothing to name.
    #[must_use]
    pub fn target_text(&self, viewer: Viewer) -> String {
        if self.hides_from(viewer) {
            return String::new();
        }
        let target = &self.target;
        let vault = target.vault.as_ref().map(|vault| escaped(&vault.name));
        let thing = match (&target.item, &target.unresolved) {
            (Some(item), _) => Some(escaped(&item.name)),
            (None, Some(text)) => Some(escaped(text)),
            (None, None) => None,
        };
        let place: Vec<_> = vault.into_iter().chain(thing).collect();
        let environments = self.environments();
        let references = self.references();
        let parts = [
            target
                .program
                .as_deref()
                .map(|program| format!("`{}`", escaped(file_name(program)))),
            (!environments.is_empty()).then_some(environments),
            (!place.is_empty()).then(|| place.join("/")),
            (!references.is_empty()).then_some(references),
        ];
        parts
            .into_iter()
            .flatten()
            .collect::<Vec<_>>()
            .join(" with ")
    }

    /// `allowed`, `denied`, or how it ended.
    #[must_use]
    pub fn decision_text(&self) -> String {
        match &self.event {
            Event::Allowed { .. } => "allowed".into(),
            Event::Answered(answer) if answer.yes => "approved".into(),
            Event::Answered(_) => "not approved".into(),
            Event::Asked { .. } => "asked".into(),
            Event::Denied { .. } => "denied".into(),
            Event::Ended {
                outcome: Outcome::Failed(_),
                ..
            } => "failed".into(),
            Event::Ended { outcome, .. } => ending(outcome),
        }
    }

    /// `codex`; `connect:web (token ci)`.
    fn who_text(&self) -> String {
        let name = escaped(&self.who.name);
        match &self.actor {
            Some(actor) => format!("{name} (token {})", escaped(&actor.token_name)),
            None => name,
        }
    }

    /// What follows the verb, with the space before it.
    fn object(&self, viewer: Viewer) -> String {
        if self.hides_from(viewer) {
            return self.verb.anything().into();
        }
        if self.verb == Verb::Run {
            let program = match &self.target.program {
                Some(program) => self.command(program),
                None => "a program".into(),
            };
            let environments = match self.environments() {
                names if names.is_empty() => names,
                names => format!(" in the environment {names}"),
            };
            let references = match self.references() {
                names if names.is_empty() => names,
                names => format!(" with {names}"),
            };
            return format!(" {program}{environments}{references}");
        }
        let before = self.verb.preposition();
        match self.target_text(viewer) {
            target if target.is_empty() => self.verb.anything().into(),
            target => format!("{before} {target}"),
        }
    }

    /// The rule's pattern where it names the program, else the program: what the arguments were is kept nowhere.
    fn command(&self, program: &str) -> String {
        let rule = match &self.event {
            Event::Allowed { grounds } => grounds.rule(),
            Event::Asked { rule, .. } | Event::Denied { rule, .. } => rule.as_ref(),
            _ => None,
        };
        let names_program = |rule: &&RuleName| !rule.pattern.starts_with('*');
        match rule.filter(names_program) {
            Some(rule) => format!("`{}`", escaped(&rule.pattern)),
            None => format!("`{}`", escaped(file_name(program))),
        }
    }

    /// `A, B and C`; beyond a few, how many more there are.
    fn references(&self) -> String {
        let all = &self.target.references;
        let mut names: Vec<_> = all.iter().take(REFERENCES_TOLD).map(path).collect();
        if all.len() > REFERENCES_TOLD {
            names.push(format!("{} more", all.len() - REFERENCES_TOLD));
        }
        match names.split_last() {
            Some((last, [])) => last.clone(),
            Some((last, rest)) => format!("{} and {last}", rest.join(", ")),
            None => String::new(),
        }
    }

    /// The environments' names.
    fn environments(&self) -> String {
        let names = self.target.environments.iter().map(|it| escaped(&it.name));
        names.collect::<Vec<_>>().join(" and ")
    }

    fn add_refusal(&self, viewer: Viewer, sentence: &mut String) {
        let Event::Denied {
            why, rule, remedy, ..
        } = &self.event
        else {
            return;
        };
        if self.hides_from(viewer) {
            *sentence += ": there is nothing of that name that it may use";
        } else {
            *sentence += &format!(": {}", escaped(why));
        }
        if let Some(rule) = rule {
            *sentence += &format!(" (rule {})", rule.id.number);
        }
        if let Some(code) = &self.code {
            *sentence += &format!(" (request {code})");
        }
        if let (Viewer::Owner, Some(remedy)) = (viewer, remedy) {
            *sentence += &format!("; what would allow it: {}", escaped(remedy));
        }
    }

    /// "Not allowed" and "not there" read alike.
    fn hides_from(&self, viewer: Viewer) -> bool {
        viewer == Viewer::Agent && matches!(self.event, Event::Denied { hidden: true, .. })
    }
}

impl Verb {
    /// What somebody did, and what somebody was denied.
    fn phrases(self) -> (&'static str, &'static str) {
        match self {
            Self::AskValue => ("asked a person to type", "asking a person to type"),
            Self::AttachFile => ("attached a file", "attaching a file"),
            Self::CheckReferences => ("checked", "checking"),
            Self::Copy => ("copied", "copying"),
            Self::CreateEnvironment => ("created the environment", "creating the environment"),
            Self::CreateItem => ("created", "creating"),
            Self::CreateVault => ("created the vault", "creating the vault"),
            Self::DeleteEnvironment => ("deleted the environment", "deleting the environment"),
            Self::DeleteItem => ("deleted", "deleting"),
            Self::DeleteVault => ("deleted the vault", "deleting the vault"),
            Self::EditVault => ("changed the vault", "changing the vault"),
            Self::Export => ("exported", "exporting"),
            Self::Import => ("imported", "importing"),
            Self::Inject => ("filled a template", "filling a template"),
            Self::ListEnvironments => ("listed the environments", "listing the environments"),
            Self::ListVariables => ("looked at the environment", "looking at the environment"),
            Self::ListItems => ("listed the items", "listing the items"),
            Self::ListVaults => ("listed the vaults", "listing the vaults"),
            Self::ManageAccess => ("changed who may do what", "changing who may do what"),
            Self::ReadActivity => ("read the log", "reading the log"),
            Self::ReadCommand => ("read the output", "reading the output"),
            Self::ReadItem => ("looked at", "looking at"),
            Self::ReadServer => (
                "asked the server about itself",
                "asking the server about itself",
            ),
            Self::RenameEnvironment => ("renamed the environment", "renaming the environment"),
            Self::RequestAccess => ("asked", "asking"),
            Self::RestoreItem => ("brought back", "bringing back"),
            Self::Reveal => ("revealed", "revealing"),
            Self::Run => ("ran", "running"),
            Self::SaveFile => ("saved a file", "saving a file"),
            Self::SetVariables => (
                "set variables of the environment",
                "setting variables of the environment",
            ),
            Self::SignIn => ("signed in", "signing in"),
            Self::StopCommand => ("stopped", "stopping"),
            Self::TypeValue => ("typed", "typing"),
            Self::Unknown => ("did something unknown", "something unknown"),
            Self::UpdateItem => ("changed", "changing"),
        }
    }

    /// What stands between the phrase and its object.
    fn preposition(self) -> &'static str {
        match self {
            Self::AttachFile => " to",
            Self::Inject => " with",
            Self::ListItems | Self::ReadCommand | Self::SaveFile => " of",
            Self::RequestAccess => " that it",
            Self::ListEnvironments
            | Self::ListVaults
            | Self::ManageAccess
            | Self::ReadActivity
            | Self::ReadServer
            | Self::Unknown => ":",
            _ => "",
        }
    }

    /// The object where none can be named.
    fn anything(self) -> &'static str {
        match self {
            Self::CheckReferences | Self::Copy => " references",
            Self::CreateItem
            | Self::DeleteItem
            | Self::ReadItem
            | Self::RestoreItem
            | Self::UpdateItem => " an item",
            Self::Export | Self::Import => " items",
            Self::AskValue | Self::Reveal | Self::TypeValue => " a value",
            Self::ReadCommand => " of a program",
            Self::Run | Self::StopCommand => " a program",
            _ => "",
        }
    }
}

/// Who it was, for the owner; an agent learns no account's name.
fn answered_by(answer: &Answer, viewer: Viewer) -> String {
    match (&answer.by, viewer) {
        (None, _) => "no person".to_owned(),
        (Some(_), Viewer::Agent) => "a person".to_owned(),
        (Some(by), Viewer::Owner) => format!("{} ({})", escaped(&by.name), escaped(&by.way)),
    }
}

fn ending(outcome: &Outcome) -> String {
    match outcome {
        Outcome::Cancelled => "cancelled".into(),
        Outcome::Done => "done".into(),
        Outcome::Exited(status) => format!("exit status {status}"),
        Outcome::Failed(why) => format!("failed: {}", escaped(why)),
        Outcome::Signaled(signal) => format!("killed by signal {signal}"),
        Outcome::TimedOut => "timed out".into(),
        Outcome::Withheld(reference) => format!(
            "output withheld, since it looked like an encoded form of {}",
            escaped(reference)
        ),
    }
}

/// `Dev/Stripe/secret key`.
fn path(reference: &ResolvedReference) -> String {
    let text = escaped(&reference.to_string());
    text.strip_prefix("op://")
        .map_or(text.clone(), str::to_owned)
}

fn file_name(program: &str) -> &str {
    let name = Path::new(program).file_name();
    name.and_then(|name| name.to_str()).unwrap_or(program)
}

#[cfg(test)]
mod tests;
