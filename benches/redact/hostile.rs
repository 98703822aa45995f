//! Texts that are made to be slow: a program that prints them must not be slowed down by what looks for secrets.

use std::fmt::Write as _;

use hushkey::redact::forms_of;

use crate::{Random, WORDS};

/// The texts with their names, each of about `length` bytes.
pub(crate) fn texts(values: &[String], length: usize) -> Vec<(&'static str, Vec<u8>)> {
    let mut random = Random(3);
    vec![
        ("near misses", near_misses(values, length, &mut random)),
        (
            "\\u0061 codes",
            codes(length, &mut random, |out, byte| {
                let _ = write!(out, "\\u{byte:04x}");
            }),
        ),
        (
            "\\x61 codes",
            codes(length, &mut random, |out, byte| {
                let _ = write!(out, "\\x{byte:02x}");
            }),
        ),
        (
            "%61 codes",
            codes(length, &mut random, |out, byte| {
                let _ = write!(out, "%{byte:02X}");
            }),
        ),
        (
            "nothing but values",
            repeated(length, |i| values[i % values.len()].as_str()),
        ),
        ("nothing but one letter", vec![b'a'; length]),
    ]
}

/// Pieces of forms that are too short to count, with a space after each.
fn near_misses(values: &[String], length: usize, random: &mut Random) -> Vec<u8> {
    let forms: Vec<_> = values
        .iter()
        .flat_map(|value| forms_of(value))
        .filter(|form| form.len() > 12)
        .collect();
    let mut text = Vec::with_capacity(length + 16);
    while text.len() < length {
        let form = &forms[random.below(forms.len())];
        let piece = 6 + random.below(4);
        let start = random.below(form.len() - piece);
        text.extend_from_slice(&form[start..start + piece]);
        text.push(b' ');
    }
    text
}

/// Words of letters and digits, each byte written as a code.
fn codes(length: usize, random: &mut Random, write: impl Fn(&mut String, u8)) -> Vec<u8> {
    let mut text = String::with_capacity(length + 256);
    while text.len() < length {
        let word = format!("{}{}", WORDS[random.below(WORDS.len())], random.below(9999));
        word.bytes().for_each(|byte| write(&mut text, byte));
    }
    text.into_bytes()
}

fn repeated<'a>(length: usize, part: impl Fn(usize) -> &'a str) -> Vec<u8> {
    let mut text = String::with_capacity(length + 256);
    let mut parts = 0;
    while text.len() < length {
        text.push_str(part(parts));
        text.push('\n');
        parts += 1;
    }
    text.into_bytes()
}
