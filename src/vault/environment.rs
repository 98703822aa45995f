//! Environments: named sets of variables, each a secret reference or plain text.
//!
//! An environment says what a program is to get, and holds no secret itself: a value that must not be seen is in an
//! item, and the environment has the reference. So whoever may read an environment learns names, a reference is decided
//! each time it is used, and a rotated value needs no second change. The module knows no policy and no storage.

use std::fmt;

use async_trait::async_trait;
use jiff::Timestamp;

use crate::vault::{
    EnvironmentId, Secret, SecretReference, StoreHead, VaultError, id::is_id, name::same_name,
};

/// How many characters a name has at most.
const MAX_NAME: usize = 64;
/// How many bytes a variable's name has at most.
const MAX_VARIABLE: usize = 256;

/// Keeps environments, beside the vaults or alone where the vaults are elsewhere.
///
/// What [`crate::vault::Vault`] promises of several tasks and processes holds here too.
#[async_trait]
pub trait Environments: Send + Sync {
    /// All environments, in order of name.
    async fn environments(&self) -> Result<Vec<Environment>, VaultError>;

    /// Makes an environment without variables. A name that is taken, in any case, is refused.
    async fn create_environment(
        &self,
        name: EnvironmentName,
        by: &str,
    ) -> Result<Environment, VaultError>;

    /// Changes an environment, all of the edit or nothing of it.
    async fn edit_environment(
        &self,
        id: &EnvironmentId,
        edit: EnvironmentEdit,
    ) -> Result<Environment, VaultError>;

    /// Deletes an environment, for good. What its references mean stays where it is.
    async fn delete_environment(&self, id: &EnvironmentId) -> Result<(), VaultError>;

    /// Where the store of the environments stands; `None` where it has no meaning.
    async fn environments_head(&self) -> Result<Option<StoreHead>, VaultError>;
}

/// A named set of variables.
#[derive(Clone, Debug)]
pub struct Environment {
    /// Its id.
    pub id: EnvironmentId,
    /// Its name, which no other environment has in any case.
    pub name: EnvironmentName,
    /// Starts at 1 and grows by one with each change.
    pub version: u64,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it changed last.
    pub updated_at: Timestamp,
    /// Who changed it last: `owner`, or an agent's name.
    pub last_edited_by: String,
    /// Its variables, each name once, in the order in which they were added.
    pub variables: Vec<Variable>,
}

/// A variable of an environment.
#[derive(Clone, Debug)]
pub struct Variable {
    /// Its name.
    pub name: VariableName,
    /// What it holds.
    pub content: VariableContent,
    /// Who set it last: `owner`, or an agent's name.
    pub set_by: String,
}

/// What a variable holds.
#[derive(Clone, Debug)]
pub enum VariableContent {
    /// A reference, resolved whenever a program gets it.
    Reference(SecretReference),
    /// Text that is no secret; kept like one all the same, for its writer may have been wrong.
    Text(Secret),
}

/// What to change about an environment.
#[derive(Clone, Debug, Default)]
pub struct EnvironmentEdit {
    /// A new name.
    pub name: Option<EnvironmentName>,
    /// Variables to set: those that are there get the new content in their place.
    pub set: Vec<(VariableName, VariableContent)>,
    /// Variables to remove; each has to be there.
    pub remove: Vec<VariableName>,
    /// Who changes it.
    pub by: String,
}

/// An environment's name: 1 to 64 of letters and digits of ASCII, space, `-`, `_`, `.`; the first and the last a letter or digit.
///
/// No other letters, so that no name looks like another; no `=` and no `/`, which stand after a name on command lines. A
/// text that has the form of an id is no name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EnvironmentName(String);

/// A variable's name: letters, digits and `_` of ASCII, the first no digit.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct VariableName(String);

/// Why a text is no environment's name.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error(
    "an environment's name has 1 to {MAX_NAME} letters, digits, spaces, `-`, `_` or `.`, begins and ends with a letter or \
     digit, and has not the form of an id"
)]
pub struct NotAnEnvironmentName;

/// Why a text is no variable's name.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("a variable's name has letters, digits and `_`, and does not begin with a digit")]
pub struct NotAVariableName;

impl EnvironmentName {
    /// Parses a name; blanks around it do not count.
    ///
    /// # Errors
    /// [`NotAnEnvironmentName`] for anything else.
    pub fn parse(text: &str) -> Result<Self, NotAnEnvironmentName> {
        let text = text.trim();
        let inner = |b: u8| b.is_ascii_alphanumeric() || b" -_.".contains(&b);
        let edge = |b: Option<&u8>| b.is_some_and(u8::is_ascii_alphanumeric);
        let bytes = text.as_bytes();
        let fits = bytes.len() <= MAX_NAME
            && edge(bytes.first())
            && edge(bytes.last())
            && bytes.iter().copied().all(inner);
        if fits && !is_id(text) {
            Ok(Self(text.to_owned()))
        } else {
            Err(NotAnEnvironmentName)
        }
    }

    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Tells whether a text means this name, in any case.
    #[must_use]
    pub fn is(&self, text: &str) -> bool {
        same_name(&self.0, text)
    }
}

impl VariableName {
    /// Parses a name.
    ///
    /// # Errors
    /// [`NotAVariableName`] for anything else.
    pub fn parse(text: &str) -> Result<Self, NotAVariableName> {
        let fits = !text.is_empty()
            && text.len() <= MAX_VARIABLE
            && !text.as_bytes()[0].is_ascii_digit()
            && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
        if fits {
            Ok(Self(text.to_owned()))
        } else {
            Err(NotAVariableName)
        }
    }

    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Environment {
    /// The variable of that name.
    #[must_use]
    pub fn variable(&self, name: &VariableName) -> Option<&Variable> {
        self.variables.iter().find(|known| known.name == *name)
    }
}

impl fmt::Display for EnvironmentName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for VariableName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_has_nothing_that_could_be_read_as_something_else() {
        for good in ["staging", "EU west 1", "v2.1_b-c", "a", &"x".repeat(64)] {
            assert!(EnvironmentName::parse(good).is_ok(), "{good}");
        }
        for bad in [
            "",
            " ",
            "a=use",
            "a/b",
            "-a",
            "a.",
            "st\u{430}ging",
            "a\nb",
            "a\u{202e}b",
            &"x".repeat(65),
            "abcdefghijklmnopqrstuvwxyz",
        ] {
            assert_eq!(
                EnvironmentName::parse(bad),
                Err(NotAnEnvironmentName),
                "{bad:?}"
            );
        }
        assert!(EnvironmentName::parse(" Staging ").unwrap().is("staging"));
    }

    #[test]
    fn a_variables_name_is_one_that_every_shell_takes() {
        assert!(VariableName::parse("_Database_URL2").is_ok());
        for bad in [
            "",
            "2A",
            "A-B",
            "A=B",
            "A B",
            "\u{c4}",
            "A\0",
            "BASH_FUNC_x%%",
        ] {
            assert_eq!(VariableName::parse(bad), Err(NotAVariableName), "{bad:?}");
        }
    }
}
