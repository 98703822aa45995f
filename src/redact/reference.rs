//! A slow redactor that is obviously right, to compare the engine with.
//!
//! It lays each form beside each place of a text, and takes every stretch in which they agree and which is long and heavy enough. It
//! shares the forms with the engine, and nothing else.

use crate::redact::{
    parts,
    variants::{Form, Forms},
};

/// A fragment tells five bytes, in eighths.
const ENOUGH: u32 = 40;

/// Of a form that tells less, so many bytes suffice.
const LONGEST_WHOLE: usize = 256;

/// One range that is concealed: where it starts and ends, and whose mark stands for it.
pub(super) type Range = (usize, usize, usize);

/// Returns what has to be concealed in a text.
pub(super) fn ranges(values: &[String], text: &[u8]) -> Vec<Range> {
    let mut found = Vec::new();
    for (owner, value) in values.iter().enumerate() {
        for form in Forms::of(&parts::parts(value)).iter() {
            stretches(form, text, |start, end| found.push((start, owner, end)));
        }
    }
    found.sort_unstable();
    let mut ranges: Vec<Range> = Vec::new();
    for (start, owner, end) in found {
        match ranges.last_mut() {
            Some(last) if start < last.1 => last.1 = last.1.max(end),
            _ => ranges.push((start, end, owner)),
        }
    }
    ranges
}

/// Returns the text with marks, as for references `0`, `1`…
pub(super) fn redact(values: &[String], text: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    let mut next = 0;
    for (start, end, owner) in ranges(values, text) {
        out.extend_from_slice(&text[next..start]);
        out.extend_from_slice(format!("<concealed:{owner}>").as_bytes());
        next = end;
    }
    out.extend_from_slice(&text[next..]);
    out
}

fn stretches(form: Form<'_>, text: &[u8], mut take: impl FnMut(usize, usize)) {
    let total: u32 = form.weights.iter().map(|weight| u32::from(*weight)).sum();
    let whole = form.bytes.len() < form.fragment || total < ENOUGH;
    for shift in 0..text.len() + form.bytes.len() {
        let (mut in_text, mut in_form) = (
            shift.saturating_sub(form.bytes.len()),
            form.bytes.len().saturating_sub(shift),
        );
        while in_text < text.len() && in_form < form.bytes.len() {
            let length = (in_text..text.len())
                .zip(in_form..form.bytes.len())
                .take_while(|(a, b)| text[*a] == form.bytes[*b])
                .count();
            let weight: u32 = form.weights[in_form..in_form + length]
                .iter()
                .map(|weight| u32::from(*weight))
                .sum();
            if whole && length >= form.bytes.len().min(LONGEST_WHOLE)
                || !whole && length >= form.fragment && weight >= ENOUGH
            {
                take(in_text, in_text + length);
            }
            in_text += length + 1;
            in_form += length + 1;
        }
    }
}

/// Returns the text with marks where one of the words stands, the longest one at each place, and no letter, digit, dash
/// or underscore of its own goes on at either end.
pub(super) fn mask_words(words: &[String], text: &str) -> String {
    let in_word = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    let mut words: Vec<&str> = words.iter().map(|word| word.trim()).collect();
    words.sort_by_key(|word| std::cmp::Reverse(word.len()));
    let mut out = String::new();
    let mut at = 0;
    while at < text.len() {
        let (before, rest) = text.split_at(at);
        let whole = words.iter().find(|word| {
            let Some(after) = rest.strip_prefix(**word) else {
                return false;
            };
            let begins = before.ends_with(in_word) && word.starts_with(in_word);
            let goes_on = after.starts_with(in_word) && word.ends_with(in_word);
            !word.is_empty() && !begins && !goes_on
        });
        match whole {
            Some(word) => {
                out += "<concealed:word>";
                at += word.len();
            }
            None => {
                let length = rest.chars().next().map_or(1, char::len_utf8);
                out += &rest[..length];
                at += length;
            }
        }
    }
    out
}
