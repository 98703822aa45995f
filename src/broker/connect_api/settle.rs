//! From what a program wrote to an item that can be stored: ids, types, purposes, sections and made-up values.
//!
//! As a Connect server has it: a password is concealed whatever its type, `username`, `password`, `notesPlain` and
//! `credential` are ids of their own, and what is missing is filled in. No message repeats anything that was written.
//!
//! Whether something is refused must not depend on a stored value that the program may not read: it could ask for it by
//! guessing. So stored values are compared with sent ones for those alone who may read ([`Before::read_by`]).

use std::collections::BTreeSet;

use crate::{
    broker::{
        BrokerError,
        connect_api::{
            date,
            draft::{DraftField, DraftItem, DraftSection},
        },
        write::{check_fields, check_title},
    },
    generate::generate,
    vault::{
        Category, Field, FieldId, FieldMetadata, FieldType, Item, ItemUrl, Purpose, Secret,
        Section, SectionId, name::same_name,
    },
};

/// Characters of an id, a tag or a section's label.
const MAX_WORD: usize = 200;
/// Characters of an address.
const MAX_URL: usize = 4000;
/// Tags, addresses and sections of an item, each.
const MAX_COUNT: usize = 200;

/// An item that can be stored.
pub(super) struct Settled {
    pub(super) title: String,
    pub(super) category: Category,
    pub(super) urls: Vec<ItemUrl>,
    pub(super) tags: Vec<String>,
    pub(super) favorite: bool,
    pub(super) sections: Vec<Section>,
    pub(super) fields: Vec<Field>,
}

/// The item as it is stored, and who is about to change it.
#[derive(Clone, Copy)]
pub(super) struct Before<'a> {
    item: Option<&'a Item>,
    /// Whether what is stored need not be in order to be stored again.
    lenient: bool,
}

impl<'a> Before<'a> {
    /// Nothing: the item is to be made.
    pub(super) const NOTHING: Self = Self {
        item: None,
        lenient: false,
    };

    /// An item that a program wants to change, which may read it or not.
    pub(super) fn read_by(item: &'a Item, reads: bool) -> Self {
        Self {
            item: Some(item),
            lenient: reads,
        }
    }

    fn field(self, id: &FieldId) -> FieldBefore<'a> {
        let fields = self.item.into_iter().flat_map(|item| &item.fields);
        FieldBefore {
            field: fields.into_iter().find(|field| field.metadata.id == *id),
            lenient: self.lenient,
        }
    }
}

/// A field as it is stored.
#[derive(Clone, Copy)]
struct FieldBefore<'a> {
    field: Option<&'a Field>,
    lenient: bool,
}

impl FieldBefore<'_> {
    /// Tells whether the field had this very value, as a value of this type.
    fn has(self, kind: &FieldType, value: &Secret) -> bool {
        self.field.is_some_and(|field| {
            let old = field.value.as_ref();
            field.metadata.kind == *kind && old.is_some_and(|old| old.is_same(value))
        })
    }
}

/// The item that takes another's place, with its version; always one.
pub(super) fn replaced(
    before: &Item,
    draft: DraftItem,
    reads: bool,
) -> Result<Option<Item>, BrokerError> {
    let settled = settle(draft, Before::read_by(before, reads))?;
    let mut overview = before.overview.clone();
    overview.title = settled.title;
    overview.category = settled.category;
    overview.urls = settled.urls;
    overview.tags = settled.tags;
    overview.favorite = settled.favorite;
    Ok(Some(Item {
        overview,
        sections: settled.sections,
        fields: settled.fields,
        files: before.files.clone(),
    }))
}

/// Settles an item; what `before` has of the same id stays where nothing else is said.
///
/// # Errors
/// [`BrokerError::Invalid`]
pub(super) fn settle(draft: DraftItem, before: Before<'_>) -> Result<Settled, BrokerError> {
    check_title(&draft.title)?;
    let own = before.item.map(|item| &item.overview.category);
    let category = match (draft.category, own) {
        (Some(wanted), Some(own)) if wanted != *own => {
            return invalid("an item's category can't be changed; make another item");
        }
        (Some(wanted), _) => wanted,
        (None, Some(own)) => own.clone(),
        (None, None) => return invalid("Invalid item category"),
    };
    check_words(&draft.tags, &draft.urls)?;
    let mut sections = sections(draft.sections)?;
    let given: BTreeSet<String> = draft.fields.iter().map(|field| field.id.clone()).collect();
    let mut fields: Vec<Field> = Vec::with_capacity(draft.fields.len());
    for field in draft.fields {
        let settled = settle_field(field, &category, &given, &fields, &mut sections, before)?;
        fields.push(settled);
    }
    if sections.len() > MAX_COUNT {
        return invalid("an item has at most 200 sections");
    }
    check_fields(fields.iter().map(|field| &field.metadata))?;
    Ok(Settled {
        title: draft.title.trim().to_owned(),
        category,
        urls: draft.urls,
        tags: draft.tags,
        favorite: draft.favorite,
        sections,
        fields,
    })
}

fn settle_field(
    draft: DraftField,
    category: &Category,
    given: &BTreeSet<String>,
    others: &[Field],
    sections: &mut Vec<Section>,
    before: Before<'_>,
) -> Result<Field, BrokerError> {
    let in_section = draft.section.as_ref().is_some_and(|it| !it.is_nothing());
    let id = id(&draft, category, in_section, given, others)?;
    let before = before.field(&id);
    if let Some(purpose) = draft.purpose
        && others.iter().any(|it| it.metadata.purpose == Some(purpose))
    {
        return invalid(match purpose {
            Purpose::Notes => "You can only use one \"notes\" field.",
            Purpose::Password => "You can only use one \"password\" field.",
            Purpose::Username => "You can only use one \"username\" field.",
        });
    }
    let kind = kind(&draft, &id, before)?;
    let value = value(&draft, &kind, before)?;
    let same = before.field.filter(|field| match (&field.value, &value) {
        (Some(old), Some(new)) => old.is_same(new),
        _ => false,
    });
    Ok(Field {
        metadata: FieldMetadata {
            section: section_of(draft.section.unwrap_or_default(), sections)?,
            label: label(draft.label, draft.purpose, &id),
            kind,
            purpose: draft.purpose,
            set: value.is_some(),
            // Whose rules hold for a value that was copied stays known as long as it is that value.
            origins: same.map_or_else(Vec::new, |field| field.metadata.origins.clone()),
            id,
        },
        value,
    })
}

/// The id that was given, one that the field has by convention, or a new one.
fn id(
    draft: &DraftField,
    category: &Category,
    in_section: bool,
    given: &BTreeSet<String>,
    others: &[Field],
) -> Result<FieldId, BrokerError> {
    let taken = |id: &str| others.iter().any(|it| it.metadata.id.as_str() == id);
    if !draft.id.is_empty() {
        if draft.id.chars().count() > MAX_WORD {
            return invalid("a field's id has at most 200 characters");
        }
        if taken(&draft.id) {
            return invalid("two fields have the same id");
        }
        return Ok(FieldId::new(draft.id.clone()));
    }
    let label = draft.label.as_deref().unwrap_or_default();
    let credential = *category == Category::ApiCredential && !in_section;
    let built_in = match draft.purpose {
        Some(purpose) => Some(own_id(purpose)),
        None if credential && same_name(label, "credential") => Some("credential"),
        None => None,
    };
    let free = built_in.filter(|id| !given.contains(*id) && !taken(id));
    Ok(free.map_or_else(FieldId::random, FieldId::new))
}

/// A password is concealed whatever is said, and so is what is made up without a word on its type.
fn kind(
    draft: &DraftField,
    id: &FieldId,
    before: FieldBefore<'_>,
) -> Result<FieldType, BrokerError> {
    let own = before.field.map(|field| &field.metadata.kind);
    let kind = match (&draft.kind, own) {
        (Some(unknown @ FieldType::Other(_)), own) if own != Some(unknown) => {
            return invalid("a field has an unsupported field type");
        }
        (Some(kind), _) => kind.clone(),
        (None, Some(own)) => own.clone(),
        (None, None) if draft.generates || id.as_str() == "credential" => FieldType::Concealed,
        (None, None) => FieldType::String,
    };
    let password = draft.purpose == Some(Purpose::Password) && kind == FieldType::String;
    Ok(if password { FieldType::Concealed } else { kind })
}

fn value(
    draft: &DraftField,
    kind: &FieldType,
    before: FieldBefore<'_>,
) -> Result<Option<Secret>, BrokerError> {
    let Some(value) = draft.value.as_ref().filter(|value| !value.is_empty()) else {
        if !draft.generates {
            return Ok(None);
        }
        let recipe = draft.generate.clone().unwrap_or_default();
        let made = generate(&recipe).map_err(|error| BrokerError::Invalid(error.to_string()))?;
        return Ok(Some(made.value));
    };
    if draft.stored || (before.lenient && before.has(kind, value)) {
        return Ok(Some(value.clone()));
    }
    match date::kept(kind, value.clone()) {
        Some(kept) => Ok(Some(kept)),
        None if *kind == FieldType::Date => {
            invalid("a DATE is a day as YYYY-MM-DD, or in seconds since 1970")
        }
        None => invalid("a MONTH_YEAR is a month as YYYYMM"),
    }
}

fn label(label: Option<String>, purpose: Option<Purpose>, id: &FieldId) -> String {
    let given = label.filter(|label| !label.trim().is_empty());
    given.unwrap_or_else(|| match purpose {
        Some(purpose) => own_id(purpose).to_owned(),
        None if id.as_str() == "credential" => "credential".to_owned(),
        None => String::new(),
    })
}

/// The id, and the label, that a field has by its purpose.
fn own_id(purpose: Purpose) -> &'static str {
    match purpose {
        Purpose::Notes => "notesPlain",
        Purpose::Password => "password",
        Purpose::Username => "username",
    }
}

fn sections(drafts: Vec<DraftSection>) -> Result<Vec<Section>, BrokerError> {
    let mut sections: Vec<Section> = Vec::new();
    for draft in drafts {
        check_section(&draft)?;
        if sections.iter().any(|known| known.id.as_str() == draft.id) {
            return invalid("two sections have the same id");
        }
        sections.push(Section {
            id: if draft.id.is_empty() {
                SectionId::random()
            } else {
                SectionId::new(draft.id)
            },
            label: draft.label.unwrap_or_default(),
        });
    }
    Ok(sections)
}

/// The section that a field names by id or label; made if the item has none like it.
fn section_of(
    draft: DraftSection,
    sections: &mut Vec<Section>,
) -> Result<Option<SectionId>, BrokerError> {
    check_section(&draft)?;
    if draft.is_nothing() {
        return Ok(None);
    }
    let label = draft.label.unwrap_or_default();
    let known = sections.iter_mut().find(|known| {
        if draft.id.is_empty() {
            same_name(&known.label, &label)
        } else {
            known.id.as_str() == draft.id
        }
    });
    if let Some(known) = known {
        if known.label.is_empty() {
            known.label = label;
        }
        return Ok(Some(known.id.clone()));
    }
    let section = Section {
        id: if draft.id.is_empty() {
            SectionId::random()
        } else {
            SectionId::new(draft.id)
        },
        label,
    };
    sections.push(section.clone());
    Ok(Some(section.id))
}

fn check_section(draft: &DraftSection) -> Result<(), BrokerError> {
    let label = draft.label.as_deref().unwrap_or_default();
    if [draft.id.as_str(), label]
        .iter()
        .any(|it| it.chars().count() > MAX_WORD)
    {
        return invalid("a section's id and label have at most 200 characters");
    }
    Ok(())
}

fn check_words(tags: &[String], urls: &[ItemUrl]) -> Result<(), BrokerError> {
    if tags.len() > MAX_COUNT || urls.len() > MAX_COUNT {
        return invalid("an item has at most 200 tags and 200 addresses");
    }
    if tags.iter().any(|tag| tag.chars().count() > MAX_WORD) {
        return invalid("a tag has at most 200 characters");
    }
    let long = |url: &ItemUrl| {
        let label = url.label.as_deref().unwrap_or_default();
        url.href.chars().count() > MAX_URL || label.chars().count() > MAX_WORD
    };
    if urls.iter().any(long) {
        return invalid("an address has at most 4000 characters, its label 200");
    }
    Ok(())
}

impl DraftSection {
    /// Tells whether it names no section at all.
    fn is_nothing(&self) -> bool {
        self.id.is_empty()
            && self
                .label
                .as_deref()
                .is_none_or(|label| label.trim().is_empty())
    }
}

fn invalid<T>(message: &str) -> Result<T, BrokerError> {
    Err(BrokerError::Invalid(message.to_owned()))
}
