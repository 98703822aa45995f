//! Assignment statements: `[SECTION.]FIELD[TYPE]=VALUE`, as `op` has them.
//!
//! A backslash goes before `.`, `=`, `[` and `\` that belong to a name; the value is taken as it
//! is. Follows <https://developer.1password.com/docs/cli/item-fields/>. No message repeats a value,
//! nor what may be one for want of a `=`.

use crate::{
    broker::{NewField, Source},
    cli::failure::Failure,
    vault::{Category, FieldType, Purpose},
};

/// A field as somebody typed it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct FieldName {
    /// The label of the section that it stands in.
    pub(super) section: Option<String>,
    /// The field's label.
    pub(super) label: String,
    /// What stood in brackets.
    pub(super) wish: Option<Wish>,
}

/// What brackets can ask for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Wish {
    /// The field is to be removed.
    Delete,
    /// The field has this type.
    Type(FieldType),
}

/// Fields that a category has anyway and that are no secrets, by label.
const PLAIN_FIELDS: [(Category, &[&str]); 4] = [
    (
        Category::ApiCredential,
        &[
            "username",
            "type",
            "filename",
            "hostname",
            "valid from",
            "expires",
        ],
    ),
    (
        Category::Database,
        &[
            "type", "server", "hostname", "port", "database", "username", "sid", "alias",
        ],
    ),
    (Category::Login, &["username"]),
    (Category::Server, &["url", "username"]),
];

/// Splits a statement into the field and its value. `FIELD[delete]` needs no value.
pub(super) fn parse(statement: &str) -> Result<(FieldName, Option<&str>), Failure> {
    let (name, rest) = parse_name(statement)?;
    match rest.strip_prefix('=') {
        Some(value) => Ok((name, Some(value))),
        None if rest.is_empty() && name.wish == Some(Wish::Delete) => Ok((name, None)),
        None => Err(malformed("a field is written FIELD=VALUE")),
    }
}

/// Reads a field without a value: `[SECTION.]FIELD[TYPE]`.
pub(super) fn parse_field(text: &str) -> Result<FieldName, Failure> {
    match parse_name(text)? {
        (name, "") => Ok(name),
        _ => Err(malformed(
            "here a field is written without a value: FIELD or FIELD[TYPE]",
        )),
    }
}

/// What a statement gives a field, if it is one: for the fuzz targets, which can't name a field.
#[cfg(any(test, fuzzing))]
pub(crate) fn assigned_value(statement: &str) -> Option<&str> {
    let _ = parse_field(statement);
    parse(statement).ok()?.1
}

/// Reads up to the `=` or the end, and gives back what follows.
fn parse_name(text: &str) -> Result<(FieldName, &str), Failure> {
    let mut parts = vec![String::new()];
    let mut wish = None;
    let mut characters = text.char_indices();
    let rest = loop {
        let Some((at, character)) = characters.next() else {
            break "";
        };
        let last = parts.last_mut().expect("begins with one part");
        match character {
            '\\' => match characters.next() {
                Some((_, escaped @ ('.' | '=' | '[' | ']' | '\\'))) => last.push(escaped),
                _ => {
                    return Err(malformed(
                        "a backslash goes before . = [ or \\ only; write \\\\ for a backslash",
                    ));
                }
            },
            '.' => parts.push(String::new()),
            '=' => break &text[at..],
            '[' => {
                let (word, rest) = text[at + 1..]
                    .split_once(']')
                    .filter(|(_, rest)| rest.is_empty() || rest.starts_with('='))
                    .ok_or_else(|| {
                        malformed("a type stands in brackets before the `=`: FIELD[text]=VALUE")
                    })?;
                wish = Some(Wish::parse(word)?);
                break rest;
            }
            other => last.push(other),
        }
    };
    let (section, label) = match <[String; 2]>::try_from(parts) {
        Ok([section, label]) => (Some(section), label),
        Err(mut parts) if parts.len() == 1 => (None, parts.remove(0)),
        Err(_) => {
            return Err(malformed(
                "write \\. for a period that belongs to a section's or field's name",
            ));
        }
    };
    if label.trim().is_empty()
        || section
            .as_ref()
            .is_some_and(|section| section.trim().is_empty())
    {
        return Err(malformed(
            "a field is written [SECTION.]FIELD[TYPE]=VALUE, and its name is missing",
        ));
    }
    Ok((
        FieldName {
            section,
            label,
            wish,
        },
        rest,
    ))
}

impl Wish {
    fn parse(word: &str) -> Result<Self, Failure> {
        match word.to_ascii_lowercase().as_str() {
            "delete" => return Ok(Self::Delete),
            "password" => return Ok(Self::Type(FieldType::Concealed)),
            "text" => return Ok(Self::Type(FieldType::String)),
            "monthyear" => return Ok(Self::Type(FieldType::MonthYear)),
            _ => {}
        }
        match FieldType::known(word) {
            Some(FieldType::File) => Err(malformed("files can't be attached here")),
            Some(kind) => Ok(Self::Type(kind)),
            None => Err(malformed(
                "an unknown type stands in brackets; there are password, text, email, url, date, monthYear, phone, otp and Connect's own",
            )),
        }
    }
}

impl FieldName {
    /// A field outside of sections, without a type.
    pub(super) fn plain(label: &str) -> Self {
        Self {
            section: None,
            label: label.to_owned(),
            wish: None,
        }
    }

    /// Whether a field that is made with this name would be concealed.
    pub(super) fn concealed(&self, category: &Category) -> bool {
        let (kind, purpose) = self.kind(category);
        kind.concealed() || purpose.is_some_and(Purpose::concealed)
    }

    /// The name as `update_item` looks it up: `section/field` or `field`.
    pub(super) fn path(&self) -> String {
        match &self.section {
            Some(section) => format!("{section}/{}", self.label),
            None => self.label.clone(),
        }
    }

    /// The field to make: what the category has anyway keeps its type and part in signing in, and
    /// any other field without a type is concealed.
    pub(super) fn into_new_field(self, category: &Category, source: Source) -> NewField {
        let (kind, purpose) = self.kind(category);
        NewField {
            label: self.label,
            section: self.section,
            kind: Some(kind),
            purpose,
            source: Some(source),
        }
    }

    fn kind(&self, category: &Category) -> (FieldType, Option<Purpose>) {
        let built_in = match self.section {
            None => built_in(category, &self.label),
            Some(_) => None,
        };
        match (&self.wish, built_in) {
            (Some(Wish::Type(kind)), built_in) => {
                (kind.clone(), built_in.and_then(|(_, purpose)| purpose))
            }
            (_, Some(built_in)) => built_in,
            (_, None) => (FieldType::Concealed, None),
        }
    }
}

fn built_in(category: &Category, label: &str) -> Option<(FieldType, Option<Purpose>)> {
    let label = label.to_lowercase();
    let signs_in = matches!(category, Category::Login | Category::Password);
    match label.as_str() {
        "notesplain" => return Some((FieldType::String, Some(Purpose::Notes))),
        "password" if signs_in => return Some((FieldType::Concealed, Some(Purpose::Password))),
        "username" if *category == Category::Login => {
            return Some((FieldType::String, Some(Purpose::Username)));
        }
        _ => {}
    }
    let (_, plain) = PLAIN_FIELDS.iter().find(|(of, _)| of == category)?;
    plain
        .contains(&label.as_str())
        .then_some((FieldType::String, None))
}

fn malformed(rule: &str) -> Failure {
    Failure::Usage(format!(
        "{rule} (what was typed is not repeated here, it could hold a value)"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(section: Option<&str>, label: &str, wish: Option<Wish>) -> FieldName {
        FieldName {
            section: section.map(Into::into),
            label: label.into(),
            wish,
        }
    }

    #[test]
    fn a_statement_is_read_as_op_reads_it() {
        for (statement, expected, value) in [
            ("username=ops", name(None, "username", None), Some("ops")),
            (
                "API keys.secret key=a=b.c",
                name(Some("API keys"), "secret key", None),
                Some("a=b.c"),
            ),
            (
                r"v1\.2[text]=x\y",
                name(None, "v1.2", Some(Wish::Type(FieldType::String))),
                Some(r"x\y"),
            ),
            (r"a\=b\[c\]=", name(None, "a=b[c]", None), Some("")),
            (
                "db.host[url]=h",
                name(Some("db"), "host", Some(Wish::Type(FieldType::Url))),
                Some("h"),
            ),
            ("old[delete]", name(None, "old", Some(Wish::Delete)), None),
        ] {
            assert_eq!(parse(statement).unwrap(), (expected, value), "{statement}");
        }
    }

    #[test]
    fn a_malformed_statement_is_refused_and_not_repeated() {
        for statement in [
            "canary",
            "a.b.canary=1",
            "=canary",
            ".canary=1",
            "canary[nonsense]=1",
            "canary[text=1",
            r"can\ary=1",
            "x[file]=canary",
            "x[text]canary",
        ] {
            let refusal = parse(statement).unwrap_err().to_string();

            assert!(!refusal.contains("canary"), "{refusal}");
        }
    }

    #[test]
    fn a_field_without_a_type_is_concealed_unless_its_category_knows_better() {
        let kind = |category, label| {
            let field = name(None, label, None).into_new_field(&category, Source::Command(vec![]));
            (field.kind.unwrap(), field.purpose)
        };

        assert_eq!(kind(Category::Login, "token"), (FieldType::Concealed, None));
        assert_eq!(
            kind(Category::Login, "Username"),
            (FieldType::String, Some(Purpose::Username))
        );
        assert_eq!(
            kind(Category::Login, "password"),
            (FieldType::Concealed, Some(Purpose::Password))
        );
        assert_eq!(kind(Category::Database, "port"), (FieldType::String, None));
        assert_eq!(
            kind(Category::Database, "password"),
            (FieldType::Concealed, None)
        );
    }
}
