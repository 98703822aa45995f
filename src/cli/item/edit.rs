//! `hushkey item edit`.

use super::{assignment::FieldName, done, fields, fields::FieldWish, urls};
use crate::{
    broker::{ItemView, UpdateItem},
    cli::{
        failure::Failure,
        item_arguments::ItemEdit,
        session::{OWNER, Session, uncancelled, wait},
    },
    vault::{FieldMetadata, name::same_name},
};

/// Does what the command says.
pub(super) fn perform(arguments: ItemEdit, session: &Session) -> anyhow::Result<()> {
    let broker = session.broker()?;
    let view = wait(broker.item(&OWNER, &arguments.item, arguments.vault.as_deref()))?;
    let category = view.metadata.overview.category.clone();
    let wishes = fields::gather(&arguments.fields, &category, session.output)?;

    let mut update = UpdateItem {
        // By id and version: what was read is what is changed.
        item: view.metadata.overview.id.to_string(),
        vault: Some(view.vault.id.to_string()),
        version: Some(view.metadata.overview.version),
        title: arguments.title,
        tags: arguments.tags.as_deref().map(split_tags),
        urls: (!arguments.urls.is_empty()).then(|| urls(&arguments.urls)),
        favorite: arguments.favorite,
        ..UpdateItem::default()
    };
    for wish in wishes {
        match wish {
            FieldWish::Remove(name) => update.remove.push(path_of(&view, &name)?),
            FieldWish::Set(name, source) => match path_of(&view, &name) {
                Ok(path) if name.wish.is_none() => update.set.push((path, source)),
                Ok(_) => {
                    return Err(Failure::Usage(
                        "a field that is there keeps its type; leave the brackets out, or remove the field with [delete] \
                         first"
                            .to_owned(),
                    )
                    .into());
                }
                Err(Failure::NotFound(_)) => {
                    update.add.push(name.into_new_field(&category, source))
                }
                Err(ambiguous) => return Err(ambiguous.into()),
            },
        }
    }
    let changes_something = update.title.is_some()
        || update.tags.is_some()
        || update.urls.is_some()
        || update.favorite.is_some()
        || !(update.set.is_empty() && update.add.is_empty() && update.remove.is_empty());
    if !changes_something {
        return Err(Failure::Usage(
            "nothing is to be changed; name a field or an option".to_owned(),
        )
        .into());
    }
    let view = wait(broker.update_item(&OWNER, update, uncancelled()))?;
    done("changed", &view, session.output)
}

/// Finds the field that a statement means, as the id that `update_item` takes.
fn path_of(view: &ItemView, name: &FieldName) -> Result<String, Failure> {
    let section_of = |field: &FieldMetadata| {
        let id = field.section.as_ref()?;
        view.metadata
            .sections
            .iter()
            .find(|section| section.id == *id)
    };
    let meant = |field: &&FieldMetadata| {
        let named = same_name(&field.label, &name.label) || field.id.as_str() == name.label;
        let placed = match &name.section {
            None => true,
            Some(wanted) => section_of(field).is_some_and(|section| {
                same_name(&section.label, wanted) || section.id.as_str() == wanted
            }),
        };
        named && placed
    };
    let found: Vec<_> = view.metadata.fields.iter().filter(meant).collect();
    match found[..] {
        [] => Err(Failure::NotFound(format!(
            "the item has no field `{}`",
            name.path()
        ))),
        [field] => Ok(field.id.to_string()),
        _ => {
            let outside: Vec<_> = found
                .iter()
                .filter(|field| field.section.is_none())
                .collect();
            match outside[..] {
                [field] if name.section.is_none() => Ok(field.id.to_string()),
                _ => Err(Failure::Usage(format!(
                    "the item has {} fields `{}`; write SECTION.FIELD, or the field's id",
                    found.len(),
                    name.path()
                ))),
            }
        }
    }
}

fn split_tags(text: &str) -> Vec<String> {
    let tags = text.split(',').map(str::trim).filter(|tag| !tag.is_empty());
    tags.map(str::to_owned).collect()
}
