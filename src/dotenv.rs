//! `.env` files: read as `op run` reads them, and rewritten without touching anything but values.
//!
//! ```text
//! # comment
//! export NAME = value            # white space around name and value does not count
//! EMPTY=
//! PEM="-----BEGIN …              # quoted values may have several lines; \n, \t, \", \$ and \\ are
//! …-----END …"                   # understood between double quotes, nothing between single ones
//! URL=https://$HOST/${BASE:-v1}  # from earlier lines first, then from what the caller looks up
//! JSON={"a":"b"}                 # inner quotes stay
//! DSN="app:{{ op://Dev/DB/key }}@db"  # a secret within text; {{ "…" }} stands for what is between the quotes
//! KEY="op://Dev/Stripe/secret key"
//! ```
//!
//! After <https://developer.1password.com/docs/cli/secrets-environment-variables/>. What two readers of
//! the format could understand differently is refused with its line number. A value may be a secret: none is
//! ever part of a message, and all are wiped. The module opens no file, and does not know the process'
//! environment.

use std::ops::Range;

use zeroize::Zeroizing;

use crate::vault::{ReferenceError, Secret, SecretReference};

mod expand;
mod parse;
mod write;

pub use expand::{Assignment, MAX_TOTAL_BYTES, MAX_VALUE_BYTES, Part, Value};
pub use write::line;

/// A `.env` file, with the place of everything in it.
pub struct Dotenv {
    text: Zeroizing<String>,
    entries: Vec<Entry>,
}

/// One `NAME=VALUE`.
pub struct Entry {
    name: String,
    line: usize,
    /// The value in the text: bytes, quotes included.
    span: Range<usize>,
    quoting: Quoting,
    pieces: Vec<Piece>,
}

/// What stands after the `=`, before anything is expanded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// It has `$NAME` or `${NAME}`.
    HasVariable,
    /// Text that stands for itself; it may be empty.
    Literal,
    /// A secret reference, though perhaps a malformed one.
    Reference,
    /// Text with `{{ op://… }}` in it.
    Template,
}

/// Why a text is no `.env` file; no message repeats the text.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DotenvError {
    /// Something follows a closing quote.
    #[error(
        "line {line}: after the closing quote only a comment may follow; put the quotes around the whole value"
    )]
    AfterQuote {
        /// Counted from 1.
        line: usize,
    },

    /// Braces hold a reference that does not end, or that a variable is missing from.
    #[error(
        "line {line}: {name} has `{{{{ op://` with no whole reference before `}}}}`; where no secret is meant, write {{{{ \"{{{{\" }}}}"
    )]
    Braces {
        /// Counted from 1.
        line: usize,
        /// The variable.
        name: String,
    },

    /// A variable's name can't be used.
    #[error(
        "line {line}: a variable's name has letters, digits, `_`, `.` or `-`, and does not begin with a digit"
    )]
    Name {
        /// Counted from 1.
        line: usize,
    },

    /// A line assigns nothing.
    #[error("line {line} is no NAME=VALUE; put `#` before it if it is a comment")]
    NoAssignment {
        /// Counted from 1.
        line: usize,
    },

    /// The file is in another encoding.
    #[error("line {line} is not UTF-8; save the file as UTF-8")]
    NotUtf8 {
        /// Counted from 1.
        line: usize,
    },

    /// No program can be given a NUL.
    #[error("line {line} has a NUL byte, which no variable can hold")]
    Nul {
        /// Counted from 1.
        line: usize,
    },

    /// What begins like a secret reference is none.
    #[error("line {line}: {name} is no secret reference: {error}")]
    Reference {
        /// Counted from 1.
        line: usize,
        /// The variable.
        name: String,
        /// The rule that is broken.
        error: ReferenceError,
    },

    /// A reference's text has a variable that stands for a reference itself.
    #[error("line {line}: {name} puts a secret reference into a secret reference")]
    ReferenceInReference {
        /// Counted from 1.
        line: usize,
        /// The variable.
        name: String,
    },

    /// A value grows longer than a program can be given.
    #[error("line {line}: with its variables the value of {name} is longer than {} KiB", MAX_VALUE_BYTES / 1024)]
    TooLong {
        /// Counted from 1.
        line: usize,
        /// The variable.
        name: String,
    },

    /// All values together are more than a program can be given.
    #[error("with their variables the values are longer than {} MiB together", MAX_TOTAL_BYTES / 1024 / 1024)]
    TooMuch,

    /// A quote is not closed.
    #[error("line {line}: a quote opens and is not closed")]
    UnclosedQuote {
        /// The line of the opening quote, counted from 1.
        line: usize,
    },

    /// What follows `${` is not understood.
    #[error(
        "line {line}: after `${{` only NAME}} or NAME:-default}} is understood; write `\\$` for a dollar sign"
    )]
    Variable {
        /// Counted from 1.
        line: usize,
    },
}

impl Dotenv {
    /// Reads the text of a file, with or without a byte-order mark, with any line ends.
    ///
    /// # Errors
    /// [`DotenvError`] for the first line that is not understood.
    pub fn parse(text: &str) -> Result<Self, DotenvError> {
        Ok(Self {
            entries: parse::entries(text)?,
            text: Zeroizing::new(text.to_owned()),
        })
    }

    /// Reads the bytes of a file.
    ///
    /// # Errors
    /// As [`Dotenv::parse`], and when they are not UTF-8.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, DotenvError> {
        let text = std::str::from_utf8(bytes).map_err(|error| DotenvError::NotUtf8 {
            line: 1 + newlines(&bytes[..error.valid_up_to()]),
        })?;
        Self::parse(text)
    }

    /// All assignments, in order; a name may come more than once.
    #[must_use]
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// The text with other values: where `replacement` gives a reference, it stands in the value's
    /// place, in quotes where it needs them. Every other byte stays as it is.
    #[must_use]
    pub fn rewrite(
        &self,
        replacement: impl Fn(&Entry) -> Option<SecretReference>,
    ) -> Zeroizing<String> {
        let mut rewritten = Zeroizing::new(String::with_capacity(self.text.len()));
        let mut copied = 0;
        for entry in &self.entries {
            let Some(reference) = replacement(entry) else {
                continue;
            };
            let text = reference.to_string();
            let quote = match entry.quoting {
                Quoting::None if text.contains([' ', '\t']) => "\"",
                Quoting::None => "",
                Quoting::Double => "\"",
                Quoting::Single => "'",
            };
            rewritten.push_str(&self.text[copied..entry.span.start]);
            rewritten.extend([quote, &text, quote]);
            copied = entry.span.end;
        }
        rewritten.push_str(&self.text[copied..]);
        rewritten
    }
}

/// Whether a text has a reference between braces; one that is not whole counts.
fn is_template(text: &str) -> bool {
    let inner = text.split("{{").skip(1);
    inner.map(str::trim_start).any(SecretReference::looks_like)
}

impl std::fmt::Debug for Dotenv {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Dotenv({} entries)", self.entries.len())
    }
}

impl Entry {
    /// The variable's name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The line that it begins on, counted from 1.
    #[must_use]
    pub fn line(&self) -> usize {
        self.line
    }

    /// What stands after the `=`.
    #[must_use]
    pub fn kind(&self) -> Kind {
        match &self.pieces[..] {
            [] => Kind::Literal,
            [Piece::Text(text)] if SecretReference::looks_like(text) => Kind::Reference,
            [Piece::Text(text)] if is_template(text) => Kind::Template,
            [Piece::Text(_)] => Kind::Literal,
            _ => Kind::HasVariable,
        }
    }

    /// The variables that it is made of, those of defaults included; a name may come more than once.
    #[must_use]
    pub fn variables(&self) -> Vec<&str> {
        variables(&self.pieces)
    }

    /// Whether it is the text of a reference with variables in it: `op://$STAGE/db/password`.
    #[must_use]
    pub fn builds_reference(&self) -> bool {
        match &self.pieces[..] {
            [Piece::Text(begin), _, ..] => SecretReference::looks_like(begin),
            _ => false,
        }
    }

    /// The text, where it stands for itself.
    #[must_use]
    pub fn literal(&self) -> Option<Secret> {
        match (self.kind(), &self.pieces[..]) {
            (Kind::Literal, [Piece::Text(text)]) => Some(Secret::new(String::clone(text))),
            (Kind::Literal, _) => Some(Secret::new(String::new())),
            _ => None,
        }
    }

    /// The reference, where it is one.
    ///
    /// # Errors
    /// The inner error, for what begins like a reference and is none.
    #[must_use]
    pub fn reference(&self) -> Option<Result<SecretReference, ReferenceError>> {
        match (self.kind(), &self.pieces[..]) {
            (Kind::Reference, [Piece::Text(text)]) => Some(SecretReference::parse(text)),
            _ => None,
        }
    }
}

impl std::fmt::Debug for Entry {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Entry({}, line {})", self.name, self.line)
    }
}

/// How a value is quoted in the file.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Quoting {
    Double,
    None,
    Single,
}

/// A part of a value. No `Debug`: even a variable's name may be half of a password with a `$` in it.
enum Piece {
    /// Unescaped text; not empty, and never two in a row.
    Text(Zeroizing<String>),
    /// `$NAME`, `${NAME}` or `${NAME:-default}`.
    Variable {
        name: Zeroizing<String>,
        default: Option<Vec<Piece>>,
    },
}

fn variables(pieces: &[Piece]) -> Vec<&str> {
    pieces
        .iter()
        .flat_map(|piece| match piece {
            Piece::Text(_) => Vec::new(),
            Piece::Variable { name, default } => {
                let mut names = variables(default.as_deref().unwrap_or_default());
                names.push(name);
                names
            }
        })
        .collect()
}

fn newlines(bytes: &[u8]) -> usize {
    bytes.iter().filter(|byte| **byte == b'\n').count()
}

#[cfg(test)]
mod tests;
