//! `hushkey item get`: an item's metadata, and its values after `--reveal`.

use crate::{
    broker::ItemView,
    cli::{
        failure::Failure,
        guard,
        item_arguments::ItemGet,
        output::{self, Output},
        session::{OWNER, Session, wait},
        view::ItemJson,
    },
    display_text::{escaped, safe_url},
    vault::{Attribute, FieldMetadata, FieldType, Item, Secret, SecretReference, name::same_name},
};

/// Does what the command says.
pub(super) fn perform(arguments: &ItemGet, session: &Session) -> anyhow::Result<()> {
    if arguments.reveal {
        guard::refuse_agents("`hushkey item get --reveal`")?;
    }
    if arguments.otp {
        guard::refuse_agents("`hushkey item get --otp`")?;
    }
    let broker = session.broker()?;
    let view = wait(broker.item(&OWNER, &arguments.item, arguments.vault.as_deref()))?;
    if arguments.otp {
        return one_time_password(&view, session);
    }
    let chosen = choose(&view, &arguments.fields)?;
    let revealed = if arguments.reveal {
        // By id: the title may mean another item by now.
        let (item, vault) = (view.metadata.overview.id.as_str(), view.vault.id.as_str());
        Some(wait(broker.reveal_item(&OWNER, item, Some(vault)))?)
    } else {
        None
    };

    let output = session.output;
    if output.is_json() {
        return json(
            &view,
            &chosen,
            !arguments.fields.is_empty(),
            revealed.as_ref(),
            output,
        );
    }
    match &revealed {
        Some(item) if !arguments.fields.is_empty() => bare(&view, &chosen, item),
        _ => text(
            &view,
            &chosen,
            arguments.fields.is_empty(),
            revealed.as_ref(),
            output,
        ),
    }
}

/// Prints the code of the item's field for one-time passwords; of several, of the first that is set.
fn one_time_password(view: &ItemView, session: &Session) -> anyhow::Result<()> {
    let mut fields = view.metadata.fields.iter();
    let field = fields
        .find(|field| field.kind == FieldType::Otp && field.set)
        .ok_or_else(|| {
            Failure::NotFound(format!(
                "{} has no field of type OTP that is set; `hushkey item edit {} 'one-time password[otp]=…'` adds one",
                escaped(&view.metadata.overview.title),
                view.metadata.overview.id
            ))
        })?;
    // By ids: what was read is what is revealed.
    let reference = SecretReference {
        vault: view.vault.id.to_string(),
        item: view.metadata.overview.id.to_string(),
        section: field.section.as_ref().map(ToString::to_string),
        field: field.id.to_string(),
        attribute: Attribute::Otp,
    };
    let code = wait(session.broker()?.reveal(&OWNER, &reference))?;
    let code = code.expose_secret();
    if session.output.is_json() {
        return session.output.json(&serde_json::json!({ "otp": code }));
    }
    output::raw(format!("{code}\n").as_bytes())
}

/// Finds the fields that `--fields` names, by their places; all of them when it names none.
fn choose(view: &ItemView, wanted: &[String]) -> Result<Vec<usize>, Failure> {
    let fields = &view.metadata.fields;
    if wanted.is_empty() {
        return Ok((0..fields.len()).collect());
    }
    let mut chosen = Vec::new();
    for wish in wanted {
        let before = chosen.len();
        chosen.extend((0..fields.len()).filter(|at| meets(&fields[*at], wish)));
        if chosen.len() == before {
            return Err(Failure::NotFound(format!(
                "{} has no field `{}`; `hushkey item get` without --fields shows which it has",
                escaped(&view.metadata.overview.title),
                escaped(wish)
            )));
        }
    }
    Ok(chosen)
}

fn meets(field: &FieldMetadata, wish: &str) -> bool {
    match wish.split_once('=') {
        Some(("label", label)) => same_name(&field.label, label),
        Some(("type", kind)) => FieldType::read(kind) == field.kind,
        _ => same_name(&field.label, wish) || field.id.as_str() == wish,
    }
}

fn json(
    view: &ItemView,
    chosen: &[usize],
    only_fields: bool,
    revealed: Option<&Item>,
    output: Output,
) -> anyhow::Result<()> {
    let mut item = ItemJson::from(view);
    if let Some(revealed) = revealed {
        for (field, metadata) in item.fields.iter_mut().zip(&view.metadata.fields) {
            field.reveal(exposed(revealed, metadata).map(str::to_owned));
        }
    }
    if !only_fields {
        return output.json(&item);
    }
    let fields: Vec<_> = chosen.iter().map(|at| &item.fields[*at]).collect();
    match fields[..] {
        [field] => output.json(field),
        _ => output.json(&fields),
    }
}

/// Only the values, for a script: one as it is, several as a line of comma-separated values.
fn bare(view: &ItemView, chosen: &[usize], revealed: &Item) -> anyhow::Result<()> {
    let values: Vec<&str> = chosen
        .iter()
        .map(|at| exposed(revealed, &view.metadata.fields[*at]).unwrap_or_default())
        .collect();
    let mut line = match values[..] {
        [value] => value.to_owned(),
        _ => values
            .iter()
            .map(|value| comma_separated(value))
            .collect::<Vec<_>>()
            .join(","),
    };
    line.push('\n');
    output::raw(line.as_bytes())
}

/// A value as RFC 4180 has it between commas.
fn comma_separated(value: &str) -> String {
    if value.contains([',', '"', '\n', '\r']) {
        format!("\"{}\"", value.replace('"', "\"\""))
    } else {
        value.to_owned()
    }
}

fn text(
    view: &ItemView,
    chosen: &[usize],
    whole: bool,
    revealed: Option<&Item>,
    output: Output,
) -> anyhow::Result<()> {
    if whole {
        heading(view, output)?;
    }
    let section = |field: &FieldMetadata| {
        let id = field.section.as_ref()?;
        view.metadata
            .sections
            .iter()
            .find(|section| section.id == *id)
    };
    let rows: Vec<_> = chosen
        .iter()
        .map(|at| {
            let field = &view.metadata.fields[*at];
            let label = escaped(&field.label);
            [
                section(field).map_or_else(
                    || label.clone(),
                    |section| format!("{}.{label}", escaped(&section.label)),
                ),
                field.kind.as_str().to_owned(),
                match revealed {
                    Some(item) => escaped(exposed(item, field).unwrap_or_default()),
                    None if !field.set => "empty".to_owned(),
                    None if field.concealed() => "concealed".to_owned(),
                    None => "set".to_owned(),
                },
                escaped(&view.field_references[*at]),
            ]
        })
        .collect();
    output.table(["FIELD", "TYPE", "VALUE", "REFERENCE"], &rows)?;
    if !whole {
        return Ok(());
    }
    for (file, reference) in view.metadata.files.iter().zip(&view.file_references) {
        let (name, reference) = (escaped(&file.name), escaped(reference));
        output.line(&format!("File {name}, {} bytes: {reference}", file.size))?;
    }
    Ok(())
}

fn heading(view: &ItemView, output: Output) -> anyhow::Result<()> {
    let item = &view.metadata.overview;
    let editor = item.last_edited_by.as_deref().unwrap_or("somebody");
    let joined = |texts: Vec<String>| texts.join(", ");
    for (name, text) in [
        ("ID", item.id.to_string()),
        ("Title", escaped(&item.title)),
        (
            "Vault",
            format!("{} ({})", escaped(&view.vault.name), view.vault.id),
        ),
        ("Category", item.category.as_str().to_owned()),
        (
            "Tags",
            joined(item.tags.iter().map(|tag| escaped(tag)).collect()),
        ),
        (
            "URLs",
            joined(item.urls.iter().map(|url| safe_url(&url.href)).collect()),
        ),
        ("Created", item.created_at.to_string()),
        (
            "Updated",
            format!(
                "{}, version {}, by {}",
                item.updated_at,
                item.version,
                escaped(editor)
            ),
        ),
    ] {
        if !text.is_empty() {
            output.line(&format!("{:<10}{text}", format!("{name}:")))?;
        }
    }
    output.line("")
}

/// The value of a field, in an item that was revealed.
fn exposed<'a>(item: &'a Item, wanted: &FieldMetadata) -> Option<&'a str> {
    let field = item
        .fields
        .iter()
        .find(|field| field.metadata.id == wanted.id)?;
    field.value.as_ref().map(Secret::expose_secret)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_with_commas_or_quotes_stays_one_value() {
        assert_eq!(comma_separated("plain"), "plain");
        assert_eq!(comma_separated(r#"a,"b""#), r#""a,""b""""#);
    }
}
