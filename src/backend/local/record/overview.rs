//! An item's overview: all of it but values, in two parts.

use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::{FORMAT, Unreadable, append, body, microseconds, take, timestamp};
use crate::{
    backend::local::subkeys::Tag,
    vault::{
        Category, FieldId, FieldMetadata, FieldType, FileId, FileMetadata, ItemId, ItemMetadata,
        ItemOverview, ItemState, ItemUrl, Purpose, ResolvedReference, Section, SectionId, VaultId,
        reference::Named,
    },
};

/// What of an item stands outside its sealed overview, and is bound to it by the seal.
#[derive(Clone, Debug)]
pub(in crate::backend::local) struct Identity {
    pub(in crate::backend::local) vault: VaultId,
    pub(in crate::backend::local) item: ItemId,
    pub(in crate::backend::local) version: u64,
    pub(in crate::backend::local) state: ItemState,
}

/// An item as the store keeps it, without its values.
#[derive(Clone, Debug)]
pub(in crate::backend::local) struct StoredItem {
    /// The number of its row; nothing depends on it, since the tag below tells which details belong to it.
    pub(in crate::backend::local) row: i64,
    pub(in crate::backend::local) metadata: ItemMetadata,
    /// The random number that stands for this record in its vault's [`super::Members`].
    pub(in crate::backend::local) mark: u128,
    /// The item's version when its details were sealed.
    pub(in crate::backend::local) details_version: u64,
    /// The tag of the sealed details.
    pub(in crate::backend::local) details_tag: Tag,
}

#[derive(Serialize, Deserialize)]
struct ListRecord<'a> {
    mark: u128,
    title: &'a str,
    category: &'a str,
    #[serde(borrow)]
    urls: Vec<UrlRecord<'a>>,
    #[serde(borrow)]
    tags: Vec<&'a str>,
    favorite: bool,
    /// Microseconds since 1970, as all times here.
    created: i64,
    updated: i64,
    edited_by: Option<&'a str>,
}

#[derive(Serialize, Deserialize)]
struct UrlRecord<'a> {
    href: &'a str,
    label: Option<&'a str>,
    primary: bool,
}

#[derive(Serialize, Deserialize)]
struct FieldsRecord<'a> {
    details_version: u64,
    details_tag: Tag,
    #[serde(borrow)]
    sections: Vec<NamedRecord<'a>>,
    #[serde(borrow)]
    fields: Vec<FieldRecord<'a>>,
    #[serde(borrow)]
    files: Vec<FileRecord<'a>>,
}

#[derive(Serialize, Deserialize)]
struct FieldRecord<'a> {
    id: &'a str,
    section: Option<&'a str>,
    label: &'a str,
    kind: &'a str,
    purpose: Option<&'a str>,
    set: bool,
    #[serde(borrow)]
    origins: Vec<OriginRecord<'a>>,
}

#[derive(Serialize, Deserialize)]
struct OriginRecord<'a> {
    #[serde(borrow)]
    vault: NamedRecord<'a>,
    item: NamedRecord<'a>,
    section: Option<NamedRecord<'a>>,
    field: NamedRecord<'a>,
}

#[derive(Serialize, Deserialize)]
struct FileRecord<'a> {
    id: &'a str,
    name: &'a str,
    size: u64,
    section: Option<&'a str>,
}

#[derive(Serialize, Deserialize)]
struct NamedRecord<'a> {
    id: &'a str,
    name: &'a str,
}

/// Decodes what a list shows of an item, and the item's mark.
pub(in crate::backend::local) fn decode_listed(
    bytes: &[u8],
    identity: Identity,
) -> Result<(ItemOverview, u128), Unreadable> {
    let (record, _) = take::<ListRecord<'_>>(body(bytes)?)?;
    Ok((record.overview(identity), record.mark))
}

impl StoredItem {
    /// Encodes the overview; values have no place in it.
    pub(in crate::backend::local) fn encode(&self) -> Zeroizing<Vec<u8>> {
        let bytes = append(vec![FORMAT].into(), &self.list_record());
        append(bytes, &self.fields_record())
    }

    /// Decodes the overview as a whole.
    pub(in crate::backend::local) fn decode(
        bytes: &[u8],
        row: i64,
        identity: Identity,
    ) -> Result<Self, Unreadable> {
        let (list, rest) = take::<ListRecord<'_>>(body(bytes)?)?;
        let (fields, _) = take::<FieldsRecord<'_>>(rest)?;
        Ok(Self {
            row,
            mark: list.mark,
            details_version: fields.details_version,
            details_tag: fields.details_tag,
            metadata: ItemMetadata {
                overview: list.overview(identity),
                sections: fields.sections.iter().map(NamedRecord::section).collect(),
                fields: collect(&fields.fields, FieldRecord::metadata)?,
                files: collect(&fields.files, FileRecord::metadata)?,
            },
        })
    }

    /// Where the item stands.
    pub(in crate::backend::local) fn identity(&self) -> Identity {
        let overview = &self.metadata.overview;
        Identity {
            vault: overview.vault.clone(),
            item: overview.id.clone(),
            version: overview.version,
            state: overview.state,
        }
    }

    fn list_record(&self) -> ListRecord<'_> {
        let overview = &self.metadata.overview;
        ListRecord {
            mark: self.mark,
            title: &overview.title,
            category: overview.category.as_str(),
            urls: overview.urls.iter().map(UrlRecord::of).collect(),
            tags: overview.tags.iter().map(String::as_str).collect(),
            favorite: overview.favorite,
            created: microseconds(overview.created_at),
            updated: microseconds(overview.updated_at),
            edited_by: overview.last_edited_by.as_deref(),
        }
    }

    fn fields_record(&self) -> FieldsRecord<'_> {
        let metadata = &self.metadata;
        FieldsRecord {
            details_version: self.details_version,
            details_tag: self.details_tag,
            sections: metadata
                .sections
                .iter()
                .map(NamedRecord::of_section)
                .collect(),
            fields: metadata.fields.iter().map(FieldRecord::of).collect(),
            files: metadata.files.iter().map(FileRecord::of).collect(),
        }
    }
}

impl ListRecord<'_> {
    fn overview(&self, identity: Identity) -> ItemOverview {
        ItemOverview {
            id: identity.item,
            vault: identity.vault,
            title: self.title.to_owned(),
            category: Category::read(self.category),
            urls: self.urls.iter().map(UrlRecord::url).collect(),
            tags: self.tags.iter().map(|&tag| tag.to_owned()).collect(),
            favorite: self.favorite,
            state: identity.state,
            version: identity.version,
            created_at: timestamp(self.created),
            updated_at: timestamp(self.updated),
            last_edited_by: self.edited_by.map(str::to_owned),
        }
    }
}

impl<'a> UrlRecord<'a> {
    fn of(url: &'a ItemUrl) -> Self {
        Self {
            href: &url.href,
            label: url.label.as_deref(),
            primary: url.primary,
        }
    }

    fn url(&self) -> ItemUrl {
        ItemUrl {
            href: self.href.to_owned(),
            label: self.label.map(str::to_owned),
            primary: self.primary,
        }
    }
}

impl<'a> FieldRecord<'a> {
    fn of(field: &'a FieldMetadata) -> Self {
        Self {
            id: field.id.as_str(),
            section: field.section.as_ref().map(SectionId::as_str),
            label: &field.label,
            kind: field.kind.as_str(),
            purpose: field.purpose.map(Purpose::as_str),
            set: field.set,
            origins: field.origins.iter().map(OriginRecord::of).collect(),
        }
    }

    fn metadata(&self) -> Result<FieldMetadata, Unreadable> {
        Ok(FieldMetadata {
            id: FieldId::new(self.id),
            section: self.section.map(SectionId::new),
            label: self.label.to_owned(),
            kind: FieldType::read(self.kind),
            purpose: self.purpose.and_then(Purpose::read),
            set: self.set,
            origins: collect(&self.origins, OriginRecord::reference)?,
        })
    }
}

impl<'a> OriginRecord<'a> {
    fn of(origin: &'a ResolvedReference) -> Self {
        Self {
            vault: NamedRecord::of(origin.vault.id.as_str(), &origin.vault.name),
            item: NamedRecord::of(origin.item.id.as_str(), &origin.item.name),
            section: origin
                .section
                .as_ref()
                .map(|section| NamedRecord::of(section.id.as_str(), &section.name)),
            field: NamedRecord::of(origin.field.id.as_str(), &origin.field.name),
        }
    }

    fn reference(&self) -> Result<ResolvedReference, Unreadable> {
        Ok(ResolvedReference {
            vault: self.vault.named(|id| VaultId::parse(id).ok())?,
            item: self.item.named(|id| ItemId::parse(id).ok())?,
            section: self
                .section
                .as_ref()
                .map(|section| section.named(|id| Some(SectionId::new(id))))
                .transpose()?,
            field: self.field.named(|id| Some(FieldId::new(id)))?,
        })
    }
}

impl<'a> FileRecord<'a> {
    fn of(file: &'a FileMetadata) -> Self {
        Self {
            id: file.id.as_str(),
            name: &file.name,
            size: file.size,
            section: file.section.as_ref().map(SectionId::as_str),
        }
    }

    fn metadata(&self) -> Result<FileMetadata, Unreadable> {
        Ok(FileMetadata {
            id: FileId::parse(self.id).map_err(|_| Unreadable)?,
            name: self.name.to_owned(),
            size: self.size,
            section: self.section.map(SectionId::new),
        })
    }
}

impl<'a> NamedRecord<'a> {
    fn of(id: &'a str, name: &'a str) -> Self {
        Self { id, name }
    }

    fn of_section(section: &'a Section) -> Self {
        Self::of(section.id.as_str(), &section.label)
    }

    fn section(&self) -> Section {
        Section {
            id: SectionId::new(self.id),
            label: self.name.to_owned(),
        }
    }

    fn named<T>(&self, read: impl Fn(&str) -> Option<T>) -> Result<Named<T>, Unreadable> {
        Ok(Named {
            id: read(self.id).ok_or(Unreadable)?,
            name: self.name.to_owned(),
        })
    }
}

fn collect<T, U>(
    records: &[T],
    convert: impl Fn(&T) -> Result<U, Unreadable>,
) -> Result<Vec<U>, Unreadable> {
    records.iter().map(convert).collect()
}
