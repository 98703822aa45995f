//! Looks for the rest of a value beside its mark.
//!
//! A line break in a form leaves less than a fragment on one of its sides. Beside a mark, so little tells something.

use zeroize::Zeroizing;

use crate::redact::{gate::clean::mark_at, stream::MARK, variants::Form};

/// So many bytes of a form beside its mark are found…
const GRAM: usize = 6;

/// …if they tell four bytes of the value, in eighths…
const TELLING: usize = 32;

/// …and the form isn't much longer than they are.
const LONGEST_FORM: usize = 400;

/// So many bytes on each side of a mark are looked at, white space not counted.
const BESIDE: usize = 48;

/// Short fragments of forms with their owners, in order.
#[derive(Default)]
pub(super) struct Near(Zeroizing<Vec<(u32, [u8; GRAM])>>);

impl Near {
    /// Takes a form; it is found after [`Self::build`].
    pub(super) fn add(&mut self, owner: u32, form: Form<'_>) {
        if form.bytes.len() > LONGEST_FORM {
            return;
        }
        for (gram, weights) in form.bytes.windows(GRAM).zip(form.weights.windows(GRAM)) {
            if weights
                .iter()
                .map(|weight| usize::from(*weight))
                .sum::<usize>()
                >= TELLING
                && let Ok(gram) = gram.try_into()
            {
                self.0.push((owner, gram));
            }
        }
    }

    /// Makes all forms ready to be found.
    pub(super) fn build(&mut self) {
        self.0.sort_unstable();
    }

    /// Returns the owner of a value of which something stands beside its mark.
    pub(super) fn look(&self, text: &[u8], references: &[String]) -> Option<u32> {
        let mut start = 0;
        while let Some(at) = text[start..].iter().position(|byte| *byte == MARK[0]) {
            let (before, rest) = text.split_at(start + at);
            let Some(mark) = mark_at(rest, references) else {
                start += at + 1;
                continue;
            };
            let mut before = solid(before.iter().rev());
            before.reverse();
            let after = solid(rest[mark.length..].iter());
            // Several secrets may have the same reference.
            let reference = &references[mark.owner as usize];
            let owners = (0_u32..)
                .zip(references)
                .filter(|(_, other)| *other == reference);
            for (owner, _) in owners {
                if self.stands_in(owner, &before) || self.stands_in(owner, &after) {
                    return Some(owner);
                }
            }
            start += at + mark.length;
        }
        None
    }

    fn stands_in(&self, owner: u32, text: &[u8]) -> bool {
        let mut grams = text.windows(GRAM).filter_map(|gram| gram.try_into().ok());
        grams.any(|gram| self.0.binary_search(&(owner, gram)).is_ok())
    }
}

/// The first bytes that aren't white space.
fn solid<'a>(bytes: impl Iterator<Item = &'a u8>) -> Zeroizing<Vec<u8>> {
    Zeroizing::new(
        bytes
            .filter(|byte| !byte.is_ascii_whitespace())
            .take(BESIDE)
            .copied()
            .collect(),
    )
}
