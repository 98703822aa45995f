//! `*` within one word: one argument, one variable's name, one segment of a reference.
//!
//! `*` stands for any characters, none included, whatever they are; every other character for itself. There
//! is no escape: `*` covers a literal `*` too.

use std::fmt;

/// A word in which `*` stands for any characters.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Glob(String);

impl Glob {
    /// Takes a word; every text is one.
    #[must_use]
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The word as it was written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Tells whether the word stands for more than itself.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.0.contains('*')
    }

    /// Tells whether it stands for every word.
    #[must_use]
    pub fn is_any(&self) -> bool {
        !self.0.is_empty() && self.0.bytes().all(|b| b == b'*')
    }

    /// Tells whether `word` is covered, letter by letter.
    #[must_use]
    pub fn covers(&self, word: &str) -> bool {
        covers(&self.0, word)
    }
}

impl fmt::Display for Glob {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Greedy from the left: each literal part is found at its first place, which leaves most for the next.
pub(super) fn covers(pattern: &str, word: &str) -> bool {
    let Some((head, rest)) = pattern.split_once('*') else {
        return pattern == word;
    };
    let Some(mut word) = word.strip_prefix(head) else {
        return false;
    };
    let (middle, tail) = rest.rsplit_once('*').unwrap_or(("", rest));
    for part in middle.split('*') {
        match word.find(part) {
            Some(at) => word = &word[at + part.len()..],
            None => return false,
        }
    }
    word.ends_with(tail)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_star_within_a_word_stands_for_any_characters() {
        for (pattern, covered, not_covered) in [
            ("--file=*", "--file=", "--File=x"),
            ("PG*", "PGHOST", "XPGHOST"),
            ("*", "", "-"),
            ("a*b*c", "abbcbc", "abcb"),
            ("ab*ba", "abba", "aba"),
            ("*.sql", "x.sql", "x.sql "),
        ] {
            assert!(Glob::new(pattern).covers(covered), "{pattern} {covered}");
            if pattern != "*" {
                assert!(!Glob::new(pattern).covers(not_covered), "{pattern}");
            }
        }
    }

    /// Obviously right, and slow.
    fn slow(pattern: &[char], word: &[char]) -> bool {
        match pattern.split_first() {
            None => word.is_empty(),
            Some(('*', rest)) => (0..=word.len()).any(|at| slow(rest, &word[at..])),
            Some((first, rest)) => word.first() == Some(first) && slow(rest, &word[1..]),
        }
    }

    proptest! {
        #[test]
        fn a_glob_covers_what_the_slow_reference_covers(
            pattern in "[ab*ü]{0,8}",
            word in "[abü]{0,10}",
        ) {
            let chars = |text: &str| text.chars().collect::<Vec<_>>();

            prop_assert_eq!(
                Glob::new(&*pattern).covers(&word),
                slow(&chars(&pattern), &chars(&word))
            );
        }
    }
}
