//! Tells whether a text shows most of a value in pieces.
//!
//! Looked at are four letters or digits at a time, and what is close together: in a long text full of hexadecimal
//! digits, most of anything turns up sooner or later.

use std::collections::{HashMap, VecDeque};

use zeroize::{Zeroize, Zeroizing};

use crate::redact::variants::{BYTE, Form};

const GRAM: usize = 4;

/// How many bits tell which grams are known.
const KNOWN: usize = 1 << 16;

/// Values with fewer pieces are left to the search for fragments.
const FEWEST: usize = 8;

/// So much of a value is most of it, in hundredths.
const MOST: usize = 60;

/// Values in letters and digits, by their grams.
#[derive(Default)]
pub(super) struct Likeness {
    /// Which values hold a gram, and as which of their grams.
    grams: HashMap<[u8; GRAM], Vec<(usize, usize)>>,
    values: Vec<Value>,
    /// A bit for each gram, by its hash; most grams of a text are in no value.
    known: Zeroizing<Vec<u64>>,
}

struct Value {
    owner: u32,
    grams: usize,
    /// How far apart the pieces may stand.
    within: usize,
}

impl Likeness {
    /// Takes the letters and digits of a value, in lower case.
    pub(super) fn add(&mut self, owner: u32, form: Form<'_>) {
        let telling = form
            .weights
            .windows(GRAM)
            .map(|weights| weights.iter().all(|weight| *weight == BYTE));
        let mut grams = Zeroizing::new(Vec::new());
        for (gram, _) in form
            .bytes
            .windows(GRAM)
            .zip(telling)
            .filter(|(_, telling)| *telling)
        {
            let gram: [u8; GRAM] = gram.try_into().unwrap_or_default();
            if !grams.contains(&gram) {
                grams.push(gram);
            }
        }
        if grams.len() < FEWEST {
            return;
        }
        let value = self.values.len();
        self.known.resize(KNOWN / 64, 0);
        for (at, gram) in grams.iter().enumerate() {
            self.grams.entry(*gram).or_default().push((value, at));
            self.known[hash(gram) / 64] |= 1 << (hash(gram) % 64);
        }
        self.values.push(Value {
            owner,
            grams: grams.len(),
            within: 4 * form.bytes.len() + 64,
        });
    }

    /// Returns the owner of a value of which most stands somewhere in a text of letters and digits in lower case.
    pub(super) fn look(&self, text: &[u8]) -> Option<u32> {
        if self.values.is_empty() {
            return None;
        }
        let mut sightings: Vec<Sightings> = self.values.iter().map(Sightings::new).collect();
        for (at, gram) in text.windows(GRAM).enumerate() {
            if self.known[hash(gram) / 64] & 1 << (hash(gram) % 64) == 0 {
                continue;
            }
            for (value, gram) in self.grams.get(gram).into_iter().flatten() {
                let Value {
                    owner,
                    grams,
                    within,
                } = self.values[*value];
                let sightings = &mut sightings[*value];
                sightings.see(*gram, at, within);
                if sightings.different * 100 >= grams * MOST {
                    return Some(owner);
                }
            }
        }
        None
    }
}

impl Drop for Likeness {
    fn drop(&mut self) {
        for (mut gram, _) in self.grams.drain() {
            gram.zeroize();
        }
    }
}

/// A place in the bits of known grams.
fn hash(gram: &[u8]) -> usize {
    let gram = gram.try_into().map_or(0, u32::from_le_bytes);
    (gram.wrapping_mul(0x9e37_79b1) >> 16) as usize
}

/// Which grams of a value were seen lately.
struct Sightings {
    /// The gram and its place, oldest first.
    recent: VecDeque<(usize, usize)>,
    /// How often each gram is in `recent`.
    times: Vec<u32>,
    different: usize,
}

impl Sightings {
    fn new(value: &Value) -> Self {
        Self {
            recent: VecDeque::new(),
            times: vec![0; value.grams],
            different: 0,
        }
    }

    fn see(&mut self, gram: usize, at: usize, within: usize) {
        while let Some((old, _)) = self.recent.pop_front_if(|(_, then)| *then + within < at) {
            self.times[old] -= 1;
            self.different -= usize::from(self.times[old] == 0);
        }
        self.recent.push_back((gram, at));
        self.different += usize::from(self.times[gram] == 0);
        self.times[gram] += 1;
    }
}
