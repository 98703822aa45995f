//! What a command prints: tables and sentences for people, JSON for programs.
//!
//! Data goes to standard output and everything else to standard error. The module does not know
//! what it prints; names that others chose are escaped by whoever makes the text.

use std::io::{self, IsTerminal, Write};

use serde::Serialize;

use crate::{
    broker::Class,
    cli::{
        Format, Global,
        failure::{self, Failure},
    },
};

/// How a command prints.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Output {
    json: bool,
    colour: bool,
}

/// A colour, or none where colours are off.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Ink {
    Bold,
    Dim,
    Green,
    Red,
    Yellow,
}

impl Output {
    /// Decides on form and colours: NO_COLOR and a missing terminal turn colours off.
    pub(crate) fn new(global: &Global) -> Self {
        let unwanted = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        let dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
        Self {
            json: global.json || global.format == Some(Format::Json),
            colour: !global.no_color && !unwanted && !dumb && io::stdout().is_terminal(),
        }
    }

    /// Whether JSON is wanted.
    pub(crate) fn is_json(self) -> bool {
        self.json
    }

    /// Prints one JSON value, indented, and a line feed.
    pub(crate) fn json(self, value: &impl Serialize) -> anyhow::Result<()> {
        let mut text = serde_json::to_vec_pretty(value)
            .map_err(|_| Failure::Failed("the answer can't be written as JSON".to_owned()))?;
        text.push(b'\n');
        raw(&text)
    }

    /// Prints one JSON value on one line: for output that goes on.
    pub(crate) fn json_line(self, value: &impl Serialize) -> anyhow::Result<()> {
        let mut text = serde_json::to_vec(value)
            .map_err(|_| Failure::Failed("the answer can't be written as JSON".to_owned()))?;
        text.push(b'\n');
        raw(&text)
    }

    /// Prints one line.
    pub(crate) fn line(self, text: &str) -> anyhow::Result<()> {
        raw(format!("{text}\n").as_bytes())
    }

    /// Prints rows beneath a heading, each column as wide as its widest cell.
    pub(crate) fn table<const N: usize, C: AsRef<str>>(
        self,
        heading: [&str; N],
        rows: &[[C; N]],
    ) -> anyhow::Result<()> {
        let mut widths = heading.map(width);
        for row in rows {
            for (widest, cell) in widths.iter_mut().zip(row) {
                *widest = (*widest).max(width(cell.as_ref()));
            }
        }
        let mut head = String::new();
        pad(&mut head, heading, widths);
        let mut text = self.ink(Ink::Bold, head.trim_end_matches('\n'));
        text.push('\n');
        text.reserve(rows.len() * (widths.iter().sum::<usize>() + 2 * N));
        for row in rows {
            pad(&mut text, row.each_ref().map(C::as_ref), widths);
        }
        raw(text.as_bytes())
    }

    /// Colours a text, where colours are on.
    pub(crate) fn ink(self, ink: Ink, text: &str) -> String {
        if !self.colour {
            return text.to_owned();
        }
        let code = match ink {
            Ink::Bold => "1",
            Ink::Dim => "2",
            Ink::Green => "32",
            Ink::Red => "31",
            Ink::Yellow => "33",
        };
        format!("\x1b[{code}m{text}\x1b[0m")
    }

    /// Says something on standard error.
    pub(crate) fn note(self, text: &str) {
        say(text);
    }

    /// Says on standard error what went wrong in a run, and of which class it is: there the exit status does not tell.
    pub(crate) fn failure_of_run(self, error: &anyhow::Error) {
        let class = failure::class(error);
        if self.json {
            json_failure(class, &error.to_string());
        } else {
            say(&format!(
                "{}: {error}",
                failure::word(class).replace('_', " ")
            ));
        }
    }

    /// Says on standard error what went wrong.
    pub(crate) fn failure(self, error: &anyhow::Error) {
        let message = error.to_string();
        if self.json {
            json_failure(failure::class(error), &message);
        } else {
            say(&message);
        }
    }
}

/// Says something on standard error.
pub(crate) fn say(text: &str) {
    // Nobody can be told that standard error is gone.
    let _ = writeln!(io::stderr(), "hushkey: {text}");
}

/// Says on standard error, as JSON, what went wrong.
pub(crate) fn json_failure(class: Class, message: &str) {
    let class = failure::word(class);
    let object = serde_json::json!({ "error": { "class": class, "message": message } });
    let _ = writeln!(io::stderr(), "{object}");
}

/// Writes bytes to standard output as they are.
pub(crate) fn raw(bytes: &[u8]) -> anyhow::Result<()> {
    let mut out = io::stdout().lock();
    out.write_all(bytes)
        .and_then(|()| out.flush())
        .map_err(|error| {
            if error.kind() == io::ErrorKind::BrokenPipe {
                return Failure::Closed.into();
            }
            Failure::Failed(format!(
                "cannot write to standard output: {}",
                failure::reason(&error)
            ))
            .into()
        })
}

/// Columns that a text takes; good enough for names, which are seldom wider than their count.
fn width(text: &str) -> usize {
    text.chars().count()
}

/// Adds a line of cells, each as wide as its column.
fn pad<const N: usize>(text: &mut String, cells: [&str; N], widths: [usize; N]) {
    let begun = text.len();
    for (cell, widest) in cells.iter().zip(widths) {
        text.push_str(cell);
        text.extend(std::iter::repeat_n(' ', widest - width(cell) + 2));
    }
    text.truncate(begun + text[begun..].trim_end().len());
    text.push('\n');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_as_wide_as_their_widest_cell() {
        let mut text = "before\n".to_owned();

        pad(&mut text, ["é", "b", ""], [4, 1, 9]);

        assert_eq!(text, "before\né     b\n");
    }
}
