//! Clients are told of hushkey: an entry in each one's own settings, made, brought up to date and taken out again.
//!
//! Settings are somebody else's file. So nothing in them changes but the entry: comments, order, indentation, line ends and
//! unknown members stay byte for byte; what was there is copied beside it first; and where the file still stands as setup
//! left it, taking the entry out gives back exactly what was there before. The module knows no vault and no policy, and
//! an entry has no place for a secret.

use std::path::{Path, PathBuf};

use jiff::Timestamp;

mod client;
mod entry;
mod error;
mod file;
mod json;
mod splice;
#[cfg(test)]
mod tests;
mod toml;

pub use client::{CLIENTS, Client, Surroundings};
pub use entry::{Entry, Standing};
pub use error::SetupError;

use client::Format;
use entry::{Members, dropped, standing};
use error::TextError;
use file::Settings;

/// The mark that some editors put before a text.
const BYTE_ORDER_MARK: char = '\u{feff}';

/// What became of a client's settings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The entry is new.
    Added,
    /// The entry was there as wanted; nothing was written.
    AlreadyThere,
    /// The file held nothing but the entry, and is gone.
    Deleted,
    /// There was no entry; nothing was written.
    NotThere,
    /// The entry was taken out; the rest stays as it is now.
    Removed,
    /// The entry was taken out, and the file is to the byte what it was before setup; its backup is gone.
    Restored,
    /// These members of the entry were brought up to date.
    Updated(Vec<String>),
}

/// What was done, and where.
#[derive(Debug)]
pub struct Done {
    /// What became of the settings.
    pub outcome: Outcome,
    /// The file, where its name is a link: what it leads to.
    pub file: PathBuf,
    /// The copy of what was there.
    pub backup: Option<PathBuf>,
    /// Options that the entry had and has no longer: bounds that somebody may have meant to keep.
    pub dropped: Vec<&'static str>,
}

/// One client's settings, and the name that the entry has or gets there.
#[derive(Clone, Copy, Debug)]
pub struct Place<'a> {
    /// Whose settings.
    pub client: &'a Client,
    /// Their file.
    pub file: &'a Path,
    /// The entry's name.
    pub name: &'a str,
    /// The project's directory, if the file is a project's: others share it, and it lies nowhere else.
    pub project: Option<&'a Path>,
}

impl Place<'_> {
    /// Compares the entry there with the one that is wanted; writes nothing.
    ///
    /// # Errors
    /// [`SetupError`] when the settings can't be read.
    pub fn standing(&self, entry: &Entry) -> Result<Standing, SetupError> {
        let settings = self.settings()?;
        let text = Text::of(settings.text.as_deref().unwrap_or_default());
        let found = self.told(self.read(&text))?;
        Ok(standing(found.as_ref(), &self.members(entry)?))
    }

    /// The entry as it would be written into empty settings.
    ///
    /// # Errors
    /// [`SetupError::Remote`].
    pub fn snippet(&self, entry: &Entry) -> Result<String, SetupError> {
        let members = self.members(entry)?;
        self.told(self.with(&Text::of(""), &members))
    }

    /// Writes the entry, or brings it up to date; a second time it writes nothing.
    ///
    /// # Errors
    /// [`SetupError`], and nothing is written.
    pub fn add(&self, entry: &Entry, now: Timestamp) -> Result<Done, SetupError> {
        let settings = self.settings()?;
        let text = Text::of(settings.text.as_deref().unwrap_or_default());
        let members = self.members(entry)?;
        let found = self.told(self.read(&text))?;
        let outcome = match standing(found.as_ref(), &members) {
            Standing::Absent => Outcome::Added,
            Standing::Differs(members) => Outcome::Updated(members),
            Standing::OtherKind(member) => {
                return Err(SetupError::OtherKind {
                    path: settings.path().to_owned(),
                    name: self.name.to_owned(),
                    member,
                });
            }
            Standing::Same => return Ok(done(&settings, Outcome::AlreadyThere, None)),
        };
        let changed = self.told(self.with(&text, &members))?;
        let backup = settings.back_up(now)?;
        settings.replace(&changed)?;
        Ok(Done {
            dropped: found.map_or_else(Vec::new, |found| dropped(&found, &members)),
            ..done(&settings, outcome, backup)
        })
    }

    /// Takes the entry out. Where the settings are as [`Place::add`] left them, they become what they were before.
    ///
    /// # Errors
    /// [`SetupError`], and nothing is written.
    pub fn remove(&self, now: Timestamp) -> Result<Done, SetupError> {
        let settings = self.settings()?;
        let Some(current) = settings.text.as_deref() else {
            return Ok(done(&settings, Outcome::NotThere, None));
        };
        let text = Text::of(current);
        let Some(members) = self.told(self.read(&text))? else {
            return Ok(done(&settings, Outcome::NotThere, None));
        };
        let led_here = |before: &str| {
            let before = Text::of(before);
            matches!(self.read(&before), Ok(None))
                && self
                    .with(&before, &members)
                    .is_ok_and(|after| after == current)
        };
        if let Some((backup, before)) = settings
            .backups()
            .into_iter()
            .find(|(_, before)| led_here(before))
        {
            settings.replace(&before)?;
            // A copy of what is there again; that it stays would be no loss.
            let _ = std::fs::remove_file(backup);
            return Ok(done(&settings, Outcome::Restored, None));
        }
        if settings.can_go() && led_here("") {
            settings.delete()?;
            return Ok(done(&settings, Outcome::Deleted, None));
        }
        let Some(changed) = self.told(self.without(&text))? else {
            return Ok(done(&settings, Outcome::NotThere, None));
        };
        let backup = settings.back_up(now)?;
        settings.replace(&changed)?;
        Ok(done(&settings, Outcome::Removed, backup))
    }

    /// What this client has to be told.
    fn members(&self, entry: &Entry) -> Result<Members, SetupError> {
        match (entry, self.client.remote) {
            (Entry::Started { program, arguments }, _) => {
                Ok(self.client.shape.members(program, arguments))
            }
            (
                Entry::Served {
                    url,
                    token_variable,
                },
                Some(remote),
            ) => Ok(remote.members(url, token_variable)),
            (Entry::Served { .. }, None) => Err(SetupError::Remote {
                client: self.client.title,
            }),
        }
    }

    fn settings(&self) -> Result<Settings, SetupError> {
        let Some(project) = self.project else {
            return Settings::read(self.file, 0o600);
        };
        let settings = Settings::read(self.file, 0o644)?;
        // A project may come from anybody, and so may its links.
        settings.refuse_outside(project)?;
        Ok(settings)
    }

    fn read(&self, text: &Text<'_>) -> Result<Option<Members>, TextError> {
        let container = self.client.container;
        match self.client.format {
            Format::Json => json::read(text.body, container, self.name),
            Format::Toml => toml::read(text.body, container, self.name),
        }
    }

    fn with(&self, text: &Text<'_>, members: &Members) -> Result<String, TextError> {
        let container = self.client.container;
        let changed = match self.client.format {
            Format::Json => json::with(text.body, container, self.name, members),
            Format::Toml => toml::with(text.body, container, self.name, members),
        };
        Ok(text.marked(&changed?))
    }

    fn without(&self, text: &Text<'_>) -> Result<Option<String>, TextError> {
        let container = self.client.container;
        let changed = match self.client.format {
            Format::Json => json::without(text.body, container, self.name),
            Format::Toml => toml::without(text.body, container, self.name),
        };
        Ok(changed?.map(|changed| text.marked(&changed)))
    }

    fn told<T>(&self, result: Result<T, TextError>) -> Result<T, SetupError> {
        result.map_err(|error| SetupError::Text {
            path: self.file.to_owned(),
            problem: error.to_string(),
        })
    }
}

/// A text and the mark before it.
struct Text<'a> {
    mark: &'a str,
    body: &'a str,
}

impl<'a> Text<'a> {
    fn of(text: &'a str) -> Self {
        let body = text.strip_prefix(BYTE_ORDER_MARK).unwrap_or(text);
        Self {
            mark: &text[..text.len() - body.len()],
            body,
        }
    }

    fn marked(&self, body: &str) -> String {
        format!("{}{body}", self.mark)
    }
}

fn done(settings: &Settings, outcome: Outcome, backup: Option<PathBuf>) -> Done {
    Done {
        outcome,
        file: settings.path().to_owned(),
        backup,
        dropped: Vec::new(),
    }
}
