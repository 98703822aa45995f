//! JSON Patch as Connect takes it: `add`, `remove` and `replace`, with fields addressed by their ids.

use serde::Serialize;

use super::{Field, Section, Text, Url};

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
