//! `hushkey item`: makes, reads and changes items.

use std::borrow::Cow;

use crate::{
    broker::{ItemView, ItemsWanted},
    cli::{
        failure::Failure,
        item_arguments::{ItemCommand, ItemDelete, ItemList},
        output::{Ink, Output},
        session::{OWNER, Session, wait},
        terminal,
        view::{ItemJson, OverviewJson},
    },
    display_text::escaped,
    vault::{Category, ItemUrl},
};

mod assignment;
mod create;
mod edit;
mod fields;
mod get;
mod json;

#[cfg(any(test, fuzzing))]
pub(crate) use assignment::assigned_value;

/// Does what the command says.
pub(super) fn perform(command: ItemCommand, session: &Session) -> anyhow::Result<()> {
    match command {
        ItemCommand::Create(arguments) => create::perform(arguments, session),
        ItemCommand::Delete(arguments) => delete(&arguments, session),
        ItemCommand::Edit(arguments) => edit::perform(arguments, session),
        ItemCommand::Get(arguments) => get::perform(&arguments, session),
        ItemCommand::List(arguments) => list(&arguments, session),
        ItemCommand::Restore { item, vault } => {
            let view = wait(
                session
                    .broker()?
                    .restore_item(&OWNER, &item, vault.as_deref()),
            )?;
            done("restored", &view, session.output)
        }
    }
}

fn list(arguments: &ItemList, session: &Session) -> anyhow::Result<()> {
    let categories = arguments
        .categories
        .iter()
        .map(|word| category(word))
        .collect::<Result<Vec<_>, _>>()?;
    let wanted = ItemsWanted {
        vault: arguments.vault.clone(),
        archived: arguments.archived,
        ..ItemsWanted::default()
    };
    let mut page = wait(session.broker()?.items(&OWNER, &wanted))?;
    page.items.retain(|line| {
        let item = &line.overview;
        let tagged = |tag: &String| item.tags.iter().any(|has| has.eq_ignore_ascii_case(tag));
        (categories.is_empty() || categories.contains(&item.category))
            && (arguments.tags.is_empty() || arguments.tags.iter().any(tagged))
            && (!arguments.favorite || item.favorite)
    });

    let output = session.output;
    if output.is_json() {
        return output.json(
            &page
                .items
                .iter()
                .map(OverviewJson::from)
                .collect::<Vec<_>>(),
        );
    }
    let rows: Vec<_> = page
        .items
        .iter()
        .map(|line| {
            [
                Cow::from(line.overview.id.as_str()),
                Cow::from(escaped(&line.overview.title)),
                Cow::from(escaped(&line.vault.name)),
                Cow::from(line.overview.category.as_str()),
                Cow::from(
                    line.overview
                        .updated_at
                        .strftime("%Y-%m-%d %H:%M")
                        .to_string(),
                ),
            ]
        })
        .collect();
    output.table(["ID", "TITLE", "VAULT", "CATEGORY", "UPDATED"], &rows)
}

fn delete(arguments: &ItemDelete, session: &Session) -> anyhow::Result<()> {
    let broker = session.broker()?;
    let vault = arguments.vault.as_deref();
    if !arguments.permanent && !broker.archives() {
        return Err(Failure::Failed(
            "a Connect server has no archive to put an item into; --permanent deletes it for good"
                .to_owned(),
        )
        .into());
    }
    if arguments.permanent && !arguments.force {
        let view = wait(broker.item(&OWNER, &arguments.item, vault))?;
        let question = format!(
            "Delete {} in vault {}, for good?",
            escaped(&view.metadata.overview.title),
            escaped(&view.vault.name)
        );
        if !terminal::confirm(&question)? {
            return Err(Failure::Denied("nothing was deleted".to_owned()).into());
        }
    }
    let deleted = wait(broker.delete_item(&OWNER, &arguments.item, vault, arguments.permanent))?;

    let item = &deleted.overview;
    if session.output.is_json() {
        let key = if deleted.archived {
            "archived"
        } else {
            "deleted"
        };
        return session
            .output
            .json(&serde_json::json!({ "id": item.id.as_str(), "title": item.title, key: true }));
    }
    let title = escaped(&item.title);
    if deleted.archived {
        return session.output.line(&format!(
            "archived {title} ({}); `hushkey item restore {}` brings it back",
            item.id, item.id
        ));
    }
    session
        .output
        .line(&format!("deleted {title} ({})", item.id))
}

/// Reads a category's word.
fn category(word: &str) -> Result<Category, Failure> {
    Category::known(word).ok_or_else(|| {
        let known = Category::KNOWN
            .iter()
            .map(|word| word.to_lowercase().replace('_', "-"));
        Failure::Usage(format!(
            "there is no category `{}`; there are {}",
            escaped(word),
            known.collect::<Vec<_>>().join(", ")
        ))
    })
}

/// Web addresses as they were typed; the first is the main one.
fn urls(typed: &[String]) -> Vec<ItemUrl> {
    let url = |(at, href): (usize, &String)| ItemUrl {
        href: href.clone(),
        label: None,
        primary: at == 0,
    };
    typed.iter().enumerate().map(url).collect()
}

/// Tells what became of an item, with the references to its fields.
fn done(verb: &str, view: &ItemView, output: Output) -> anyhow::Result<()> {
    if output.is_json() {
        return output.json(&ItemJson::from(view));
    }
    let item = &view.metadata.overview;
    output.line(&format!(
        "{verb} {} in vault {} ({}, version {})",
        escaped(&item.title),
        escaped(&view.vault.name),
        item.id,
        item.version
    ))?;
    for reference in &view.field_references {
        output.line(&output.ink(Ink::Dim, &format!("  {}", escaped(reference))))?;
    }
    Ok(())
}
