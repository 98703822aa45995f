//! Reads digits that don't say which base they have: numbers in large bases, and bits in two signs or words.

use crate::redact::gate::view::View;

/// Fewer digits than this encode no value…
const SHORTEST: usize = 14;

/// …and numbers with more digits than this are not read.
const LONGEST: usize = 160;

/// Stands for no digit.
const NONE: u8 = u8::MAX;

/// Fewer bits than this encode no value.
const FEWEST_BITS: usize = 64;

/// Bitcoin's.
const BASE_58: &[u8] = b"123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";

const BASE_62: &[u8] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

const BASE_62_SMALL_FIRST: &[u8] =
    b"0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";

/// Reads every word of letters and digits as one number, in each base that has a usual order of digits; the most
/// significant byte first, a line feed after each.
pub(super) fn numbers(text: &[u8]) -> View {
    let mut view = View::default();
    let words = text.split(|byte| !byte.is_ascii_alphanumeric());
    for word in words.filter(|word| (SHORTEST..=LONGEST).contains(&word.len())) {
        // A word of only letters is a word.
        if !word.iter().any(u8::is_ascii_digit) || !word.iter().any(u8::is_ascii_alphabetic) {
            continue;
        }
        add_word(word.iter().copied(), BASE_58, &mut view);
        add_word(word.iter().copied(), BASE_62, &mut view);
        add_word(word.iter().copied(), BASE_62_SMALL_FIRST, &mut view);
        let small = word.iter().map(u8::to_ascii_lowercase);
        add_word(small, &BASE_62_SMALL_FIRST[..36], &mut view);
    }
    view
}

fn add_word(word: impl Iterator<Item = u8> + Clone, alphabet: &[u8], view: &mut View) {
    let mut values = [NONE; 128];
    for (value, digit) in (0..).zip(alphabet) {
        values[usize::from(*digit)] = value;
    }
    let value = |byte: u8| values[usize::from(byte % 128)];
    if word.clone().all(|byte| value(byte) != NONE) {
        add_number(
            word.map(|byte| value(byte).into()),
            alphabet.len() as u64,
            view,
        );
        view.push(b'\n');
    }
}

/// Appends the bytes of a number, the most significant first.
pub(super) fn add_number(digits: impl Iterator<Item = u64>, base: u64, view: &mut View) {
    let mut limbs: Vec<u32> = Vec::new();
    let (mut factor, mut sum) = (1, 0);
    let mut take = |factor: u64, sum: u64| {
        let mut carry = sum;
        for limb in &mut limbs {
            carry += u64::from(*limb) * factor;
            *limb = carry as u32;
            carry >>= 32;
        }
        if carry > 0 {
            limbs.push(carry as u32);
        }
    };
    for digit in digits {
        (factor, sum) = (factor * base, sum * base + digit);
        // The next digit might not fit any more.
        if factor > u64::from(u32::MAX) / base {
            take(factor, sum);
            (factor, sum) = (1, 0);
        }
    }
    take(factor, sum);
    let bytes = limbs.iter().rev().flat_map(|limb| limb.to_be_bytes());
    view.extend(bytes.skip_while(|byte| *byte == 0));
    zeroize::Zeroize::zeroize(&mut limbs);
}

/// Reads stretches in which only two different signs stand, or two different words, as bits in both ways.
pub(super) fn bits(text: &[u8], solid: &[u8]) -> View {
    let mut view = View::default();
    add_bits(text, &mut view);
    if text.len() != solid.len() {
        add_bits(solid, &mut view);
    }
    let words = text.split(|byte| !byte.is_ascii_alphanumeric());
    let words: Vec<&[u8]> = words.filter(|word| !word.is_empty()).collect();
    add_bits(&words, &mut view);
    view
}

fn add_bits<T: PartialEq>(signs: &[T], view: &mut View) {
    // Where the stretch begins, where the last sign of it begins to repeat itself, and where a sign other than the
    // first stands.
    let (mut start, mut alike, mut other) = (0, 0, None);
    for at in 1..signs.len() {
        if signs[at] == signs[at - 1] {
            continue;
        }
        match other {
            None => other = Some(at),
            Some(second) if signs[at] == signs[start] || signs[at] == signs[second] => {}
            Some(_) => {
                finish(&signs[start..at], view);
                (start, other) = (alike, Some(at));
            }
        }
        alike = at;
    }
    finish(&signs[start.min(signs.len())..], view);
}

/// Appends the bytes that bits make, and those that they make the other way round. What stands before them may look
/// like a bit, and a first byte may lack its zeros.
fn finish<T: PartialEq>(signs: &[T], view: &mut View) {
    if signs.len() < FEWEST_BITS || signs.iter().all(|sign| *sign == signs[0]) {
        return;
    }
    for flip in [false, true] {
        for width in [8, 7] {
            for skipped in 0..width {
                let bytes = signs[skipped..].chunks_exact(width).map(|byte| {
                    byte.iter().fold(0, |sum, sign| {
                        sum << 1 | u8::from((*sign == signs[0]) != flip)
                    })
                });
                view.extend(bytes);
                view.push(b'\n');
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn holds(view: &[u8]) -> bool {
        view.windows(11).any(|window| window == b"hello world")
    }

    #[test]
    fn numbers_in_large_bases_are_read() {
        for number in ["StV1DL6CwTryKyV", "AAwf93rvy4aWQVw", "34rlxmuap2o2a5hmzvl"] {
            let view = numbers(format!("n: {number}\n").as_bytes());

            assert!(holds(&view), "{number}");
        }
    }

    #[test]
    fn bits_in_two_signs_or_words_are_read() {
        let bits: String = b"hello world"
            .iter()
            .map(|byte| format!("{byte:08b}"))
            .collect();
        let words = |one: &str, other: &str| bits.replace('0', one).replace('1', other);
        let read = |text: String| {
            let solid: Vec<u8> = text
                .bytes()
                .filter(|byte| !byte.is_ascii_whitespace())
                .collect();
            holds(&super::bits(text.as_bytes(), &solid))
        };

        assert!(read(format!("Compiling {bits} x")));
        assert!(read(words("a", "A")));
        assert!(read(words(" ", "\t")));
        assert!(read(words("no ", "yes ")));
        assert!(read(words("#", ".")));
        assert!(read(
            b"hello world"
                .iter()
                .map(|byte| format!("{byte:07b}"))
                .collect()
        ));
    }

    #[test]
    fn a_rule_has_no_bits() {
        assert!(super::bits(&[b'='; 500], &[b'='; 500]).is_empty());
    }
}
