//! From the wire to an item's draft: words become types here, and what can't be meant is refused.
//!
//! What is not known is passed over, as a Connect server does. No message repeats anything of a body.

use super::failure::Failure;
use crate::{
    broker::connect_api::{DraftField, DraftItem, DraftSection},
    connect::{Field, Item, Recipe, Section, Url},
    generate::{self, CharacterSet},
    vault::{Category, FieldType, ItemId, ItemUrl, Purpose, Secret, VaultId},
};

/// Characters of a password that is made up.
const LONGEST: u32 = 64;

/// A new item for a vault.
pub(super) fn new_item(item: Item, vault: &VaultId) -> Result<DraftItem, Failure> {
    if !item.vault.id.is_empty() && item.vault.id != vault.as_str() {
        return Err(Failure::bad(
            "the item names another vault than the address",
        ));
    }
    draft(item)
}

/// An item that takes another's place: it says of itself which one it is.
pub(super) fn replacement(
    sent: Item,
    vault: &VaultId,
    item: &ItemId,
) -> Result<DraftItem, Failure> {
    if sent.id != item.as_str() {
        return Err(Failure::bad("the item's id has to be that in the address"));
    }
    if sent.vault.id != vault.as_str() {
        return Err(Failure::bad(
            "the item's vault has to be that in the address",
        ));
    }
    draft(sent)
}

/// As [`replacement`], where it need not say so.
pub(super) fn whole(sent: Item, vault: &VaultId, item: &ItemId) -> Result<DraftItem, Failure> {
    if !sent.id.is_empty() && sent.id != item.as_str() {
        return Err(Failure::bad("the item's id has to be that in the address"));
    }
    new_item(sent, vault)
}

fn draft(item: Item) -> Result<DraftItem, Failure> {
    let category = Some(item.category).filter(|word| !word.is_empty());
    let fields = item.fields.into_iter().map(field);
    Ok(DraftItem {
        title: item.title,
        category: category.map(|word| Category::read(&word)),
        urls: item.urls.into_iter().map(url).collect(),
        tags: item.tags,
        favorite: item.favorite,
        sections: item.sections.into_iter().map(section).collect(),
        fields: fields.collect::<Result<_, _>>()?,
    })
}

/// A field.
pub(super) fn field(field: Field) -> Result<DraftField, Failure> {
    let recipe = field.recipe.map(recipe).transpose()?;
    Ok(DraftField {
        id: field.id,
        section: field.section.map(section),
        kind: kind(&field.kind)?,
        purpose: purpose(&field.purpose)?,
        label: field.label,
        value: field.value.map(|value| Secret::new(value.into_string())),
        generate: recipe,
        generates: field.generate,
        stored: false,
    })
}

/// A section.
pub(super) fn section(section: Section) -> DraftSection {
    DraftSection {
        id: section.id,
        label: section.label,
    }
}

/// A web address.
pub(super) fn url(url: Url) -> ItemUrl {
    ItemUrl {
        href: url.href,
        label: url.label.filter(|label| !label.is_empty()),
        primary: url.primary,
    }
}

/// A type; an empty word says nothing of it.
pub(super) fn kind(word: &str) -> Result<Option<FieldType>, Failure> {
    match FieldType::read(word) {
        _ if word.is_empty() => Ok(None),
        FieldType::Other(word) if word == "TOTP" => Err(Failure::bad(
            "a field has the unsupported field type totp; one-time passwords have the type OTP",
        )),
        kind => Ok(Some(kind)),
    }
}

/// A purpose; an empty word is none.
pub(super) fn purpose(word: &str) -> Result<Option<Purpose>, Failure> {
    match Purpose::read(word) {
        None if !word.is_empty() => Err(Failure::bad(
            "a field's purpose is USERNAME, PASSWORD, NOTES or empty",
        )),
        purpose => Ok(purpose),
    }
}

/// How a password is made up.
pub(super) fn recipe(recipe: Recipe) -> Result<generate::Recipe, Failure> {
    let sets = recipe.character_sets.filter(|sets| !sets.is_empty());
    let sets = sets.map(|sets| {
        let sets = sets.iter().map(|word| {
            CharacterSet::parse(word).ok_or_else(|| {
                Failure::bad("a recipe's characterSets are LETTERS, DIGITS and SYMBOLS")
            })
        });
        sets.collect::<Result<Vec<_>, _>>()
    });
    if recipe
        .length
        .is_some_and(|length| !(1..=LONGEST).contains(&length))
    {
        return Err(Failure::bad("a recipe's length is 1 to 64"));
    }
    Ok(generate::Recipe {
        length: recipe.length,
        character_sets: sets.transpose()?,
        exclude_characters: recipe.exclude_characters,
        ..generate::Recipe::default()
    })
}
