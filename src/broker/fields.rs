//! From requested fields to stored ones: ids, types and purposes, and which values may go where.

use crate::{
    broker::{BrokerError, Source, request::NewField},
    generate::Kind,
    ssh_key::PublicHalf,
    vault::{
        Category, Field, FieldId, FieldMetadata, FieldType, Purpose, ResolvedReference, Secret,
        Section, SectionId, name::same_name,
    },
};

/// A value and where it was copied from.
#[derive(Debug, Default)]
pub(super) struct Sourced {
    pub value: Option<Secret>,
    pub origins: Vec<ResolvedReference>,
    /// What everybody may know of it, if it is a new private key.
    pub public: Option<PublicHalf>,
}

/// The shape of one new field, before its value is known.
#[derive(Clone, Debug)]
pub(super) struct Shape {
    pub metadata: FieldMetadata,
}

/// Gives new fields their ids, types and purposes, and makes the sections that they name.
///
/// # Errors
/// [`BrokerError::Invalid`] when a label is empty or taken, or a purpose is given twice.
pub(super) fn shapes(
    category: &Category,
    wanted: &[NewField],
    sections: &mut Vec<Section>,
    present: &[FieldMetadata],
) -> Result<Vec<Shape>, BrokerError> {
    let mut made: Vec<FieldMetadata> = Vec::new();
    for field in wanted {
        let label = field.label.trim();
        if label.is_empty() {
            return Err(BrokerError::Invalid("a field needs a label".into()));
        }
        let section = field
            .section
            .as_deref()
            .filter(|section| !section.trim().is_empty())
            .map(|section| section_id(sections, section));
        let others = || present.iter().chain(&made);
        if others().any(|other| same_name(&other.label, label) && other.section == section) {
            return Err(BrokerError::Invalid(format!(
                "there are two fields called `{label}`; give each its own label or section"
            )));
        }
        let (id, purpose) = built_in(category, label, field.purpose, section.is_some());
        let id = id
            .map(FieldId::new)
            .filter(|id| !others().any(|other| other.id == *id))
            .unwrap_or_else(FieldId::random);
        let purpose = purpose.filter(|purpose| {
            field.purpose.is_some() || !others().any(|other| other.purpose == Some(*purpose))
        });
        if let Some(purpose) = purpose
            && others().any(|other| other.purpose == Some(purpose))
        {
            return Err(BrokerError::Invalid(format!(
                "an item has one field with the purpose {} at most",
                purpose.as_str()
            )));
        }
        let private_key = field.source.as_ref().is_some_and(makes_private_key);
        let kind = field
            .kind
            .clone()
            .unwrap_or(match (&field.source, purpose) {
                _ if private_key => FieldType::SshKey,
                (_, Some(Purpose::Username | Purpose::Notes)) | (Some(Source::Text(_)), None) => {
                    FieldType::String
                }
                _ => FieldType::Concealed,
            });
        if private_key && kind != FieldType::SshKey {
            return Err(BrokerError::Invalid(format!(
                "field `{label}` gets a private key, which has a type of its own; leave the type out"
            )));
        }
        made.push(FieldMetadata {
            id,
            section,
            label: label.to_owned(),
            kind,
            purpose,
            set: false,
            origins: Vec::new(),
        });
    }
    Ok(made
        .into_iter()
        .map(|metadata| Shape { metadata })
        .collect())
}

impl Shape {
    /// The field with its value.
    pub(super) fn fill(self, sourced: Sourced) -> Field {
        let value = sourced.value.filter(|value| !value.is_empty());
        Field {
            metadata: FieldMetadata {
                set: value.is_some(),
                origins: sourced.origins,
                ..self.metadata
            },
            value,
        }
    }
}

/// Tells whether a source gives a new private key.
pub(super) fn makes_private_key(source: &Source) -> bool {
    matches!(source, Source::Generate(recipe) if recipe.kind == Kind::SshKey)
}

/// Lays what everybody may know of a new private key beside it, as plain fields of its section: new ones, or in place of
/// what those of an older key say.
pub(super) fn lay_beside(fields: &mut Vec<Field>, private_key: &FieldMetadata, public: PublicHalf) {
    let made = [
        ("public_key", "public key", public.public_key),
        ("fingerprint", "fingerprint", public.fingerprint),
        ("key_type", "key type", public.key_type),
    ];
    for (id, label, text) in made {
        let value = Some(Secret::new(text));
        let there = fields.iter_mut().find(|field| {
            same_name(&field.metadata.label, label) && field.metadata.section == private_key.section
        });
        match there {
            Some(field) => {
                field.metadata.set = true;
                field.metadata.origins.clear();
                field.value = value;
            }
            None => {
                let taken = fields.iter().any(|field| field.metadata.id.as_str() == id);
                fields.push(Field {
                    metadata: FieldMetadata {
                        id: if taken {
                            FieldId::random()
                        } else {
                            FieldId::new(id)
                        },
                        section: private_key.section.clone(),
                        label: label.to_owned(),
                        kind: FieldType::String,
                        purpose: None,
                        set: true,
                        origins: Vec::new(),
                    },
                    value,
                });
            }
        }
    }
}

fn section_id(sections: &mut Vec<Section>, name: &str) -> SectionId {
    let known = sections
        .iter()
        .find(|section| section.id.as_str() == name || same_name(&section.label, name));
    if let Some(section) = known {
        return section.id.clone();
    }
    let section = Section {
        id: SectionId::random(),
        label: name.trim().to_owned(),
    };
    sections.push(section.clone());
    section.id
}

/// The id and purpose that a field has by 1Password's convention.
fn built_in(
    category: &Category,
    label: &str,
    purpose: Option<Purpose>,
    in_section: bool,
) -> (Option<&'static str>, Option<Purpose>) {
    let signs_in = matches!(category, Category::Login | Category::Password);
    let purpose = purpose.or_else(|| {
        if in_section {
            None
        } else if signs_in && same_name(label, "username") {
            Some(Purpose::Username)
        } else if signs_in && same_name(label, "password") {
            Some(Purpose::Password)
        } else if same_name(label, "notesPlain") || same_name(label, "notes") {
            Some(Purpose::Notes)
        } else {
            None
        }
    });
    let id = match purpose {
        Some(Purpose::Notes) => Some("notesPlain"),
        Some(Purpose::Password) => Some("password"),
        Some(Purpose::Username) => Some("username"),
        None if !in_section
            && *category == Category::ApiCredential
            && same_name(label, "credential") =>
        {
            Some("credential")
        }
        None if !in_section && *category == Category::SshKey && same_name(label, "private key") => {
            Some("private_key")
        }
        None => None,
    };
    (id, purpose)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn field(label: &str) -> NewField {
        NewField {
            label: label.into(),
            section: None,
            kind: None,
            purpose: None,
            source: None,
        }
    }

    #[test]
    fn a_logins_fields_get_the_ids_that_references_expect() {
        let wanted = [field("username"), field("Password"), field("pin")];

        let shapes = shapes(&Category::Login, &wanted, &mut Vec::new(), &[]).unwrap();

        let ids: Vec<_> = shapes
            .iter()
            .map(|shape| shape.metadata.id.as_str())
            .collect();
        assert_eq!(ids[..2], ["username", "password"]);
        assert_eq!(ids[2].len(), 26);
        assert!(!shapes[0].metadata.concealed());
        assert!(shapes[1].metadata.concealed() && shapes[2].metadata.concealed());
    }

    #[test]
    fn a_field_without_a_type_is_concealed_unless_its_source_is_text() {
        let mut host = field("host");
        host.source = Some(Source::Text(Secret::new("db.example".into())));

        let shapes = shapes(
            &Category::Database,
            &[host, field("token")],
            &mut vec![],
            &[],
        )
        .unwrap();

        assert!(!shapes[0].metadata.concealed());
        assert!(shapes[1].metadata.concealed());
    }

    #[test]
    fn fields_that_name_one_section_share_it() {
        let mut a = field("a");
        a.section = Some("Admin".into());
        let mut b = field("b");
        b.section = Some("admin ".into());
        let mut sections = Vec::new();

        let shapes = shapes(&Category::Login, &[a, b], &mut sections, &[]).unwrap();

        assert_eq!(sections.len(), 1);
        assert_eq!(shapes[0].metadata.section, shapes[1].metadata.section);
    }

    #[test]
    fn a_label_that_is_taken_is_refused() {
        let error = shapes(
            &Category::Login,
            &[field("x"), field("X ")],
            &mut vec![],
            &[],
        );

        assert!(
            error
                .unwrap_err()
                .to_string()
                .contains("two fields called `X`")
        );
    }
}
