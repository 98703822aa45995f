//! An item as JSON on standard input, in the shape of 1Password Connect and of `op item template get`.
//!
//! ```json
//! { "title": "Stripe", "category": "API_CREDENTIAL", "tags": ["prod"], "urls": [{ "href": "https://stripe.com" }],
//!   "sections": [{ "id": "k", "label": "API keys" }],
//!   "fields": [
//!     { "id": "username", "purpose": "USERNAME", "type": "STRING", "label": "username", "value": "ops" },
//!     { "section": { "id": "k" }, "type": "CONCEALED", "label": "secret key", "generate": true,
//!       "recipe": { "length": 40, "characterSets": ["LETTERS", "DIGITS"] } } ] }
//! ```
//!
//! Members that only a server sets (ids, versions, dates) are passed over, so that what `item get --format json`
//! prints can be made again. An error tells the place and never what stands there.

use std::io::Read;

use serde::Deserialize;
use zeroize::Zeroizing;

use super::category;
use crate::{
    broker::{NewField, Source},
    cli::failure::{Failure, reason},
    generate::{CharacterSet, Recipe},
    vault::{Category, FieldType, ItemUrl, Purpose, Secret},
};

/// Bytes that an item may have on standard input.
const MAX_ITEM_BYTES: u64 = 8 * 1024 * 1024;

/// An item from standard input.
pub(super) struct StdinItem {
    /// Its title, if it has one.
    pub(super) title: Option<String>,
    /// Its category, if it has one.
    pub(super) category: Option<Category>,
    /// Its labels.
    pub(super) tags: Vec<String>,
    /// Its web addresses.
    pub(super) urls: Vec<ItemUrl>,
    /// Whether it is marked.
    pub(super) favorite: bool,
    /// Its fields.
    pub(super) fields: Vec<NewField>,
}

#[derive(Deserialize)]
struct Wire {
    title: Option<String>,
    category: Option<String>,
    #[serde(default)]
    tags: Vec<String>,
    #[serde(default)]
    urls: Vec<WireUrl>,
    #[serde(default)]
    favorite: bool,
    #[serde(default)]
    sections: Vec<WireSection>,
    #[serde(default)]
    fields: Vec<WireField>,
}

#[derive(Deserialize)]
struct WireUrl {
    href: String,
    label: Option<String>,
    #[serde(default)]
    primary: bool,
}

#[derive(Deserialize)]
struct WireSection {
    id: Option<String>,
    label: Option<String>,
}

#[derive(Deserialize)]
struct WireField {
    id: Option<String>,
    label: Option<String>,
    #[serde(rename = "type")]
    kind: Option<String>,
    purpose: Option<String>,
    section: Option<WireSection>,
    value: Option<String>,
    #[serde(default)]
    generate: bool,
    recipe: Option<WireRecipe>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireRecipe {
    length: Option<u32>,
    character_sets: Option<Vec<String>>,
    exclude_characters: Option<String>,
}

/// Reads the item on standard input.
pub(super) fn read() -> anyhow::Result<StdinItem> {
    let mut bytes = Zeroizing::new(Vec::new());
    std::io::stdin()
        .lock()
        .take(MAX_ITEM_BYTES + 1)
        .read_to_end(&mut bytes)
        .map_err(|error| {
            Failure::Failed(format!("cannot read standard input: {}", reason(&error)))
        })?;
    if bytes.len() as u64 > MAX_ITEM_BYTES {
        return Err(
            Failure::Usage("the item on standard input is longer than 8 MiB".to_owned()).into(),
        );
    }
    parse(&bytes)
}

fn parse(bytes: &[u8]) -> anyhow::Result<StdinItem> {
    // serde's own words repeat what they found.
    let wire: Wire = serde_json::from_slice(bytes).map_err(|error| {
        let fault = match error.classify() {
            serde_json::error::Category::Data => "does not have an item's shape",
            _ => "is no JSON",
        };
        Failure::Usage(format!(
            "standard input {fault}, at line {} column {}; it takes an item as `hushkey item get --format json` prints it",
            error.line(),
            error.column()
        ))
    })?;
    let Wire {
        title,
        category: word,
        tags,
        urls,
        favorite,
        sections,
        fields,
    } = wire;
    let fields = fields
        .into_iter()
        .enumerate()
        .map(|(at, field)| field.into_new(at, &sections))
        .collect::<Result<_, _>>()?;
    Ok(StdinItem {
        title,
        category: word.as_deref().map(category).transpose()?,
        tags,
        urls: urls
            .into_iter()
            .map(|url| ItemUrl {
                href: url.href,
                label: url.label,
                primary: url.primary,
            })
            .collect(),
        favorite,
        fields,
    })
}

impl WireField {
    fn into_new(self, at: usize, sections: &[WireSection]) -> Result<NewField, Failure> {
        let filled = |text: Option<String>| text.filter(|text| !text.is_empty());
        let nameless = || {
            Failure::Usage(format!(
                "field {} of the item has neither label nor id",
                at + 1
            ))
        };
        let label = filled(self.label)
            .or(filled(self.id))
            .ok_or_else(nameless)?;
        let source = match filled(self.value) {
            Some(value) => Some(Source::Text(Secret::new(value))),
            None if self.generate => Some(Source::Generate(match self.recipe {
                Some(recipe) => recipe.parse()?,
                None => Recipe::default(),
            })),
            None => None,
        };
        Ok(NewField {
            label,
            section: self
                .section
                .and_then(|section| section.label_among(sections)),
            kind: filled(self.kind).map(|word| FieldType::read(&word)),
            purpose: self.purpose.as_deref().and_then(Purpose::read),
            source,
        })
    }
}

impl WireRecipe {
    fn parse(self) -> Result<Recipe, Failure> {
        let set = |word: &String| {
            CharacterSet::parse(word).ok_or_else(|| {
                Failure::Usage(
                    "a recipe's character sets are LETTERS, DIGITS and SYMBOLS".to_owned(),
                )
            })
        };
        let sets = self
            .character_sets
            .map(|words| words.iter().map(set).collect());
        Ok(Recipe {
            length: self.length,
            character_sets: sets.transpose()?,
            exclude_characters: self.exclude_characters,
            ..Recipe::default()
        })
    }
}

impl WireSection {
    /// The section's own label, else the one that the item gives to its id, else the id.
    fn label_among(self, sections: &[Self]) -> Option<String> {
        let known = || {
            let same = |section: &&Self| section.id.is_some() && section.id == self.id;
            sections.iter().find(same)?.label.clone()
        };
        self.label
            .clone()
            .or_else(known)
            .or(self.id)
            .filter(|label| !label.is_empty())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_item_in_connects_shape_is_read() {
        let item = parse(
            br#"{ "id": "x", "version": 3, "title": "Stripe", "category": "api_credential", "favorite": true,
                  "sections": [{ "id": "k", "label": "API keys" }], "urls": [{ "href": "https://stripe.com" }],
                  "fields": [
                    { "id": "username", "purpose": "USERNAME", "label": "", "value": "ops" },
                    { "section": { "id": "k" }, "type": "CONCEALED", "label": "secret key", "generate": true },
                    { "label": "empty", "purpose": "", "type": "STRING" } ] }"#,
        )
        .unwrap();

        assert_eq!(item.title.as_deref(), Some("Stripe"));
        assert_eq!(item.category, Some(Category::ApiCredential));
        let [username, key, empty] = &item.fields[..] else {
            panic!("{} fields", item.fields.len())
        };
        assert_eq!(
            (username.label.as_str(), username.purpose),
            ("username", Some(Purpose::Username))
        );
        assert!(matches!(username.source, Some(Source::Text(_))));
        assert_eq!(key.section.as_deref(), Some("API keys"));
        assert!(matches!(key.source, Some(Source::Generate(_))));
        assert!(empty.source.is_none() && empty.purpose.is_none());
    }

    #[test]
    fn a_malformed_item_is_refused_and_not_repeated() {
        for bad in [
            r#"{ "title": "t", "fields": [{ "label": "x", "value": 7423377 }] }"#,
            r#"{ "title": "t", "fields": "canary" }"#,
            r#"{ "title": "canary"#,
            r#"{ "fields": [{ "value": "canary" }] }"#,
        ] {
            let refusal = format!("{:#}", parse(bad.as_bytes()).err().expect(bad));

            assert!(
                !refusal.contains("canary") && !refusal.contains("7423377"),
                "{refusal}"
            );
        }
    }
}
