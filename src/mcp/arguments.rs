//! Reads a tool's arguments, and complains about them without repeating them.
//!
//! A model may put a secret where it does not belong, and what an error says is kept by clients in
//! clear. So arguments are held against the tool's own input schema first: a complaint is made of the schema's
//! words and the argument's name only. serde, whose messages quote values, comes second and has nothing left to say.

use std::{fmt::Write as _, marker::PhantomData, sync::Arc};

use rmcp::{
    ErrorData,
    handler::server::{common::FromContextPart, tool::ToolCallContext},
    model::JsonObject,
};
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::{VaultServer, tools};

/// The longest name that a complaint repeats; a longer one is hardly a name.
const LONGEST_NAME: usize = 32;

/// The arguments of one call, not yet read.
pub(super) struct Arguments<T> {
    given: JsonObject,
    schema: Arc<JsonObject>,
    wanted: PhantomData<fn() -> T>,
}

/// What is wrong with the arguments; repeats no value.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("{0}")]
pub(super) struct ArgumentError(String);

impl ArgumentError {
    /// Says what is wrong; `complaint` must not hold a value.
    pub(super) fn new(complaint: impl Into<String>) -> Self {
        Self(complaint.into())
    }
}

impl<T: DeserializeOwned> Arguments<T> {
    /// Reads the arguments.
    ///
    /// # Errors
    /// [`ArgumentError`] names the argument that does not fit, and what was expected there.
    pub(super) fn read(self) -> Result<T, ArgumentError> {
        let mut given = Value::Object(self.given);
        fit(&mut given, &self.schema, &Path::Root)?;
        serde_json::from_value(given)
            .map_err(|_| ArgumentError::new("the arguments do not fit the tool's input schema"))
    }
}

impl<T> FromContextPart<ToolCallContext<'_, VaultServer>> for Arguments<T> {
    fn from_context_part(
        context: &mut ToolCallContext<'_, VaultServer>,
    ) -> Result<Self, ErrorData> {
        let tool = tools::router()
            .get(context.name())
            .ok_or_else(|| ErrorData::invalid_params("tool not found", None))?;
        Ok(Self {
            given: context.arguments.take().unwrap_or_default(),
            schema: tool.input_schema.clone(),
            wanted: PhantomData,
        })
    }
}

/// Where in the arguments something stands: `fields[0].generate`.
enum Path<'a> {
    Root,
    Member(&'a Path<'a>, &'a str),
    Element(&'a Path<'a>, usize),
}

impl Path<'_> {
    fn write(&self, text: &mut String) {
        match self {
            Self::Root => {}
            Self::Member(Self::Root, name) => text.push_str(shown(name)),
            Self::Member(parent, name) => {
                parent.write(text);
                text.push('.');
                text.push_str(shown(name));
            }
            Self::Element(parent, index) => {
                parent.write(text);
                let _ = write!(text, "[{index}]");
            }
        }
    }

    /// ``argument `fields[0].label` ``, or `the arguments` for the whole.
    fn noun(&self) -> String {
        if matches!(self, Self::Root) {
            return "the arguments".to_owned();
        }
        let mut text = "argument `".to_owned();
        self.write(&mut text);
        text.push('`');
        text
    }

    fn wants(&self, what: &str) -> ArgumentError {
        ArgumentError(format!("{} must be {what}", self.noun()))
    }
}

/// A name, if it can only be one; else a placeholder.
fn shown(name: &str) -> &str {
    let is_name = name.len() <= LONGEST_NAME
        && name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
    if is_name { name } else { "…" }
}

/// Checks a value against the keywords that our schemas use, and makes two harmless habits of clients
/// fit: `null` for an absent member, and another case of a known word.
fn fit(value: &mut Value, schema: &JsonObject, path: &Path<'_>) -> Result<(), ArgumentError> {
    match schema.get("type").and_then(Value::as_str) {
        Some("object") => fit_object(value, schema, path),
        Some("array") => fit_array(value, schema, path),
        Some("string") => fit_string(value, schema, path),
        Some("integer") => fit_integer(value, schema, path),
        Some("boolean") if !value.is_boolean() => Err(path.wants("true or false")),
        _ => Ok(()),
    }
}

fn fit_object(
    value: &mut Value,
    schema: &JsonObject,
    path: &Path<'_>,
) -> Result<(), ArgumentError> {
    let Value::Object(members) = value else {
        return Err(path.wants("an object"));
    };
    members.retain(|_, member| !member.is_null());
    let properties = schema.get("properties").and_then(Value::as_object);
    let others = schema
        .get("additionalProperties")
        .and_then(Value::as_object);
    for (name, member) in members.iter_mut() {
        let known = properties
            .and_then(|it| it.get(name))
            .and_then(Value::as_object);
        let Some(expected) = known.or(others) else {
            return Err(unknown(name, properties, path));
        };
        fit(member, expected, &Path::Member(path, name))?;
    }
    let missing = schema
        .get("required")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .find(|name| !members.contains_key(*name));
    match missing {
        Some(name) => Err(ArgumentError(format!(
            "{} is missing",
            Path::Member(path, name).noun()
        ))),
        None => Ok(()),
    }
}

fn unknown(name: &str, known: Option<&JsonObject>, path: &Path<'_>) -> ArgumentError {
    let known: Vec<&str> = known
        .into_iter()
        .flat_map(|it| it.keys())
        .map(String::as_str)
        .collect();
    let known = match known[..] {
        [] => "none is taken here".to_owned(),
        _ => format!("known are {}", known.join(", ")),
    };
    let unknown = Path::Member(path, name).noun();
    ArgumentError(format!("unknown {unknown}; {known}"))
}

fn fit_array(value: &mut Value, schema: &JsonObject, path: &Path<'_>) -> Result<(), ArgumentError> {
    let Value::Array(elements) = value else {
        return Err(path.wants("a list"));
    };
    if bound(schema, "minItems").is_some_and(|least| (elements.len() as u64) < least) {
        return Err(path.wants("a list that is not empty"));
    }
    if let Some(expected) = schema.get("items").and_then(Value::as_object) {
        for (index, element) in elements.iter_mut().enumerate() {
            fit(element, expected, &Path::Element(path, index))?;
        }
    }
    Ok(())
}

fn fit_string(
    value: &mut Value,
    schema: &JsonObject,
    path: &Path<'_>,
) -> Result<(), ArgumentError> {
    let Value::String(text) = value else {
        return Err(path.wants("a string"));
    };
    if let Some(words) = schema.get("enum").and_then(Value::as_array) {
        let words = words.iter().filter_map(Value::as_str);
        match words.clone().find(|word| same_word(word, text)) {
            Some(word) => *text = word.to_owned(),
            None => {
                let words: Vec<_> = words.collect();
                return Err(path.wants(&format!("one of {}", words.join(", "))));
            }
        }
    }
    if bound(schema, "minLength").is_some_and(|least| (text.chars().count() as u64) < least) {
        return Err(path.wants("a string that is not empty"));
    }
    if let Some(most) = bound(schema, "maxLength")
        && text.chars().count() as u64 > most
    {
        return Err(path.wants(&format!("a string of at most {most} characters")));
    }
    Ok(())
}

/// `LOGIN`, `login`, `Api Credential` and `api-credential` are words that people write.
fn same_word(known: &str, given: &str) -> bool {
    known.len() == given.len()
        && known.bytes().zip(given.bytes()).all(|(known, given)| {
            known.eq_ignore_ascii_case(&given) || (known == b'_' && matches!(given, b' ' | b'-'))
        })
}

fn fit_integer(value: &Value, schema: &JsonObject, path: &Path<'_>) -> Result<(), ArgumentError> {
    let least = bound(schema, "minimum").unwrap_or(0);
    let most = bound(schema, "maximum");
    let fits = value
        .as_u64()
        .is_some_and(|it| it >= least && most.is_none_or(|most| it <= most));
    match (fits, most) {
        (true, _) => Ok(()),
        (false, Some(most)) => Err(path.wants(&format!("a whole number from {least} to {most}"))),
        (false, None) => Err(path.wants(&format!("a whole number from {least}"))),
    }
}

fn bound(schema: &JsonObject, keyword: &str) -> Option<u64> {
    schema.get(keyword).and_then(Value::as_u64)
}

#[cfg(test)]
mod tests {
    use schemars::JsonSchema;
    use serde::Deserialize;
    use serde_json::json;

    use super::*;
    use crate::mcp::schema;

    #[derive(Debug, Deserialize, JsonSchema)]
    struct Wanted {
        #[schemars(length(min = 1))]
        command: Vec<String>,
        #[serde(default)]
        env: std::collections::BTreeMap<String, String>,
        #[schemars(range(min = 1, max = 3600))]
        timeout_seconds: Option<u64>,
        mode: Option<Mode>,
        #[serde(default)]
        overwrite: bool,
    }

    #[derive(Debug, Deserialize, JsonSchema)]
    #[serde(rename_all = "snake_case")]
    enum Mode {
        Full,
        LastLines,
    }

    fn read(given: Value) -> Result<Wanted, ArgumentError> {
        let Value::Object(given) = given else {
            unreachable!()
        };
        Arguments {
            given,
            schema: schema::input::<Wanted>(),
            wanted: PhantomData,
        }
        .read()
    }

    #[test]
    fn each_complaint_names_the_argument_and_what_was_expected_there() {
        let complaints: Vec<String> = [
            json!({}),
            json!({ "command": "canary" }),
            json!({ "command": [] }),
            json!({ "command": ["x", 7] }),
            json!({ "command": ["x"], "env": { "DB": 7 } }),
            json!({ "command": ["x"], "env": { "canary canary": 7 } }),
            json!({ "command": ["x"], "timeout_seconds": "canary" }),
            json!({ "command": ["x"], "timeout_seconds": 3601 }),
            json!({ "command": ["x"], "timeout_seconds": -1 }),
            json!({ "command": ["x"], "mode": "canary" }),
            json!({ "command": ["x"], "overwrite": "canary" }),
            json!({ "command": ["x"], "shell": "canary" }),
            json!({ "command": ["x"], "canary canary": 1 }),
        ]
        .into_iter()
        .map(|given| read(given).unwrap_err().to_string())
        .collect();

        insta::assert_snapshot!(complaints.join("\n"), @"
        argument `command` is missing
        argument `command` must be a list
        argument `command` must be a list that is not empty
        argument `command[1]` must be a string
        argument `env.DB` must be a string
        argument `env.…` must be a string
        argument `timeout_seconds` must be a whole number from 1 to 3600
        argument `timeout_seconds` must be a whole number from 1 to 3600
        argument `timeout_seconds` must be a whole number from 1 to 3600
        argument `mode` must be one of full, last_lines
        argument `overwrite` must be true or false
        unknown argument `shell`; known are command, env, mode, overwrite, timeout_seconds
        unknown argument `…`; known are command, env, mode, overwrite, timeout_seconds
        ");
        assert!(!complaints.join("").contains("canary"));
    }

    #[test]
    fn null_counts_as_absent_and_a_known_word_may_be_in_any_case() {
        let wanted = read(json!({
            "command": ["x"], "timeout_seconds": null, "mode": "LAST-lines",
        }))
        .unwrap();

        assert!(matches!(wanted.mode, Some(Mode::LastLines)));
        assert_eq!(wanted.timeout_seconds, None);
        assert_eq!(wanted.command, ["x"]);
        assert!(wanted.env.is_empty() && !wanted.overwrite);
    }
}
