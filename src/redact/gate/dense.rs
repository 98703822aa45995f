//! Undoes encodings that put several bytes in one number: base85, uuencode, decimal integers.

use crate::redact::gate::{symbols::add_number, view::View};

/// RFC 1924, as Python's `b85encode` and git have it.
const RFC_1924: &[u8; 85] =
    b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz!#$%&()*+-;<=>?@^_`{|}~";

/// ZeroMQ's.
const Z85: &[u8; 85] =
    b"0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.-:+=^!/*?&<>()[]{}@%$#";

/// Adobe's begins here, in the order of ASCII.
const ASCII_85: u8 = b'!';

/// Fewer digits than this encode no value, in base85…
const SHORTEST_RUN: usize = 10;

/// …in a line of uuencode…
const SHORTEST_LINE: usize = 11;

/// …or in a decimal integer.
const SHORTEST_INTEGER: usize = 19;

/// Integers with more digits than this are not read.
const LONGEST_INTEGER: usize = 2_000;

/// Decodes every run of base85 digits, in three alphabets; and lines that are each one run, put together.
pub(super) fn base85(text: &[u8]) -> Vec<View> {
    let position = |alphabet: &[u8; 85], byte| alphabet.iter().position(|digit| *digit == byte);
    let joined = joined(text);
    let mut views = Vec::new();
    for text in [text, &joined] {
        views.push(base85_in(text, |byte| position(RFC_1924, byte)));
        views.push(base85_in(text, |byte| position(Z85, byte)));
        views.push(base85_in(text, |byte| {
            byte.checked_sub(ASCII_85)
                .map(usize::from)
                .filter(|digit| *digit < 85)
        }));
    }
    views
}

/// Lines without white space in them, put together where they follow one another.
fn joined(text: &[u8]) -> View {
    let mut joined = View::default();
    let lines: Vec<&[u8]> = text
        .split(|byte| *byte == b'\n')
        .map(<[u8]>::trim_ascii)
        .collect();
    let is_word = |line: &[u8]| !line.is_empty() && !line.iter().any(u8::is_ascii_whitespace);
    for block in lines.chunk_by(|a, b| is_word(a) && is_word(b)) {
        if block.len() > 1 {
            block.iter().for_each(|line| joined.extend_from_slice(line));
            joined.push(b'\n');
        }
    }
    joined
}

fn base85_in(text: &[u8], value: impl Fn(u8) -> Option<usize>) -> View {
    let mut values = [None; 256];
    for byte in 0..=u8::MAX {
        values[usize::from(byte)] = value(byte);
    }
    let mut view = View::default();
    let words = text.split(|byte| byte.is_ascii_whitespace());
    for word in words.filter(|word| word.len() >= SHORTEST_RUN) {
        let word = word.strip_prefix(b"<~").unwrap_or(word);
        let word = word.strip_suffix(b"~>").unwrap_or(word);
        for run in word.split(|byte| values[usize::from(*byte)].is_none()) {
            add_base85(run, &values, &mut view);
            // What it is called may stand before it.
            if let Some(at) = run.iter().position(|byte| b"=:".contains(byte)) {
                add_base85(&run[at + 1..], &values, &mut view);
            }
        }
    }
    view
}

fn add_base85(run: &[u8], values: &[Option<usize>; 256], view: &mut View) {
    if run.len() < SHORTEST_RUN {
        return;
    }
    for five in run.chunks(5) {
        let digits = five.iter().filter_map(|byte| values[usize::from(*byte)]);
        let number = digits
            .chain(std::iter::repeat(84))
            .take(5)
            .fold(0_u64, |sum, digit| sum * 85 + digit as u64);
        view.extend_from_slice(&(number as u32).to_be_bytes()[..five.len() - 1]);
    }
    view.push(b'\n');
}

/// Decodes every line whose first character tells how long it is, as `uuencode` writes them.
pub(super) fn uuencoded(text: &[u8]) -> View {
    let mut view = View::default();
    for line in text
        .split(|byte| *byte == b'\n')
        .map(<[u8]>::trim_ascii_end)
    {
        let Some((first, digits)) = line.split_first() else {
            continue;
        };
        let length = usize::from(first.wrapping_sub(b' ') & 63);
        let expected = length.div_ceil(3) * 4;
        if !(SHORTEST_LINE..=expected).contains(&digits.len()) || digits.len() + 3 < expected {
            continue;
        }
        let start = view.len();
        for four in digits.chunks(4) {
            let bits = four.iter().fold(0_u32, |bits, digit| {
                bits << 6 | u32::from(digit.wrapping_sub(b' ') & 63)
            });
            let bits = bits << (6 * (4 - four.len()));
            view.extend_from_slice(&bits.to_be_bytes()[1..]);
        }
        view.truncate(start + length);
    }
    view
}

/// Reads every long integer as the bytes that it is made of, the most significant first: in decimal digits, also in
/// threes, and in octal digits.
pub(super) fn integers(text: &[u8]) -> View {
    let mut view = View::default();
    for run in text.split(|byte| !byte.is_ascii_digit() && !b",_'".contains(byte)) {
        if run.len() < SHORTEST_INTEGER {
            continue;
        }
        let plain = !run.iter().any(|byte| b",_'".contains(byte));
        let in_threes = || {
            run.split(|byte| !byte.is_ascii_digit())
                .skip(1)
                .all(|three| three.len() == 3)
        };
        if plain || in_threes() {
            let digits: View = run
                .iter()
                .copied()
                .filter(u8::is_ascii_digit)
                .collect::<Vec<_>>()
                .into();
            add_integer(&digits, &mut view);
        } else {
            run.split(|byte| !byte.is_ascii_digit())
                .for_each(|digits| add_integer(digits, &mut view));
        }
    }
    view
}

fn add_integer(digits: &[u8], view: &mut View) {
    if !(SHORTEST_INTEGER..LONGEST_INTEGER).contains(&digits.len()) {
        return;
    }
    let values = || digits.iter().map(|digit| u64::from(digit - b'0'));
    add_number(values(), 10, view);
    view.push(b'\n');
    if digits.iter().all(|digit| *digit < b'8') {
        add_number(values(), 8, view);
        view.push(b'\n');
    }
    // Bytes of three digits each.
    for skipped in 0..3 {
        let threes = digits[skipped..].chunks_exact(3);
        let bytes = threes.map(|three| {
            three
                .iter()
                .fold(0, |sum, digit| sum * 10 + u32::from(digit - b'0'))
        });
        view.extend(bytes.filter_map(|number| u8::try_from(number).ok()));
        view.push(b'\n');
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base85_is_undone_in_three_alphabets() {
        for text in [
            "x Xk~0{Zy<MXa%^M",
            "x xK#0@zY<mxA+]m",
            "x BOu!rD]j7BEbo7",
            "x <~BOu!rD]j7BEbo7~>",
        ] {
            let views = base85(text.as_bytes());

            assert!(
                views.iter().any(|view| view.as_slice() == b"hello world\n"),
                "{text}"
            );
        }
    }

    #[test]
    fn uuencoded_lines_are_undone() {
        assert_eq!(
            uuencoded(b"begin 644 x\n+:&5L;&\\@=V]R;&0\n`\nend").as_slice(),
            b"hello world"
        );
    }

    #[test]
    fn integers_are_undone() {
        for text in [
            "n = 126207244316550804821666916",
            "n = 126,207,244,316,550,804,821,666,916",
            "n = 64145330661571007355734466144",
            "104101108108111032119111114108100",
        ] {
            let view = integers(text.as_bytes());

            assert!(
                view.windows(11).any(|window| window == b"hello world"),
                "{text}"
            );
        }
    }
}
