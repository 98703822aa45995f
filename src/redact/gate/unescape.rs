//! Undoes escapes of single characters: percent signs, backslashes, entities, quoted-printable.

use crate::redact::gate::view::View;

/// Returns a text with all its escapes undone, whatever language they belong to; empty if there are none.
pub(super) fn unescaped(text: &[u8]) -> View {
    let mut view = View::default();
    let mut rest = text;
    let mut found = false;
    while let Some((first, after)) = rest.split_first() {
        match escape(rest) {
            Some((length, c)) => {
                found = true;
                rest = &rest[length..];
                match c {
                    Some(Unit::Byte(byte)) => view.push(byte),
                    Some(Unit::Char(c)) => {
                        view.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes())
                    }
                    None => {}
                }
            }
            None => {
                view.push(*first);
                rest = after;
            }
        }
    }
    if !found {
        view.clear();
    }
    view
}

/// What an escape stands for.
enum Unit {
    Byte(u8),
    Char(char),
}

/// The escape with which a text begins: its length, and what it stands for, if anything.
fn escape(text: &[u8]) -> Option<(usize, Option<Unit>)> {
    match text {
        [b'%', rest @ ..] => {
            digits(rest, 16, 2..=2).map(|(length, value)| (length + 1, byte(value)))
        }
        [b'=', b'\r', b'\n', ..] => Some((3, None)),
        [b'=', b'\n', ..] => Some((2, None)),
        [b'=', rest @ ..] => {
            digits(rest, 16, 2..=2).map(|(length, value)| (length + 1, byte(value)))
        }
        [b'+', one, two, three, b'-', ..] => {
            utf_7([*one, *two, *three]).map(|unit| (5, Some(unit)))
        }
        [b'\\', rest @ ..] => backslash(rest).map(|(length, unit)| (length + 1, unit)),
        [b'&', rest @ ..] => entity(rest).map(|(length, unit)| (length + 1, unit)),
        _ => None,
    }
}

/// One character in [UTF-7](https://www.rfc-editor.org/rfc/rfc2152).
fn utf_7(digits: [u8; 3]) -> Option<Unit> {
    let bytes = data_encoding::BASE64_NOPAD.decode(&digits).ok()?;
    let unit = u16::from_be_bytes(bytes.try_into().ok()?);
    char::from_u32(u32::from(unit)).map(Unit::Char)
}

fn backslash(text: &[u8]) -> Option<(usize, Option<Unit>)> {
    let unit = |(length, value): (usize, u32), before: usize| {
        (length + before, char::from_u32(value).map(Unit::Char))
    };
    match text {
        [b'x', rest @ ..] => {
            digits(rest, 16, 1..=2).map(|(length, value)| (length + 1, byte(value)))
        }
        [b'u', b'{', rest @ ..] => digits(rest, 16, 1..=6).map(|found| {
            let (length, c) = unit(found, 2);
            (length + usize::from(text.get(length) == Some(&b'}')), c)
        }),
        [b'u', rest @ ..] => digits(rest, 16, 4..=4).map(|found| unit(found, 1)),
        [b'U', rest @ ..] => digits(rest, 16, 8..=8).map(|found| unit(found, 1)),
        [b'0'..=b'7', ..] => digits(text, 8, 1..=3).map(|(length, value)| (length, byte(value))),
        [b'n', ..] => Some((1, Some(Unit::Byte(b'\n')))),
        [b'r', ..] => Some((1, Some(Unit::Byte(b'\r')))),
        [b't', ..] => Some((1, Some(Unit::Byte(b'\t')))),
        [b'\n', ..] => Some((1, None)),
        [c, ..] if c.is_ascii_punctuation() || *c == b' ' => Some((1, Some(Unit::Byte(*c)))),
        _ => None,
    }
}

fn entity(text: &[u8]) -> Option<(usize, Option<Unit>)> {
    let end = text.iter().take(12).position(|byte| *byte == b';')?;
    let c = match &text[..end] {
        b"amp" => '&',
        b"apos" => '\'',
        b"gt" => '>',
        b"lt" => '<',
        b"quot" => '"',
        [b'#', b'x' | b'X', rest @ ..] => char::from_u32(digits(rest, 16, 1..=6)?.1)?,
        [b'#', rest @ ..] => char::from_u32(digits(rest, 10, 1..=7)?.1)?,
        _ => return None,
    };
    Some((end + 1, Some(Unit::Char(c))))
}

/// As many digits as there are, within bounds, and their value.
fn digits(
    text: &[u8],
    radix: u32,
    lengths: std::ops::RangeInclusive<usize>,
) -> Option<(usize, u32)> {
    let length = text
        .iter()
        .take(*lengths.end())
        .take_while(|byte| char::from(**byte).is_digit(radix))
        .count();
    let digits = std::str::from_utf8(&text[..length])
        .ok()
        .filter(|_| lengths.contains(&length))?;
    Some((length, u32::from_str_radix(digits, radix).ok()?))
}

fn byte(value: u32) -> Option<Unit> {
    u8::try_from(value).ok().map(Unit::Byte)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_of_many_languages_are_undone() {
        for text in [
            "a%20%62&lt;c",
            "a=20b=\n<c",
            "a\\x20b\\x3cc",
            "a\\u0020b\\u003cc",
            "a\\u{20}b\\U0000003cc",
            "a\\040b\\74c",
            "a&#32;b&#x3C;c",
            "a+ACA-b+ADw-c",
            "\\a\\ b\\<c".trim_start_matches('\\'),
        ] {
            assert_eq!(unescaped(text.as_bytes()).as_slice(), b"a b<c", "{text}");
        }
    }

    #[test]
    fn a_text_without_escapes_gives_nothing() {
        assert!(unescaped(b"100% of a=b & c").is_empty());
    }
}
