//! `hushkey item create`.

use super::{category, done, fields, fields::FieldWish, json, urls};
use crate::{
    broker::CreateItem,
    cli::{
        failure::Failure,
        item_arguments::ItemCreate,
        session::{OWNER, Session, uncancelled, wait},
    },
    vault::{Category, name::same_name},
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
    let category = typed_category.or(stdin_category).unwrap_or(Category::Login);
    for wish in fields::gather(&arguments.fields, &category, session.output)? {
        let FieldWish::Set(name, source) = wish else {
            return Err(Failure::Usage(
                "[delete] is for `hushkey item edit`; a new item has nothing to remove".to_owned(),
            )
            .into());
        };
        let field = name.into_new_field(&category, source);
        // What is typed goes before what stands in the JSON, as a flag goes before a file.
        let same = |other: &crate::broker::NewField| {
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
