//! From two states of an item to the JSON Patch between them, fields by their ids.
//!
//! Only what differs is sent, so that whatever of an item we do not know stays as it is.

use crate::{
    backend::connect::convert::{text, wire_field, wire_section, wire_url},
    connect::{Operation, PatchValue, Section as WireSection, Text},
    vault::{Field, Item},
};

/// The operations that make `before` what `after` is; nothing when they are the same.
pub(super) fn operations(before: &Item, after: Item) -> Vec<Operation> {
    let mut operations = Vec::new();
    let Item {
        overview,
        sections,
        fields,
        ..
    } = after;
    if overview.title != before.overview.title {
        let title = PatchValue::Text(Text::new(overview.title));
        operations.push(operation("replace", "/title".into(), Some(title)));
    }
    if overview.tags != before.overview.tags {
        let op = presence(before.overview.tags.is_empty());
        operations.push(operation(
            op,
            "/tags".into(),
            Some(PatchValue::Tags(overview.tags)),
        ));
    }
    if overview.urls != before.overview.urls {
        let op = presence(before.overview.urls.is_empty());
        let urls = overview.urls.iter().map(wire_url).collect();
        operations.push(operation(op, "/urls".into(), Some(PatchValue::Urls(urls))));
    }
    if overview.favorite != before.overview.favorite {
        let op = presence(!before.overview.favorite);
        let favorite = PatchValue::Bool(overview.favorite);
        operations.push(operation(op, "/favorite".into(), Some(favorite)));
    }
    let kept = |field: &Field| fields.iter().any(|kept| same(kept, field));
    for field in before.fields.iter().filter(|field| !kept(field)) {
        operations.push(operation("remove", path(field, None), None));
    }
    for section in &sections {
        if !before.sections.iter().any(|known| known.id == section.id) {
            let section = PatchValue::Section(wire_section(section));
            operations.push(operation("add", "/sections".into(), Some(section)));
        }
    }
    let wire_sections: Vec<WireSection> = sections.iter().map(wire_section).collect();
    for field in fields {
        match before.fields.iter().find(|known| same(known, &field)) {
            None => {
                let field = PatchValue::Field(Box::new(wire_field(field, &wire_sections)));
                operations.push(operation("add", "/fields".into(), Some(field)));
            }
            Some(known) => operations.extend(changed(known, field)),
        }
    }
    operations
}

/// The operations on a field that stays.
fn changed(before: &Field, after: Field) -> Vec<Operation> {
    let mut operations = Vec::new();
    if before.metadata.label != after.metadata.label {
        let label = PatchValue::Text(Text::new(after.metadata.label.clone()));
        operations.push(operation(
            "replace",
            path(before, Some("label")),
            Some(label),
        ));
    }
    let value = match (&before.value, after.value) {
        (None, None) => None,
        (Some(old), Some(new)) if old.is_same(&new) => None,
        (_, Some(new)) => Some(text(new)),
        (Some(_), None) => Some(Text::new(String::new())),
    };
    if let Some(value) = value {
        let op = presence(before.value.is_none());
        let value = PatchValue::Text(value);
        operations.push(operation(op, path(before, Some("value")), Some(value)));
    }
    operations
}

/// A member that is absent is added: it may not be replaced.
fn presence(absent: bool) -> &'static str {
    if absent { "add" } else { "replace" }
}

fn same(a: &Field, b: &Field) -> bool {
    a.metadata.id == b.metadata.id
}

/// `/fields/{id}` or a member of it; the id escaped as RFC 6901 wants it.
fn path(field: &Field, member: Option<&str>) -> String {
    let id = field.metadata.id.as_str();
    let id = id.replace('~', "~0").replace('/', "~1");
    match member {
        Some(member) => format!("/fields/{id}/{member}"),
        None => format!("/fields/{id}"),
    }
}

fn operation(op: &'static str, path: String, value: Option<PatchValue>) -> Operation {
    Operation { op, path, value }
}
