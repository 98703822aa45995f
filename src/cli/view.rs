//! Vaults and items as `--json` shows them, with `op`'s names for their members.
//!
//! A view of an item has room for values; they are there only after `--reveal`.

use serde::Serialize;

use crate::{
    broker::{ItemLine, ItemView, VaultView},
    vault::{
        FieldMetadata, FileMetadata, ItemOverview, ItemState, SectionId, VaultId, VaultOverview,
        reference::Named,
    },
};

/// A vault.
#[derive(Serialize)]
pub(super) struct VaultJson {
    id: String,
    name: String,
    description: String,
    items: u64,
    attribute_version: u64,
    content_version: u64,
    created_at: String,
    updated_at: String,
}

/// An item as a list shows it.
#[derive(Serialize)]
pub(super) struct OverviewJson {
    id: String,
    title: String,
    version: u64,
    vault: NamedJson,
    category: String,
    favorite: bool,
    tags: Vec<String>,
    urls: Vec<UrlJson>,
    #[serde(skip_serializing_if = "Option::is_none")]
    state: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_edited_by: Option<String>,
    created_at: String,
    updated_at: String,
}

/// An item with its fields.
#[derive(Serialize)]
pub(super) struct ItemJson {
    #[serde(flatten)]
    overview: OverviewJson,
    sections: Vec<SectionJson>,
    /// The fields, in order.
    pub(super) fields: Vec<FieldJson>,
    files: Vec<FileJson>,
}

/// A field; its value is there only after `--reveal`.
#[derive(Serialize)]
pub(super) struct FieldJson {
    id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    section: Option<SectionJson>,
    #[serde(rename = "type")]
    kind: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    purpose: Option<&'static str>,
    label: String,
    concealed: bool,
    set: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    value: Option<String>,
    reference: String,
}

#[derive(Serialize)]
struct NamedJson {
    id: String,
    name: String,
}

#[derive(Serialize)]
struct UrlJson {
    href: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    label: Option<String>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    primary: bool,
}

#[derive(Clone, Serialize)]
struct SectionJson {
    id: String,
    label: String,
}

#[derive(Serialize)]
struct FileJson {
    id: String,
    name: String,
    size: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    section: Option<SectionJson>,
    reference: String,
}

impl From<&VaultOverview> for VaultJson {
    fn from(vault: &VaultOverview) -> Self {
        Self {
            id: vault.id.to_string(),
            name: vault.name.clone(),
            description: vault.description.clone(),
            items: vault.items,
            attribute_version: vault.attribute_version,
            content_version: vault.content_version,
            created_at: vault.created_at.to_string(),
            updated_at: vault.updated_at.to_string(),
        }
    }
}

impl From<&VaultView> for VaultJson {
    fn from(view: &VaultView) -> Self {
        Self::from(&view.overview)
    }
}

impl From<&ItemLine> for OverviewJson {
    fn from(line: &ItemLine) -> Self {
        Self::new(&line.overview, &line.vault)
    }
}

impl OverviewJson {
    fn new(overview: &ItemOverview, vault: &Named<VaultId>) -> Self {
        Self {
            id: overview.id.to_string(),
            title: overview.title.clone(),
            version: overview.version,
            vault: NamedJson {
                id: vault.id.to_string(),
                name: vault.name.clone(),
            },
            category: overview.category.as_str().to_owned(),
            favorite: overview.favorite,
            tags: overview.tags.clone(),
            urls: overview
                .urls
                .iter()
                .map(|url| UrlJson {
                    href: url.href.clone(),
                    label: url.label.clone(),
                    primary: url.primary,
                })
                .collect(),
            state: (overview.state == ItemState::Archived).then_some("ARCHIVED"),
            last_edited_by: overview.last_edited_by.clone(),
            created_at: overview.created_at.to_string(),
            updated_at: overview.updated_at.to_string(),
        }
    }
}

impl From<&ItemView> for ItemJson {
    fn from(view: &ItemView) -> Self {
        let sections: Vec<SectionJson> = view
            .metadata
            .sections
            .iter()
            .map(|section| SectionJson {
                id: section.id.to_string(),
                label: section.label.clone(),
            })
            .collect();
        let section = |wanted: &Option<SectionId>| {
            let wanted = wanted.as_ref()?.as_str();
            sections
                .iter()
                .find(|section| section.id == wanted)
                .cloned()
        };
        let fields = view.metadata.fields.iter().zip(&view.field_references);
        let files = view.metadata.files.iter().zip(&view.file_references);
        Self {
            overview: OverviewJson::new(&view.metadata.overview, &view.vault),
            fields: fields
                .map(|(field, reference)| FieldJson::new(field, section(&field.section), reference))
                .collect(),
            files: files
                .map(|(file, reference)| FileJson::new(file, section(&file.section), reference))
                .collect(),
            sections,
        }
    }
}

impl FieldJson {
    fn new(field: &FieldMetadata, section: Option<SectionJson>, reference: &str) -> Self {
        Self {
            id: field.id.to_string(),
            section,
            kind: field.kind.as_str().to_owned(),
            purpose: field.purpose.map(crate::vault::Purpose::as_str),
            label: field.label.clone(),
            concealed: field.concealed(),
            set: field.set,
            value: None,
            reference: reference.to_owned(),
        }
    }

    /// Shows the value, for `--reveal`.
    pub(super) fn reveal(&mut self, value: Option<String>) {
        self.value = value;
    }
}

impl FileJson {
    fn new(file: &FileMetadata, section: Option<SectionJson>, reference: &str) -> Self {
        Self {
            id: file.id.to_string(),
            name: file.name.clone(),
            size: file.size,
            section,
            reference: reference.to_owned(),
        }
    }
}
