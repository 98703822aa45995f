//! 1Password's own words as arguments: categories, field types, purposes.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, de::Error};

use crate::vault::{Category, FieldType, Purpose};

/// A word that is known; its schema lists all that are.
pub(super) struct Word<T>(pub(super) T);

/// What has a closed list of words.
pub(super) trait Known: Sized {
    /// The words, as 1Password writes them.
    const WORDS: &'static [&'static str];
    /// Reads one of them, in any case.
    fn known(word: &str) -> Option<Self>;
}

impl Known for Category {
    const WORDS: &'static [&'static str] = Self::KNOWN;
    fn known(word: &str) -> Option<Self> {
        Self::known(word)
    }
}

impl Known for FieldType {
    const WORDS: &'static [&'static str] = Self::KNOWN;
    fn known(word: &str) -> Option<Self> {
        Self::known(word)
    }
}

impl Known for Purpose {
    const WORDS: &'static [&'static str] = &["USERNAME", "PASSWORD", "NOTES"];
    fn known(word: &str) -> Option<Self> {
        Self::read(word)
    }
}

impl<T: Known> JsonSchema for Word<T> {
    fn schema_name() -> Cow<'static, str> {
        "Word".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "enum": T::WORDS })
    }
}

impl<'de, T: Known> Deserialize<'de> for Word<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let word = Cow::<str>::deserialize(deserializer)?;
        T::known(&word)
            .map(Self)
            .ok_or_else(|| D::Error::custom("not a known word"))
    }
}
