//! Undoes encodings that put several bytes in one number: base85, uuencode, decimal integers.

use crate::redact::gate::view::View;

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

/// Decodes every run of base85 digits between white space, in three alphabets.
pub(super) fn base85(text: &[u8]) -> Vec<View> {
    let position = |alphabet: &[u8; 85], byte| alphabet.iter().position(|digit| *digit == byte);
    vec![
        base85_in(text, |byte| position(RFC_1924, byte)),
        base85_in(text, |byte| position(Z85, byte)),
        base85_in(text, |byte| {
            byte.checked_sub(ASCII_85)
                .map(usize::from)
                .filter(|digit| *digit < 85)
        }),
    ]
}

fn base85_in(text: &[u8], value: impl Fn(u8) -> Option<usize>) -> View {
    let mut values = [None; 256];
    for byte in 0..=u8::MAX {
        values[usize::from(byte)] = value(byte);
    }
    let mut view = View::default();
    for run in text.split(|byte| byte.is_ascii_whitespace()) {
        let run = run.strip_prefix(b"<~").unwrap_or(run);
        let run = run.strip_suffix(b"~>").unwrap_or(run);
        if run.len() < SHORTEST_RUN || run.iter().any(|byte| values[usize::from(*byte)].is_none()) {
            continue;
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
    view
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

/// Reads every long decimal integer as the bytes that it is made of, the most significant first.
pub(super) fn integers(text: &[u8]) -> View {
    let mut view = View::default();
    for run in text.split(|byte| !byte.is_ascii_digit()) {
        if (SHORTEST_INTEGER..LONGEST_INTEGER).contains(&run.len()) {
            view.extend(bytes_of(run).iter().rev());
            view.push(b'\n');
        }
    }
    view
}

/// The bytes of a decimal number, the least significant first.
fn bytes_of(digits: &[u8]) -> View {
    let mut bytes = View::default();
    for digit in digits {
        let mut carry = u32::from(digit - b'0');
        for byte in bytes.iter_mut() {
            carry += u32::from(*byte) * 10;
            *byte = carry as u8;
            carry >>= 8;
        }
        if carry > 0 {
            bytes.push(carry as u8);
        }
    }
    bytes
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
        assert_eq!(
            integers(b"n = 126207244316550804821666916").as_slice(),
            b"hello world\n"
        );
    }
}
