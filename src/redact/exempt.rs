//! What a value may hold that tells nothing: the written list of exemptions.
//!
//! An output shows these texts whether or not it shows a secret. They weigh nothing, so that a fragment which holds
//! hardly more is left alone; a value that is printed in full is concealed with them.

use std::sync::LazyLock;

use crate::redact::variants::BYTE;

/// A text that repeats itself within so many bytes tells nothing new.
const MEMORY: usize = 16;

/// Weighs each byte of a text: [`BYTE`], or nothing where it is predictable.
pub(super) fn weights(text: &str) -> Vec<u8> {
    let bytes = text.as_bytes();
    let mut weights: Vec<u8> = (0..bytes.len())
        .map(|at| {
            if is_predictable(&bytes[..=at]) {
                0
            } else {
                BYTE
            }
        })
        .collect();
    if let Some(header) = token_header(text) {
        weights[..header].fill(0);
    }
    for at in 0..bytes.len() {
        if let Some(length) = exempt_at(&bytes[at..]) {
            weights[at..at + length].fill(0);
        }
    }
    weights
}

/// Tells whether a setting of this name is secret, however short it is.
pub(super) fn names_a_secret(name: &str) -> bool {
    let name = name.to_ascii_lowercase().replace(['-', ' ', '.'], "_");
    !names_a_setting(&name)
        && (SECRET_NAMES.iter().any(|part| name.contains(part))
            || SECRET_WORDS.contains(&name.as_str()))
}

/// Tells whether a setting of this name is not secret: the name, or its last words, are in the written list.
pub(super) fn names_a_setting(name: &str) -> bool {
    let name = name.to_ascii_lowercase().replace(['-', ' ', '.'], "_");
    words(PLAIN_NAMES).any(|plain| {
        name.strip_suffix(plain)
            .is_some_and(|before| before.is_empty() || before.ends_with('_'))
    })
}

/// Whether the last byte follows from those before it: white space, a step in an even sequence, a repetition.
fn is_predictable(bytes: &[u8]) -> bool {
    let Some((last, before)) = bytes.split_last() else {
        return false;
    };
    if last.is_ascii_whitespace() {
        return true;
    }
    if let [.., first, second] = before {
        let step = last.wrapping_sub(*second);
        if step == second.wrapping_sub(*first) && matches!(step, 0 | 1 | u8::MAX) {
            return true;
        }
    }
    bytes.len() > 4 && {
        let (earlier, four) = (&bytes[..bytes.len() - 1], &bytes[bytes.len() - 4..]);
        earlier[earlier.len().saturating_sub(MEMORY + 3)..]
            .windows(4)
            .any(|window| window == four)
    }
}

/// How long the header of a JSON web token is; those of one issuer are all alike.
fn token_header(text: &str) -> Option<usize> {
    let dot = text.find('.')?;
    (text.starts_with("eyJ") && text.matches('.').count() == 2).then_some(dot + 1)
}

fn exempt_at(bytes: &[u8]) -> Option<usize> {
    BY_FIRST[usize::from(bytes.first()?.to_ascii_lowercase())]
        .iter()
        .filter(|text| bytes.len() >= text.len() && bytes[..text.len()].eq_ignore_ascii_case(text))
        .map(|text| text.len())
        .max()
}

/// Parts of names of secret settings.
const SECRET_NAMES: [&str; 11] = [
    "apikey", "auth", "bearer", "cookie", "cred", "jwt", "key", "pass", "pwd", "secret", "token",
];

/// Whole names of secret settings.
const SECRET_WORDS: [&str; 5] = ["code", "otp", "pin", "sig", "signature"];

/// Names of settings that are not secret.
const PLAIN_NAMES: &str = include_str!("exempt/names.txt");

/// Texts that tell nothing wherever they stand.
const TEXTS: &str = include_str!("exempt/texts.txt");

/// The exempt texts by their first byte.
static BY_FIRST: LazyLock<Vec<Vec<&[u8]>>> = LazyLock::new(|| {
    let mut by_first = vec![Vec::new(); 256];
    for text in words(TEXTS) {
        by_first[usize::from(text.as_bytes()[0])].push(text.as_bytes());
    }
    by_first
});

/// The words of a list; a line that begins with `#` is a comment.
fn words(list: &'static str) -> impl Iterator<Item = &'static str> {
    list.lines()
        .filter(|line| !line.starts_with('#'))
        .flat_map(str::split_whitespace)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How many whole bytes a text tells.
    fn tells(text: &str) -> usize {
        weights(text)
            .iter()
            .map(|weight| usize::from(weight / BYTE))
            .sum()
    }

    #[test]
    fn the_written_lists_are_in_lower_case() {
        for text in words(TEXTS).chain(words(PLAIN_NAMES)) {
            assert_eq!(text, text.to_ascii_lowercase());
        }
    }

    #[test]
    fn random_text_tells_all_its_bytes() {
        assert_eq!(tells("xK9_pQ7-zW2m"), 12);
    }

    #[test]
    fn predictable_text_tells_little() {
        for text in [
            "aaaaaaaaaaaaaaaa",
            "0123456789",
            "zyxwvuts",
            "abcabcabcabcabcabc",
            "Production-Database",
            "https://github.com",
        ] {
            assert!(tells(text) <= 6, "{text}: {}", tells(text));
        }
    }

    #[test]
    fn the_header_of_a_web_token_tells_nothing() {
        assert_eq!(
            tells("eyJhbGciOiJIUzI1NiJ9.e1f.x7Kp2mQw"),
            "e1f.x7Kp2mQw".len()
        );
    }

    #[test]
    fn names_of_settings_are_told_from_names_of_secrets() {
        for name in [
            "Password",
            "API-KEY",
            "aws_secret_access_key",
            "pin",
            "access_token",
        ] {
            assert!(names_a_secret(name) && !names_a_setting(name), "{name}");
        }
        for name in [
            "Host",
            "token_uri",
            "client-email",
            "token_type",
            "Initial Catalog",
        ] {
            assert!(names_a_setting(name) && !names_a_secret(name), "{name}");
        }
        assert!(!names_a_setting("other") && !names_a_secret("other"));
    }
}
