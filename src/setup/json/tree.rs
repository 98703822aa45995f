//! What is written into settings as JSON, in the form that they have: their indentation, their line ends, on one line or many.

use crate::setup::entry::{Members, Value};

/// How a new member is written.
pub(super) struct Style<'a> {
    /// On the line that is there.
    pub(super) inline: bool,
    /// The blanks before the member, on a line of its own.
    pub(super) indent: String,
    pub(super) line_end: &'static str,
    /// What follows a colon or a comma.
    pub(super) space: &'static str,
    /// The blanks of one step.
    pub(super) unit: &'a str,
}

/// What is written.
pub(super) enum Tree {
    List(Vec<String>),
    Object(Vec<(String, Tree)>),
    Text(String),
}

impl Tree {
    pub(super) fn entry(members: &Members) -> Self {
        let members = members.iter();
        Self::Object(
            members
                .map(|(name, value)| (name.clone(), Self::of(value)))
                .collect(),
        )
    }

    pub(super) fn of(value: &Value) -> Self {
        match value {
            Value::List(texts) => Self::List(texts.clone()),
            Value::Map(texts) => {
                let texts = texts.iter();
                Self::Object(
                    texts
                        .map(|(name, text)| (name.clone(), Self::Text(text.clone())))
                        .collect(),
                )
            }
            Value::Other => Self::Object(Vec::new()),
            Value::Text(text) => Self::Text(text.clone()),
        }
    }

    pub(super) fn written(&self, style: &Style<'_>) -> String {
        let Style {
            inline,
            indent,
            line_end,
            space,
            unit,
        } = style;
        match self {
            Self::List(texts) => {
                let texts: Vec<String> = texts.iter().map(|text| quoted(text)).collect();
                format!("[{}]", texts.join(&format!(",{space}")))
            }
            Self::Object(members) => {
                let inner = Style {
                    inline: *inline,
                    indent: format!("{indent}{unit}"),
                    line_end,
                    space,
                    unit,
                };
                let members = members.iter().map(|(name, tree)| {
                    format!("{}:{space}{}", quoted(name), tree.written(&inner))
                });
                let members: Vec<String> = members.collect();
                if *inline {
                    return format!("{{{}}}", members.join(&format!(",{space}")));
                }
                let between = format!(",{line_end}{}", inner.indent);
                format!(
                    "{{{line_end}{}{}{line_end}{indent}}}",
                    inner.indent,
                    members.join(&between)
                )
            }
            Self::Text(text) => quoted(text),
        }
    }
}

pub(super) fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}
