//! Finds again what was released, without holding it.
//!
//! A value that was given to a program once may come back much later: in a file that another tool reads, in an error, in
//! another run. To find it there nobody has to keep it. What is kept of each form is a keyed 64-bit fingerprint of every
//! window that is just long enough to count: the windows cover what the stream redactor covers. The key is
//! random and belongs to this process. It is no proof against whoever reads this process's memory and can guess a value.

use std::{
    collections::HashMap,
    hash::{BuildHasher, BuildHasherDefault, Hasher, RandomState},
    ops::Range,
};

use crate::{
    redact::{
        index::Needs,
        parts, short,
        stream::write_mark,
        variants::{Form, Forms},
    },
    vault::Secret,
};

/// So many values are remembered at most; the oldest is forgotten first.
const MOST_VALUES: usize = 256;

/// Of a value whose forms have more bytes than this, not every window is kept.
const MOST_WINDOWS: usize = 1 << 18;

/// Beginnings of so many bytes are in the bitmap.
const START: usize = 8;

/// What was released, by fingerprints.
pub struct Fingerprints {
    keys: RandomState,
    /// An odd random number: spreads beginnings over the bitmap.
    spread: u64,
    values: Vec<Value>,
    next: u32,
    /// By fingerprint: the value that it belongs to.
    windows: HashMap<u64, u32, BuildHasherDefault<AsItIs>>,
    /// How long windows are: few lengths, in order.
    lengths: Vec<usize>,
    /// A bit for each window's beginning; most beginnings of a text are in no value.
    starts: Vec<u64>,
}

struct Value {
    owner: u32,
    reference: String,
    /// Fingerprint of reference and value.
    identity: u64,
    /// How many bytes on either side of a window may belong to it too.
    slack: usize,
}

/// A stretch to conceal, and whose it is.
type Stretch = (usize, usize, u32);

impl Default for Fingerprints {
    fn default() -> Self {
        let keys = RandomState::new();
        Self {
            spread: keys.hash_one(0_u8) | 1,
            keys,
            values: Vec::new(),
            next: 0,
            windows: HashMap::default(),
            lengths: Vec::new(),
            starts: vec![0; 1 << 10],
        }
    }
}

impl Fingerprints {
    /// Remembers a value. One that can be guessed is left out: striking it from all text would show it.
    pub fn add(&mut self, reference: &str, value: &Secret) {
        let value = value.expose_secret();
        let identity = self.print(&[reference.as_bytes(), &[0], value.as_bytes()]);
        if self.values.iter().any(|known| known.identity == identity) {
            return;
        }
        let mut parts = parts::parts(value);
        parts.retain(|part| !short::is_guessable(part));
        if parts.is_empty() {
            return;
        }
        if self.values.len() == MOST_VALUES {
            let oldest = self.values.remove(0);
            self.windows.retain(|_, owner| *owner != oldest.owner);
        }
        let forms = Forms::of(&parts);
        let bytes: usize = forms.iter().map(|form| form.bytes.len()).sum();
        let step = bytes.div_ceil(MOST_WINDOWS).max(1);
        let owner = self.next;
        self.next += 1;
        for form in forms.iter() {
            self.add_form(owner, form, step);
        }
        self.values.push(Value {
            owner,
            reference: reference.to_owned(),
            identity,
            slack: step - 1,
        });
    }

    /// Tells whether nothing is remembered.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    /// Returns the text with marks in the place of what is remembered; `None` if there is nothing of it in the text. The
    /// marks name `instead`, if that is given, and no reference.
    #[must_use]
    pub fn redact(&self, text: &str, instead: Option<&str>) -> Option<String> {
        let ranges = self.ranges(text.as_bytes());
        if ranges.is_empty() {
            return None;
        }
        let mut out = Vec::with_capacity(text.len());
        let mut next = 0;
        for (start, end, owner) in ranges {
            out.extend_from_slice(&text.as_bytes()[next..start]);
            let known = self.values.iter().find(|value| value.owner == owner);
            let reference = known.map(|value| value.reference.as_str());
            write_mark(&mut out, instead.or(reference).unwrap_or_default());
            next = end;
        }
        out.extend_from_slice(&text.as_bytes()[next..]);
        Some(match String::from_utf8(out) {
            Ok(text) => text,
            Err(error) => String::from_utf8_lossy(error.as_bytes()).into_owned(),
        })
    }

    /// Keeps, from each beginning and to each end, the shortest window that counts: then each byte of a stretch that counts
    /// is in one of them.
    fn add_form(&mut self, owner: u32, form: Form<'_>, step: usize) {
        let needs = Needs::of(form);
        let counts = |length, weight| needs.are_met(length, weight);
        let (mut start, mut weight, mut is_first) = (0, 0, true);
        for end in 1..=form.bytes.len() {
            weight += u32::from(form.weights[end - 1]);
            if !counts(end - start, weight) {
                continue;
            }
            let before = start;
            if std::mem::take(&mut is_first) {
                self.add_window_at(owner, &form, start..end, step);
            }
            while counts(end - start - 1, weight - u32::from(form.weights[start])) {
                weight -= u32::from(form.weights[start]);
                start += 1;
                self.add_window_at(owner, &form, start..end, step);
            }
            if start == before {
                self.add_window_at(owner, &form, start..end, step);
            }
        }
    }

    /// Keeps a window, if it is one of those that are kept, or the last.
    fn add_window_at(&mut self, owner: u32, form: &Form<'_>, window: Range<usize>, step: usize) {
        if window.start.is_multiple_of(step) || window.end == form.bytes.len() {
            self.add_window(owner, &form.bytes[window]);
        }
    }

    fn add_window(&mut self, owner: u32, window: &[u8]) {
        if let Err(at) = self.lengths.binary_search(&window.len()) {
            self.lengths.insert(at, window.len());
        }
        let place = self.place(window);
        self.starts[place / 64] |= 1 << (place % 64);
        self.windows.insert(self.print(&[window]), owner);
        if self.windows.len() > self.starts.len() * 2 {
            self.grow();
        }
    }

    /// A larger bitmap knows nothing of what was in the smaller one but this: both halves may have it.
    fn grow(&mut self) {
        let twice = self.starts.iter().flat_map(|word| {
            let spread =
                |half: u64| (0..32).fold(0, |bits, at| bits | ((half >> at & 1) * 3) << (2 * at));
            [spread(word & 0xffff_ffff), spread(word >> 32)]
        });
        self.starts = twice.collect();
    }

    /// The bit of a window's beginning.
    fn place(&self, window: &[u8]) -> usize {
        let mut eight = [0; START];
        let length = window.len().min(START);
        eight[..length].copy_from_slice(&window[..length]);
        let bits = (self.starts.len() * 64).trailing_zeros();
        (u64::from_le_bytes(eight).wrapping_mul(self.spread) >> (64 - bits)) as usize
    }

    fn print(&self, texts: &[&[u8]]) -> u64 {
        let mut hasher = self.keys.build_hasher();
        texts.iter().for_each(|text| hasher.write(text));
        hasher.finish()
    }

    /// All stretches of a text that belong to a value, merged, in order.
    fn ranges(&self, text: &[u8]) -> Vec<Stretch> {
        let mut ranges: Vec<Stretch> = Vec::new();
        if self.windows.is_empty() {
            return ranges;
        }
        // Where beginnings are shorter than the bitmap has them, it tells nothing.
        let by_start = self.lengths.first().is_some_and(|length| *length >= START);
        for start in 0..text.len() {
            let rest = &text[start..];
            let place = self.place(rest);
            if by_start && rest.len() >= START && self.starts[place / 64] & 1 << (place % 64) == 0 {
                continue;
            }
            for length in self
                .lengths
                .iter()
                .take_while(|length| **length <= rest.len())
            {
                if let Some(owner) = self.windows.get(&self.print(&[&rest[..*length]])) {
                    self.cover(&mut ranges, text.len(), (start, start + length, *owner));
                }
            }
        }
        ranges
    }

    fn cover(&self, ranges: &mut Vec<Stretch>, most: usize, (start, end, owner): Stretch) {
        let known = self.values.iter().find(|value| value.owner == owner);
        let slack = known.map_or(0, |value| value.slack);
        let (start, end) = (start.saturating_sub(slack), (end + slack).min(most));
        match ranges.last_mut() {
            Some(last) if start < last.1 => last.1 = last.1.max(end),
            _ => ranges.push((start, end, owner)),
        }
    }
}

/// Fingerprints are spread evenly already.
#[derive(Default)]
struct AsItIs(u64);

impl Hasher for AsItIs {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, _: &[u8]) {
        unreachable!("keys are numbers")
    }

    fn write_u64(&mut self, number: u64) {
        self.0 = number;
    }
}

impl std::fmt::Debug for Fingerprints {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Fingerprints(..)")
    }
}

#[cfg(test)]
mod tests;
