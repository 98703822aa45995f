//! Finds what a text has in common with many forms, at a cost that hardly depends on how many there are.
//!
//! The grams of all forms (runs of a few bytes) are in a table, with a bitmap before it. Of the text, one gram is looked
//! up every few bytes: a stretch that is long enough to matter holds one of those, wherever it begins. What is found is
//! extended to both sides as far as text and form agree. It does not know what becomes of it.

use zeroize::Zeroizing;

use crate::redact::variants;

/// A fragment tells so much of a value at least: five bytes, in eighths.
const FRAGMENT_WEIGHT: u32 = 40;

/// A form that tells less than a fragment has to be there in full, or so many bytes of it.
const LONGEST_WHOLE: usize = 256;

/// How many grams are looked up in the bitmap before the first of them is acted upon.
const SAMPLES: usize = 8;

/// A stretch of a text that agrees with a form.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Run {
    /// Where it starts in the text.
    pub(super) start: usize,
    /// Which secret the form belongs to.
    pub(super) owner: u32,
    /// Where it ends.
    pub(super) end: usize,
}

/// Forms, by grams of `GRAM` bytes, one of which is looked up every `STRIDE` bytes of a text.
#[derive(Default)]
pub(super) struct Index<const GRAM: usize, const STRIDE: usize> {
    /// All forms, one after the other; eight zeros at the end.
    bytes: Zeroizing<Vec<u8>>,
    weights: Zeroizing<Vec<u8>>,
    forms: Vec<Form>,
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
pub(super) struct Form {
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
}

impl<const GRAM: usize, const STRIDE: usize> Index<GRAM, STRIDE> {
    /// Takes a form; it is found after [`Self::build`]. Returns how many bytes of it may stand at the end of a text and
    /// be undecided; more than these count as found.
    pub(super) fn add(&mut self, owner: u32, form: variants::Form<'_>) -> usize {
        let (bytes, weights) = (form.bytes, form.weights);
        let total: u32 = weights.iter().copied().map(u32::from).sum();
        let (min_length, min_weight) = if bytes.len() < form.fragment || total < FRAGMENT_WEIGHT {
            (bytes.len().min(LONGEST_WHOLE), 0)
        } else {
            (form.fragment, FRAGMENT_WEIGHT)
        };
        let shortest = min_length.max(shortest_of(weights, min_weight));
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
            period: (shortest + 2).saturating_sub(GRAM + STRIDE).max(1),
        });
        (min_length - 1).max(longest_below(weights, min_weight))
    }

    /// Puts the grams of all forms in the table.
    pub(super) fn build(&mut self) {
        if self.forms.is_empty() {
            return;
        }
        self.bytes.extend_from_slice(&[0; 8]);
        let grams: usize = self
            .forms
            .iter()
            .map(|form| form.grams::<GRAM, STRIDE>().count())
            .sum();
        let slots = (grams * 2).next_power_of_two().max(64);
        let words = (grams / 4).next_power_of_two().max(64);
        self.slots_shift = 64 - slots.trailing_zeros();
        self.bitmap_shift = 64 - words.trailing_zeros();
        self.slots = Zeroizing::new(vec![0; slots]);
        self.bitmap = Zeroizing::new(vec![0; words]);
        self.before = Zeroizing::new(vec![0; self.bytes.len()]);
        for form in 0..self.forms.len() {
            for place in self.forms[form].grams::<GRAM, STRIDE>() {
                self.insert(place);
            }
        }
    }

    /// Appends every stretch of `text` that agrees with a form in enough bytes to count.
    pub(super) fn find(&self, text: &[u8], runs: &mut Vec<Run>) {
        if self.forms.is_empty() {
            return;
        }
        let mut seen = Seen::default();
        let mut at = 0;
        while let Some(block) = text.get(at..at + (SAMPLES - 1) * STRIDE + 8) {
            let mut hits = 0_u32;
            for sample in 0..SAMPLES {
                let gram = gram::<GRAM>(&block[sample * STRIDE..sample * STRIDE + 8]);
                hits |= u32::from(self.may_have(hash(gram))) << sample;
            }
            while hits != 0 {
                self.check(
                    text,
                    at + hits.trailing_zeros() as usize * STRIDE,
                    &mut seen,
                    runs,
                );
                hits &= hits - 1;
            }
            at += SAMPLES * STRIDE;
        }
        while at + GRAM <= text.len() {
            self.check(text, at, &mut seen, runs);
            at += STRIDE;
        }
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
                let length = agreeing(text.iter().rev(), bytes[..end].iter().rev());
                if length == end || form.min_length < bytes.len() {
                    take((length, form.plain && length == end));
                }
            }
        }
    }

    fn insert(&mut self, place: usize) {
        let gram = gram::<GRAM>(&self.bytes[place..place + 8]);
        let hash = hash(gram);
        self.bitmap[(hash >> self.bitmap_shift) as usize] |= bits(hash);
        let mut slot = (hash >> self.slots_shift) as usize;
        while self.slots[slot] != 0 && self.gram_at(self.slots[slot]) != gram {
            slot = (slot + 1) & (self.slots.len() - 1);
        }
        self.before[place] = std::mem::replace(&mut self.slots[slot], place as u32 + 1);
    }

    #[inline(always)]
    fn may_have(&self, hash: u64) -> bool {
        let bits = bits(hash);
        self.bitmap[(hash >> self.bitmap_shift) as usize] & bits == bits
    }

    fn gram_at(&self, place_plus_one: u32) -> u64 {
        let place = place_plus_one as usize - 1;
        gram::<GRAM>(&self.bytes[place..place + 8])
    }

    /// Follows up one sample of the text.
    #[cold]
    fn check(&self, text: &[u8], at: usize, seen: &mut Seen, runs: &mut Vec<Run>) {
        let mut padded = [0; 8];
        padded[..GRAM].copy_from_slice(&text[at..at + GRAM]);
        let gram = gram::<GRAM>(&padded);
        let mut slot = (hash(gram) >> self.slots_shift) as usize;
        while self.slots[slot] != 0 && self.gram_at(self.slots[slot]) != gram {
            slot = (slot + 1) & (self.slots.len() - 1);
        }
        let mut place_plus_one = self.slots[slot];
        while place_plus_one != 0 {
            let place = place_plus_one as usize - 1;
            if !seen.covers(at, place) {
                self.extend(text, at, place, seen, runs);
            }
            place_plus_one = self.before[place];
        }
    }

    fn extend(&self, text: &[u8], at: usize, place: usize, seen: &mut Seen, runs: &mut Vec<Run>) {
        let form = &self.forms[self.forms.partition_point(|form| form.start <= place) - 1];
        let left = agreeing(
            text[..at].iter().rev(),
            self.bytes[form.start..place].iter().rev(),
        );
        let right = agreeing(text[at..].iter(), self.bytes[place..form.end].iter());
        let (start, end) = (at - left, at + right);
        seen.note(at, place, end);
        if end - start >= form.min_length
            && self.weighs(place - left, place + right, form.min_weight)
        {
            runs.push(Run {
                start,
                owner: form.owner,
                end,
            });
        }
    }

    fn weighs(&self, start: usize, end: usize, enough: u32) -> bool {
        let mut sum = 0;
        enough == 0
            || self.weights[start..end].iter().any(|weight| {
                sum += u32::from(*weight);
                sum >= enough
            })
    }
}

impl Form {
    /// The places of the grams that are in the table.
    fn grams<const GRAM: usize, const STRIDE: usize>(
        &self,
    ) -> impl Iterator<Item = usize> + use<GRAM, STRIDE> {
        let (start, period) = (self.start, self.period);
        (0..self.end + 1 - GRAM - start)
            .filter(move |offset| offset % period < STRIDE)
            .map(move |offset| start + offset)
    }
}

/// The runs that were followed last: a long one is met again at each sample in it.
#[derive(Default)]
struct Seen {
    /// The distance between text and form, and where the run ends in the text.
    runs: [(usize, usize); 8],
    next: usize,
}

impl Seen {
    fn covers(&self, at: usize, place: usize) -> bool {
        let distance = at.wrapping_sub(place);
        self.runs.iter().any(|run| run.0 == distance && at < run.1)
    }

    fn note(&mut self, at: usize, place: usize, end: usize) {
        self.runs[self.next] = (at.wrapping_sub(place), end);
        self.next = (self.next + 1) % self.runs.len();
    }
}

fn agreeing<'a>(a: impl Iterator<Item = &'a u8>, b: impl Iterator<Item = &'a u8>) -> usize {
    a.zip(b).take_while(|(a, b)| a == b).count()
}

/// The length of the shortest stretch that weighs enough.
fn shortest_of(weights: &[u8], enough: u32) -> usize {
    let (mut shortest, mut start, mut sum) = (usize::MAX, 0, 0);
    if enough == 0 {
        return 0;
    }
    for (end, weight) in weights.iter().enumerate() {
        sum += u32::from(*weight);
        while sum >= enough {
            shortest = shortest.min(end + 1 - start);
            sum -= u32::from(weights[start]);
            start += 1;
        }
    }
    shortest
}

/// The length of the longest stretch that does not weigh enough.
fn longest_below(weights: &[u8], enough: u32) -> usize {
    let (mut longest, mut start, mut sum) = (0, 0, 0);
    if enough == 0 {
        return 0;
    }
    for (end, weight) in weights.iter().enumerate() {
        sum += u32::from(*weight);
        while sum >= enough {
            sum -= u32::from(weights[start]);
            start += 1;
        }
        longest = longest.max(end + 1 - start);
    }
    longest
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
