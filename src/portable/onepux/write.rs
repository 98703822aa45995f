//! Writes a `.1pux`, for an export that is sealed as a whole.

use std::io::{Cursor, Write};

use serde::Serialize;
use serde_json::json;
use zeroize::Zeroizing;
use zip::{CompressionMethod, ZipWriter, write::SimpleFileOptions};

use super::{CATEGORIES, DATA, FILES, value::member};
use crate::{
    portable::{Portable, PortableError, PortableItem, PortableVault, text::Lent},
    vault::{Field, FileId, Purpose, SectionId},
};

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Entry<'a> {
    uuid: String,
    fav_index: u8,
    state: &'static str,
    category_uuid: &'static str,
    hushkey_category: &'a str,
    details: Details<'a>,
    overview: serde_json::Value,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Details<'a> {
    login_fields: Vec<LoginField<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    notes_plain: Option<Lent<'a>>,
    sections: Vec<Section<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct LoginField<'a> {
    value: Option<Lent<'a>>,
    id: &'a str,
    name: &'a str,
    field_type: &'static str,
    designation: &'static str,
    hushkey_type: &'a str,
}

#[derive(Serialize)]
struct Section<'a> {
    title: &'a str,
    name: &'a str,
    fields: Vec<SectionField<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct SectionField<'a> {
    title: &'a str,
    id: &'a str,
    value: Value<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    hushkey_type: Option<&'a str>,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Value<'a> {
    File(serde_json::Value),
    Text(std::collections::BTreeMap<&'static str, Option<Lent<'a>>>),
}

/// Writes an archive. Nothing in it is compressed: it is sealed next, and how far values are compressible would show.
///
/// # Errors
/// [`PortableError::TooLarge`] when there is more than [`super::read`] takes.
pub fn write(portable: &Portable) -> Result<Zeroizing<Vec<u8>>, PortableError> {
    let stored = SimpleFileOptions::default().compression_method(CompressionMethod::Stored);
    let failed = |_: zip::result::ZipError| PortableError::NoArchive;
    let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
    let mut names: Vec<(String, &[u8])> = Vec::new();
    let vaults: Vec<_> = portable
        .vaults
        .iter()
        .map(|vault| vault_json(vault, &mut names))
        .collect();

    archive
        .start_file("export.attributes", stored)
        .map_err(failed)?;
    let attributes = json!({ "version": 3, "description": "hushkey export" });
    archive
        .write_all(attributes.to_string().as_bytes())
        .map_err(|_| PortableError::NoArchive)?;
    archive.start_file(DATA, stored).map_err(failed)?;
    let data = data(&vaults)?;
    archive
        .write_all(&data)
        .map_err(|_| PortableError::NoArchive)?;
    for (name, content) in names {
        archive
            .start_file(format!("{FILES}{name}"), stored)
            .map_err(failed)?;
        archive
            .write_all(content)
            .map_err(|_| PortableError::NoArchive)?;
    }
    let written = archive.finish().map_err(failed)?;
    Ok(Zeroizing::new(written.into_inner()))
}

#[derive(Serialize)]
struct VaultEntry<'a> {
    attrs: serde_json::Value,
    items: Vec<Entry<'a>>,
}

fn data(vaults: &[VaultEntry<'_>]) -> Result<Zeroizing<Vec<u8>>, PortableError> {
    #[derive(Serialize)]
    struct Account<'a> {
        attrs: serde_json::Value,
        vaults: &'a [VaultEntry<'a>],
    }

    #[derive(Serialize)]
    struct Export<'a> {
        accounts: [Account<'a>; 1],
    }

    let account = Account {
        attrs: json!({ "accountName": "hushkey", "name": "hushkey" }),
        vaults,
    };
    let mut text = Zeroizing::new(Vec::new());
    serde_json::to_writer(
        &mut *text,
        &Export {
            accounts: [account],
        },
    )
    .map_err(|error| PortableError::json("export.data", &error))?;
    Ok(text)
}

fn vault_json<'a>(vault: &'a PortableVault, names: &mut Vec<(String, &'a [u8])>) -> VaultEntry<'a> {
    let items = vault.items.iter().map(|item| entry(item, names));
    VaultEntry {
        attrs: json!({ "name": vault.name, "type": "U" }),
        items: items.collect(),
    }
}

fn entry<'a>(item: &'a PortableItem, names: &mut Vec<(String, &'a [u8])>) -> Entry<'a> {
    let new = &item.item;
    let number = CATEGORIES.iter().find(|(_, known)| *known == new.category);
    let named = |purpose: Option<Purpose>| {
        new.fields
            .iter()
            .filter(move |it| it.metadata.purpose == purpose)
    };
    let login = |purpose, field_type, designation| {
        named(Some(purpose)).map(move |field: &'a Field| LoginField {
            value: field.value.as_ref().map(Lent),
            id: field.metadata.id.as_str(),
            name: &field.metadata.label,
            field_type,
            designation,
            hushkey_type: field.metadata.kind.as_str(),
        })
    };
    let mut login_fields: Vec<_> = login(Purpose::Username, "T", "username").collect();
    login_fields.extend(login(Purpose::Password, "P", "password"));
    let notes = named(Some(Purpose::Notes)).find_map(|field| field.value.as_ref());

    let outside = Section {
        title: "",
        name: "",
        fields: fields(item, None, names),
    };
    let mut sections = vec![outside];
    sections.extend(new.sections.iter().map(|section| Section {
        title: &section.label,
        name: section.id.as_str(),
        fields: fields(item, Some(&section.id), names),
    }));
    let urls: Vec<_> = new
        .urls
        .iter()
        .map(|url| json!({ "label": url.label.as_deref().unwrap_or_default(), "url": url.href }))
        .collect();
    let main = new.urls.iter().find(|url| url.primary).or(new.urls.first());
    Entry {
        uuid: FileId::random().to_string(),
        fav_index: u8::from(new.favorite),
        state: if item.archived { "archived" } else { "active" },
        category_uuid: number.map_or("", |(number, _)| number),
        hushkey_category: new.category.as_str(),
        details: Details {
            login_fields,
            notes_plain: notes.map(Lent),
            sections,
        },
        overview: json!({
            "title": new.title,
            "url": main.map(|url| url.href.as_str()).unwrap_or_default(),
            "urls": urls,
            "tags": new.tags,
        }),
    }
}

/// The fields and files of a section.
fn fields<'a>(
    item: &'a PortableItem,
    section: Option<&SectionId>,
    names: &mut Vec<(String, &'a [u8])>,
) -> Vec<SectionField<'a>> {
    let here = item.item.fields.iter().filter(|field| {
        field.metadata.purpose.is_none() && field.metadata.section.as_ref() == section
    });
    let mut fields: Vec<_> = here
        .map(|field| {
            let metadata = &field.metadata;
            let value = field.value.as_ref().map(Lent);
            SectionField {
                title: &metadata.label,
                id: metadata.id.as_str(),
                value: Value::Text([(member(&metadata.kind), value)].into()),
                hushkey_type: Some(metadata.kind.as_str()),
            }
        })
        .collect();
    for file in item
        .files
        .iter()
        .filter(|file| file.section.as_ref() == section)
    {
        let id = FileId::random().to_string();
        fields.push(SectionField {
            title: "",
            id: "",
            value: Value::File(json!({ "file": {
                "fileName": file.name, "documentId": id, "decryptedSize": file.content.len(),
            } })),
            hushkey_type: None,
        });
        names.push((format!("{id}__{}", file.name), &file.content));
    }
    fields
}
