//! Entries in settings written as TOML: each is a table with a header of its own.
//!
//! A parser says where everything stands, and only those places are touched. An entry that is written in another form
//! (inline, or by dotted keys) is understood and left alone.

use std::ops::Range;

use toml_edit::{Array, Document, Item, Table, TomlError};

use super::{
    entry::{Members, Value},
    error::TextError,
    splice::{Splice, applied, line_end, line_of, line_start, next_line},
};

/// The entry's members, if there is one.
pub(super) fn read(text: &str, container: &str, name: &str) -> Result<Option<Members>, TextError> {
    let document = parsed(text)?;
    let Some(entry) = entry(&document, container, name) else {
        return Ok(None);
    };
    let Some(members) = entry.as_table_like() else {
        return Ok(Some(Vec::new()));
    };
    Ok(Some(
        members
            .iter()
            .map(|(name, item)| (name.to_owned(), understood(item)))
            .collect(),
    ))
}

/// The text with an entry of these members; one that is there keeps what else it has.
pub(super) fn with(
    text: &str,
    container: &str,
    name: &str,
    members: &Members,
) -> Result<String, TextError> {
    let document = parsed(text)?;
    let changed = match entry(&document, container, name) {
        None => appended(text, &document, container, name, members),
        Some(Item::Table(table)) if has_header(table) => updated(text, table, members),
        Some(other) => return Err(form(text, other)),
    };
    // Whatever else may define tables: what is written must be read as it was meant.
    match read(&changed, container, name) {
        Ok(Some(found)) if members.iter().all(|member| found.contains(member)) => Ok(changed),
        _ => {
            let there = document.get(container).and_then(Item::span);
            Err(TextError::Form {
                line: line_of(text, there.map_or(0, |span| span.start)),
                problem: "tables of servers can't be added to what is written there",
            })
        }
    }
}

/// The text without the entry, or nothing if there is none.
pub(super) fn without(
    text: &str,
    container: &str,
    name: &str,
) -> Result<Option<String>, TextError> {
    let document = parsed(text)?;
    let Some(item) = entry(&document, container, name) else {
        return Ok(None);
    };
    let Item::Table(table) = item else {
        return Err(form(text, item));
    };
    if table.is_dotted() {
        return Err(form(text, item));
    }
    let mut regions = Vec::new();
    collect_regions(text, table, &mut regions);
    let splices = regions.into_iter().map(Splice::remove).collect();
    Ok(Some(applied(text, splices)))
}

fn parsed(text: &str) -> Result<Document<&str>, TextError> {
    Document::parse(text).map_err(|error: TomlError| TextError::Broken {
        line: line_of(text, error.span().map_or(0, |span| span.start)),
        problem: "this is no TOML",
    })
}

fn entry<'d>(document: &'d Document<&str>, container: &str, name: &str) -> Option<&'d Item> {
    document.get(container)?.as_table_like()?.get(name)
}

/// Whether a table begins with a line `[its.name]`.
fn has_header(table: &Table) -> bool {
    !table.is_dotted() && !table.is_implicit() && table.span().is_some()
}

fn form(text: &str, item: &Item) -> TextError {
    TextError::Form {
        line: line_of(text, item.span().map_or(0, |span| span.start)),
        problem: "the entry is no table with a header",
    }
}

/// Adds the entry's table at the end, after an empty line.
fn appended(
    text: &str,
    document: &Document<&str>,
    container: &str,
    name: &str,
    members: &Members,
) -> String {
    let line_end = line_end(text);
    let mut table = format!("[{container}.{name}]");
    for (member, value) in members {
        table.push_str(&format!("{line_end}{member} = {}", written(value)));
    }
    if text.is_empty() {
        return format!("{table}{line_end}");
    }
    debug_assert!(entry(document, container, name).is_none());
    match text.ends_with('\n') {
        true => format!("{text}{line_end}{table}{line_end}"),
        false => format!("{text}{line_end}{line_end}{table}"),
    }
}

/// Brings the members up to date where they stand; new ones follow the header.
fn updated(text: &str, table: &Table, members: &Members) -> String {
    let line_end = line_end(text);
    let header = table.span().map_or(0, |span| span.end);
    let after = next_line(text, header);
    let mut splices = Vec::new();
    for (member, value) in members {
        match table.get(member) {
            Some(there) if understood(there) == *value => {}
            Some(there) if there.span().is_some() && there.is_value() => splices.push(Splice {
                range: there.span().unwrap_or_default(),
                text: written(value),
            }),
            Some(_) => {}
            None if text[..after].ends_with('\n') => {
                splices.push(Splice::insert(
                    after,
                    format!("{member} = {}{line_end}", written(value)),
                ));
            }
            None => splices.push(Splice::insert(
                after,
                format!("{line_end}{member} = {}", written(value)),
            )),
        }
    }
    applied(text, splices)
}

/// The lines of a table and of those beneath it. Comments before the next header are that one's.
fn collect_regions(text: &str, table: &Table, regions: &mut Vec<Range<usize>>) {
    if has_header(table)
        && let Some(header) = table.span()
    {
        let last = values_end(table).map_or(header.end, |end| end.max(header.end));
        regions.push(with_its_gap(
            text,
            line_start(text, header.start)..next_line(text, last),
        ));
    }
    for (_, item) in table.iter() {
        match item {
            Item::ArrayOfTables(tables) => {
                tables
                    .iter()
                    .for_each(|table| collect_regions(text, table, regions));
            }
            Item::Table(table) => collect_regions(text, table, regions),
            Item::None | Item::Value(_) => {}
        }
    }
}

/// Where the last value ends that stands beneath a table's own header.
fn values_end(table: &Table) -> Option<usize> {
    let ends = table.iter().filter_map(|(_, item)| match item {
        Item::Table(dotted) if dotted.is_dotted() => values_end(dotted),
        Item::Value(value) => value.span().map(|span| span.end),
        _ => None,
    });
    ends.max()
}

/// With the empty line before it; and with the line end before it, where the text ends without one.
fn with_its_gap(text: &str, lines: Range<usize>) -> Range<usize> {
    let without_feed = |at: usize| {
        let before = text[..at].strip_suffix('\n')?;
        Some(before.strip_suffix('\r').unwrap_or(before).len())
    };
    let mut start = lines.start;
    if let Some(before) = without_feed(start)
        && text[line_start(text, before)..before].trim().is_empty()
    {
        start = line_start(text, before);
    }
    if lines.end == text.len() && !text.ends_with('\n') {
        start = without_feed(start).unwrap_or(start);
    }
    start..lines.end
}

fn written(value: &Value) -> String {
    match value {
        Value::List(texts) => Array::from_iter(texts.iter().map(String::as_str)).to_string(),
        Value::Map(texts) => {
            let texts = texts
                .iter()
                .map(|(name, text)| (name.as_str(), text.as_str()));
            toml_edit::InlineTable::from_iter(texts).to_string()
        }
        Value::Other => "{}".to_owned(),
        Value::Text(text) => toml_edit::Value::from(text.as_str()).to_string(),
    }
}

fn understood(item: &Item) -> Value {
    if let Some(text) = item.as_str() {
        return Value::Text(text.to_owned());
    }
    let texts = item.as_array().and_then(|list| {
        let texts = list
            .iter()
            .map(|element| element.as_str().map(str::to_owned));
        texts.collect::<Option<Vec<_>>>()
    });
    texts.map_or(Value::Other, Value::List)
}
