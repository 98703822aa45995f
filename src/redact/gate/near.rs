//! Looks for the rest of a value beside its mark.
//!
//! A line break in a form leaves less than a fragment on one of its sides. Beside a mark, so little tells something.

use std::collections::HashSet;

use zeroize::{Zeroize, Zeroizing};

use crate::redact::{
    gate::view::{MARK, mark_length},
    variants::Form,
};

/// So many bytes of a form beside its mark are found…
const GRAM: usize = 6;

/// …if they tell four bytes of the value, in eighths…
const TELLING: usize = 32;

/// …and the form isn't much longer than they are.
const LONGEST_FORM: usize = 400;

/// So many bytes on each side of a mark are looked at, white space not counted.
const BESIDE: usize = 48;

/// Short fragments of forms, and whose they are.
#[derive(Default)]
pub(super) struct Near(HashSet<(u32, [u8; GRAM])>);

impl Near {
    /// Takes a form.
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
                self.0.insert((owner, gram));
            }
        }
    }

    /// Returns the owner of a value of which something stands beside its mark.
    pub(super) fn look(&self, text: &[u8], references: &[String]) -> Option<u32> {
        let mut start = 0;
        while let Some(at) = text[start..]
            .windows(MARK.len())
            .position(|window| window == MARK)
        {
            let (before, mark) = text.split_at(start + at);
            let length = mark_length(mark).max(1);
            let reference = mark[..length]
                .strip_prefix(MARK)
                .and_then(|rest| rest.strip_suffix(b">"));
            for owner in (0_u32..)
                .zip(references)
                .filter(|(_, known)| reference == Some(known.as_bytes()))
                .map(|(owner, _)| owner)
            {
                let before = solid(before.iter().rev(), BESIDE);
                let after = solid(mark[length..].iter(), BESIDE);
                if self.stands_in(owner, before.iter().rev()) || self.stands_in(owner, after.iter())
                {
                    return Some(owner);
                }
            }
            start += at + length;
        }
        None
    }

    fn stands_in<'a>(&self, owner: u32, text: impl Iterator<Item = &'a u8>) -> bool {
        let text: Zeroizing<Vec<u8>> = Zeroizing::new(text.copied().collect());
        let mut grams = text.windows(GRAM).filter_map(|gram| gram.try_into().ok());
        grams.any(|gram| self.0.contains(&(owner, gram)))
    }
}

fn solid<'a>(bytes: impl Iterator<Item = &'a u8>, length: usize) -> Zeroizing<Vec<u8>> {
    Zeroizing::new(
        bytes
            .filter(|byte| !byte.is_ascii_whitespace())
            .take(length)
            .copied()
            .collect(),
    )
}

impl Drop for Near {
    fn drop(&mut self) {
        for (_, mut gram) in self.0.drain() {
            gram.zeroize();
        }
    }
}
