//! What a token looks like, and what is kept of it.
//!
//! ```text
//! token: hka_ or hkm_ | 256 random bits (52 letters and digits, base32) | check (7, base32 of SHA-256's first 4 bytes)
//! ```
//!
//! The prefix tells people and scanners of repositories what they found; the check tells a mistyped token from one that
//! was revoked, without a look into any file. The bits are random, so that a plain digest of them can't be guessed.

use data_encoding::Encoding;
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use crate::{seal::random_bytes, vault::Secret};

/// How every agent's token begins.
pub const PREFIX: &str = "hka_";
/// How the token of every manager of Connect servers begins.
pub const MANAGER_PREFIX: &str = "hkm_";
/// All of them; they have the same length.
const PREFIXES: [&str; 2] = [PREFIX, MANAGER_PREFIX];
/// Letters and digits of the random part.
const RANDOM: usize = 52;
/// Letters and digits of the check.
const CHECK: usize = 7;
/// Characters of a whole token.
pub const LENGTH: usize = PREFIX.len() + RANDOM + CHECK;
/// Characters by which a token is recognised in lists: 20 of its 256 bits.
const HINT: usize = PREFIX.len() + 4;

/// SHA-256 of a well-formed token.
#[derive(Clone, PartialEq, Eq)]
pub struct TokenDigest([u8; 32]);

/// A token that was just made: shown once, kept nowhere.
pub(super) struct NewToken {
    pub(super) text: Secret,
    pub(super) digest: TokenDigest,
    pub(super) hint: String,
}

impl NewToken {
    pub(super) fn random(prefix: &str) -> Self {
        let bits = Zeroizing::new(random_bytes::<32>());
        let mut text = Zeroizing::new(String::with_capacity(LENGTH));
        text.push_str(prefix);
        base32().encode_append(&*bits, &mut text);
        let check = check(&text);
        text.push_str(&check);
        let digest = TokenDigest::of(&text).expect("what was just made is well-formed");
        Self {
            hint: text[..HINT].to_owned(),
            text: Secret::new(text.to_string()),
            digest,
        }
    }
}

impl TokenDigest {
    /// Takes the digest of a text; `None` if it has not the form of a token, or its check is wrong.
    #[must_use]
    pub fn of(text: &str) -> Option<Self> {
        let (unchecked, end) = text.split_at_checked(LENGTH - CHECK)?;
        let fits = text.len() == LENGTH
            && PREFIXES.iter().any(|prefix| text.starts_with(prefix))
            && text[PREFIX.len()..].bytes().all(is_digit)
            && end == check(unchecked);
        fits.then(|| Self(Sha256::digest(text).into()))
    }

    pub(super) fn bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl std::fmt::Debug for TokenDigest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("TokenDigest(..)")
    }
}

/// Finds texts that have the form of a token, check included, in a text: where each begins and ends.
pub fn tokens_in(text: &str) -> impl Iterator<Item = std::ops::Range<usize>> {
    text.match_indices("hk").filter_map(|(at, _)| {
        let candidate = text.get(at..at + LENGTH)?;
        TokenDigest::of(candidate).map(|_| at..at + LENGTH)
    })
}

fn check(unchecked: &str) -> String {
    let digest = Sha256::digest(unchecked);
    base32().encode(&digest[..4])
}

fn base32() -> Encoding {
    let mut form = data_encoding::Specification::new();
    form.symbols.push_str("abcdefghijklmnopqrstuvwxyz234567");
    form.encoding().expect("32 different symbols")
}

fn is_digit(byte: u8) -> bool {
    byte.is_ascii_lowercase() || (b'2'..=b'7').contains(&byte)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_known_by_its_form_and_its_check() {
        let token = NewToken::random(PREFIX);
        let text = token.text.expose_secret();

        assert_eq!(text.len(), LENGTH);
        assert!(text.starts_with(&token.hint) && token.hint.starts_with(PREFIX));
        assert_eq!(TokenDigest::of(text), Some(token.digest));
        for at in 0..LENGTH {
            let mut changed = text.to_owned();
            let other = if &text[at..=at] == "q" { "r" } else { "q" };
            changed.replace_range(at..=at, other);
            assert_eq!(TokenDigest::of(&changed), None, "changed at {at}");
        }
        for bad in ["", "hka_", &text[1..], &format!("{text}a"), "hka_ü"] {
            assert_eq!(TokenDigest::of(bad), None);
        }
    }

    #[test]
    fn tokens_are_found_in_a_text_and_look_alikes_are_not() {
        let token = NewToken::random(PREFIX);
        let text = format!(
            "hka_ hka_{} \"{}\"",
            "a".repeat(LENGTH),
            token.text.expose_secret()
        );

        let found: Vec<_> = tokens_in(&text).map(|range| &text[range]).collect();

        assert_eq!(found, [token.text.expose_secret()]);
    }
}
