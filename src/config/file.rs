//! `config.toml` as it is written, before flags and variables have their say.
//!
//! ```toml
//! backend = "local"                          # or "connect"
//! key_command = ["pass", "show", "hushkey"]  # prints the store's key; without it the key file is read
//!
//! [agent]
//! name = "default"                           # whom `hushkey mcp` serves
//! timeout_seconds = 60                       # of a run that names none; at most 3,600
//! approval_seconds = 120                     # how long a person has to decide; at most 3,600
//! typing_seconds = 300                       # how long a person has to type a value; at most 300
//!
//! [connect]
//! host = "http://127.0.0.1:8080"
//! token_file = "~/.config/connect-token"     # relative to this file's directory
//! ca_file = "connect-ca.pem"                 # of a private authority: then no other is trusted
//! ```
//!
//! An error tells the line and what belongs there. It repeats neither keys nor values: a token in the
//! wrong place must not end up in a log.

use std::path::Path;

use toml_edit::{Document, Item, TableLike};

use super::{BackendKind, ConfigError};
use crate::access::AgentName;

/// What the file says; everything is optional.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct ConfigFile {
    pub(super) backend: Option<BackendKind>,
    pub(super) key_command: Option<Vec<String>>,
    pub(super) agent_name: Option<AgentName>,
    pub(super) timeout_seconds: Option<u32>,
    pub(super) approval_seconds: Option<u32>,
    pub(super) typing_seconds: Option<u32>,
    pub(super) connect_host: Option<String>,
    pub(super) connect_token_file: Option<String>,
    pub(super) connect_ca_file: Option<String>,
}

const TOP: &[&str] = &["agent", "backend", "connect", "key_command"];
const AGENT: &[&str] = &[
    "approval_seconds",
    "name",
    "timeout_seconds",
    "typing_seconds",
];
const CONNECT: &[&str] = &["ca_file", "host", "token_file"];

impl ConfigFile {
    /// Reads the text of a file; `path` is for messages only.
    pub(super) fn parse(path: &Path, text: &str) -> Result<Self, ConfigError> {
        let document = Document::parse(text).map_err(|error| ConfigError::Malformed {
            path: path.to_owned(),
            line: line_of(text, error.span().map(|span| span.start)),
            // Only the parser's own words; its `Display` would quote the line.
            problem: error.message().to_owned(),
        })?;
        let top = Section::read(path, text, document.as_table(), TOP)?;
        let agent = top.section("agent", AGENT)?;
        let connect = top.section("connect", CONNECT)?;

        Ok(Self {
            backend: top.value("backend", "\"local\" or \"connect\"", |item| {
                BackendKind::parse(item.as_str()?)
            })?,
            key_command: top.value(
                "key_command",
                "a list of a program and its arguments",
                command,
            )?,
            agent_name: agent.value("name", "an agent's name", |item| {
                AgentName::parse(item.as_str()?).ok()
            })?,
            timeout_seconds: agent.value(
                "timeout_seconds",
                "a number from 1 to 3600",
                seconds_of,
            )?,
            approval_seconds: agent.value(
                "approval_seconds",
                "a number from 1 to 3600",
                seconds_of,
            )?,
            typing_seconds: agent.value("typing_seconds", "a number from 1 to 300", |item| {
                seconds_of(item).filter(|it| *it <= super::MAX_TYPING_SECONDS)
            })?,
            connect_host: connect.value(
                "host",
                "the address of a Connect server: http://HOST:8080 or https://HOST",
                |item| super::parse_host(item.as_str()?),
            )?,
            connect_token_file: connect.value("token_file", "a path", path_of)?,
            connect_ca_file: connect.value("ca_file", "a path", path_of)?,
        })
    }
}

fn seconds_of(item: &Item) -> Option<u32> {
    let seconds = u32::try_from(item.as_integer()?).ok()?;
    (1..=super::MAX_TIMEOUT_SECONDS)
        .contains(&seconds)
        .then_some(seconds)
}

fn path_of(item: &Item) -> Option<String> {
    let path = item.as_str().filter(|path| !path.is_empty());
    path.map(str::to_owned)
}

/// One table of the file, whose keys are known.
struct Section<'a> {
    path: &'a Path,
    text: &'a str,
    table: Option<&'a dyn TableLike>,
}

impl<'a> Section<'a> {
    fn read(
        path: &'a Path,
        text: &'a str,
        table: &'a dyn TableLike,
        known: &[&'static str],
    ) -> Result<Self, ConfigError> {
        let unknown = table.iter().find(|(key, _)| !known.contains(key));
        if let Some((key, _)) = unknown {
            return Err(ConfigError::UnknownKey {
                path: path.to_owned(),
                line: line_of_key(text, table, key),
                known: known.join(", "),
                hint: nearest(key, known)
                    .map(|near| format!("; did you mean `{near}`?"))
                    .unwrap_or_default(),
            });
        }
        Ok(Self {
            path,
            text,
            table: Some(table),
        })
    }

    fn section(
        &self,
        key: &'static str,
        known: &[&'static str],
    ) -> Result<Section<'a>, ConfigError> {
        let Some(item) = self.table.and_then(|table| table.get(key)) else {
            return Ok(Section {
                path: self.path,
                text: self.text,
                table: None,
            });
        };
        let table = item
            .as_table_like()
            .ok_or_else(|| self.wrong(key, "a table"))?;
        Section::read(self.path, self.text, table, known)
    }

    fn value<T>(
        &self,
        key: &'static str,
        expected: &'static str,
        read: impl Fn(&Item) -> Option<T>,
    ) -> Result<Option<T>, ConfigError> {
        let Some(item) = self.table.and_then(|table| table.get(key)) else {
            return Ok(None);
        };
        read(item)
            .map(Some)
            .ok_or_else(|| self.wrong(key, expected))
    }

    fn wrong(&self, key: &'static str, expected: &'static str) -> ConfigError {
        ConfigError::Value {
            path: self.path.to_owned(),
            line: self
                .table
                .map_or(1, |table| line_of_key(self.text, table, key)),
            key,
            expected,
        }
    }
}

fn command(item: &Item) -> Option<Vec<String>> {
    let words: Vec<String> = item
        .as_array()?
        .iter()
        .map(|word| word.as_str().map(str::to_owned))
        .collect::<Option<_>>()?;
    words
        .first()
        .is_some_and(|program| !program.is_empty())
        .then_some(words)
}

fn line_of_key(text: &str, table: &dyn TableLike, key: &str) -> usize {
    let span = table.key(key).and_then(toml_edit::Key::span);
    line_of(text, span.map(|span| span.start))
}

fn line_of(text: &str, at: Option<usize>) -> usize {
    let before = &text.as_bytes()[..at.unwrap_or(0).min(text.len())];
    1 + before.iter().filter(|byte| **byte == b'\n').count()
}

/// The known key that somebody probably meant: it begins with the same word, or two letters differ.
fn nearest(key: &str, known: &[&'static str]) -> Option<&'static str> {
    known
        .iter()
        .copied()
        .find(|known| key.len() >= 3 && (known.starts_with(key) || key.starts_with(known)))
        .or_else(|| {
            known
                .iter()
                .copied()
                .map(|known| (distance(key, known), known))
                .filter(|(distance, _)| *distance <= 2)
                .min()
                .map(|(_, known)| known)
        })
}

/// Levenshtein's distance, in bytes.
fn distance(a: &str, b: &str) -> usize {
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.bytes().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, y) in b.bytes().enumerate() {
            let changed = diagonal + usize::from(x != y);
            diagonal = row[j + 1];
            row[j + 1] = changed.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    use proptest::prelude::*;

    fn read(text: &str) -> Result<ConfigFile, String> {
        ConfigFile::parse(Path::new("config.toml"), text).map_err(|error| error.to_string())
    }

    #[test]
    fn every_key_of_the_documentation_is_understood() {
        let example: String = include_str!("file.rs")
            .lines()
            .skip_while(|line| *line != "//! ```toml")
            .skip(1)
            .take_while(|line| *line != "//! ```")
            .map(|line| format!("{}\n", line.trim_start_matches("//!")))
            .collect();

        let file = read(&example).unwrap();

        assert_eq!(file.backend, Some(BackendKind::Local));
        assert_eq!(file.key_command.unwrap(), ["pass", "show", "hushkey"]);
        assert_eq!(file.agent_name.unwrap().as_str(), "default");
        assert_eq!(file.timeout_seconds, Some(60));
        assert_eq!(file.connect_host.unwrap(), "http://127.0.0.1:8080");
        assert_eq!(file.connect_token_file.unwrap(), "~/.config/connect-token");
        assert_eq!(file.connect_ca_file.unwrap(), "connect-ca.pem");
        assert_eq!(read("").unwrap(), ConfigFile::default());
    }

    #[test]
    fn an_unknown_key_is_refused_with_its_line_and_the_nearest_known_one() {
        for (text, message) in [
            (
                "\nbackned = 1",
                "line 2 of config.toml: unknown key; did you mean `backend`? known here: agent, backend, connect, key_command",
            ),
            (
                "[connect]\nhost = 'http://h'\ntoken = 'canary'",
                "line 3 of config.toml: unknown key; did you mean `token_file`? known here: ca_file, host, token_file",
            ),
            (
                "agent = { colour = 1 }",
                "line 1 of config.toml: unknown key; known here: approval_seconds, name, timeout_seconds, typing_seconds",
            ),
        ] {
            assert_eq!(read(text).unwrap_err(), message);
        }
    }

    #[test]
    fn a_value_of_the_wrong_kind_is_refused_with_its_line_and_what_belongs_there() {
        for (text, begin) in [
            (
                "backend = 'canary'",
                "line 1 of config.toml: `backend` is \"local\" or",
            ),
            (
                "\nkey_command = 'canary'",
                "line 2 of config.toml: `key_command` is a list",
            ),
            (
                "key_command = []",
                "line 1 of config.toml: `key_command` is a list",
            ),
            (
                "key_command = ['canary', 2]",
                "line 1 of config.toml: `key_command` is a list",
            ),
            (
                "[agent]\ntyping_seconds = 301",
                "line 2 of config.toml: `typing_seconds` is a number from 1 to 300",
            ),
            (
                "connect = 'canary'",
                "line 1 of config.toml: `connect` is a table",
            ),
            (
                "[connect]\nhost = 'canary'",
                "line 2 of config.toml: `host` is the address",
            ),
            (
                "[connect]\ntoken_file = ''",
                "line 2 of config.toml: `token_file` is a path",
            ),
            (
                "[agent]\nname = 'can ary'",
                "line 2 of config.toml: `name` is an agent's name",
            ),
            (
                "[agent]\ntimeout_seconds = 3601",
                "line 2 of config.toml: `timeout_seconds` is a number",
            ),
            (
                "[agent]\ntimeout_seconds = -1",
                "line 2 of config.toml: `timeout_seconds` is a number",
            ),
        ] {
            let message = read(text).unwrap_err();

            assert!(message.starts_with(begin), "{message}");
            assert!(!message.contains("canary"), "{message}");
        }
    }

    #[test]
    fn a_line_that_is_no_toml_is_not_repeated() {
        for text in [
            "a = 1\ntoken = canary",
            "canary",
            "[connect]\ncanary = 1\ncanary = 2",
            "[canary",
        ] {
            let message = read(text).unwrap_err();

            assert!(message.starts_with("line "), "{message}");
            assert!(!message.contains("canary"), "{message}");
        }
    }

    proptest! {
        #[test]
        fn no_text_makes_the_reader_panic(text in "[a-z_= \\[\\]{}\"'\\n0-9.é]{0,60}") {
            let _ = read(&text);
        }
    }
}
