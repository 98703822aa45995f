//! Rights in a vault, and the levels that stand for sets of them.
//!
//! ```text
//! off   nothing
//! read  metadata
//! use   metadata, use
//! write metadata, use, create, update
//! full  metadata, use, create, update, delete, files
//! ```
//!
//! The rights are orthogonal: none of them implies another.

use std::fmt;

/// One thing that may be done in a vault.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Right {
    /// See the vault's items: titles, fields, tags, urls; never a value.
    Metadata,
    /// Hand values to programs, and copy them within hushkey.
    Use,
    /// Make items.
    Create,
    /// Change items.
    Update,
    /// Archive or delete items.
    Delete,
    /// Write values to files that the agent can read, which reveals them; and attach files.
    Files,
}

impl Right {
    /// All rights, least first.
    pub const ALL: [Self; 6] = [
        Self::Metadata,
        Self::Use,
        Self::Create,
        Self::Update,
        Self::Delete,
        Self::Files,
    ];

    /// Those that change something, or write a value where it can be read.
    pub const WRITES: [Self; 4] = [Self::Create, Self::Update, Self::Delete, Self::Files];

    /// Tells whether it is one of [`Right::WRITES`].
    #[must_use]
    pub fn writes(self) -> bool {
        Self::WRITES.contains(&self)
    }

    /// The word in the policy file.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Metadata => "metadata",
            Self::Use => "use",
            Self::Create => "create",
            Self::Update => "update",
            Self::Delete => "delete",
            Self::Files => "files",
        }
    }

    /// Reads the word of the policy file.
    #[must_use]
    pub fn read(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|right| right.as_str() == word)
    }

    const fn bit(self) -> u8 {
        1 << self as u8
    }
}

impl fmt::Display for Right {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A set of rights in one vault.
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct Rights(u8);

/// What the levels stand for, least first.
const LEVELS: [Rights; 5] = [
    Rights::NONE,
    Rights(0b00_0001),
    Rights(0b00_0011),
    Rights(0b00_1111),
    Rights::ALL,
];

/// The levels' words, least first.
pub(super) const LEVEL_WORDS: [&str; 5] = ["off", "read", "use", "write", "full"];

/// Why a text names no rights.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` is neither a level (off, read, use, write, full) nor a right (metadata, use, create, update, delete, files)"
)]
pub struct NotRights(pub String);

impl Rights {
    /// Every right.
    pub const ALL: Self = Self(0b11_1111);
    /// No right.
    pub const NONE: Self = Self(0);

    /// Reads what stands right of `--vault NAME=`: a level, or rights joined by commas.
    ///
    /// # Errors
    /// [`NotRights`] repeats the word that is neither.
    pub fn parse(text: &str) -> Result<Self, NotRights> {
        let text = text.trim();
        match Self::level(text) {
            Some(rights) => Ok(rights),
            None => Self::listed(text.split(',')),
        }
    }

    /// The rights that a level stands for.
    #[must_use]
    pub fn level(word: &str) -> Option<Self> {
        let at = LEVEL_WORDS.iter().position(|level| *level == word)?;
        Some(LEVELS[at])
    }

    /// The set of the rights named; `use` is the right here, not the level.
    ///
    /// # Errors
    /// [`NotRights`] repeats the word that is no right.
    pub fn listed<'a>(words: impl IntoIterator<Item = &'a str>) -> Result<Self, NotRights> {
        words.into_iter().try_fold(Self::NONE, |rights, word| {
            let word = word.trim();
            let right = Right::read(word).ok_or_else(|| NotRights(word.to_owned()))?;
            Ok(rights.with(right))
        })
    }

    /// Tells whether the set holds a right.
    #[must_use]
    pub fn has(self, right: Right) -> bool {
        self.0 & right.bit() != 0
    }

    /// Tells whether the set is empty.
    #[must_use]
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The set with one more right.
    #[must_use]
    pub const fn with(self, right: Right) -> Self {
        Self(self.0 | right.bit())
    }

    /// The rights that both sets hold.
    #[must_use]
    pub fn intersection(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// The rights that one of the sets holds.
    #[must_use]
    pub fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// The rights in the set, least first.
    pub fn iter(self) -> impl Iterator<Item = Right> {
        Right::ALL.into_iter().filter(move |right| self.has(*right))
    }

    /// The level that stands for exactly this set, if there is one.
    #[must_use]
    pub fn as_level(self) -> Option<&'static str> {
        let at = LEVELS.iter().position(|rights| *rights == self)?;
        Some(LEVEL_WORDS[at])
    }
}

impl fmt::Display for Rights {
    /// A level's word, or the rights joined by commas: what [`Rights::parse`] reads. The right `use` alone, which
    /// only the policy file can express, is spelt out: the word would be read as the level.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(level) = self.as_level() {
            return f.write_str(level);
        }
        if *self == Self::NONE.with(Right::Use) {
            return f.write_str("use without metadata");
        }
        for (at, right) in self.iter().enumerate() {
            if at > 0 {
                f.write_str(",")?;
            }
            f.write_str(right.as_str())?;
        }
        Ok(())
    }
}

impl fmt::Debug for Rights {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Rights({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_level_holds_what_the_one_below_it_holds() {
        for pair in LEVELS.windows(2) {
            let (below, above) = (pair[0], pair[1]);

            assert_eq!(below.intersection(above), below);
            assert_ne!(below, above);
        }
    }

    #[test]
    fn rights_are_orthogonal() {
        let rights = Rights::parse("metadata,create").unwrap();

        assert!(rights.has(Right::Metadata) && rights.has(Right::Create));
        assert!(!rights.has(Right::Use) && !rights.has(Right::Update));
    }

    #[test]
    fn every_set_of_rights_reads_back_as_it_is_shown() {
        for bits in 1..=Rights::ALL.0 {
            let rights = Rights(bits);
            if rights != Rights::NONE.with(Right::Use) {
                assert_eq!(Rights::parse(&rights.to_string()), Ok(rights));
            }
        }
        assert_eq!(Rights::parse("off"), Ok(Rights::NONE));
    }

    #[test]
    fn the_right_use_alone_is_not_shown_as_the_level() {
        let alone = Rights::listed(["use"]).unwrap();

        assert_ne!(Rights::level("use"), Some(alone));
        assert_eq!(alone.to_string(), "use without metadata");
    }

    #[test]
    fn an_unknown_right_is_refused_by_name() {
        assert_eq!(
            Rights::parse("metadata,reveal"),
            Err(NotRights("reveal".into()))
        );
    }
}
