//! Forms that encode every byte: base64, base32, hexadecimal, percent signs, backslash codes, UTF-16.

use crate::redact::variants::{FRAGMENT, Forms, Source};

const BASE64: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
const BASE64URL: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
const BASE32: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
const HEX: &[u8; 16] = b"0123456789ABCDEF";
const HEX_LOWER: &[u8; 16] = b"0123456789abcdef";

/// Of a value with a line feed after it, so many bytes are encoded again.
const LAST_BYTES: usize = 9;

/// Adds base64 and hexadecimal forms.
pub(super) fn add(forms: &mut Forms, source: Source<'_>) {
    for alphabet in [BASE64, BASE64URL] {
        add_radix(forms, source, alphabet, 6, 3);
    }
    for alphabet in [HEX, HEX_LOWER] {
        add_digits(forms, source, alphabet, 4, 0);
        forms.close();
    }
}

/// Adds base32 and UTF-16.
pub(super) fn add_rarer(forms: &mut Forms, source: Source<'_>) {
    add_radix(forms, source, BASE32, 5, 5);
    add_utf16(forms, source, u16::to_le_bytes);
    add_utf16(forms, source, u16::to_be_bytes);
}

/// Adds forms that have a code for every byte.
pub(super) fn add_codes(forms: &mut Forms, source: Source<'_>) {
    for alphabet in [HEX, HEX_LOWER] {
        add_byte_codes(forms, source, b"%", alphabet);
        add_byte_codes(forms, source, b"\\x", alphabet);
        add_unit_codes(forms, source, alphabet);
    }
}

/// Adds a form at each alignment that the value can have in a longer text. What stands before the value is unknown;
/// after it there is more, or nothing, or a line feed.
fn add_radix(
    forms: &mut Forms,
    source: Source<'_>,
    alphabet: &[u8],
    width: usize,
    alignments: usize,
) {
    for before in 0..alignments {
        add_digits(forms, source, alphabet, width, before);
        if forms.open_length() < FRAGMENT {
            forms.close();
            add_digits(forms, source, alphabet, width, before);
        }
        add_end(forms, source, alphabet, width, before);
        forms.close();
        add_line_end(forms, source, alphabet, width, before);
    }
}

/// Writes the digits that depend on the source alone when `before` unknown bytes stand before it.
fn add_digits(forms: &mut Forms, source: Source<'_>, alphabet: &[u8], width: usize, before: usize) {
    let first = (before * 8).div_ceil(width);
    let end = (before + source.text.len()) * 8 / width;
    for digit in first..end {
        add_digit(forms, source, alphabet, width, digit, before);
    }
}

/// Writes what follows the digits when nothing follows the source: one filled up with zeros, and padding.
fn add_end(forms: &mut Forms, source: Source<'_>, alphabet: &[u8], width: usize, before: usize) {
    let bits = (before + source.text.len()) * 8;
    if !bits.is_multiple_of(width) {
        add_digit(forms, source, alphabet, width, bits / width, before);
    }
    let group = if width == 6 { 4 } else { 8 };
    let digits = bits.div_ceil(width);
    for _ in digits..digits.next_multiple_of(group) {
        forms.put(b"=", 0);
    }
}

/// Adds the end of the form when a line feed follows the source, as `echo` makes it.
fn add_line_end(
    forms: &mut Forms,
    source: Source<'_>,
    alphabet: &[u8],
    width: usize,
    before: usize,
) {
    let mut cut = source.text.len().saturating_sub(LAST_BYTES);
    while !source.text.is_char_boundary(cut) {
        cut -= 1;
    }
    let text = zeroize::Zeroizing::new(format!("{}\n", &source.text[cut..]));
    let mut weights = source.weights[cut..].to_vec();
    weights.push(0);
    let end = Source {
        text: &text,
        weights: &weights,
    };
    let group = if width == 6 { 3 } else { 5 };
    let before = (before + cut) % group;
    add_digits(forms, end, alphabet, width, before);
    add_end(forms, end, alphabet, width, before);
    forms.close();
}

fn add_digit(
    forms: &mut Forms,
    source: Source<'_>,
    alphabet: &[u8],
    width: usize,
    digit: usize,
    before: usize,
) {
    let bytes = source.text.as_bytes();
    let bit = digit * width;
    let at = bit / 8 - before;
    let two = u16::from_be_bytes([bytes[at], bytes.get(at + 1).copied().unwrap_or(0)]);
    let value = usize::from(two >> (16 - width - bit % 8)) % alphabet.len();
    let weight = usize::from(source.weights[at]) * width / 8;
    forms.put(&alphabet[value..=value], weight);
}

fn add_byte_codes(forms: &mut Forms, source: Source<'_>, prefix: &[u8], digits: &[u8; 16]) {
    for (byte, weight) in source.text.bytes().zip(source.weights) {
        forms.put(prefix, 0);
        put_hex(forms, byte, digits, *weight);
    }
    forms.close();
}

fn add_unit_codes(forms: &mut Forms, source: Source<'_>, digits: &[u8; 16]) {
    for (at, c) in source.text.char_indices() {
        for unit in c.encode_utf16(&mut [0; 2]) {
            let [high, low] = unit.to_be_bytes();
            forms.put(b"\\u", 0);
            put_hex(forms, high, digits, 0);
            put_hex(forms, low, digits, source.weights[at]);
        }
    }
    forms.close();
}

fn put_hex(forms: &mut Forms, byte: u8, digits: &[u8; 16], weight: u8) {
    let digits = [
        digits[usize::from(byte >> 4)],
        digits[usize::from(byte & 15)],
    ];
    forms.put(&digits, usize::from(weight));
}

/// Two bytes a character; each weighs half, so that a fragment has as many characters as one of plain text.
fn add_utf16(forms: &mut Forms, source: Source<'_>, order: fn(u16) -> [u8; 2]) {
    for (at, c) in source.text.char_indices() {
        for unit in c.encode_utf16(&mut [0; 2]) {
            forms.put(&order(*unit), usize::from(source.weights[at]) / 2);
        }
    }
    forms.close();
}
