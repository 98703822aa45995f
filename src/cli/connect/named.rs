//! Things that are named on the command line, or read from standard input where `-` stands.

use std::io::Read as _;

use serde_json::Value;

use crate::cli::failure::{Failure, reason};

/// Bytes that are read.
const MOST: u64 = 1 << 20;

/// The names and ids that were typed; for `-`, those on standard input.
pub(super) fn all(typed: &[String]) -> anyhow::Result<Vec<String>> {
    let mut named = Vec::new();
    for word in typed {
        if word == "-" {
            named.extend(read()?);
        } else {
            named.push(word.clone());
        }
    }
    if named.is_empty() {
        return Err(Failure::Usage("standard input names nothing".to_owned()).into());
    }
    Ok(named)
}

fn read() -> Result<Vec<String>, Failure> {
    let mut text = String::new();
    let read = std::io::stdin().take(MOST).read_to_string(&mut text);
    read.map_err(|error| {
        Failure::Failed(format!("cannot read standard input: {}", reason(&error)))
    })?;
    parse(&text).ok_or_else(|| {
        let told = "standard input has names or ids, one a line, or JSON objects with an `id`";
        Failure::Usage(told.to_owned())
    })
}

/// Names or ids, one a line; or JSON: objects one after the other, or in a list.
fn parse(text: &str) -> Option<Vec<String>> {
    let text = text.trim();
    if !text.starts_with(['{', '[']) {
        let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
        return Some(lines.map(str::to_owned).collect());
    }
    let mut found = Vec::new();
    for value in serde_json::Deserializer::from_str(text).into_iter::<Value>() {
        match value.ok()? {
            Value::Array(all) => found.extend(all.iter().map(id).collect::<Option<Vec<_>>>()?),
            one => found.push(id(&one)?),
        }
    }
    Some(found)
}

fn id(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        object => object.get("id")?.as_str().map(str::to_owned),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_another_command_printed_can_be_read() {
        for (text, names) in [
            ("a\n\n b c \n", &["a", "b c"][..]),
            (r#"{"id":"a","name":"x"} {"id":"b"}"#, &["a", "b"]),
            (r#"[{"id":"a"},"b"]"#, &["a", "b"]),
            ("", &[]),
        ] {
            assert_eq!(parse(text).unwrap(), names, "{text}");
        }
        for bad in [r#"{"name":"a"}"#, r#"{"id":"a""#, "[1]"] {
            assert_eq!(parse(bad), None, "{bad}");
        }
    }
}
