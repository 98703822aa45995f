//! Changes to a text by places in it, so that every byte that is not meant stays as it is.

use std::ops::Range;

/// One place in a text, and what stands there afterwards.
#[derive(Debug)]
pub(super) struct Splice {
    /// The bytes that go; empty where something is only added.
    pub(super) range: Range<usize>,
    /// What comes in their place.
    pub(super) text: String,
}

impl Splice {
    /// Adds a text at a place.
    pub(super) fn insert(at: usize, text: impl Into<String>) -> Self {
        Self {
            range: at..at,
            text: text.into(),
        }
    }

    /// Takes something out.
    pub(super) fn remove(range: Range<usize>) -> Self {
        Self {
            range,
            text: String::new(),
        }
    }
}

/// The text with all splices applied. Those at one place keep their order; what two take out goes once.
pub(super) fn applied(text: &str, mut splices: Vec<Splice>) -> String {
    splices.sort_by_key(|splice| splice.range.start);
    let mut changed = String::with_capacity(text.len());
    let mut done = 0;
    for splice in splices {
        changed.push_str(&text[done..splice.range.start.max(done)]);
        changed.push_str(&splice.text);
        done = splice.range.end.max(done);
    }
    changed.push_str(&text[done..]);
    changed
}

/// What ends a line in this text.
pub(super) fn line_end(text: &str) -> &'static str {
    match text.find('\n') {
        Some(at) if text[..at].ends_with('\r') => "\r\n",
        _ => "\n",
    }
}

/// The number of the line that holds a place; the first is 1.
pub(super) fn line_of(text: &str, at: usize) -> usize {
    let bytes = text.as_bytes();
    1 + bytes[..at.min(bytes.len())]
        .iter()
        .filter(|byte| **byte == b'\n')
        .count()
}

/// Where the line begins that holds a place.
pub(super) fn line_start(text: &str, at: usize) -> usize {
    text[..at].rfind('\n').map_or(0, |end| end + 1)
}

/// Where the line ends that holds a place, its line feed included.
pub(super) fn next_line(text: &str, at: usize) -> usize {
    text[at..].find('\n').map_or(text.len(), |end| at + end + 1)
}
