//! JSON Patch (RFC 6902) as Connect has it: `add`, `remove` and `replace`; fields and sections by their ids.
//!
//! `test`, `copy` and `move` are refused: whoever may only write could ask with them what an item holds.

use super::{failure::Failure, sent};
use crate::{
    broker::connect_api::{Change, FieldChange, ListChange},
    connect::{Field, Given, Item, NotThat, Recipe, Section, SentOperation, Text, Url},
    vault::{ItemId, Secret, VaultId},
};

/// What is to be done at a place.
enum Deed {
    Add(Given),
    Remove,
    Replace(Given),
}

/// Reads what a client wants to change.
///
/// # Errors
/// 400 for whatever can't be meant; nothing is changed then.
pub(super) fn changes(
    operations: Vec<SentOperation>,
    vault: &VaultId,
    item: &ItemId,
) -> Result<Vec<Change>, Failure> {
    operations
        .into_iter()
        .map(|operation| change(operation, vault, item))
        .collect()
}

fn change(sent: SentOperation, vault: &VaultId, item: &ItemId) -> Result<Change, Failure> {
    let deed = match (sent.op.as_str(), sent.value) {
        ("add", Some(value)) => Deed::Add(value),
        ("replace", Some(value)) => Deed::Replace(value),
        ("remove", _) => Deed::Remove,
        ("add" | "replace", None) => return Err(Failure::bad("`add` and `replace` need a value")),
        _ => {
            return Err(Failure::bad(
                "an operation is one of `add`, `remove` and `replace`",
            ));
        }
    };
    let parts = pointer(&sent.path)?;
    let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
    match (parts.as_slice(), deed) {
        ([""], Deed::Add(value) | Deed::Replace(value)) => {
            let whole = sent::whole(value.read::<Item>()?, vault, item)?;
            Ok(Change::Whole(Box::new(whole)))
        }
        (["title"], Deed::Add(value) | Deed::Replace(value)) => {
            Ok(Change::Title(value.read::<Text>()?.into_string()))
        }
        (["favorite"], Deed::Add(value) | Deed::Replace(value)) => {
            Ok(Change::Favorite(value.read()?))
        }
        (["favorite"], Deed::Remove) => Ok(Change::Favorite(false)),
        (["tags", rest @ ..], deed) => Ok(Change::Tags(list(rest, deed, Ok::<String, _>)?)),
        (["urls", rest @ ..], deed) => {
            Ok(Change::Urls(list(rest, deed, |it: Url| Ok(sent::url(it)))?))
        }
        (["sections", rest @ ..], deed) => section(rest, deed),
        (["fields", rest @ ..], deed) => field(rest, deed),
        _ => Err(unknown()),
    }
}

fn field(parts: &[&str], deed: Deed) -> Result<Change, Failure> {
    match (parts, deed) {
        ([], Deed::Add(Given::List(all)) | Deed::Replace(Given::List(all))) => {
            let fields = Given::List(all).read::<Vec<Field>>()?;
            let fields = fields.into_iter().map(sent::field);
            Ok(Change::Fields(fields.collect::<Result<_, _>>()?))
        }
        ([] | ["-"], Deed::Add(value)) => {
            Ok(Change::FieldAdded(sent::field(value.read::<Field>()?)?))
        }
        ([], Deed::Remove) => Ok(Change::Fields(Vec::new())),
        ([id], Deed::Remove) => Ok(Change::FieldRemoved((*id).to_owned())),
        ([id], Deed::Replace(value)) => {
            let field = sent::field(value.read::<Field>()?)?;
            Ok(Change::FieldReplaced((*id).to_owned(), field))
        }
        ([id], Deed::Add(value)) => {
            let field = sent::field(value.read::<Field>()?)?;
            Ok(Change::FieldPut((*id).to_owned(), field))
        }
        ([id, member], deed) => Ok(Change::FieldChanged(
            (*id).to_owned(),
            member_of_field(member, deed)?,
        )),
        _ => Err(unknown()),
    }
}

fn member_of_field(member: &str, deed: Deed) -> Result<FieldChange, Failure> {
    let value = match deed {
        Deed::Add(value) | Deed::Replace(value) => value,
        Deed::Remove => Given::Null,
    };
    let word = |value: Given| Ok::<_, Failure>(text(value)?.unwrap_or_default());
    Ok(match member {
        "generate" => FieldChange::Generates(value.read::<Option<bool>>()?.unwrap_or_default()),
        "label" => FieldChange::Label(word(value)?),
        "purpose" => FieldChange::Purpose(sent::purpose(&word(value)?)?),
        "recipe" => {
            let recipe = value.read::<Option<Recipe>>()?.unwrap_or_default();
            FieldChange::Recipe(sent::recipe(recipe)?)
        }
        "section" => FieldChange::Section(value.read::<Option<Section>>()?.map(sent::section)),
        "type" => {
            let kind = sent::kind(&word(value)?)?;
            FieldChange::Type(kind.ok_or_else(|| Failure::bad("a field's type can't be empty"))?)
        }
        "value" => FieldChange::Value(text(value)?.map(Secret::new)),
        _ => return Err(unknown()),
    })
}

fn section(parts: &[&str], deed: Deed) -> Result<Change, Failure> {
    match (parts, deed) {
        ([], Deed::Add(Given::List(all)) | Deed::Replace(Given::List(all))) => {
            let sections = Given::List(all).read::<Vec<Section>>()?;
            let sections = sections.into_iter().map(sent::section);
            Ok(Change::Sections(sections.collect()))
        }
        ([] | ["-"], Deed::Add(value)) => Ok(Change::SectionAdded(sent::section(
            value.read::<Section>()?,
        ))),
        ([], Deed::Remove) => Ok(Change::Sections(Vec::new())),
        ([id], Deed::Remove) => Ok(Change::SectionRemoved((*id).to_owned())),
        ([id], Deed::Add(value)) => {
            let section = sent::section(value.read::<Section>()?);
            Ok(Change::SectionPut(
                (*id).to_owned(),
                section.label.unwrap_or_default(),
            ))
        }
        ([id], Deed::Replace(value)) => {
            let section = sent::section(value.read::<Section>()?);
            let label = section.label.unwrap_or_default();
            Ok(Change::SectionLabeled((*id).to_owned(), label))
        }
        ([id, "label"], Deed::Add(value) | Deed::Replace(value)) => {
            let label = text(value)?.unwrap_or_default();
            Ok(Change::SectionLabeled((*id).to_owned(), label))
        }
        ([id, "label"], Deed::Remove) => {
            Ok(Change::SectionLabeled((*id).to_owned(), String::new()))
        }
        _ => Err(unknown()),
    }
}

/// A change of a list, or of one of its elements, which are counted.
fn list<W: serde::de::DeserializeOwned, T>(
    parts: &[&str],
    deed: Deed,
    read: impl Fn(W) -> Result<T, Failure>,
) -> Result<ListChange<T>, Failure> {
    let at = |text: &str| {
        let leading = text.len() > 1 && text.starts_with('0');
        let digits = !leading && !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
        let place = digits.then(|| text.parse::<usize>().ok()).flatten();
        place.ok_or_else(unknown)
    };
    match (parts, deed) {
        ([], Deed::Add(value) | Deed::Replace(value)) => {
            let all = value.read::<Vec<W>>()?.into_iter().map(read);
            Ok(ListChange::All(all.collect::<Result<_, _>>()?))
        }
        ([], Deed::Remove) => Ok(ListChange::All(Vec::new())),
        (["-"], Deed::Add(value)) => Ok(ListChange::Add(None, read(value.read()?)?)),
        ([place], Deed::Add(value)) => Ok(ListChange::Add(Some(at(place)?), read(value.read()?)?)),
        ([place], Deed::Replace(value)) => Ok(ListChange::Set(at(place)?, read(value.read()?)?)),
        ([place], Deed::Remove) => Ok(ListChange::Remove(at(place)?)),
        _ => Err(unknown()),
    }
}

/// The parts of a JSON Pointer (RFC 6901). Connect's `/` is the item as a whole.
fn pointer(path: &str) -> Result<Vec<String>, Failure> {
    let rest = path
        .strip_prefix('/')
        .ok_or_else(|| Failure::bad("a path begins with `/`"))?;
    Ok(rest
        .split('/')
        .map(|part| part.replace("~1", "/").replace("~0", "~"))
        .collect())
}

fn text(value: Given) -> Result<Option<String>, NotThat> {
    Ok(value.read::<Option<Text>>()?.map(Text::into_string))
}

fn unknown() -> Failure {
    Failure::bad("the item has nothing at that path that could be changed like this")
}

impl From<NotThat> for Failure {
    fn from(_: NotThat) -> Self {
        Self::bad("the value of an operation has another form than its path needs")
    }
}
