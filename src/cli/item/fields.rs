//! Where an item's values come from on the command line: statements, the terminal, files, a generator.

use std::{fs::File, io::Read, path::Path};

use zeroize::Zeroizing;

use super::assignment::{self, FieldName, Wish};
use crate::{
    broker::Source,
    cli::{failure::Failure, item_arguments::FieldArguments, output::Output, terminal},
    generate::Recipe,
    vault::{Category, Secret},
};

/// Bytes that a field's value may have when it is read from a file.
const MAX_VALUE_BYTES: u64 = 1024 * 1024;

/// What was typed about one field.
#[derive(Debug)]
pub(super) enum FieldWish {
    /// Remove it.
    Remove(FieldName),
    /// Give it a value.
    Set(FieldName, Source),
}

/// Reads all that the command line says about fields. The terminal is asked last, when nothing else
/// can be wrong any more.
pub(super) fn gather(
    arguments: &FieldArguments,
    category: &Category,
    output: Output,
) -> anyhow::Result<Vec<FieldWish>> {
    let mut wishes = Vec::new();
    let mut seen = false;
    for statement in &arguments.assignments {
        let (name, value) = assignment::parse(statement)?;
        if name.wish == Some(Wish::Delete) {
            wishes.push(FieldWish::Remove(name));
            continue;
        }
        let value = value.unwrap_or_default();
        seen |= !value.is_empty() && name.concealed(category);
        wishes.push(FieldWish::Set(
            name,
            Source::Text(Secret::new(value.to_owned())),
        ));
    }
    if seen {
        output.note(
            "a secret on the command line can be seen by others while this runs, and stays in the shell's history; \
             --ask, --from-file and a JSON item on standard input avoid that",
        );
    }
    for statement in &arguments.from_file {
        let (name, path) = assignment::parse(statement)?;
        let path = path
            .filter(|path| !path.is_empty())
            .ok_or_else(|| Failure::Usage("--from-file takes FIELD=PATH".to_owned()))?;
        wishes.push(FieldWish::Set(
            name,
            Source::Text(read_value(Path::new(path))?),
        ));
    }
    if let Some(recipe) = &arguments.generate_password {
        let name = FieldName::plain(match category {
            Category::ApiCredential => "credential",
            _ => "password",
        });
        wishes.push(FieldWish::Set(
            name,
            Source::Generate(parse_recipe(recipe)?),
        ));
    }
    for field in &arguments.ask {
        let name = assignment::parse_field(field)?;
        let value = terminal::ask_value(&name.path())?;
        wishes.push(FieldWish::Set(name, Source::Text(value)));
    }
    Ok(wishes)
}

/// Reads a value from a file, a pipe or `/dev/stdin`, without the line feed that editors put at its end.
fn read_value(path: &Path) -> Result<Secret, Failure> {
    let failed = |error: std::io::Error| Failure::file("read", path, &error);
    let file = File::open(path).map_err(failed)?;
    let mut bytes = Zeroizing::new(Vec::new());
    file.take(MAX_VALUE_BYTES + 1)
        .read_to_end(&mut bytes)
        .map_err(failed)?;
    if bytes.len() as u64 > MAX_VALUE_BYTES {
        return Err(Failure::Usage(format!(
            "`{}` is longer than {} KiB, which no field takes",
            path.display(),
            MAX_VALUE_BYTES / 1024
        )));
    }
    let text = std::str::from_utf8(&bytes).map_err(|_| {
        Failure::Usage(format!(
            "`{}` is not UTF-8, which a field has to be",
            path.display()
        ))
    })?;
    let text = text
        .strip_suffix('\n')
        .map_or(text, |text| text.strip_suffix('\r').unwrap_or(text));
    Ok(Secret::new(text.to_owned()))
}

fn parse_recipe(text: &str) -> Result<Recipe, Failure> {
    Recipe::parse(text).map_err(|error| Failure::Usage(error.to_string()))
}
