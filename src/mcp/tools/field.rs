//! A field to be made, as a model says it: shared by the tools that write.

use schemars::JsonSchema;
use serde::Deserialize;

use super::{source::SourceArguments, word::Word};
use crate::{
    broker::NewField,
    mcp::error::ToolError,
    vault::{FieldType, Purpose},
};

/// A field to make, and where its value comes from.
#[derive(Deserialize, JsonSchema)]
pub(super) struct NewFieldArguments {
    /// What a person calls it, for example `password` or `API key`.
    #[schemars(length(min = 1))]
    label: String,
    /// The label of the section to put it in; made when it is not there.
    #[schemars(length(min = 1))]
    section: Option<String>,
    /// How the value is to be read. CONCEALED when absent, STRING when the source is `text`.
    #[serde(rename = "type")]
    kind: Option<Word<FieldType>>,
    /// The field's part in signing in.
    purpose: Option<Word<Purpose>>,
    #[serde(flatten)]
    source: SourceArguments,
}

impl NewFieldArguments {
    /// The field to make. `name` says where it stands in the arguments (`fields[0]`).
    ///
    /// # Errors
    /// Those of [`SourceArguments::one`].
    pub(super) fn field(self, name: &str) -> Result<NewField, ToolError> {
        Ok(NewField {
            label: self.label,
            section: self.section,
            kind: self.kind.map(|word| word.0),
            purpose: self.purpose.map(|word| word.0),
            source: Some(self.source.one(name)?),
        })
    }
}
