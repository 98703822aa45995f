//! JSON Patch as Connect takes it: `add`, `remove` and `replace`, with fields addressed by their ids.

use serde::{Deserialize, Serialize};

use super::{Field, Given, Section, Text, Url};

/// One change to an item, as a server gets it: what it is to put in place can be anything yet.
#[derive(Clone, Debug, Deserialize)]
pub struct SentOperation {
    /// `add`, `remove` or `replace`, or what else was written.
    pub op: String,
    /// Where.
    pub path: String,
    /// What to put there; null is something, absent is nothing.
    #[serde(default, deserialize_with = "there")]
    pub value: Option<Given>,
}

fn there<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<Given>, D::Error> {
    Given::deserialize(deserializer).map(Some)
}

/// One change to an item.
#[derive(Clone, Debug, Serialize)]
pub struct Operation {
    /// `add`, `remove` or `replace`.
    pub op: &'static str,
    /// `/title`, `/fields`, `/fields/{id}/value` …
    pub path: String,
    /// What to put there; absent for `remove`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value: Option<PatchValue>,
}

/// What a change puts in place.
#[derive(Clone, Debug, Serialize)]
#[serde(untagged)]
pub enum PatchValue {
    /// Marked or not.
    Bool(bool),
    /// A whole field.
    Field(Box<Field>),
    /// A section.
    Section(Section),
    /// Labels.
    Tags(Vec<String>),
    /// A field's value or another text.
    Text(Text),
    /// Web addresses.
    Urls(Vec<Url>),
}
