//! Why a client's settings are left as they are. No message repeats what the settings hold.

use std::{io, path::PathBuf};

/// What is wrong with a text; it is a file's, which only the caller knows.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum TextError {
    /// It is malformed.
    #[error("line {line} is malformed: {problem}; repair it first")]
    Broken { line: usize, problem: &'static str },
    /// It is well-formed, and written in a way that can't be changed without changing more than the entry.
    #[error("line {line}: {problem}; write the entry by hand, `--print` shows it")]
    Form { line: usize, problem: &'static str },
}

/// Why nothing was written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SetupError {
    /// Somebody else wrote the file while it was changed here.
    #[error("`{}` was changed by another program meanwhile; nothing was written, run the command again", path.display())]
    Changed {
        /// The file.
        path: PathBuf,
    },
    /// The system refused.
    #[error("`{}` can't be {action}: {}", path.display(), reason(source))]
    Io {
        /// What was tried, as a participle: "read".
        action: &'static str,
        /// With which file.
        path: PathBuf,
        /// What the system said; it repeats no content.
        source: io::Error,
    },
    /// It is no settings file.
    #[error("`{}` {problem}; nothing was written", path.display())]
    NotSettings {
        /// The file.
        path: PathBuf,
        /// What it is instead.
        problem: &'static str,
    },
    /// The entry of that name is of the other kind: started, or served.
    #[error(
        "the entry `{name}` in `{}` is of another kind (it has `{member}`); --remove takes it away, and --name makes \
         another beside it", path.display()
    )]
    OtherKind {
        /// The file.
        path: PathBuf,
        /// The entry's name.
        name: String,
        /// The member that tells.
        member: String,
    },
    /// Setup does not know how this client reads a token from a variable.
    #[error(
        "setup can't tell {client} of a server elsewhere; write the entry by hand, and no token into it"
    )]
    Remote {
        /// Its name.
        client: &'static str,
    },
    /// Its text can't be used.
    #[error("`{}`, {problem}. Nothing was written", path.display())]
    Text {
        /// The file.
        path: PathBuf,
        /// The line and what is wrong with it.
        problem: String,
    },
}

/// What the system said, without its number.
fn reason(error: &io::Error) -> String {
    let text = error.to_string();
    text.split(" (os error")
        .next()
        .unwrap_or(&text)
        .to_lowercase()
}
