//! Reads dumps and lists of numbers as the bytes that they stand for: decimal, hexadecimal, octal, binary.

use crate::redact::gate::view::{View, steps};

/// A view with fewer bytes shows no value.
const SHORTEST: usize = 8;

/// How many decimal digits, octal digits and hexadecimal digits a number of 1, 2, 4 and 8 bytes has at most.
const SIZES: [(usize, usize, usize, usize); 4] =
    [(1, 3, 3, 2), (2, 5, 6, 4), (4, 10, 11, 8), (8, 20, 22, 16)];

/// How words are read as numbers.
#[derive(Clone, Copy)]
struct Reading {
    radix: u32,
    /// How many bytes a number has.
    size: usize,
    /// How many digits it has at most.
    most: usize,
}

/// A word that may be a number.
struct Word<'a> {
    digits: &'a [u8],
    /// Whether it is the first one on its line.
    first: bool,
    /// Whether it is the last one on its line.
    last: bool,
}

/// Returns the bytes of a text's numbers in every reading that gives enough of them. Offsets at the beginnings of
/// lines are left out.
pub(super) fn readings(text: &[u8]) -> Vec<View> {
    let (words, offsets) = words(text, offset);
    let mut views = readings_of(&words);
    views.extend(floating(text));
    if offsets {
        // What looks like an offset may be a number.
        let (words, _) = self::words(text, |_| 0);
        views.extend(SIZES[2..].iter().flat_map(|size| wide(&words, *size)));
    }
    views.retain(|view| view.len() >= SHORTEST);
    views
}

/// Floating-point numbers as the bytes that they are made of, of eight and of four bytes.
fn floating(text: &[u8]) -> [View; 2] {
    let words = text.split(|byte| byte.is_ascii_whitespace() || b",()[]".contains(byte));
    let numbers = words.filter(|word| word.len() >= FEWEST_DIGITS && word.contains(&b'.'));
    let (mut long, mut short) = (View::default(), View::default());
    for number in numbers.filter_map(|word| std::str::from_utf8(word).ok()) {
        long.extend(number.parse().unwrap_or(0_f64).to_le_bytes());
        short.extend(number.parse().unwrap_or(0_f32).to_le_bytes());
    }
    [long, short]
}

/// Floating-point numbers with fewer digits are not exact.
const FEWEST_DIGITS: usize = 8;

/// Numbers of several bytes, in both orders.
fn wide(
    words: &[Word<'_>],
    (size, decimal, octal, hexadecimal): (usize, usize, usize, usize),
) -> Vec<View> {
    let mut views = Vec::new();
    for (radix, most) in [(10, decimal), (8, octal), (16, hexadecimal)] {
        let mut bytes = Reading { radix, size, most }.of(words.iter());
        views.push(bytes.clone());
        bytes.chunks_mut(size).for_each(<[u8]>::reverse);
        views.push(bytes);
    }
    views
}

fn readings_of(words: &[Word<'_>]) -> Vec<View> {
    let low = low_bytes(words);
    let [_, differences] = steps(&low);
    let mut views = vec![binary(words), differences, low];
    let (size, decimal, octal, hexadecimal) = SIZES[0];
    for (radix, most) in [(10, decimal), (8, octal), (16, hexadecimal)] {
        let reading = Reading { radix, size, most };
        views.push(reading.of(words.iter().filter(|word| word.first)));
        views.push(reading.of(words.iter().filter(|word| word.last)));
        views.push(reading.of(words.iter()));
    }
    views.extend(SIZES[1..].iter().flat_map(|size| wide(words, *size)));
    views
}

impl Reading {
    /// The bytes of those words that are such numbers, the most significant of each first.
    fn of<'a>(self, words: impl Iterator<Item = &'a Word<'a>>) -> View {
        // In dumps, numbers are filled up with zeros.
        let exact = self.radix != 10 && self.size > 1;
        let fits = |length: usize| {
            if exact {
                length == self.most
            } else {
                length <= self.most
            }
        };
        // Bytes may have more zeros before them than they need.
        let digits = |digits: &'a [u8]| {
            let zeros = digits.iter().take_while(|digit| **digit == b'0').count();
            if self.size == 1 && digits.len() > self.most {
                &digits[zeros.min(digits.len() - 1)..]
            } else {
                digits
            }
        };
        words
            .map(|word| digits(word.digits))
            .filter(|digits| fits(digits.len()))
            .filter_map(|digits| number(digits, self.radix, self.size))
            .flat_map(|value| value.to_be_bytes().into_iter().skip(8 - self.size))
            .collect::<Vec<_>>()
            .into()
    }
}

/// The words of a text without its offsets, and whether there are any.
fn words(text: &[u8], offset: fn(&[u8]) -> usize) -> (Vec<Word<'_>>, bool) {
    let mut words = Vec::new();
    let mut offsets = false;
    for line in text.split(|byte| *byte == b'\n') {
        let before = words.len();
        let line = line.trim_ascii();
        let skipped = offset(line);
        offsets |= skipped > 0;
        let line = &line[skipped..];
        let found = line
            .split(|byte| !byte.is_ascii_alphanumeric())
            .map(without_prefix)
            .filter(|digits| !digits.is_empty() && digits.iter().all(u8::is_ascii_hexdigit));
        words.extend(found.map(|digits| Word {
            digits,
            first: false,
            last: false,
        }));
        if let [first, ..] = &mut words[before..] {
            first.first = true;
        }
        if let [.., last] = &mut words[before..] {
            last.last = true;
        }
    }
    (words, offsets)
}

/// How long the offset is that a line begins with: six or more digits, and something after them. A byte in binary
/// digits is an offset only before a colon.
fn offset(line: &[u8]) -> usize {
    let end = line
        .iter()
        .take_while(|byte| byte.is_ascii_hexdigit())
        .count();
    if line.starts_with(b"0b") {
        return 0;
    }
    let is_byte = end == 8 && line[..end].iter().all(|digit| matches!(digit, b'0' | b'1'));
    match line.get(end) {
        Some(b':') if end >= 6 => end,
        Some(b' ' | b'\t') if end >= 6 && !is_byte => end,
        _ => 0,
    }
}

/// Without what tells the base of a number: `0x`, `\x`, `U+`, `0o`, `0b`.
fn without_prefix(word: &[u8]) -> &[u8] {
    match word {
        [b'0', b'x' | b'X' | b'o' | b'O', rest @ ..] => rest,
        [b'0', b'b' | b'B', rest @ ..] if rest.len() > 4 => rest,
        [b'x' | b'X' | b'u' | b'U', rest @ ..] => rest,
        _ => word,
    }
}

fn number(digits: &[u8], radix: u32, size: usize) -> Option<u64> {
    let value = u64::from_str_radix(std::str::from_utf8(digits).ok()?, radix).ok()?;
    (size == 8 || value >> (8 * size) == 0).then_some(value)
}

/// The last byte of each decimal number: a constant that was added to all of them shows in no difference.
fn low_bytes(words: &[Word<'_>]) -> View {
    let values = words.iter().filter_map(|word| number(word.digits, 10, 8));
    values.map(|value| value as u8).collect::<Vec<_>>().into()
}

/// Five to eight binary digits are a byte, and so are each eight of a longer number.
fn binary(words: &[Word<'_>]) -> View {
    let digits = words.iter().map(|word| word.digits);
    let binary = digits.filter(|digits| {
        digits.len() > 4 && digits.iter().all(|digit| matches!(digit, b'0' | b'1'))
    });
    let bytes = binary.flat_map(|digits| digits.chunks(8).filter_map(|eight| number(eight, 2, 1)));
    bytes.map(|byte| byte as u8).collect::<Vec<_>>().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn is_read(text: &str) {
        let views = readings(text.as_bytes());

        assert!(
            views
                .iter()
                .any(|view| view.windows(8).any(|window| window == b"s3cr3t-v")),
            "{text}"
        );
    }

    #[test]
    fn lists_of_bytes_are_read() {
        is_read("[115, 51, 99, 114, 51, 116, 45, 118]");
        is_read("0x73, 0x33, 0x63, 0x72, 0x33, 0x74, 0x2d, 0x76");
        is_read("163 063 143 162 063 164 055 166");
        is_read("01110011 00110011 01100011 01110010 00110011 01110100 00101101 01110110");
        is_read("0b1110011 0b110011 0b1100011 0b1110010 0b110011 0b1110100 0b101101 0b1110110");
        is_read("0111001100110011011000110111001000110011011101000010110101110110");
        is_read("&#115;&#51;&#99;&#114;&#51;&#116;&#45;&#118;");
        is_read("115 is 0\n51 is 1\n99 is 2\n114 is 3\n51 is 4\n116 is 5\n45 is 6\n118 is 7\n");
        is_read("0: 115\n1: 51\n2: 99\n3: 114\n4: 51\n5: 116\n6: 45\n7: 118\n");
    }

    #[test]
    fn dumps_are_read() {
        is_read("00000000: 7333 6372 3374 2d76                      s3cr3t-v\n");
        is_read("0000000 3373 7263 7433 762d\n0000010\n");
        is_read("0000000 031563 071143 072063 073055\n0000010\n");
        is_read("0000000 163 063 143 162 063 164 055 166\n");
        is_read("00000000  73 33 63 72  33 74 2d 76  |s3cr3t-v|\n");
        is_read("0000000 72633373 762d7433\n");
        is_read("  1.8114619401931713e+261\n");
        is_read("  4.500178913177037e+30, 8.795157780047236e+32");
    }
}
