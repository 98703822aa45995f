//! An item as a program wrote it: nothing of it is settled yet.

use crate::{
    generate::Recipe,
    vault::{Category, FieldType, Item, ItemUrl, Purpose, Secret},
};

/// An item that is to be made or to take another's place.
#[derive(Clone, Debug, Default)]
pub struct DraftItem {
    /// Its title.
    pub title: String,
    /// What kind of item it is; may be left out where it stays as it is.
    pub category: Option<Category>,
    /// Web addresses.
    pub urls: Vec<ItemUrl>,
    /// Labels for finding it.
    pub tags: Vec<String>,
    /// Whether it is marked.
    pub favorite: bool,
    /// Named groups of fields.
    pub sections: Vec<DraftSection>,
    /// Fields.
    pub fields: Vec<DraftField>,
}

/// A section, or the name of one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DraftSection {
    /// Its id; may be empty.
    pub id: String,
    /// Its label; `None` leaves it as it is.
    pub label: Option<String>,
}

/// A field.
#[derive(Clone, Debug, Default)]
pub struct DraftField {
    /// Its id; may be empty.
    pub id: String,
    /// The section that it stands in.
    pub section: Option<DraftSection>,
    /// How its value is to be read.
    pub kind: Option<FieldType>,
    /// Its part in signing in.
    pub purpose: Option<Purpose>,
    /// What a person calls it.
    pub label: Option<String>,
    /// Its value.
    pub value: Option<Secret>,
    /// Whether the value is the one that is stored, which nobody has sent: so it is not judged.
    pub stored: bool,
    /// How a value is made up where there is none.
    pub generate: Option<Recipe>,
    /// Whether one is to be made up.
    pub generates: bool,
}

impl DraftItem {
    /// An item as it is.
    pub(super) fn of(item: &Item) -> Self {
        let section = |id: &crate::vault::SectionId| DraftSection {
            id: id.to_string(),
            label: None,
        };
        let fields = item.fields.iter().map(|field| {
            let metadata = &field.metadata;
            DraftField {
                id: metadata.id.to_string(),
                section: metadata.section.as_ref().map(section),
                kind: Some(metadata.kind.clone()),
                purpose: metadata.purpose,
                label: Some(metadata.label.clone()),
                value: field.value.clone(),
                stored: true,
                ..DraftField::default()
            }
        });
        let sections = item.sections.iter().map(|section| DraftSection {
            id: section.id.to_string(),
            label: Some(section.label.clone()),
        });
        let overview = &item.overview;
        Self {
            title: overview.title.clone(),
            category: Some(overview.category.clone()),
            urls: overview.urls.clone(),
            tags: overview.tags.clone(),
            favorite: overview.favorite,
            sections: sections.collect(),
            fields: fields.collect(),
        }
    }
}
