//! Tells whether a text shows most of a value in pieces.
//!
//! Looked at are four letters or digits at a time, and what is close together: in a long text full of hexadecimal
//! digits, most of anything turns up sooner or later.

use std::collections::VecDeque;

use zeroize::Zeroizing;

use crate::redact::variants::{BYTE, Form};

const GRAM: usize = 4;

/// Values with fewer pieces are left to the search for fragments.
const FEWEST: usize = 8;

/// So much of a value is most of it, in hundredths.
const MOST: usize = 60;

/// How many bits tell which grams are known.
const KNOWN: usize = 1 << 16;

/// Values in letters and digits, by their grams.
#[derive(Default)]
pub(super) struct Likeness {
    /// Grams with the values that hold them, in order.
    grams: Zeroizing<Vec<(u32, usize)>>,
    values: Vec<Value>,
    /// A bit for each gram, by its hash; most grams of a text are in no value.
    known: Zeroizing<Vec<u64>>,
}

struct Value {
    owner: u32,
    /// How many different grams it has.
    grams: usize,
    /// How far apart the pieces may stand.
    within: usize,
}

impl Likeness {
    /// Takes the letters and digits of a value, in lower case; they are found after [`Self::build`].
    pub(super) fn add(&mut self, owner: u32, form: Form<'_>) {
        let telling = form
            .weights
            .windows(GRAM)
            .map(|weights| weights.iter().all(|weight| *weight == BYTE));
        let grams = form
            .bytes
            .windows(GRAM)
            .zip(telling)
            .filter(|(_, telling)| *telling);
        let mut grams: Zeroizing<Vec<u32>> =
            Zeroizing::new(grams.map(|(gram, _)| number(gram)).collect());
        grams.sort_unstable();
        grams.dedup();
        if grams.len() < FEWEST {
            return;
        }
        self.known.resize(KNOWN / 64, 0);
        for gram in grams.iter() {
            self.grams.push((*gram, self.values.len()));
            self.known[hash(*gram) / 64] |= 1 << (hash(*gram) % 64);
        }
        self.values.push(Value {
            owner,
            grams: grams.len(),
            within: 4 * form.bytes.len() + 64,
        });
    }

    /// Makes all values ready to be found.
    pub(super) fn build(&mut self) {
        self.grams.sort_unstable();
    }

    /// Returns the owner of a value of which most stands somewhere in a text of letters and digits in lower case.
    pub(super) fn look(&self, text: &[u8]) -> Option<u32> {
        if self.values.is_empty() {
            return None;
        }
        let mut sightings: Vec<_> = self.values.iter().map(|_| Sightings::default()).collect();
        for (at, gram) in text.windows(GRAM).map(number).enumerate() {
            if self.known[hash(gram) / 64] & 1 << (hash(gram) % 64) == 0 {
                continue;
            }
            let first = self.grams.partition_point(|known| known.0 < gram);
            for (_, value) in self.grams[first..]
                .iter()
                .take_while(|known| known.0 == gram)
            {
                let Value {
                    owner,
                    grams,
                    within,
                } = self.values[*value];
                if sightings[*value].see(gram, at, within) * 100 >= grams * MOST {
                    return Some(owner);
                }
            }
        }
        None
    }
}

/// Which grams of a value were seen lately.
#[derive(Default)]
struct Sightings {
    /// The gram and its place, oldest first; each gram once, where it was seen last.
    recent: VecDeque<(u32, usize)>,
}

impl Sightings {
    /// Notes a gram, forgets those that stand too far before it, and returns how many different ones are left.
    fn see(&mut self, gram: u32, at: usize, within: usize) -> usize {
        self.recent
            .retain(|(old, then)| *old != gram && then + within >= at);
        self.recent.push_back((gram, at));
        self.recent.len()
    }
}

fn number(gram: &[u8]) -> u32 {
    gram.try_into().map_or(0, u32::from_le_bytes)
}

/// A place in the bits of known grams.
fn hash(gram: u32) -> usize {
    (gram.wrapping_mul(0x9e37_79b1) >> 16) as usize
}
