//! The value of a field in a `.1pux`: an object with one member, whose name is the kind of value.

use std::fmt;

use serde::{
    Deserialize, Deserializer,
    de::{self, IgnoredAny, MapAccess},
};

use crate::{
    portable::{
        push,
        text::{Text, or_default},
    },
    vault::{Field, FieldType, Secret, SectionId},
};

/// A field's value.
#[derive(Default)]
pub(super) enum Value {
    /// A file that lies elsewhere in the archive.
    File(FileValue),
    /// A private key with its public half.
    SshKey(SshKeyValue),
    /// A text and how it is to be read.
    Text(FieldType, Option<Secret>),
    /// Something of a newer 1Password.
    #[default]
    Unknown,
}

/// Names a file of the archive.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct FileValue {
    pub(super) file_name: Option<String>,
    pub(super) document_id: Option<String>,
}

/// A private key for SSH.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct SshKeyValue {
    private_key: Option<Text>,
    #[serde(default, deserialize_with = "or_default")]
    metadata: PublicValue,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct PublicValue {
    public_key: Option<Text>,
    fingerprint: Option<Text>,
}

#[derive(Deserialize)]
struct Email {
    email_address: Option<Text>,
}

#[derive(Deserialize)]
struct Address {
    street: Option<String>,
    city: Option<String>,
    zip: Option<String>,
    state: Option<String>,
    country: Option<String>,
}

impl Address {
    fn text(self) -> String {
        let parts = [self.street, self.zip, self.city, self.state, self.country];
        let parts: Vec<String> = parts
            .into_iter()
            .flatten()
            .filter(|it| !it.is_empty())
            .collect();
        parts.join(", ")
    }
}

impl SshKeyValue {
    /// Lays the key and its public half into a section.
    pub(super) fn lay(
        self,
        fields: &mut Vec<Field>,
        section: Option<&SectionId>,
        label: Option<&str>,
    ) {
        for (id, label, kind, value) in [
            (
                "private_key",
                label.unwrap_or("private key"),
                FieldType::SshKey,
                self.private_key,
            ),
            (
                "public_key",
                "public key",
                FieldType::String,
                self.metadata.public_key,
            ),
            (
                "fingerprint",
                "fingerprint",
                FieldType::String,
                self.metadata.fingerprint,
            ),
        ] {
            if let Some(value) = value {
                push(
                    fields,
                    Some(id),
                    section.cloned(),
                    label,
                    kind,
                    None,
                    Some(value.0),
                );
            }
        }
    }
}

impl<'de> Deserialize<'de> for Value {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Visitor)
    }
}

struct Visitor;

impl<'de> de::Visitor<'de> for Visitor {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        let mut value = Value::Unknown;
        while let Some(kind) = map.next_key::<String>()? {
            value = match kind.as_str() {
                "address" => {
                    let address = map.next_value::<Option<Address>>()?;
                    let text = address.map(|address| Secret::new(address.text()));
                    Value::Text(FieldType::Address, text)
                }
                "date" => number(&mut map, FieldType::Date)?,
                "email" => {
                    let email = map.next_value::<Option<EmailOrText>>()?;
                    Value::Text(FieldType::Email, email.and_then(EmailOrText::text))
                }
                "file" => map
                    .next_value::<Option<FileValue>>()?
                    .map_or(Value::Unknown, Value::File),
                "monthYear" => number(&mut map, FieldType::MonthYear)?,
                "sshKey" => map
                    .next_value::<Option<SshKeyValue>>()?
                    .map_or(Value::Unknown, Value::SshKey),
                text => match text_kind(text) {
                    Some(kind) => {
                        let text = map.next_value::<Option<Text>>()?;
                        Value::Text(kind, text.map(|text| text.0))
                    }
                    None => {
                        map.next_value::<IgnoredAny>()?;
                        continue;
                    }
                },
            };
        }
        Ok(value)
    }
}

/// The type of what is a text in both forms.
fn text_kind(member: &str) -> Option<FieldType> {
    Some(match member {
        "concealed" => FieldType::Concealed,
        "creditCardNumber" => FieldType::CreditCardNumber,
        "creditCardType" => FieldType::CreditCardType,
        "gender" => FieldType::Gender,
        "menu" => FieldType::Menu,
        "phone" => FieldType::Phone,
        "reference" => FieldType::Reference,
        "string" => FieldType::String,
        "totp" => FieldType::Otp,
        "url" => FieldType::Url,
        _ => return None,
    })
}

/// The member that holds a value of a type; what has no member of its own is concealed or a text.
pub(super) fn member(kind: &FieldType) -> &'static str {
    match kind {
        FieldType::CreditCardNumber => "creditCardNumber",
        FieldType::CreditCardType => "creditCardType",
        FieldType::Gender => "gender",
        FieldType::Menu => "menu",
        FieldType::Otp => "totp",
        FieldType::Phone => "phone",
        FieldType::Reference => "reference",
        FieldType::Url => "url",
        kind if kind.concealed() => "concealed",
        _ => "string",
    }
}

fn number<'de, A: MapAccess<'de>>(map: &mut A, kind: FieldType) -> Result<Value, A::Error> {
    let number = map.next_value::<Option<i64>>()?;
    let text = number.map(|number| Secret::new(number.to_string()));
    Ok(Value::Text(kind, text))
}

/// An address of older or newer exports.
#[derive(Deserialize)]
#[serde(untagged)]
enum EmailOrText {
    Email(Email),
    Text(Text),
}

impl EmailOrText {
    fn text(self) -> Option<Secret> {
        match self {
            Self::Email(email) => email.email_address.map(|text| text.0),
            Self::Text(text) => Some(text.0),
        }
    }
}
