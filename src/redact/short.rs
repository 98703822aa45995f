//! Values that a mark cannot conceal, because its place tells them.
//!
//! Whoever sees that `test` is missing from a text knows the value. What follows from that is not decided here.

use crate::redact::exempt;

/// Below this many bytes, a value is too short to be concealed by a mark.
pub(super) const MARKABLE: usize = 8;

/// Below this many bytes, a value isn't looked for at all: its marks would shred the text.
pub(super) const WORTH_FINDING: usize = 4;

/// A text that tells less than this, in eighths of a byte, can be guessed.
const GUESSABLE: u32 = 32;

/// Tells whether somebody who sees where a text stood could guess it: it has under 8 bytes, is a number of under ten
/// digits, counts, repeats itself, or consists of words that stand in every configuration.
pub(super) fn is_guessable(text: &str) -> bool {
    text.len() < MARKABLE
        || (text.len() < 10 && text.bytes().all(|byte| byte.is_ascii_digit()))
        || tells(text) < GUESSABLE
}

/// How much a text tells, in eighths of a byte.
pub(super) fn tells(text: &str) -> u32 {
    exempt::weights(text).into_iter().map(u32::from).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_and_common_values_are_guessable() {
        for value in [
            "",
            "a",
            "test",
            "true",
            "1234",
            "1234567",
            "123456789",
            "aaaaaaaaaaaa",
            "Password",
        ] {
            assert!(is_guessable(value), "{value}");
        }
    }

    #[test]
    fn ordinary_values_are_not_guessable() {
        for value in [
            "hunter2-hunter2",
            "sk_live_51H8",
            "4242424242424242",
            "correct horse",
        ] {
            assert!(!is_guessable(value), "{value}");
        }
    }
}
