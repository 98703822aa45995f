//! What front-ends ask of the broker, and what they get.
//!
//! Requests hold what the caller wrote; names are resolved in the broker. No answer holds a field's value.

use std::{path::PathBuf, sync::Arc, time::Duration};

use crate::{
    audit::{Entry, Viewer},
    broker::Asked,
    generate::Recipe,
    launch::Status,
    policy::{OutputMode, Rights},
    redact::Counts,
    vault::{
        BackendAccess, Category, EnvironmentId, FieldType, ItemMetadata, ItemOverview, ItemUrl,
        Purpose, Secret, VaultId, VaultOverview, reference::Named,
    },
};

/// A vault and what the caller may do in it.
#[derive(Clone, Debug)]
pub struct VaultView {
    /// Name, description, count.
    pub overview: VaultOverview,
    /// The caller's rights, without those that the backend is known not to let us use.
    pub rights: Rights,
    /// What the backend lets us do; `None` where it sets no limits.
    pub access: Option<BackendAccess>,
}

/// Which items are wanted.
#[derive(Clone, Debug, Default)]
pub struct ItemsWanted {
    /// A vault's name or id; all visible vaults when absent.
    pub vault: Option<String>,
    /// A text that title, tags or urls contain, in any case.
    pub query: Option<String>,
    /// One category.
    pub category: Option<Category>,
    /// One tag, in any case.
    pub tag: Option<String>,
    /// Archived items instead of active ones.
    pub archived: bool,
    /// How many at most; `None` gives all.
    pub limit: Option<usize>,
    /// Where the last page ended.
    pub cursor: Option<String>,
}

/// One page of items, in order of title.
#[derive(Clone, Debug)]
pub struct ItemPage {
    /// The items with their vaults.
    pub items: Vec<ItemLine>,
    /// Where the next page begins, if there is one.
    pub next_cursor: Option<String>,
}

/// One line of a list.
#[derive(Clone, Debug)]
pub struct ItemLine {
    /// The item.
    pub overview: ItemOverview,
    /// The vault that holds it: one for all of its items.
    pub vault: Arc<Named<VaultId>>,
}

/// One item with the references that resolve to its fields and files.
#[derive(Clone, Debug)]
pub struct ItemView {
    /// Everything but values.
    pub metadata: ItemMetadata,
    /// The vault that holds it.
    pub vault: Named<VaultId>,
    /// One reference a field, in the order of `metadata.fields`; each resolves.
    pub field_references: Vec<String>,
    /// One reference a file, in the order of `metadata.files`.
    pub file_references: Vec<String>,
    /// The fields that a person was asked to type just now.
    pub asked: Vec<Asked>,
}

/// A reference that somebody wants to know about.
#[derive(Clone, Debug)]
pub struct Checked {
    /// The reference as it was written.
    pub reference: String,
    /// The variable that carries it, if it came from a file.
    pub name: Option<String>,
    /// Why it does not resolve for this caller; `None` when it does.
    pub reason: Option<String>,
}

/// An item to make.
#[derive(Clone, Debug)]
pub struct CreateItem {
    /// The vault's name or id.
    pub vault: String,
    /// The title.
    pub title: String,
    /// What kind of item; login when absent.
    pub category: Option<Category>,
    /// Its fields.
    pub fields: Vec<NewField>,
    /// Labels.
    pub tags: Vec<String>,
    /// Web addresses.
    pub urls: Vec<ItemUrl>,
    /// Whether it is marked.
    pub favorite: bool,
}

/// A field to make.
#[derive(Clone, Debug)]
pub struct NewField {
    /// What a person calls it.
    pub label: String,
    /// The label of the section it stands in.
    pub section: Option<String>,
    /// How its value is to be read; concealed when absent, unless the source is text.
    pub kind: Option<FieldType>,
    /// Its part in signing in.
    pub purpose: Option<Purpose>,
    /// Where its value comes from; `None` leaves it empty.
    pub source: Option<Source>,
}

/// Where a field's value comes from.
#[derive(Clone, Debug)]
pub enum Source {
    /// A person types it, after the rest is stored: an agent's way.
    Ask,
    /// The standard output of a program.
    Command(Vec<String>),
    /// Another field, by reference.
    Copy(String),
    /// A file's content.
    File(PathBuf),
    /// Made here.
    Generate(Recipe),
    /// A text that the caller wrote: for fields that are not concealed, unless a person types it.
    Text(Secret),
}

impl Source {
    /// Tells whether a program has to run for it.
    pub(super) fn is_command(&self) -> bool {
        matches!(self, Self::Command(_))
    }
}

/// A change to an item.
#[derive(Clone, Debug, Default)]
pub struct UpdateItem {
    /// The item's title or id.
    pub item: String,
    /// The vault's name or id; needed where several vaults have an item of that title.
    pub vault: Option<String>,
    /// The version that the caller knows; another one in the store is a conflict.
    pub version: Option<u64>,
    /// A new title.
    pub title: Option<String>,
    /// New labels, in place of all the old ones.
    pub tags: Option<Vec<String>>,
    /// New web addresses, in place of all the old ones.
    pub urls: Option<Vec<ItemUrl>>,
    /// Marked or not.
    pub favorite: Option<bool>,
    /// New values for fields that are there: a field's label or id, `section/field` where that is needed.
    pub set: Vec<(String, Source)>,
    /// Fields to add.
    pub add: Vec<NewField>,
    /// Fields to remove, by label or id.
    pub remove: Vec<String>,
}

/// What became of an item that was to be deleted.
#[derive(Clone, Debug)]
pub struct Deleted {
    /// The item as it was.
    pub overview: ItemOverview,
    /// Whether it was put away (and can be brought back) or is gone.
    pub archived: bool,
}

/// A program to run with secrets. It has no `Debug`, for it holds the caller's whole environment.
#[derive(Default)]
pub struct RunRequest {
    /// The program and its arguments; no shell.
    pub command: Vec<String>,
    /// What the caller's own environment holds: references in it are resolved, the rest serves expansion. Empty for agents.
    pub inherited: Vec<(String, String)>,
    /// Variables: name, and a reference or plain text.
    pub env: Vec<(String, String)>,
    /// Variables that hold the path of a private file with the value: name and reference.
    pub files: Vec<(String, String)>,
    /// A reference whose value the program reads from standard input.
    pub stdin: Option<String>,
    /// Files of `NAME=VALUE` lines with references; a later one wins.
    pub env_files: Vec<PathBuf>,
    /// Environments, by name or id; a later one wins, and all over files.
    pub environments: Vec<String>,
    /// Where the program starts.
    pub cwd: Option<PathBuf>,
    /// When it is ended.
    pub timeout: Option<Duration>,
    /// How much of its output is wanted; policy may give less.
    pub output: Option<OutputMode>,
    /// Why, for the log.
    pub reason: Option<String>,
}

/// An environment, without what is behind its variables.
#[derive(Clone, Debug)]
pub struct EnvironmentView {
    /// Its id.
    pub id: EnvironmentId,
    /// Its name.
    pub name: String,
    /// What the caller may do with it.
    pub rights: Rights,
    /// When it changed last.
    pub updated_at: jiff::Timestamp,
    /// Who changed it last.
    pub last_edited_by: String,
    /// Its variables; `None` where the caller may not see them.
    pub variables: Option<Vec<VariableLine>>,
}

/// A variable of an environment, without its text.
#[derive(Clone, Debug)]
pub struct VariableLine {
    /// Its name.
    pub name: String,
    /// The reference that it holds; `None` for plain text.
    pub reference: Option<String>,
    /// Whether its value is concealed in what a program prints: a reference's is, and text that looks like a secret.
    pub concealed: bool,
    /// Whether it is text that looks like a secret: it should be in an item.
    pub looks_secret: bool,
    /// Who set it.
    pub set_by: String,
}

/// A change to an environment's variables.
#[derive(Clone, Debug, Default)]
pub struct SetVariables {
    /// The environment's name or id.
    pub environment: String,
    /// Variables to set.
    pub set: Vec<(String, NewVariable)>,
    /// Variables to remove.
    pub remove: Vec<String>,
    /// The vault, by name or id, whose item keeps values that are made, read or copied.
    pub vault: Option<String>,
    /// The title of that item; the environment's name when absent.
    pub item: Option<String>,
}

/// What a variable is to hold.
#[derive(Clone, Debug)]
pub enum NewVariable {
    /// A reference.
    Reference(String),
    /// A text that is no secret, or a value that is kept in an item.
    Source(Source),
    /// A secret that a person typed: kept in an item.
    Typed(Secret),
}

/// How a run ended, fit for a model.
#[derive(Clone, Debug)]
pub struct RunAnswer {
    /// Exit status or signal; `None` while it is still running.
    pub status: Option<Status>,
    /// Whether the time-out ended it.
    pub timed_out: bool,
    /// Whether it was cancelled.
    pub cancelled: bool,
    /// Wall time.
    pub duration: Duration,
    /// How much of the output policy lets through: with `None`, only [`RunAnswer::ok`] may be told.
    pub mode: OutputMode,
    /// Redacted standard output.
    pub stdout: String,
    /// Redacted standard error.
    pub stderr: String,
    /// Whether some of it was cut.
    pub truncated: bool,
    /// Why output is withheld, if it is.
    pub withheld: Option<String>,
    /// How often each reference was concealed; counts stop at 9 for agents, and are absent where output is withheld.
    pub concealed: Counts,
}

impl RunAnswer {
    /// Tells whether the program exited with status 0.
    #[must_use]
    pub fn ok(&self) -> bool {
        self.status == Some(Status::Exited(0)) && !self.timed_out && !self.cancelled
    }
}

/// Which activity is wanted.
#[derive(Clone, Debug, Default)]
pub struct ActivityWanted {
    /// How many at most, newest last.
    pub limit: Option<usize>,
    /// Not before this.
    pub since: Option<jiff::Timestamp>,
    /// Only this agent's. An agent sees its own whatever it asks for.
    pub agent: Option<String>,
    /// Only entries after this number.
    pub after: Option<u64>,
}

/// One thing that was done.
#[derive(Clone, Debug)]
pub struct Activity {
    /// Its number in the log.
    pub seq: u64,
    /// When.
    pub time: jiff::Timestamp,
    /// Who.
    pub agent: String,
    /// What, in one word.
    pub action: String,
    /// To what.
    pub target: String,
    /// `allowed` or `denied`, or how it ended.
    pub decision: String,
    /// All of it in plain English.
    pub sentence: String,
}

impl Activity {
    /// An entry as a viewer may see it.
    pub(super) fn of(entry: &Entry, viewer: Viewer) -> Self {
        Self {
            seq: entry.seq,
            time: entry.time,
            agent: entry.who.name.clone(),
            action: entry.verb.as_str().to_owned(),
            target: entry.target_text(viewer),
            decision: entry.decision_text(),
            sentence: entry.sentence(viewer),
        }
    }
}
