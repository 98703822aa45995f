//! The wire types of 1Password Connect's REST API: what its JSON looks like, and nothing of what it means.
//!
//! Tolerant in what is read: unknown members, types and categories are taken, absent and null are the same. Exact
//! in what is written: nothing that is absent is sent. A value is a [`Text`], which is wiped and never printed; no body
//! passes through a `serde_json::Value`. Follows the description in `docs/connect-openapi.yaml`.

use serde::{Deserialize, Deserializer, Serialize};

mod given;
mod list;
mod patch;
mod text;

pub use given::{Given, NotThat};
pub use patch::{Operation, PatchValue, SentOperation};
pub use text::Text;

/// A vault.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Vault {
    /// 26 letters and digits.
    pub id: String,
    /// Its name.
    #[serde(default, deserialize_with = "or_default")]
    pub name: String,
    /// What it is for.
    #[serde(default, deserialize_with = "or_default")]
    pub description: String,
    /// Grows with each change of name or description.
    #[serde(default, deserialize_with = "or_default")]
    pub attribute_version: u64,
    /// Grows with each change of an item.
    #[serde(default, deserialize_with = "or_default")]
    pub content_version: u64,
    /// How many items it holds.
    #[serde(default, deserialize_with = "or_default")]
    pub items: u64,
    /// USER_CREATED, PERSONAL, EVERYONE, TRANSFER, or a newer word.
    #[serde(rename = "type", default, deserialize_with = "or_default")]
    pub kind: String,
    /// RFC 3339.
    #[serde(default)]
    pub created_at: Option<String>,
    /// RFC 3339.
    #[serde(default)]
    pub updated_at: Option<String>,
}

/// Names a vault, a section or an item by its id.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub struct Id {
    /// The id.
    #[serde(default, deserialize_with = "or_default")]
    pub id: String,
}

/// An item, whole or as a list shows it: then sections, fields and files are empty.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Item {
    /// 26 letters and digits; empty in what is to be made.
    #[serde(
        default,
        deserialize_with = "or_default",
        skip_serializing_if = "String::is_empty"
    )]
    pub id: String,
    /// Its title.
    #[serde(default, deserialize_with = "or_default")]
    pub title: String,
    /// The vault that holds it.
    #[serde(default, deserialize_with = "or_default")]
    pub vault: Id,
    /// LOGIN, PASSWORD …, or a newer word.
    #[serde(default, deserialize_with = "or_default")]
    pub category: String,
    /// Web addresses.
    #[serde(
        default,
        deserialize_with = "list::bounded",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub urls: Vec<Url>,
    /// Whether it is marked.
    #[serde(
        default,
        deserialize_with = "or_default",
        skip_serializing_if = "std::ops::Not::not"
    )]
    pub favorite: bool,
    /// Labels.
    #[serde(
        default,
        deserialize_with = "list::bounded",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub tags: Vec<String>,
    /// Grows with each change.
    #[serde(
        default,
        deserialize_with = "or_default",
        skip_serializing_if = "is_zero"
    )]
    pub version: u64,
    /// ARCHIVED or DELETED; absent while it is in use.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state: Option<String>,
    /// An older word for DELETED.
    #[serde(default, deserialize_with = "or_default", skip_serializing)]
    pub trashed: bool,
    /// RFC 3339.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub created_at: Option<String>,
    /// RFC 3339.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub updated_at: Option<String>,
    /// A user's id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_edited_by: Option<String>,
    /// Named groups of fields.
    #[serde(
        default,
        deserialize_with = "list::bounded",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub sections: Vec<Section>,
    /// Fields with their values.
    #[serde(
        default,
        deserialize_with = "list::bounded",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub fields: Vec<Field>,
    /// Attached files; a client never sends them.
    #[serde(
        default,
        deserialize_with = "list::bounded",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub files: Vec<File>,
}

/// A web address.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub struct Url {
    /// The address.
    #[serde(default, deserialize_with = "or_default")]
    pub href: String,
    /// What it is for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
    /// Whether it is the main one.
    #[serde(
        default,
        deserialize_with = "or_default",
        skip_serializing_if = "std::ops::Not::not"
    )]
    pub primary: bool,
}

/// A named group of fields.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub struct Section {
    /// Free-form.
    #[serde(default, deserialize_with = "or_default")]
    pub id: String,
    /// Its label.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
}

/// A field with its value.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub struct Field {
    /// Unique within the item; may be absent in what is to be made.
    #[serde(
        default,
        deserialize_with = "or_default",
        skip_serializing_if = "String::is_empty"
    )]
    pub id: String,
    /// The section that it stands in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub section: Option<Section>,
    /// STRING, CONCEALED, OTP …, or a newer word.
    #[serde(
        rename = "type",
        default,
        deserialize_with = "or_default",
        skip_serializing_if = "String::is_empty"
    )]
    pub kind: String,
    /// USERNAME, PASSWORD, NOTES, or empty.
    #[serde(
        default,
        deserialize_with = "or_default",
        skip_serializing_if = "String::is_empty"
    )]
    pub purpose: String,
    /// What a person calls it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
    /// Its value.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<Text>,
    /// Whether the server is to make the value up; only where none is sent, and never in an answer.
    #[serde(
        default,
        deserialize_with = "or_default",
        skip_serializing_if = "std::ops::Not::not"
    )]
    pub generate: bool,
    /// How it is made up.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recipe: Option<Recipe>,
    /// How many bits an attacker would have to guess, of a password; what is sent of it is not read.
    #[serde(default, skip_deserializing, skip_serializing_if = "Option::is_none")]
    pub entropy: Option<f64>,
    /// The code of the moment, of an OTP field; what is sent of it is not read.
    #[serde(default, skip_deserializing, skip_serializing_if = "Option::is_none")]
    pub totp: Option<Text>,
}

/// How a password is made up.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Recipe {
    /// How many characters: 1 to 64, 32 when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub length: Option<u32>,
    /// LETTERS, DIGITS, SYMBOLS; all of them when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub character_sets: Option<Vec<String>>,
    /// Characters that it must not have.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exclude_characters: Option<String>,
}

/// An attached file.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub struct File {
    /// 26 letters and digits.
    #[serde(default, deserialize_with = "or_default")]
    pub id: String,
    /// Its name.
    #[serde(default, deserialize_with = "or_default")]
    pub name: String,
    /// Bytes.
    #[serde(default, deserialize_with = "or_default")]
    pub size: u64,
    /// Where its content is, as a path.
    #[serde(
        default,
        deserialize_with = "or_default",
        skip_serializing_if = "String::is_empty"
    )]
    pub content_path: String,
    /// The section that it stands in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub section: Option<Section>,
    /// Its content in base64; only where it was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub content: Option<Text>,
}

/// One line of the server's own log of requests.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ApiRequest {
    /// A UUID.
    #[serde(default, deserialize_with = "or_default")]
    pub request_id: String,
    /// RFC 3339.
    #[serde(default, deserialize_with = "or_default")]
    pub timestamp: String,
    /// READ, CREATE, UPDATE, DELETE.
    #[serde(default, deserialize_with = "or_default")]
    pub action: String,
    /// SUCCESS or DENY.
    #[serde(default, deserialize_with = "or_default")]
    pub result: String,
    /// Who asked.
    #[serde(default, deserialize_with = "or_default")]
    pub actor: Actor,
    /// For what.
    #[serde(default, deserialize_with = "or_default")]
    pub resource: Resource,
}

/// Who made a request.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Actor {
    /// The server's id.
    #[serde(default, deserialize_with = "or_default")]
    pub id: String,
    /// The account.
    #[serde(
        default,
        deserialize_with = "or_default",
        skip_serializing_if = "String::is_empty"
    )]
    pub account: String,
    /// The token's id.
    #[serde(default, deserialize_with = "or_default")]
    pub jti: String,
    /// What the client calls itself.
    #[serde(default, deserialize_with = "or_default")]
    pub user_agent: String,
    /// From where.
    #[serde(default, deserialize_with = "or_default")]
    pub request_ip: String,
}

/// What a request was for.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Resource {
    /// ITEM or VAULT.
    #[serde(rename = "type", default, deserialize_with = "or_default")]
    pub kind: String,
    /// The vault.
    #[serde(
        default,
        deserialize_with = "or_default",
        skip_serializing_if = "Id::is_absent"
    )]
    pub vault: Id,
    /// The item.
    #[serde(
        default,
        deserialize_with = "or_default",
        skip_serializing_if = "Id::is_absent"
    )]
    pub item: Id,
    /// Which version of the item.
    #[serde(
        default,
        deserialize_with = "or_default",
        skip_serializing_if = "is_zero"
    )]
    pub item_version: u64,
}

/// What the server says of itself.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub struct Health {
    /// `1Password Connect API`.
    #[serde(default, deserialize_with = "or_default")]
    pub name: String,
    /// The server's version.
    #[serde(default, deserialize_with = "or_default")]
    pub version: String,
    /// What it needs to work.
    #[serde(default, deserialize_with = "or_default")]
    pub dependencies: Vec<Dependency>,
}

/// One thing that the server needs.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub struct Dependency {
    /// `sync`, `sqlite` …
    #[serde(default, deserialize_with = "or_default")]
    pub service: String,
    /// ACTIVE, TOKEN_NEEDED …
    #[serde(default, deserialize_with = "or_default")]
    pub status: String,
    /// More words.
    #[serde(
        default,
        deserialize_with = "or_default",
        skip_serializing_if = "String::is_empty"
    )]
    pub message: String,
}

/// Why a request came to nothing: the body of every answer that is no success.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub struct Failure {
    /// The answer's status, once more.
    #[serde(default, deserialize_with = "or_default")]
    pub status: u16,
    /// What is wrong, in words.
    #[serde(default, deserialize_with = "or_default")]
    pub message: String,
}

impl Id {
    fn is_absent(&self) -> bool {
        self.id.is_empty()
    }
}

/// Reads null as absent.
fn or_default<'de, D: Deserializer<'de>, T: Default + Deserialize<'de>>(
    deserializer: D,
) -> Result<T, D::Error> {
    Ok(Option::<T>::deserialize(deserializer)?.unwrap_or_default())
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde passes a reference"
)]
fn is_zero(version: &u64) -> bool {
    *version == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_absent_null_or_unknown_is_read_all_the_same() {
        let text = r#"{"id":"i","category":"HOVERCRAFT","tags":null,"urls":null,"new":{"a":[1]},
            "fields":[{"id":"a","type":"QUANTUM","value":null,"totp":"123456"},{"value":7},{"purpose":null,"value":true}]}"#;

        let item: Item = serde_json::from_str(text).unwrap();

        assert_eq!(item.category, "HOVERCRAFT");
        assert_eq!(item.fields[0].kind, "QUANTUM");
        assert!(item.fields[0].value.is_none());
        assert_eq!(
            item.fields[1]
                .value
                .as_ref()
                .map(|text| text.clone().into_string()),
            Some("7".to_owned())
        );
    }

    #[test]
    fn nothing_that_is_absent_is_written() {
        let item = Item {
            title: "Stripe".into(),
            vault: Id { id: "v".into() },
            category: "LOGIN".into(),
            fields: vec![Field {
                id: "password".into(),
                kind: "CONCEALED".into(),
                purpose: "PASSWORD".into(),
                value: Some(Text::new("x".into())),
                ..Field::default()
            }],
            ..Item::default()
        };

        assert_eq!(
            serde_json::to_string(&item).unwrap(),
            r#"{"title":"Stripe","vault":{"id":"v"},"category":"LOGIN","fields":[{"id":"password","type":"CONCEALED","purpose":"PASSWORD","value":"x"}]}"#
        );
    }
}
