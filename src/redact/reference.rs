//! A slow redactor that is obviously right, to compare the engine with.
//!
//! It lays each form beside each place of a text, and takes every stretch in which they agree and which is long and heavy enough. It
//! shares the forms with the engine, and nothing else.

use std::collections::HashSet;

use crate::redact::{
    parts,
    variants::{Form, Forms},
};

/// A fragment tells five bytes, in eighths.
const ENOUGH: u32 = 40;

/// Of a form that tells less, so many bytes suffice.
const LONGEST_WHOLE: usize = 256;

/// Fewer bytes than this are no form.
const SHORTEST: usize = 4;

/// One range that is concealed: where it starts and ends, and whose mark stands for it.
pub(crate) type Range = (usize, usize, usize);

/// Returns what has to be concealed in a text.
pub(crate) fn ranges(values: &[String], text: &[u8]) -> Vec<Range> {
    let pieces: HashSet<&[u8]> = text.windows(SHORTEST).collect();
    let mut found = Vec::new();
    for (owner, value) in values.iter().enumerate() {
        let forms = Forms::of(&parts::parts(value));
        for form in forms.iter().filter(|form| may_stand_in(*form, &pieces)) {
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

/// Returns the text with marks that name the owners' references.
pub(crate) fn marked(ranges: &[Range], names: &[String], text: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    let mut next = 0;
    for (start, end, owner) in ranges {
        out.extend_from_slice(&text[next..*start]);
        out.extend_from_slice(mark(&names[*owner]).as_bytes());
        next = *end;
    }
    out.extend_from_slice(&text[next..]);
    out
}

/// Tells whether a text may come out when its reader is impatient: the bytes of at most three may stand before a mark.
pub(crate) fn may_come_out(ranges: &[Range], names: &[String], text: &[u8], out: &[u8]) -> bool {
    may_come_out_from(0, ranges, names, text, out)
}

fn may_come_out_from(
    from: usize,
    ranges: &[Range],
    names: &[String],
    text: &[u8],
    out: &[u8],
) -> bool {
    let Some(((start, end, owner), rest)) = ranges.split_first() else {
        return out == &text[from..];
    };
    let mark = mark(&names[*owner]);
    (0..=3.min(end - start)).any(|shown| {
        let clear = &text[from..start + shown];
        out.strip_prefix(clear)
            .and_then(|out| out.strip_prefix(mark.as_bytes()))
            .is_some_and(|out| may_come_out_from(*end, rest, names, text, out))
    })
}

fn mark(name: &str) -> String {
    format!("<concealed:{name}>")
}

/// Forms that have no four bytes next to each other in common with the text are left out: nothing shorter counts.
fn may_stand_in(form: Form<'_>, pieces: &HashSet<&[u8]>) -> bool {
    form.bytes
        .windows(SHORTEST)
        .any(|piece| pieces.contains(piece))
}

fn stretches(form: Form<'_>, text: &[u8], mut take: impl FnMut(usize, usize)) {
    let total: u32 = form.weights.iter().map(|weight| u32::from(*weight)).sum();
    let whole = form.bytes.len() < form.fragment || total < ENOUGH;
    let mut agree = |in_text: usize, in_form: usize, length: usize| {
        let weights = &form.weights[in_form..in_form + length];
        let weight: u32 = weights.iter().map(|weight| u32::from(*weight)).sum();
        if whole && length >= form.bytes.len().min(LONGEST_WHOLE)
            || !whole && length >= form.fragment && weight >= ENOUGH
        {
            take(in_text, in_text + length);
        }
    };
    for shift in 1..text.len() + form.bytes.len() {
        let in_text = shift.saturating_sub(form.bytes.len());
        let in_form = form.bytes.len().saturating_sub(shift);
        let mut length = 0;
        let pairs = text[in_text..].iter().zip(&form.bytes[in_form..]);
        let beside_each_other = pairs.len();
        for (at, (one, other)) in pairs.enumerate() {
            if one == other {
                length += 1;
            } else if length > 0 {
                agree(in_text + at - length, in_form + at - length, length);
                length = 0;
            }
        }
        if length > 0 {
            let at = beside_each_other - length;
            agree(in_text + at, in_form + at, length);
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
