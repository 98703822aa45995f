//! The list of items of a `.1pux`.

use serde::Deserialize;
use serde::de::IgnoredAny;

use super::{
    Archive, CATEGORIES,
    value::{FileValue, Value},
};
use crate::{
    portable::{
        Portable, PortableError, PortableFile, PortableItem, PortableVault, push,
        text::{Text, or_default},
    },
    vault::{Category, Field, FieldType, ItemUrl, NewItem, Purpose, Section, SectionId},
};

#[derive(Deserialize)]
struct Export {
    #[serde(default, deserialize_with = "or_default")]
    accounts: Vec<Account>,
}

#[derive(Deserialize)]
struct Account {
    #[serde(default, deserialize_with = "or_default")]
    vaults: Vec<Vault>,
}

#[derive(Deserialize)]
struct Vault {
    #[serde(default, deserialize_with = "or_default")]
    attrs: VaultAttributes,
    #[serde(default, deserialize_with = "or_default")]
    items: Vec<Entry>,
}

#[derive(Default, Deserialize)]
struct VaultAttributes {
    name: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Entry {
    #[serde(default, deserialize_with = "or_default")]
    fav_index: i64,
    state: Option<String>,
    category_uuid: Option<String>,
    hushkey_category: Option<String>,
    #[serde(default, deserialize_with = "or_default")]
    details: Details,
    #[serde(default, deserialize_with = "or_default")]
    overview: Overview,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Details {
    #[serde(default, deserialize_with = "or_default")]
    login_fields: Vec<LoginField>,
    notes_plain: Option<Text>,
    /// Of items of category PASSWORD.
    password: Option<Text>,
    #[serde(default, deserialize_with = "or_default")]
    sections: Vec<SectionEntry>,
    #[serde(default, deserialize_with = "or_default")]
    password_history: Vec<IgnoredAny>,
    document_attributes: Option<FileValue>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct LoginField {
    value: Option<Text>,
    id: Option<String>,
    name: Option<String>,
    field_type: Option<String>,
    designation: Option<String>,
    hushkey_type: Option<String>,
}

#[derive(Deserialize)]
struct SectionEntry {
    title: Option<String>,
    name: Option<String>,
    #[serde(default, deserialize_with = "or_default")]
    fields: Vec<FieldEntry>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct FieldEntry {
    title: Option<String>,
    id: Option<String>,
    #[serde(default, deserialize_with = "or_default")]
    value: Value,
    hushkey_type: Option<String>,
}

#[derive(Default, Deserialize)]
struct Overview {
    title: Option<String>,
    url: Option<String>,
    #[serde(default, deserialize_with = "or_default")]
    urls: Vec<Url>,
    #[serde(default, deserialize_with = "or_default")]
    tags: Vec<String>,
}

#[derive(Deserialize)]
struct Url {
    label: Option<String>,
    url: Option<String>,
}

/// Reads the list, and the files that its items name.
pub(super) fn read(data: &[u8], archive: &mut Archive<'_>) -> Result<Portable, PortableError> {
    let export: Export =
        serde_json::from_slice(data).map_err(|error| PortableError::json("export.data", &error))?;
    let mut portable = Portable::default();
    for vault in export.accounts.into_iter().flat_map(|it| it.vaults) {
        let name = vault.attrs.name.unwrap_or_default();
        let mut items = Vec::with_capacity(vault.items.len());
        for entry in vault.items {
            match entry.state.as_deref() {
                None | Some("active" | "archived") => {
                    items.push(entry.into_item(archive, &mut portable)?);
                }
                Some(_) => portable.leave_out("items in the bin"),
            }
        }
        portable.vaults.push(PortableVault {
            name: if name.trim().is_empty() {
                "Imported".to_owned()
            } else {
                name.trim().to_owned()
            },
            items,
        });
    }
    Ok(portable)
}

impl Entry {
    fn into_item(
        self,
        archive: &mut Archive<'_>,
        portable: &mut Portable,
    ) -> Result<PortableItem, PortableError> {
        let Self {
            fav_index,
            state,
            category_uuid,
            hushkey_category,
            details,
            overview,
        } = self;
        let by_number = |number: &str| CATEGORIES.iter().find(|(known, _)| *known == number);
        let category = hushkey_category
            .map(|word| Category::read(&word))
            .or_else(|| Some(by_number(category_uuid.as_deref()?)?.1.clone()))
            .unwrap_or(Category::SecureNote);
        (0..details.password_history.len()).for_each(|_| portable.leave_out("earlier passwords"));

        let mut item = Parts::default();
        for field in details.login_fields {
            field.lay(&mut item.fields, portable);
        }
        if let Some(password) = details.password {
            let purpose = Some(Purpose::Password);
            let value = Some(password.0);
            let kind = FieldType::Concealed;
            push(
                &mut item.fields,
                Some("password"),
                None,
                "password",
                kind,
                purpose,
                value,
            );
        }
        let document = details.document_attributes.into_iter();
        let mut files: Vec<(Option<SectionId>, FileValue)> =
            document.map(|file| (None, file)).collect();
        for section in details.sections {
            section.lay(&mut item, &mut files, portable);
        }
        if let Some(notes) = details.notes_plain.filter(|notes| !notes.0.is_empty()) {
            let purpose = Some(Purpose::Notes);
            let value = Some(notes.0);
            let kind = FieldType::String;
            push(
                &mut item.fields,
                Some("notesPlain"),
                None,
                "notesPlain",
                kind,
                purpose,
                value,
            );
        }
        let mut attached = Vec::new();
        for (
            section,
            FileValue {
                file_name,
                document_id,
                ..
            },
        ) in files
        {
            let name = file_name.unwrap_or_default();
            match archive.file(&document_id.unwrap_or_default(), &name)? {
                Some(content) => attached.push(PortableFile {
                    name: name.rsplit('/').next().unwrap_or_default().to_owned(),
                    section,
                    content,
                }),
                None => portable.leave_out("attached files that the archive does not hold"),
            }
        }
        let title = overview.title.as_deref().map(str::trim);
        Ok(PortableItem {
            item: NewItem {
                title: title
                    .filter(|it| !it.is_empty())
                    .unwrap_or("Untitled")
                    .to_owned(),
                category,
                urls: overview.addresses(),
                tags: overview.tags,
                favorite: fav_index > 0,
                sections: item.sections,
                fields: item.fields,
                created_by: None,
            },
            files: attached,
            archived: state.as_deref() == Some("archived"),
        })
    }
}

#[derive(Default)]
struct Parts {
    sections: Vec<Section>,
    fields: Vec<Field>,
}

impl LoginField {
    fn lay(self, fields: &mut Vec<Field>, portable: &mut Portable) {
        let purpose = self.designation.as_deref().and_then(Purpose::read);
        let kind = match self.field_type.as_deref() {
            Some("P") => FieldType::Concealed,
            Some("E") => FieldType::Email,
            Some("U") => FieldType::Url,
            Some("B" | "C" | "I") if purpose.is_none() => {
                return portable.leave_out("buttons and boxes of web pages");
            }
            _ => FieldType::String,
        };
        let kind = self
            .hushkey_type
            .map_or(kind, |word| FieldType::read(&word));
        let value = self.value.map(|it| it.0);
        if value.is_none() && purpose.is_none() {
            return;
        }
        let id = match purpose {
            Some(Purpose::Username) => Some("username"),
            Some(Purpose::Password) => Some("password"),
            _ => self.id.as_deref(),
        };
        let named = self.name.filter(|name| !name.trim().is_empty());
        let label = named.as_deref().or(id).unwrap_or_default();
        push(fields, id, None, label, kind, purpose, value);
    }
}

impl SectionEntry {
    fn lay(
        self,
        item: &mut Parts,
        files: &mut Vec<(Option<SectionId>, FileValue)>,
        portable: &mut Portable,
    ) {
        let title = self.title.unwrap_or_default().trim().to_owned();
        let section = (!title.is_empty()).then(|| {
            let taken = |id: &String| item.sections.iter().any(|it| it.id.as_str() == id);
            let id = self
                .name
                .filter(|id| !id.is_empty() && id.len() <= 64 && !taken(id));
            id.map_or_else(SectionId::random, SectionId::new)
        });
        if let Some(id) = &section {
            item.sections.push(Section {
                id: id.clone(),
                label: title,
            });
        }
        for field in self.fields {
            let (kind, value) = match field.value {
                Value::File(file) => {
                    files.push((section.clone(), file));
                    continue;
                }
                Value::SshKey(key) => {
                    key.lay(&mut item.fields, section.as_ref(), field.title.as_deref());
                    continue;
                }
                Value::Unknown => {
                    portable.leave_out("fields of a kind that is not known");
                    continue;
                }
                Value::Text(kind, value) => (kind, value),
            };
            let kind = field
                .hushkey_type
                .map_or(kind, |word| FieldType::read(&word));
            let label = field.title.unwrap_or_default();
            let id = field.id.as_deref();
            push(
                &mut item.fields,
                id,
                section.clone(),
                &label,
                kind,
                None,
                value,
            );
        }
    }
}

impl Overview {
    fn addresses(&self) -> Vec<ItemUrl> {
        let listed = self.urls.iter().filter_map(|url| {
            let href = url.url.as_deref().filter(|href| !href.is_empty())?;
            Some((href, url.label.clone().filter(|label| !label.is_empty())))
        });
        let mut urls: Vec<(&str, Option<String>)> = listed.collect();
        if let Some(main) = self.url.as_deref().filter(|main| !main.is_empty())
            && !urls.iter().any(|(href, _)| *href == main)
        {
            urls.insert(0, (main, None));
        }
        let main = self.url.as_deref();
        let first = urls
            .iter()
            .position(|(href, _)| Some(*href) == main)
            .unwrap_or(0);
        let urls = urls.into_iter().enumerate();
        urls.map(|(at, (href, label))| ItemUrl {
            href: href.to_owned(),
            label,
            primary: at == first,
        })
        .collect()
    }
}
