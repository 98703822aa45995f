//! What a person is asked about, in full: what will happen if the answer is yes.
//!
//! All texts are as their authors wrote them. Whoever shows them escapes them
//! ([`crate::display_text::escaped`]). The types are the format on disk as well: a change to one is a new form.

use std::fmt;

use serde::{Deserialize, Serialize};

/// What a person is asked about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Matter {
    /// An agent asks for a right that it lacks. Nobody waits for the answer.
    Access(AccessMatter),
    /// A field's value, which a person types.
    Ask(AskMatter),
    /// An item is to be put away or deleted.
    Delete(DeleteMatter),
    /// A program is to run.
    Run(Box<RunMatter>),
    /// Something is to be made or changed.
    Write(WriteMatter),
}

/// A right that an agent lacks, in its own words: nothing of it was looked up.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum AccessMatter {
    /// To run a program with these references.
    Command {
        /// The program and its arguments.
        command: Vec<String>,
        /// The references, as written.
        references: Vec<String>,
    },
    /// A level in a vault.
    Vault {
        /// The vault, as written.
        vault: String,
        /// `read`, `use`, `write` or `full`.
        level: String,
    },
}

/// A field whose value a person types.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AskMatter {
    /// The vault.
    pub vault: Thing,
    /// The item.
    pub item: Thing,
    /// The field, by id and label.
    pub field: Thing,
    /// Whether the field was made for this, and is empty.
    pub made: bool,
    /// The entry of the audit log that tells of it, and is ended with it.
    pub entry: u64,
    /// Whether a token proved the agent's name.
    pub proven: bool,
    /// Whether the agent may come from beyond this machine.
    pub distant: bool,
}

/// An item that is to be put away or deleted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeleteMatter {
    /// The vault.
    pub vault: Thing,
    /// The item.
    pub item: Thing,
    /// Whether it can be brought back.
    pub archive: bool,
}

/// A program that is to run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunMatter {
    /// The program's absolute path.
    pub program: String,
    /// The whole command as the agent wrote it.
    pub argv: Vec<String>,
    /// Where it starts.
    pub cwd: String,
    /// What it gets of the vaults.
    pub handed: Vec<Handed>,
    /// Plain variables, with their values where the agent wrote them.
    pub variables: Vec<(String, Option<String>)>,
    /// The pattern of the rule that allows it.
    pub rule: String,
    /// How much of its output the agent gets.
    pub output: String,
}

/// A reference, and how a program gets its value.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Handed {
    /// The reference by names.
    pub reference: String,
    /// Vault, item and field by their ids.
    pub ids: String,
    /// `variable NAME`, `file in NAME` or `standard input`.
    pub way: String,
}

/// Something that has an id and a name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Thing {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
}

/// Something that is to be made or changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WriteMatter {
    /// The tool: `create_item`, `update_item`, `attach_file`, `save_file`.
    pub verb: String,
    /// The vault.
    pub vault: Thing,
    /// The item: its id is empty if it is still to be made.
    pub item: Thing,
    /// What is set and from where, a line each: `password: generated`. Never a value of a concealed field.
    pub changes: Vec<String>,
}

impl Matter {
    /// The command of a run, as one would type it; not escaped.
    #[must_use]
    pub fn command(&self) -> Option<String> {
        match self {
            Self::Run(run) => Some(quoted(&run.argv)),
            _ => None,
        }
    }

    /// The kind in one word: `access`, `ask`, `delete`, `run`, `write`.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Access(_) => "access",
            Self::Ask(_) => "ask",
            Self::Delete(_) => "delete",
            Self::Run(_) => "run",
            Self::Write(_) => "write",
        }
    }
}

impl fmt::Display for Matter {
    /// One line of what will happen; not escaped.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Access(AccessMatter::Command {
                command,
                references,
            }) => {
                write!(f, "may run `{}`", quoted(command))?;
                if !references.is_empty() {
                    write!(f, " with {}", references.join(", "))?;
                }
                Ok(())
            }
            Self::Access(AccessMatter::Vault { vault, level }) => {
                write!(f, "gets `{level}` in the vault {vault}")
            }
            Self::Ask(ask) => write!(
                f,
                "a value for {}/{}/{}",
                ask.vault.name, ask.item.name, ask.field.name
            ),
            Self::Delete(delete) => {
                let verb = if delete.archive { "archive" } else { "delete" };
                write!(f, "{verb} {}/{}", delete.vault.name, delete.item.name)
            }
            Self::Run(run) => {
                write!(f, "run `{}`", quoted(&run.argv))?;
                if !run.handed.is_empty() {
                    let handed: Vec<_> =
                        run.handed.iter().map(|it| it.reference.as_str()).collect();
                    write!(f, " with {}", handed.join(", "))?;
                }
                Ok(())
            }
            Self::Write(write) => {
                write!(f, "{} {}/{}", write.verb, write.vault.name, write.item.name)
            }
        }
    }
}

/// A command as one would type it.
fn quoted(command: &[String]) -> String {
    let words = command.iter().map(String::as_str);
    shlex::try_join(words).unwrap_or_else(|_| command.join(" "))
}
