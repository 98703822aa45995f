//! Bitwarden's unencrypted JSON (<https://bitwarden.com/help/condition-bitwarden-import/>): one vault, whose folders become
//! tags. Attached files and passkeys are not in it.

use std::collections::HashMap;

use serde::{Deserialize, de::IgnoredAny};

use super::{
    Portable, PortableError, PortableItem, PortableVault, add, push,
    text::{Text, or_default},
};
use crate::vault::{Category, Field, FieldType, ItemUrl, NewItem, Purpose, Secret};

/// The name of the vault that an export becomes.
const NAME: &str = "Bitwarden";

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Export {
    #[serde(default, deserialize_with = "or_default")]
    folders: Vec<Folder>,
    #[serde(default, deserialize_with = "or_default")]
    collections: Vec<Folder>,
    items: Option<Vec<Entry>>,
}

#[derive(Deserialize)]
struct Folder {
    id: Option<String>,
    name: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Entry {
    #[serde(rename = "type", default)]
    kind: u8,
    name: Option<String>,
    folder_id: Option<String>,
    #[serde(default, deserialize_with = "or_default")]
    collection_ids: Vec<String>,
    notes: Option<Text>,
    #[serde(default, deserialize_with = "or_default")]
    favorite: bool,
    #[serde(default, deserialize_with = "or_default")]
    fields: Vec<CustomField>,
    login: Option<Login>,
    card: Option<Card>,
    identity: Option<Identity>,
    ssh_key: Option<SshKey>,
    deleted_date: Option<IgnoredAny>,
    archived_date: Option<IgnoredAny>,
    #[serde(default, deserialize_with = "or_default")]
    password_history: Vec<IgnoredAny>,
    #[serde(default, deserialize_with = "or_default")]
    attachments: Vec<IgnoredAny>,
}

#[derive(Deserialize)]
struct CustomField {
    name: Option<String>,
    value: Option<Text>,
    #[serde(rename = "type", default)]
    kind: u8,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Login {
    #[serde(default, deserialize_with = "or_default")]
    uris: Vec<Uri>,
    username: Option<Text>,
    password: Option<Text>,
    totp: Option<Text>,
    #[serde(default, deserialize_with = "or_default")]
    fido2_credentials: Vec<IgnoredAny>,
}

#[derive(Deserialize)]
struct Uri {
    uri: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Card {
    cardholder_name: Option<Text>,
    brand: Option<Text>,
    number: Option<Text>,
    exp_month: Option<Text>,
    exp_year: Option<Text>,
    code: Option<Text>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Identity {
    title: Option<Text>,
    first_name: Option<Text>,
    middle_name: Option<Text>,
    last_name: Option<Text>,
    address1: Option<Text>,
    address2: Option<Text>,
    address3: Option<Text>,
    city: Option<Text>,
    state: Option<Text>,
    postal_code: Option<Text>,
    country: Option<Text>,
    company: Option<Text>,
    email: Option<Text>,
    phone: Option<Text>,
    ssn: Option<Text>,
    username: Option<Text>,
    passport_number: Option<Text>,
    license_number: Option<Text>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct SshKey {
    private_key: Option<Text>,
    public_key: Option<Text>,
    #[serde(alias = "fingerprint")]
    key_fingerprint: Option<Text>,
}

/// Reads an export.
///
/// # Errors
/// [`PortableError`]
pub fn read(bytes: &[u8]) -> Result<Portable, PortableError> {
    #[derive(Deserialize)]
    struct Lock {
        #[serde(default)]
        encrypted: bool,
    }

    let json = |error: serde_json::Error| PortableError::json("the export", &error);
    // First alone: what is encrypted has another shape.
    let lock: Lock = serde_json::from_slice(bytes).map_err(json)?;
    if lock.encrypted {
        return Err(PortableError::Encrypted);
    }
    let export: Export = serde_json::from_slice(bytes).map_err(json)?;
    let entries = export
        .items
        .ok_or(PortableError::Missing("the list of items"))?;
    let folders: HashMap<String, String> = export
        .folders
        .into_iter()
        .chain(export.collections)
        .filter_map(|folder| Some((folder.id?, folder.name?)))
        .collect();
    let mut portable = Portable::default();
    let mut items = Vec::new();
    for entry in entries {
        if entry.deleted_date.is_some() {
            portable.leave_out("items in the bin");
            continue;
        }
        items.push(entry.into_item(&folders, &mut portable));
    }
    portable.vaults.push(PortableVault {
        name: NAME.to_owned(),
        items,
    });
    Ok(portable)
}

impl Entry {
    fn into_item(self, folders: &HashMap<String, String>, portable: &mut Portable) -> PortableItem {
        for (what, count) in [
            ("earlier passwords", self.password_history.len()),
            (
                "attached files, which are not in the export",
                self.attachments.len(),
            ),
        ] {
            (0..count).for_each(|_| portable.leave_out(what));
        }
        let mut fields = Vec::new();
        let mut urls = Vec::new();
        let category = match (self.kind, &self.card, &self.identity, &self.ssh_key) {
            (3, ..) | (_, Some(_), ..) => Category::CreditCard,
            (4, ..) | (_, _, Some(_), _) => Category::Identity,
            (5, ..) | (.., Some(_)) => Category::SshKey,
            (2, ..) => Category::SecureNote,
            _ => Category::Login,
        };
        if let Some(login) = self.login {
            login
                .fido2_credentials
                .iter()
                .for_each(|_| portable.leave_out("passkeys"));
            login.fill(&mut fields, &mut urls);
        }
        if let Some(card) = self.card {
            card.fill(&mut fields);
        }
        if let Some(identity) = self.identity {
            identity.fill(&mut fields);
        }
        if let Some(key) = self.ssh_key {
            key.fill(&mut fields);
        }
        for field in self.fields {
            let kind = match field.kind {
                0 | 2 => FieldType::String,
                1 => FieldType::Concealed,
                _ => {
                    portable.leave_out("fields that are linked to others");
                    continue;
                }
            };
            let (label, value) = (field.name.unwrap_or_default(), field.value.map(|it| it.0));
            push(&mut fields, None, None, &label, kind, None, value);
        }
        let notes = self.notes.map(|it| it.0);
        add(
            &mut fields,
            Some("notesPlain"),
            "notesPlain",
            FieldType::String,
            Some(Purpose::Notes),
            notes,
        );
        let folder = self.folder_id.into_iter().chain(self.collection_ids);
        let tags = folder.filter_map(|id| folders.get(&id).cloned()).collect();
        PortableItem {
            item: NewItem {
                title: self
                    .name
                    .filter(|name| !name.trim().is_empty())
                    .unwrap_or_else(|| "Untitled".to_owned()),
                category,
                urls,
                tags,
                favorite: self.favorite,
                sections: Vec::new(),
                fields,
                created_by: None,
            },
            files: Vec::new(),
            archived: self.archived_date.is_some(),
        }
    }
}

impl Login {
    fn fill(self, fields: &mut Vec<Field>, urls: &mut Vec<ItemUrl>) {
        let (user, password) = (self.username.map(|it| it.0), self.password.map(|it| it.0));
        add(
            fields,
            Some("username"),
            "username",
            FieldType::String,
            Some(Purpose::Username),
            user,
        );
        add(
            fields,
            Some("password"),
            "password",
            FieldType::Concealed,
            Some(Purpose::Password),
            password,
        );
        let totp = self.totp.map(|it| it.0);
        add(
            fields,
            None,
            "one-time password",
            FieldType::Otp,
            None,
            totp,
        );
        let hrefs = self.uris.into_iter().filter_map(|uri| uri.uri);
        urls.extend(hrefs.enumerate().map(|(at, href)| ItemUrl {
            href,
            label: None,
            primary: at == 0,
        }));
    }
}

impl Card {
    fn fill(self, fields: &mut Vec<Field>) {
        for (label, kind, value) in [
            ("cardholder name", FieldType::String, self.cardholder_name),
            ("type", FieldType::CreditCardType, self.brand),
            ("number", FieldType::CreditCardNumber, self.number),
            ("expiry month", FieldType::String, self.exp_month),
            ("expiry year", FieldType::String, self.exp_year),
            ("verification number", FieldType::Concealed, self.code),
        ] {
            add(fields, None, label, kind, None, value.map(|it| it.0));
        }
    }
}

impl Identity {
    fn fill(self, fields: &mut Vec<Field>) {
        let text = FieldType::String;
        for (label, kind, value) in [
            ("title", text.clone(), self.title),
            ("first name", text.clone(), self.first_name),
            ("middle name", text.clone(), self.middle_name),
            ("last name", text.clone(), self.last_name),
            ("company", text.clone(), self.company),
            ("address", text.clone(), self.address1),
            ("address 2", text.clone(), self.address2),
            ("address 3", text.clone(), self.address3),
            ("city", text.clone(), self.city),
            ("state", text.clone(), self.state),
            ("postal code", text.clone(), self.postal_code),
            ("country", text.clone(), self.country),
            ("email", FieldType::Email, self.email),
            ("phone", FieldType::Phone, self.phone),
            ("username", text, self.username),
            ("social security number", FieldType::Concealed, self.ssn),
            (
                "passport number",
                FieldType::Concealed,
                self.passport_number,
            ),
            ("license number", FieldType::Concealed, self.license_number),
        ] {
            add(fields, None, label, kind, None, value.map(|it| it.0));
        }
    }
}

impl SshKey {
    fn fill(self, fields: &mut Vec<Field>) {
        for (id, label, kind, value) in [
            (
                "private_key",
                "private key",
                FieldType::SshKey,
                self.private_key,
            ),
            (
                "public_key",
                "public key",
                FieldType::String,
                self.public_key,
            ),
            (
                "fingerprint",
                "fingerprint",
                FieldType::String,
                self.key_fingerprint,
            ),
        ] {
            let value: Option<Secret> = value.map(|it| it.0);
            add(fields, Some(id), label, kind, None, value);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const EXPORT: &str = r#"{ "encrypted": false, "folders": [{ "id": "f1", "name": "Work" }], "items": [
        { "type": 1, "name": "GitHub", "folderId": "f1", "favorite": true, "notes": "remember",
          "fields": [{ "name": "token", "value": "canary-3", "type": 1 }, { "name": "team", "value": "core", "type": 0 },
                     { "name": "linked", "value": null, "type": 3, "linkedId": 100 }],
          "login": { "uris": [{ "match": null, "uri": "https://github.com" }], "username": "ops", "password": "canary-1",
                     "totp": "GEZDGNBVGY3TQOJQ", "fido2Credentials": [{}] }, "passwordHistory": null },
        { "type": 2, "name": "Note", "notes": "canary-2", "secureNote": { "type": 0 } },
        { "type": 3, "name": "Card", "card": { "number": "4242424242424242", "code": "123" } },
        { "type": 5, "name": "Key", "sshKey": { "privateKey": "canary-4", "publicKey": "ssh-ed25519 A", "keyFingerprint": "SHA256:x" } },
        { "type": 1, "name": "Gone", "deletedDate": "2024-01-01T00:00:00Z" } ] }"#;

    #[test]
    fn items_of_each_kind_are_read_with_their_secrets_concealed() {
        let portable = read(EXPORT.as_bytes()).unwrap();

        let [vault] = &portable.vaults[..] else {
            panic!("one vault")
        };
        let shown: Vec<_> = vault
            .items
            .iter()
            .map(|it| {
                let fields = it.item.fields.iter().map(|field| {
                    let metadata = &field.metadata;
                    let concealed = if metadata.concealed() { "*" } else { "" };
                    format!("{}{concealed}", metadata.label)
                });
                let fields: Vec<_> = fields.collect();
                format!(
                    "{} {}: {}",
                    it.item.category.as_str(),
                    it.item.title,
                    fields.join(", ")
                )
            })
            .collect();
        assert_eq!(
            shown,
            [
                "LOGIN GitHub: username, password*, one-time password*, token*, team, notesPlain*",
                "SECURE_NOTE Note: notesPlain*",
                "CREDIT_CARD Card: number*, verification number*",
                "SSH_KEY Key: private key*, public key, fingerprint",
            ]
        );
        assert_eq!(vault.items[0].item.tags, ["Work"]);
        let left_out: Vec<_> = portable.left_out.into_iter().collect();
        assert_eq!(
            left_out,
            [
                ("fields that are linked to others", 1),
                ("items in the bin", 1),
                ("passkeys", 1)
            ]
        );
    }

    #[test]
    fn what_is_encrypted_is_refused_with_advice() {
        let text = r#"{ "encrypted": true, "passwordProtected": true, "salt": "canary", "data": "canary" }"#;

        assert_eq!(read(text.as_bytes()).unwrap_err(), PortableError::Encrypted);
    }

    #[test]
    fn what_is_malformed_is_refused_by_its_place_and_not_repeated() {
        for text in [
            "",
            "canary",
            "[]",
            r#"{ "items": "canary" }"#,
            r#"{ "items": [{ "name": "x", "login": { "password": 743337 } }] }"#,
            r#"{ "items": [{ "login": { "password": "canary"#,
            &"[".repeat(10_000),
        ] {
            let refused = read(text.as_bytes()).unwrap_err();

            let said = format!("{refused} {refused:?}");
            assert!(matches!(refused, PortableError::Json { .. }), "{said}");
            assert!(
                !said.contains("canary") && !said.contains("743337"),
                "{said}"
            );
        }
        assert!(matches!(read(b"{}"), Err(PortableError::Missing(_))));
    }
}
