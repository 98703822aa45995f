//! Why a configuration is refused.

use std::{io, path::PathBuf};

/// Why the configuration is refused; no message repeats a value.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// Connect is chosen and something is missing.
    #[error(
        "{found} is there but {missing} is not; set OP_CONNECT_HOST and OP_CONNECT_TOKEN (or `[connect] host` and `token_file` in config.toml), or say --backend local"
    )]
    ConnectIncomplete {
        /// What selects Connect.
        found: &'static str,
        /// What is missing.
        missing: &'static str,
    },

    /// A variable would send a token that the file names to a host that the file does not name.
    #[error(
        "OP_CONNECT_HOST and `[connect] token_file` do not go together: the token would go to another server; set OP_CONNECT_TOKEN too, or unset OP_CONNECT_HOST"
    )]
    ConnectMixed,

    /// Others can read or change a file that only its owner may.
    #[error("others can {what} {}; run: chmod {chmod} {}", path.display(), path.display())]
    Exposed {
        /// The file.
        path: PathBuf,
        /// `read` or `change`.
        what: &'static str,
        /// The mode to set.
        chmod: &'static str,
    },

    /// The file is no TOML.
    #[error("line {line} of {}: {problem}", path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// Counted from 1.
        line: usize,
        /// The parser's own words, without the text.
        problem: String,
    },

    /// There is no home directory to look in.
    #[error("there is no home directory; set HOME or HUSHKEY_HOME")]
    NoHome,

    /// The token file holds no token.
    #[error("{} holds no token; it takes one line of printable characters", path.display())]
    NoToken {
        /// The file.
        path: PathBuf,
    },

    /// A key that nobody reads, which somebody expected to have an effect.
    #[error("line {line} of {}: unknown key{hint}{} known here: {known}", path.display(), if hint.is_empty() { ";" } else { "" })]
    UnknownKey {
        /// The file.
        path: PathBuf,
        /// Counted from 1.
        line: usize,
        /// All keys that are known there.
        known: String,
        /// The nearest of them, in words; may be empty.
        hint: String,
    },

    /// A file is there and can't be read.
    #[error("{} cannot be read: {}", path.display(), source.kind())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },

    /// A value in the file is of the wrong kind.
    #[error("line {line} of {}: `{key}` is {expected}", path.display())]
    Value {
        /// The file.
        path: PathBuf,
        /// Counted from 1.
        line: usize,
        /// The key.
        key: &'static str,
        /// What belongs there.
        expected: &'static str,
    },

    /// A variable's value is of the wrong kind.
    #[error("{name} is {expected}")]
    Variable {
        /// The variable.
        name: &'static str,
        /// What belongs there.
        expected: &'static str,
    },
}
