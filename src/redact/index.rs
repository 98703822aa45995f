//! Keeps forms by their grams, runs of a few bytes, so that whatever of them stands in a text is found quickly.
//!
//! The grams of all forms are in a table, with a bitmap before it. Of a text, one gram is looked up every few bytes
//! (`search`): a stretch that is long enough to matter holds one of those, wherever it begins. So the cost of a
//! search hardly depends on how many forms there are.

mod build;
mod needs;
mod search;

use zeroize::Zeroizing;

use crate::redact::variants;

pub(super) use needs::Needs;
pub(super) use search::Run;

/// For each stretch of so many bytes it is known which form stands there.
const STRETCH: usize = 64;

/// So many bytes beside a gram are compared at once; as many zeros stand before the first form.
const BESIDE: usize = 8;

/// So many zeros stand after the last form, so that a gram and what is beside it can be read everywhere.
const AFTER: usize = 24;

/// Forms, by grams of `GRAM` bytes, one of which is looked up every `STRIDE` bytes of a text.
#[derive(Default)]
pub(super) struct Index<const GRAM: usize, const STRIDE: usize> {
    /// All forms, one after the other; zeros before and after them.
    bytes: Zeroizing<Vec<u8>>,
    weights: Zeroizing<Vec<u8>>,
    forms: Vec<Form>,
    /// A run that has fewer bytes counts in no form. It is not more than what a gram and one side of it can tell, so
    /// that a run which goes on beyond what is compared at once is never taken for a short one.
    least: usize,
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
    needs: Needs,
    /// `STRIDE` grams are in the table of each `period` ones.
    period: usize,
    /// Whether grams that nothing needs are left out of the table.
    thinned: bool,
}

impl<const GRAM: usize, const STRIDE: usize> Index<GRAM, STRIDE> {
    /// Takes a form, of which a run that counts has `GRAM + STRIDE - 1` bytes or more; it is found after [`Self::build`].
    pub(super) fn add(&mut self, owner: u32, form: variants::Form<'_>, needs: Needs) {
        debug_assert!(needs.shortest + 1 >= GRAM + STRIDE);
        if self.forms.is_empty() {
            self.bytes.resize(BESIDE, 0);
            self.weights.resize(BESIDE, 0);
            self.least = GRAM + BESIDE;
        }
        let period = (needs.shortest + 2).saturating_sub(GRAM + STRIDE).max(1);
        let start = self.bytes.len();
        self.bytes.extend_from_slice(form.bytes);
        self.weights.extend_from_slice(form.weights);
        self.least = self.least.min(needs.shortest);
        self.forms.push(Form {
            start,
            end: self.bytes.len(),
            owner,
            plain: form.plain,
            needs,
            period,
            thinned: period == 1 && needs.weight > 0,
        });
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
                let length = search::agreeing_before(text, &bytes[..end]);
                if length == end || form.needs.length < bytes.len() {
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
        gram::<GRAM>(&self.bytes[place..place + span(GRAM)])
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

/// How many bytes have to be there for a gram to be read.
const fn span(gram: usize) -> usize {
    if gram < 8 { 8 } else { gram }
}

/// Reads a gram from [`span`] bytes. One of up to eight bytes is itself; a longer one is mixed, so that two may be taken
/// for one another, which costs time and nothing else.
#[inline(always)]
fn gram<const GRAM: usize>(bytes: &[u8]) -> u64 {
    if GRAM <= 8 {
        return eight(&bytes[..8]) << (64 - 8 * GRAM);
    }
    let (first, last) = (eight(&bytes[..8]), eight(&bytes[GRAM - 8..GRAM]));
    first.wrapping_mul(0xd6e8_feb8_6659_fd93).rotate_left(32) ^ last
}

#[inline(always)]
fn eight(bytes: &[u8]) -> u64 {
    u64::from_le_bytes(bytes.try_into().unwrap_or_default())
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
