//! What is wanted of a new value, in the words of Connect's and `op`'s password recipes.
//!
//! A recipe does not know how a value is drawn, nor how strong it will be.

use super::GenerateError;

/// What to generate. An option that does not belong to the kind is refused, not ignored.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Recipe {
    /// What kind of value.
    pub kind: Kind,
    /// Characters of a password (1 to 64; 32 when absent), or digits of a hexadecimal number (1 to 256; 64 when absent).
    pub length: Option<u32>,
    /// Words of a passphrase (1 to 24; 6 when absent).
    pub words: Option<u32>,
    /// Which characters a password has, at least one of each set; all sets when absent.
    pub character_sets: Option<Vec<CharacterSet>>,
    /// Characters that a password must not have.
    pub exclude_characters: Option<String>,
}

/// What kind of value is generated.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Kind {
    /// Lower-case hexadecimal digits.
    Hex,
    /// Words of the EFF's large list (<https://www.eff.org/dice>), joined by `-`.
    Passphrase,
    /// Letters, digits and symbols.
    #[default]
    Password,
    /// An Ed25519 key pair for SSH; the value is the private key.
    SshKey,
    /// A random UUID: version 4 of RFC 9562.
    Uuid,
}

/// A set of characters that a password is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CharacterSet {
    /// `0` to `9`.
    Digits,
    /// `A` to `Z` and `a` to `z`.
    Letters,
    /// Those that mean nothing to a shell or a `.env` file between double quotes.
    Symbols,
}

impl Recipe {
    /// Reads a password recipe as `op` has it: `letters,digits,symbols,20`, in any order, each at most once. An
    /// empty text is the default.
    ///
    /// # Errors
    /// [`GenerateError::Recipe`].
    pub fn parse(text: &str) -> Result<Self, GenerateError> {
        let mut recipe = Self::default();
        if text.trim().is_empty() {
            return Ok(recipe);
        }
        for word in text.split(',').map(str::trim) {
            if let Some(set) = CharacterSet::parse(word) {
                let sets = recipe.character_sets.get_or_insert_default();
                if sets.contains(&set) {
                    return Err(GenerateError::Recipe);
                }
                sets.push(set);
            } else {
                let length = word.parse().map_err(|_| GenerateError::Recipe)?;
                if recipe.length.replace(length).is_some() {
                    return Err(GenerateError::Recipe);
                }
            }
        }
        Ok(recipe)
    }

    pub(super) fn refuse_what_does_not_apply(&self) -> Result<(), GenerateError> {
        let password = self.kind == Kind::Password;
        [
            (
                "length",
                self.length.is_some(),
                password || self.kind == Kind::Hex,
            ),
            ("words", self.words.is_some(), self.kind == Kind::Passphrase),
            ("character_sets", self.character_sets.is_some(), password),
            (
                "exclude_characters",
                self.exclude_characters.is_some(),
                password,
            ),
        ]
        .into_iter()
        .find(|(_, given, applies)| *given && !applies)
        .map_or(Ok(()), |(option, ..)| {
            Err(GenerateError::DoesNotApply {
                kind: self.kind,
                option,
            })
        })
    }

    pub(super) fn bounded(
        &self,
        option: &'static str,
        given: Option<u32>,
        default: u32,
        most: u32,
    ) -> Result<u32, GenerateError> {
        let number = given.unwrap_or(default);
        if (1..=most).contains(&number) {
            Ok(number)
        } else {
            Err(GenerateError::OutOfBounds {
                kind: self.kind,
                option,
                least: 1,
                most,
            })
        }
    }
}

impl Kind {
    /// The word in recipes: `password`, `ssh_key`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Hex => "hex",
            Self::Passphrase => "passphrase",
            Self::Password => "password",
            Self::SshKey => "ssh_key",
            Self::Uuid => "uuid",
        }
    }

    /// Reads a word in any case, with `-` for `_`.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        let word = word.to_ascii_lowercase().replace('-', "_");
        [
            Self::Hex,
            Self::Passphrase,
            Self::Password,
            Self::SshKey,
            Self::Uuid,
        ]
        .into_iter()
        .find(|kind| kind.as_str() == word)
    }
}

impl CharacterSet {
    pub(super) const ALL: [Self; 3] = [Self::Letters, Self::Digits, Self::Symbols];

    /// The word in recipes: `letters`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Digits => "digits",
            Self::Letters => "letters",
            Self::Symbols => "symbols",
        }
    }

    /// Reads a word in any case.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|set| set.as_str().eq_ignore_ascii_case(word))
    }

    pub(super) fn characters(self) -> &'static str {
        match self {
            Self::Digits => DIGITS,
            Self::Letters => LETTERS,
            Self::Symbols => SYMBOLS,
        }
    }
}

const LETTERS: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const DIGITS: &str = "0123456789";
const SYMBOLS: &str = "!#%&()*+,-.:;=?@[]^_{}~";
