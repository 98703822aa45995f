//! Where a field's value comes from, as a model says it.
//!
//! Shared by the tools that write. The model says where a value comes from, not what it is; exactly one source.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::{
    broker::Source,
    generate::{CharacterSet, Kind, Recipe},
    mcp::{arguments::ArgumentError, error::ToolError},
};

/// The members that name a source; they stand beside the others of a field.
#[derive(Deserialize, JsonSchema)]
pub(super) struct SourceArguments {
    /// Make a new random value. `{}` makes a password of 32 characters.
    generate: Option<RecipeArguments>,
    /// A person types it, where you can't see it. The answer says whether it is set, or how it will be.
    ask: Option<bool>,
    /// Read the value from this file, below the directories that you may use.
    #[schemars(length(min = 1))]
    file: Option<String>,
    /// Run this program (argv, no shell) and take its standard output, without the last line break.
    #[schemars(length(min = 1))]
    command: Option<Vec<String>>,
    /// Copy the value of another field: its op:// reference.
    #[schemars(length(min = 1))]
    copy: Option<String>,
    /// Plain text, for fields that are not secret (user name, host, URL). Refused for concealed fields.
    text: Option<String>,
}

/// How a value is made.
#[derive(Deserialize, JsonSchema)]
struct RecipeArguments {
    /// What to make; `password` when absent.
    kind: Option<KindArgument>,
    /// Characters of a password (1 to 64; 32 when absent), or digits of a hex number (1 to 256; 64 when absent).
    #[schemars(range(min = 1, max = 256))]
    length: Option<u32>,
    /// Words of a passphrase (1 to 24; 6 when absent).
    #[schemars(range(min = 1, max = 24))]
    words: Option<u32>,
    /// Which characters a password has; all of these when absent.
    #[schemars(length(min = 1))]
    character_sets: Option<Vec<CharacterSetArgument>>,
    /// Characters that a password must not have.
    exclude_characters: Option<String>,
}

#[derive(Clone, Copy, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum KindArgument {
    Password,
    Passphrase,
    Hex,
    Uuid,
    SshKey,
}

#[derive(Clone, Copy, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum CharacterSetArgument {
    Letters,
    Digits,
    Symbols,
}

impl SourceArguments {
    /// Tells whether no source was named at all.
    pub(super) fn is_none(&self) -> bool {
        self.generate.is_none()
            && self.ask.is_none()
            && self.file.is_none()
            && self.command.is_none()
            && self.copy.is_none()
            && self.text.is_none()
    }

    /// The one source that was named. `field` says whose it is, in the words of the arguments (`fields[0]`).
    ///
    /// # Errors
    /// [`ToolError::Argument`] when none or several were named.
    pub(super) fn one(self, field: &str) -> Result<Source, ToolError> {
        let mut named = [
            (self.ask == Some(true)).then_some(Source::Ask),
            self.generate.map(|recipe| Source::Generate(recipe.into())),
            self.file.map(|path| Source::File(path.into())),
            self.command.map(Source::Command),
            self.copy.map(Source::Copy),
            self.text.map(|text| Source::Text(text.into())),
        ]
        .into_iter()
        .flatten();
        match (named.next(), named.next()) {
            (Some(source), None) => Ok(source),
            _ => Err(ArgumentError::new(format!(
                "argument `{field}` must say where its value comes from with exactly one of \
                 generate, ask, file, command, copy, text"
            ))
            .into()),
        }
    }
}

impl From<RecipeArguments> for Recipe {
    fn from(recipe: RecipeArguments) -> Self {
        Self {
            kind: recipe.kind.map_or_else(Kind::default, Kind::from),
            length: recipe.length,
            words: recipe.words,
            character_sets: recipe
                .character_sets
                .map(|sets| sets.into_iter().map(CharacterSet::from).collect()),
            exclude_characters: recipe.exclude_characters,
        }
    }
}

impl From<KindArgument> for Kind {
    fn from(kind: KindArgument) -> Self {
        match kind {
            KindArgument::Password => Self::Password,
            KindArgument::Passphrase => Self::Passphrase,
            KindArgument::Hex => Self::Hex,
            KindArgument::Uuid => Self::Uuid,
            KindArgument::SshKey => Self::SshKey,
        }
    }
}

impl From<CharacterSetArgument> for CharacterSet {
    fn from(set: CharacterSetArgument) -> Self {
        match set {
            CharacterSetArgument::Letters => Self::Letters,
            CharacterSetArgument::Digits => Self::Digits,
            CharacterSetArgument::Symbols => Self::Symbols,
        }
    }
}
