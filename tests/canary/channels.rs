//! All that came out, by the name of where it came out.

use std::{collections::BTreeMap, process::Output};

use serde_json::Value;

use crate::{agent::Spoken, search::Search};

/// Everything that came out so far.
#[derive(Default)]
pub struct Channels {
    heard: BTreeMap<String, Vec<u8>>,
}

impl Channels {
    /// Adds bytes to a channel.
    pub fn add(&mut self, channel: impl Into<String>, bytes: &[u8]) {
        let heard = self.heard.entry(channel.into()).or_default();
        heard.extend_from_slice(bytes);
        heard.push(b'\n');
    }

    /// Adds an answer: as it is, and each text in it as its reader sees it.
    pub fn answer(&mut self, channel: impl Into<String>, answer: &Value) {
        let channel = channel.into();
        self.add(channel.clone(), answer.to_string().as_bytes());
        let mut texts = Vec::new();
        leaves(answer, &mut texts);
        self.add(channel, texts.join("\n").as_bytes());
    }

    /// Adds what a command printed; it may leave one of its two streams empty.
    pub fn command(&mut self, name: &str, output: &Output) {
        self.add(
            format!("hushkey {name}"),
            &[&output.stdout[..], &output.stderr].concat(),
        );
    }

    /// Adds all that a server said.
    pub fn server(&mut self, name: &str, spoken: &Spoken) {
        self.add(format!("standard output of the {name}"), &spoken.stdout);
        self.add(format!("standard error of the {name}"), &spoken.stderr);
    }

    /// How many bytes came over channels whose name has this in it.
    pub fn bytes_of(&self, name: &str) -> usize {
        let of_that_name = self
            .heard
            .iter()
            .filter(|(channel, _)| channel.contains(name));
        of_that_name
            .map(|(_, bytes)| bytes.trim_ascii().len())
            .sum()
    }

    /// Fails if anything is found in anything, or if one of these channels was silent.
    pub fn assert_clean(&self, search: &Search, spoke: &[&str]) {
        for channel in spoke {
            assert!(
                self.bytes_of(channel) > 0,
                "nothing came over `{channel}`: nothing was searched"
            );
        }
        let mut leaks = Vec::new();
        for (channel, bytes) in &self.heard {
            let found = search.found_in(bytes);
            if let Some(around) = search.first_in(bytes) {
                leaks.push(format!("{channel}: {found:?}\n    … {around} …"));
            }
        }
        assert!(leaks.is_empty(), "values came out:\n{}", leaks.join("\n"));
    }
}

fn leaves<'a>(value: &'a Value, texts: &mut Vec<&'a str>) {
    match value {
        Value::String(text) => texts.push(text),
        Value::Array(values) => values.iter().for_each(|value| leaves(value, texts)),
        Value::Object(members) => members.values().for_each(|value| leaves(value, texts)),
        _ => {}
    }
}
