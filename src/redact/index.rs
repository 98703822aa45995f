//! Keeps forms by their grams, runs of a few bytes, so that whatever of them stands in a text is found quickly.
//!
//! The grams of all forms are in a table, with a bitmap before it. Of a text, one gram is looked up every few bytes
//! (`search`): a stretch that is long enough to matter holds one of those, wherever it begins. So the cost of a
//! search hardly depends on how many forms there are.

mod build;
mod search;

use zeroize::Zeroizing;

use crate::redact::variants;

pub(super) use search::Run;

/// A fragment tells so much of a value at least: five bytes, in eighths.
const FRAGMENT_WEIGHT: u32 = 40;

/// A form that tells less than a fragment has to be there in full, or so many bytes of it.
const LONGEST_WHOLE: usize = 256;

/// For each stretch of so many bytes it is known which form stands there.
const STRETCH: usize = 64;

/// Forms, by grams of `GRAM` bytes, one of which is looked up every `STRIDE` bytes of a text.
#[derive(Default)]
pub(super) struct Index<const GRAM: usize, const STRIDE: usize> {
    /// All forms, one after the other; eight zeros at the end.
    bytes: Zeroizing<Vec<u8>>,
    weights: Zeroizing<Vec<u8>>,
    forms: Vec<Form>,
    /// By stretch of `bytes`: which form stands at its beginning.
    stretches: Vec<u32>,
    /// For each gram two bits in one word.
    bitmap: Zeroizing<Vec<u64>>,
    bitmap_shift: u32,
    /// By the gram's hash: where it stands last in `bytes`, plus one.
    slots: Zeroizing<Vec<u32>>,
    slots_shift: u32,
    /// By place in `bytes`: where the same gram stands before, plus one.
    before: Zeroizing<Vec<u32>>,
}

/// One form in an index.
#[derive(Clone, Copy)]
struct Form {
    start: usize,
    end: usize,
    owner: u32,
    /// Whether it is a value as it is, and not an encoded one.
    plain: bool,
    /// A run counts from so many bytes on…
    min_length: usize,
    /// …if they weigh so much.
    min_weight: u32,
    /// `STRIDE` grams are in the table of each `period` ones.
    period: usize,
    /// Whether grams that nothing needs are left out of the table.
    thinned: bool,
}

impl<const GRAM: usize, const STRIDE: usize> Index<GRAM, STRIDE> {
    /// Takes a form; it is found after [`Self::build`]. Returns how many bytes of it may stand at the end of a text and
    /// be undecided; more than these count as found.
    pub(super) fn add(&mut self, owner: u32, form: variants::Form<'_>) -> usize {
        let (bytes, weights) = (form.bytes, form.weights);
        let (min_length, min_weight) = least(&form);
        let (shortest, longest_below) = stretches(weights, min_weight);
        let period = (min_length.max(shortest) + 2)
            .saturating_sub(GRAM + STRIDE)
            .max(1);
        let start = self.bytes.len();
        self.bytes.extend_from_slice(bytes);
        self.weights.extend_from_slice(weights);
        self.forms.push(Form {
            start,
            end: self.bytes.len(),
            owner,
            plain: form.plain,
            min_length,
            min_weight,
            period,
            thinned: period == 1 && min_weight > 0,
        });
        (min_length - 1).max(longest_below)
    }

    /// Goes through the beginnings and insides of forms with which the text ends: how long each is, and whether a plain
    /// value begins so.
    pub(super) fn ends(&self, text: &[u8], mut take: impl FnMut((usize, bool))) {
        let Some(last) = text.last() else { return };
        for form in &self.forms {
            let bytes = &self.bytes[form.start..form.end];
            for end in 1..bytes.len() {
                if bytes[end - 1] != *last {
                    continue;
                }
                let length = search::agreeing(text.iter().rev(), bytes[..end].iter().rev());
                if length == end || form.min_length < bytes.len() {
                    take((length, form.plain && length == end));
                }
            }
        }
    }

    /// The slot of a gram, which is zero if the gram is in no form.
    fn slot(&self, gram: u64) -> usize {
        let mut slot = (hash(gram) >> self.slots_shift) as usize;
        while self.slots[slot] != 0 && self.gram_at(self.slots[slot] as usize - 1) != gram {
            slot = (slot + 1) & (self.slots.len() - 1);
        }
        slot
    }

    fn gram_at(&self, place: usize) -> u64 {
        gram::<GRAM>(&self.bytes[place..place + 8])
    }

    fn form_at(&self, place: usize) -> &Form {
        let first = self.stretches[place / STRETCH] as usize;
        let after = self.forms[first..]
            .iter()
            .take_while(|form| form.end <= place)
            .count();
        &self.forms[first + after]
    }
}

/// How many bytes of a form, next to each other, count as found, and what they have to weigh.
pub(super) fn least(form: &variants::Form<'_>) -> (usize, u32) {
    let total: u32 = form.weights.iter().copied().map(u32::from).sum();
    if form.bytes.len() < form.fragment || total < FRAGMENT_WEIGHT {
        (form.bytes.len().min(LONGEST_WHOLE), 0)
    } else {
        (form.fragment, FRAGMENT_WEIGHT)
    }
}

/// The length of the shortest stretch that weighs enough, and of the longest that doesn't.
fn stretches(weights: &[u8], enough: u32) -> (usize, usize) {
    let (mut shortest, mut longest, mut start, mut sum) = (usize::MAX, 0, 0, 0);
    if enough == 0 {
        return (0, 0);
    }
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

/// Reads a gram from eight bytes.
#[inline(always)]
fn gram<const GRAM: usize>(eight: &[u8]) -> u64 {
    let eight: [u8; 8] = eight.try_into().unwrap_or_default();
    u64::from_le_bytes(eight) << (64 - 8 * GRAM)
}

#[inline(always)]
fn hash(gram: u64) -> u64 {
    gram.wrapping_mul(0x9e37_79b9_7f4a_7c15)
}

/// Two bits of a word; the word is chosen by higher bits of the hash.
#[inline(always)]
fn bits(hash: u64) -> u64 {
    1 << ((hash >> 40) & 63) | 1 << ((hash >> 34) & 63)
}
