//! `hushkey item create`.

use super::{category, done, fields, fields::FieldWish, json, urls};
use crate::{
    broker::{CreateItem, NewField, Source},
    cli::{
        failure::Failure,
        item_arguments::ItemCreate,
        session::{OWNER, Session, uncancelled, wait},
    },
    generate::{Kind, Recipe},
    vault::{Category, FieldType, name::same_name},
};

/// Where a JSON item comes from.
const STDIN: &str = "-";

/// Does what the command says.
pub(super) fn perform(mut arguments: ItemCreate, session: &Session) -> anyhow::Result<()> {
    let typed_category = arguments.category.as_deref().map(category).transpose()?;
    let from_stdin = arguments
        .fields
        .assignments
        .iter()
        .any(|statement| statement == STDIN);
    let base = if from_stdin {
        arguments
            .fields
            .assignments
            .retain(|statement| statement != STDIN);
        Some(json::read()?)
    } else {
        None
    };

    let (title, stdin_category, tags, stdin_urls, favorite, mut new_fields) = match base {
        Some(item) => (
            item.title,
            item.category,
            item.tags,
            item.urls,
            item.favorite,
            item.fields,
        ),
        None => Default::default(),
    };
    let title = arguments
        .title
        .or(title)
        .filter(|title| !title.trim().is_empty())
        .ok_or_else(|| Failure::Usage("an item needs a title; say --title".to_owned()))?;
    let key_pair = arguments.ssh_generate_key.as_deref();
    let key_pair = key_pair.map(new_key_pair).transpose()?;
    let by_content = if key_pair.is_some() {
        Category::SshKey
    } else {
        Category::Login
    };
    let category = typed_category.or(stdin_category).unwrap_or(by_content);
    if let Some(field) = key_pair {
        if category != Category::SshKey {
            return Err(Failure::Usage(
                "--ssh-generate-key is for items of category ssh-key; leave --category out"
                    .to_owned(),
            )
            .into());
        }
        new_fields.push(field);
    }
    for wish in fields::gather(&arguments.fields, &category, session.output)? {
        let FieldWish::Set(name, source) = wish else {
            return Err(Failure::Usage(
                "[delete] is for `hushkey item edit`; a new item has nothing to remove".to_owned(),
            )
            .into());
        };
        let field = name.into_new_field(&category, source);
        // What is typed goes before what stands in the JSON, as a flag goes before a file.
        let same = |other: &NewField| {
            same_name(&other.label, &field.label) && other.section == field.section
        };
        new_fields.retain(|other| !same(other));
        new_fields.push(field);
    }

    let new = CreateItem {
        vault: arguments.vault,
        title,
        category: Some(category),
        fields: new_fields,
        tags: if arguments.tags.is_empty() {
            tags
        } else {
            arguments.tags
        },
        urls: if arguments.urls.is_empty() {
            stdin_urls
        } else {
            urls(&arguments.urls)
        },
        favorite: arguments.favorite || favorite,
    };
    let view = wait(session.broker()?.create_item(&OWNER, new, uncancelled()))?;
    done("made", &view, session.output)
}

/// The field that gets a new private key.
fn new_key_pair(kind: &str) -> Result<NewField, Failure> {
    let kind = kind.to_ascii_lowercase();
    match kind.split(',').next().unwrap_or_default() {
        "ed25519" => {}
        "rsa" => {
            return Err(Failure::Usage(
                "RSA keys are not made here, since the crate that makes them has a known advisory (RUSTSEC-2023-0071); take \
                 ed25519, or make one with ssh-keygen and store it by --from-file 'private key[sshkey]=FILE'"
                    .to_owned(),
            ));
        }
        _ => {
            return Err(Failure::Usage(
                "--ssh-generate-key makes ed25519 keys; write it without a value".to_owned(),
            ));
        }
    }
    Ok(NewField {
        label: "private key".to_owned(),
        section: None,
        kind: Some(FieldType::SshKey),
        purpose: None,
        source: Some(Source::Generate(Recipe {
            kind: Kind::SshKey,
            ..Recipe::default()
        })),
    })
}
