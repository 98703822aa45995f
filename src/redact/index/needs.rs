//! How much of a form has to stand in a text to count as found.

use crate::redact::variants::Form;

/// A fragment tells so much of a value at least: five bytes, in eighths.
const FRAGMENT_WEIGHT: u32 = 40;

/// A form that tells less than a fragment has to be there in full, or so many bytes of it.
const LONGEST_WHOLE: usize = 256;

/// What a run that counts has of one form.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(in crate::redact) struct Needs {
    /// So many bytes…
    pub(super) length: usize,
    /// …that weigh so much.
    pub(super) weight: u32,
    /// No run with fewer bytes than this has both.
    pub(in crate::redact) shortest: usize,
    /// So many bytes may stand at the end of a text and be undecided; more than these count.
    pub(in crate::redact) undecided: usize,
}

impl Needs {
    /// Tells what counts of a form.
    pub(in crate::redact) fn of(form: Form<'_>) -> Self {
        let total: u32 = form.weights.iter().copied().map(u32::from).sum();
        if form.bytes.len() < form.fragment || total < FRAGMENT_WEIGHT {
            let length = form.bytes.len().min(LONGEST_WHOLE);
            return Self {
                length,
                weight: 0,
                shortest: length,
                undecided: length - 1,
            };
        }
        let (shortest, longest_below) = stretches(form.weights, FRAGMENT_WEIGHT);
        Self {
            length: form.fragment,
            weight: FRAGMENT_WEIGHT,
            shortest: shortest.max(form.fragment),
            undecided: longest_below.max(form.fragment - 1),
        }
    }

    /// Tells whether a run of so many bytes that weigh so much counts.
    pub(in crate::redact) fn are_met(self, length: usize, weight: u32) -> bool {
        length >= self.length && weight >= self.weight
    }
}

/// The length of the shortest stretch that weighs enough, and of the longest that doesn't.
fn stretches(weights: &[u8], enough: u32) -> (usize, usize) {
    let (mut shortest, mut longest, mut start, mut sum) = (usize::MAX, 0, 0, 0);
    for (end, weight) in weights.iter().enumerate() {
        sum += u32::from(*weight);
        while sum >= enough {
            shortest = shortest.min(end + 1 - start);
            sum -= u32::from(weights[start]);
            start += 1;
        }
        longest = longest.max(end + 1 - start);
    }
    (shortest, longest)
}
