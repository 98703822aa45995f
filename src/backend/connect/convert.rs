//! From the wire to 1Password's nouns, and back.
//!
//! What can't be understood is left out or kept as it came; it is never a reason to refuse a whole list.

use jiff::Timestamp;

use crate::{
    connect::{
        Field as WireField, File, Id, Item as WireItem, Section as WireSection, Text, Url, Vault,
    },
    vault::{
        Category, Field, FieldId, FieldMetadata, FieldType, FileId, FileMetadata, Item, ItemId,
        ItemMetadata, ItemOverview, ItemState, ItemUrl, NewItem, Purpose, Secret, Section,
        SectionId, VaultId, VaultOverview,
    },
};

/// A vault; `None` for one whose id is none.
pub(super) fn vault(vault: Vault) -> Option<VaultOverview> {
    Some(VaultOverview {
        id: VaultId::parse(&vault.id).ok()?,
        name: vault.name,
        description: vault.description,
        items: vault.items,
        attribute_version: vault.attribute_version,
        content_version: vault.content_version,
        created_at: time(vault.created_at.as_deref()),
        updated_at: time(vault.updated_at.as_deref()),
    })
}

/// An item's overview in the vault that was asked; `None` for one that is deleted, or whose id is none.
pub(super) fn overview(item: &WireItem, vault: &VaultId) -> Option<ItemOverview> {
    let state = match item.state.as_deref() {
        _ if item.trashed => return None,
        Some(state) if state.eq_ignore_ascii_case("DELETED") => return None,
        Some(state) if state.eq_ignore_ascii_case("ARCHIVED") => ItemState::Archived,
        _ => ItemState::Active,
    };
    Some(ItemOverview {
        id: ItemId::parse(&item.id).ok()?,
        vault: vault.clone(),
        title: item.title.clone(),
        category: Category::read(&item.category),
        urls: item
            .urls
            .iter()
            .map(|url| ItemUrl {
                href: url.href.clone(),
                label: url.label.clone().filter(|label| !label.is_empty()),
                primary: url.primary,
            })
            .collect(),
        tags: item.tags.clone(),
        favorite: item.favorite,
        state,
        version: item.version,
        created_at: time(item.created_at.as_deref()),
        updated_at: time(item.updated_at.as_deref()),
        last_edited_by: item.last_edited_by.clone(),
    })
}

/// An item with its values; `None` as for [`overview`].
pub(super) fn item(wire: WireItem, vault: &VaultId) -> Option<Item> {
    let overview = overview(&wire, vault)?;
    let mut sections: Vec<Section> = wire.sections.iter().map(section).collect();
    // A section may be named by a field or a file alone.
    let named = wire
        .fields
        .iter()
        .filter_map(|field| field.section.as_ref());
    let named = named.chain(wire.files.iter().filter_map(|file| file.section.as_ref()));
    for named in named.filter(|named| !named.id.is_empty()) {
        if !sections.iter().any(|known| known.id.as_str() == named.id) {
            sections.push(section(named));
        }
    }
    Some(Item {
        overview,
        sections,
        fields: wire.fields.into_iter().map(field).collect(),
        files: wire.files.into_iter().filter_map(file).collect(),
    })
}

/// A file; `None` for one whose id is none.
pub(super) fn file(file: File) -> Option<FileMetadata> {
    Some(FileMetadata {
        id: FileId::parse(&file.id).ok()?,
        name: file.name,
        size: file.size,
        section: section_id(file.section.as_ref()),
    })
}

/// The metadata alone; the values are wiped.
pub(super) fn metadata(item: Item) -> ItemMetadata {
    item.metadata()
}

/// What a new item looks like on the wire.
pub(super) fn new_item(new: NewItem, vault: &VaultId) -> WireItem {
    let sections: Vec<WireSection> = new.sections.iter().map(wire_section).collect();
    WireItem {
        title: new.title,
        vault: Id {
            id: vault.to_string(),
        },
        category: new.category.as_str().to_owned(),
        urls: new.urls.iter().map(wire_url).collect(),
        favorite: new.favorite,
        tags: new.tags,
        fields: new
            .fields
            .into_iter()
            .map(|field| wire_field(field, &sections))
            .collect(),
        sections,
        ..WireItem::default()
    }
}

/// A field on the wire, with its section's label: the server may not know the section yet.
pub(super) fn wire_field(field: Field, sections: &[WireSection]) -> WireField {
    let metadata = field.metadata;
    let section = metadata.section.map(|id| {
        let known = sections.iter().find(|section| section.id == id.as_str());
        known.cloned().unwrap_or(WireSection {
            id: id.to_string(),
            label: None,
        })
    });
    WireField {
        id: metadata.id.to_string(),
        section,
        kind: metadata.kind.as_str().to_owned(),
        purpose: metadata
            .purpose
            .map_or_else(String::new, |purpose| purpose.as_str().to_owned()),
        label: Some(metadata.label),
        value: field.value.map(text),
        ..WireField::default()
    }
}

/// A section on the wire.
pub(super) fn wire_section(section: &Section) -> WireSection {
    WireSection {
        id: section.id.to_string(),
        label: Some(section.label.clone()).filter(|label| !label.is_empty()),
    }
}

/// A web address on the wire.
pub(super) fn wire_url(url: &ItemUrl) -> Url {
    Url {
        href: url.href.clone(),
        label: url.label.clone(),
        primary: url.primary,
    }
}

/// A value on the wire.
pub(super) fn text(value: Secret) -> Text {
    Text::new(value.expose_secret().to_owned())
}

fn section(section: &WireSection) -> Section {
    Section {
        id: SectionId::new(section.id.clone()),
        label: section.label.clone().unwrap_or_default(),
    }
}

fn section_id(section: Option<&WireSection>) -> Option<SectionId> {
    section
        .filter(|section| !section.id.is_empty())
        .map(|section| SectionId::new(section.id.clone()))
}

fn field(field: WireField) -> Field {
    let section = section_id(field.section.as_ref());
    let label = field.label.unwrap_or_default();
    let value = field
        .value
        .map(|value| Secret::new(value.into_string()))
        .filter(|value| !value.is_empty());
    let kind = match field.kind.as_str() {
        // Not known to be harmless.
        "" => FieldType::Concealed,
        kind => FieldType::read(kind),
    };
    Field {
        metadata: FieldMetadata {
            id: FieldId::new(
                if field.id.is_empty() {
                    &label
                } else {
                    &field.id
                }
                .clone(),
            ),
            section,
            label: if label.is_empty() { field.id } else { label },
            kind,
            purpose: Purpose::read(&field.purpose),
            set: value.is_some(),
            origins: Vec::new(),
        },
        value,
    }
}

/// A time that is absent or in no form that we read is the beginning of time: lists need one.
fn time(text: Option<&str>) -> Timestamp {
    text.and_then(|text| text.parse().ok())
        .unwrap_or(Timestamp::UNIX_EPOCH)
}
