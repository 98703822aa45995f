//! Finds forms and their fragments in a stretch of text, and tells which end of it is undecided.
//!
//! What counts as found is defined by stretches alone: a text is covered wherever it agrees with a form in enough bytes next
//! to each other. So the result does not depend on where a stream was cut, as long as the undecided end is looked at
//! again with what follows it.

use crate::redact::{
    index::{Index, Needs, Run},
    tail::Tails,
    variants::Form,
    words::Words,
};

/// Runs of at least so many bytes are found by long grams. Texts of `\u0061\u0062` have all short ones in common.
const WIDE: usize = 17;

/// Runs of at least so many bytes are found by every fifth gram…
const LONG: usize = 10;

/// …and of so many, by shorter ones.
const MIDDLE: usize = 8;

/// Of the inside of a form, or of the beginning of an encoded one, shorter ends than this are not held back from a person.
const PROMPT: usize = 4;

/// The forms of all secrets.
#[derive(Default)]
pub(super) struct Engine {
    wide: Index<12, 6>,
    long: Index<6, 5>,
    middle: Index<4, 5>,
    short: Index<4, 1>,
    tails: Tails,
    /// An end of so many bytes, which stands in a form, may be undecided; a longer one counts as found.
    undecided: usize,
}

impl Engine {
    /// Takes a form of a secret; it is found after [`Self::build`].
    pub(super) fn add(&mut self, owner: u32, form: Form<'_>) {
        let needs = Needs::of(form);
        match needs.shortest {
            WIDE.. => self.wide.add(owner, form, needs),
            LONG.. => self.long.add(owner, form, needs),
            MIDDLE.. => self.middle.add(owner, form, needs),
            _ => self.short.add(owner, form, needs),
        }
        self.undecided = self.undecided.max(needs.undecided);
        self.tails.add(form.bytes);
    }

    /// Takes note of words that are found elsewhere, so that their beginnings are held back too.
    pub(super) fn add_words(&mut self, words: &Words) {
        self.undecided = self.undecided.max(words.longest());
        words.iter().for_each(|word| self.tails.add(word));
    }

    /// Makes all forms ready to be found.
    pub(super) fn build(&mut self) {
        self.wide.build();
        self.long.build();
        self.middle.build();
        self.short.build();
    }

    /// Appends all stretches of a text that agree with a form, in order.
    pub(super) fn find(&self, text: &[u8], runs: &mut Vec<Run>) {
        self.wide.find(text, runs);
        self.long.find(text, runs);
        self.middle.find(text, runs);
        self.short.find(text, runs);
        runs.sort_unstable();
    }

    /// Returns how many bytes at the end of a text may belong to a match that isn't complete; quick, and may be too many.
    pub(super) fn undecided(&self, text: &[u8]) -> usize {
        self.tails.longest(text, self.undecided)
    }

    /// Returns how many bytes at the end of a text belong to a match if the right bytes follow: the first number is
    /// exact, the second is what should be held back from a waiting person.
    pub(super) fn undecided_exactly(&self, text: &[u8]) -> (usize, usize) {
        let text = &text[text.len() - self.undecided(text)..];
        let (mut longest, mut held) = (0, 0);
        let mut take = |(length, begins): (usize, bool)| {
            longest = longest.max(length);
            if begins || length >= PROMPT {
                held = held.max(length);
            }
        };
        self.wide.ends(text, &mut take);
        self.long.ends(text, &mut take);
        self.middle.ends(text, &mut take);
        self.short.ends(text, &mut take);
        (longest, held)
    }
}
