//! Finds values of fields that are not secret, where they stand as whole words.
//!
//! A host, a user name or a port is no secret; it is masked so that a text shows no more of an item than it has to. So
//! there are no fragments and no encodings here, and `app` is not looked for in `application`. What is found never
//! withholds an output.

use aho_corasick::{AhoCorasick, MatchKind};

use crate::redact::index::Run;

/// A single character would shred every text.
const SHORTEST: usize = 2;

/// Values to be found as whole words.
#[derive(Default)]
pub(super) struct Words {
    /// The values with their owners, longest first.
    words: Vec<(String, u32)>,
    /// Finds where any of them may begin; `None` before [`Self::build`], and where there are none.
    starts: Option<AhoCorasick>,
}

impl Words {
    /// Takes a value; it is found after [`Self::build`]. Returns whether it is long enough to be looked for.
    pub(super) fn add(&mut self, owner: u32, value: &str) -> bool {
        let value = value.trim();
        let fits = value.len() >= SHORTEST;
        if fits {
            self.words.push((value.to_owned(), owner));
        }
        fits
    }

    /// Makes all values ready to be found.
    pub(super) fn build(&mut self) {
        self.words
            .sort_by_key(|(word, _)| std::cmp::Reverse(word.len()));
        if !self.words.is_empty() {
            let words = self.words.iter().map(|(word, _)| word);
            self.starts = AhoCorasick::builder()
                .match_kind(MatchKind::LeftmostFirst)
                .build(words)
                .ok();
        }
    }

    /// The longest value, in bytes.
    pub(super) fn longest(&self) -> usize {
        self.words.first().map_or(0, |(word, _)| word.len())
    }

    /// All values, for what remembers beginnings.
    pub(super) fn iter(&self) -> impl Iterator<Item = &[u8]> {
        self.words.iter().map(|(word, _)| word.as_bytes())
    }

    /// Appends where values stand in a text as whole words. `before` is the byte before the text; what stands at its end
    /// counts as a whole word.
    pub(super) fn find(&self, text: &[u8], before: Option<u8>, runs: &mut Vec<Run>) {
        let mut from = 0;
        while let Some(start) = self.next_start(text, from) {
            from = start + 1;
            let left = match start.checked_sub(1) {
                Some(at) => text.get(at).copied(),
                None => before,
            };
            let whole = self.words.iter().find(|(word, _)| {
                let word = word.as_bytes();
                text[start..].starts_with(word)
                    && stands_alone(word, left, text.get(start + word.len()).copied())
            });
            if let Some((word, owner)) = whole {
                from = start + word.len();
                runs.push(Run {
                    start,
                    owner: *owner,
                    end: from,
                });
            }
        }
    }

    /// Goes through the beginnings of values with which a text ends: how long each is.
    pub(super) fn ends(&self, text: &[u8], mut take: impl FnMut(usize)) {
        for (word, _) in &self.words {
            let word = word.as_bytes();
            (1..=word.len().min(text.len()))
                .filter(|length| text.ends_with(&word[..*length]))
                .for_each(&mut take);
        }
    }

    fn next_start(&self, text: &[u8], from: usize) -> Option<usize> {
        match &self.starts {
            Some(starts) => Some(from + starts.find(text.get(from..)?)?.start()),
            None if self.words.is_empty() => None,
            // Slow, and as right: the automaton could not be built.
            None => (from..text.len()).find(|at| {
                let begins = |word: &(String, u32)| text[*at..].starts_with(word.0.as_bytes());
                self.words.iter().any(begins)
            }),
        }
    }
}

/// Whether a value is a word of its own between two bytes. At an end that is no part of a word itself, anything may follow.
fn stands_alone(word: &[u8], left: Option<u8>, right: Option<u8>) -> bool {
    let goes_on = |edge: Option<&u8>, next: Option<u8>| {
        edge.is_some_and(in_word) && next.is_some_and(|next| in_word(&next))
    };
    !goes_on(word.first(), left) && !goes_on(word.last(), right)
}

/// What words are made of: `my-app` and `app_2` are words, `app.example` and `app:5432` are two.
fn in_word(byte: &u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_') || !byte.is_ascii()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(words: &[&str], text: &str) -> Vec<String> {
        let mut all = Words::default();
        for (word, owner) in words.iter().zip(0..) {
            all.add(owner, word);
        }
        all.build();
        let mut runs = Vec::new();
        all.find(text.as_bytes(), None, &mut runs);
        let built: Vec<_> = runs
            .iter()
            .map(|run| format!("{}@{}", &text[run.start..run.end], run.start))
            .collect();
        all.starts = None;
        runs.clear();
        all.find(text.as_bytes(), None, &mut runs);
        assert_eq!(runs.len(), built.len());
        built
    }

    #[test]
    fn a_value_is_found_as_a_whole_word_only() {
        assert_eq!(
            found(
                &["app"],
                "app application my-app app_2 app:5432 caf\u{e9}app (app)"
            ),
            ["app@0", "app@29", "app@48"]
        );
        assert_eq!(found(&["/srv"], "x/srv /srvs /srv"), ["/srv@1", "/srv@12"]);
    }

    #[test]
    fn of_several_values_at_one_place_the_longest_whole_word_is_found() {
        assert_eq!(
            found(&["app", "app.x"], "app.xy app.x app"),
            ["app@0", "app.x@7", "app@13"]
        );
    }

    #[test]
    fn one_character_is_not_looked_for() {
        assert_eq!(found(&["1", "22"], "1 22 1"), ["22@2"]);
    }
}
