//! One item's metadata, as a model sees it: the answer of three tools and of a resource. Holds no value.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Serialize;

use super::address;
use crate::{
    broker::ItemView,
    display_text::escaped,
    vault::{FieldMetadata, FileMetadata, Section},
};

/// All that may be told of an item.
#[derive(Serialize, JsonSchema)]
pub(in crate::mcp) struct ItemDetails {
    /// The item's id; use it where the title is ambiguous.
    id: String,
    /// The item's title.
    title: String,
    /// What kind of item it is, for example LOGIN.
    category: String,
    /// The name of the vault that holds it.
    vault: String,
    /// The id of that vault.
    vault_id: String,
    /// Labels.
    tags: Vec<String>,
    /// Web addresses, without user information and query values.
    urls: Vec<String>,
    /// Grows by one with each change; give it to update_item.
    version: u64,
    /// When it was made, RFC 3339.
    created_at: String,
    /// When it changed last, RFC 3339.
    updated_at: String,
    /// Named groups of fields.
    sections: Vec<SectionDetails>,
    /// The fields, without their values.
    fields: Vec<FieldDetails>,
    /// The attached files, without their content.
    files: Vec<FileDetails>,
}

/// An item that was just written.
#[derive(Serialize, JsonSchema)]
pub(in crate::mcp) struct WrittenDetails {
    #[serde(flatten)]
    item: ItemDetails,
    /// The fields that a person was asked to type, and what became of them.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    asked: Vec<AskedDetails>,
}

/// A field that a person was asked to type.
#[derive(Serialize, JsonSchema)]
pub(in crate::mcp) struct AskedDetails {
    /// The field's id.
    pub(in crate::mcp) field: String,
    /// `set`, `waiting`, `declined` or `expired`.
    pub(in crate::mcp) state: String,
    /// What to do now.
    pub(in crate::mcp) next: String,
    /// What the user sees on the page and types in a terminal.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::mcp) code: Option<String>,
    /// The page on the user's computer, good for this one value.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::mcp) address: Option<String>,
}

impl WrittenDetails {
    /// The item, with the pages' addresses by code for what is still to be typed.
    pub(in crate::mcp) fn of(view: ItemView, addresses: &BTreeMap<String, String>) -> Self {
        let asked = view.asked.iter().map(|asked| {
            let address = addresses.get(&asked.code).cloned();
            AskedDetails::of(asked, address)
        });
        Self {
            asked: asked.collect(),
            item: view.into(),
        }
    }
}

/// A named group of fields.
#[derive(Serialize, JsonSchema)]
struct SectionDetails {
    /// The section's id.
    id: String,
    /// Its label; may be empty.
    label: String,
}

/// A field without its value.
#[derive(Serialize, JsonSchema)]
struct FieldDetails {
    /// The field's id.
    id: String,
    /// What a person calls it.
    label: String,
    /// The id of the section it stands in.
    #[serde(skip_serializing_if = "Option::is_none")]
    section: Option<String>,
    /// How its content is to be read, for example CONCEALED.
    #[serde(rename = "type")]
    kind: String,
    /// Its part in signing in: USERNAME, PASSWORD or NOTES.
    #[serde(skip_serializing_if = "Option::is_none")]
    purpose: Option<String>,
    /// Whether the content is secret and stays concealed.
    concealed: bool,
    /// Whether there is any content.
    set: bool,
    /// The op:// reference that stands for the content, for run_command and copy.
    reference: String,
}

/// An attached file without its content.
#[derive(Serialize, JsonSchema)]
struct FileDetails {
    /// The file's id.
    id: String,
    /// Its name.
    name: String,
    /// Its size in bytes.
    size: u64,
    /// The op:// reference that stands for its content.
    reference: String,
}

impl From<ItemView> for ItemDetails {
    fn from(view: ItemView) -> Self {
        let item = view.metadata.overview;
        let fields = view.metadata.fields.into_iter().zip(view.field_references);
        let files = view.metadata.files.into_iter().zip(view.file_references);
        Self {
            id: item.id.to_string(),
            title: escaped(&item.title),
            category: escaped(item.category.as_str()),
            vault: escaped(&view.vault.name),
            vault_id: view.vault.id.to_string(),
            tags: item.tags.iter().map(|tag| escaped(tag)).collect(),
            urls: address::shown(&item.urls),
            version: item.version,
            created_at: item.created_at.to_string(),
            updated_at: item.updated_at.to_string(),
            sections: view
                .metadata
                .sections
                .into_iter()
                .map(SectionDetails::from)
                .collect(),
            fields: fields.map(FieldDetails::from).collect(),
            files: files.map(FileDetails::from).collect(),
        }
    }
}

impl From<Section> for SectionDetails {
    fn from(section: Section) -> Self {
        Self {
            id: escaped(section.id.as_str()),
            label: escaped(&section.label),
        }
    }
}

impl From<(FieldMetadata, String)> for FieldDetails {
    fn from((field, reference): (FieldMetadata, String)) -> Self {
        Self {
            concealed: field.concealed(),
            id: escaped(field.id.as_str()),
            label: escaped(&field.label),
            section: field.section.map(|section| escaped(section.as_str())),
            kind: escaped(field.kind.as_str()),
            purpose: field.purpose.map(|purpose| purpose.as_str().to_owned()),
            set: field.set,
            reference: escaped(&reference),
        }
    }
}

impl From<(FileMetadata, String)> for FileDetails {
    fn from((file, reference): (FileMetadata, String)) -> Self {
        Self {
            id: file.id.to_string(),
            name: escaped(&file.name),
            size: file.size,
            reference: escaped(&reference),
        }
    }
}
