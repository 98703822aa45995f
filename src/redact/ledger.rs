//! Keeps count of the pieces of values that came through, over many outputs.
//!
//! A piece that is too short to be a fragment is shown, for any text may hold it. Piece after piece, in call after call,
//! somebody could get a whole value that way. So what was shown is added up, and when more than half of a value would be
//! known, output that shows more of it is refused. What stands in a text by chance does not count: a piece has to be
//! so long, for the length of the text, that it hardly stands there for any other reason.

use std::{
    collections::HashMap,
    hash::{BuildHasher, Hasher, RandomState},
};

use zeroize::Zeroizing;

use crate::redact::{Concealed, exempt, gate::without_marks, parts, short};

mod spelling;

use spelling::{Spelling, spellings};

/// How unlikely it is, in bits, that a piece which counts stands in a text by chance.
const CERTAINTY: f64 = 10.0;

/// Longer pieces are fragments, which don't come through.
const LONGEST_PIECE: usize = 9;

/// Shorter pieces never count.
const SHORTEST_PIECE: usize = 3;

/// Of no value more bytes than this are let through.
const MOST_BYTES: usize = 16;

/// How many bits tell which pieces are known.
const KNOWN: usize = 1 << 16;

/// What was let through of values, for one reader. It holds no value: only which of its bytes were shown.
#[derive(Default)]
pub struct Ledger {
    keys: RandomState,
    /// By fingerprint of reference and value.
    shown: HashMap<u64, Vec<bool>>,
}

/// Text would show too much of a secret, with what was shown before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooMuch<'a> {
    /// The secret's reference.
    pub reference: &'a str,
}

impl Ledger {
    /// Notes what redacted texts, which are about to leave, show of secrets.
    ///
    /// # Errors
    /// [`TooMuch`], and then nothing is noted: the texts must not leave.
    pub fn admit<'a>(
        &mut self,
        secrets: impl IntoIterator<Item = Concealed<'a>>,
        texts: &[&[u8]],
    ) -> Result<(), TooMuch<'a>> {
        let secrets: Vec<Shown<'a>> = secrets
            .into_iter()
            .filter_map(|secret| self.before(secret))
            .collect();
        if secrets.is_empty() {
            return Ok(());
        }
        let references: Vec<&str> = secrets.iter().map(|secret| secret.reference).collect();
        let texts: Vec<_> = texts
            .iter()
            .map(|text| without_marks(text, &references))
            .collect();
        let length: usize = texts.iter().map(|text| text.len()).sum();

        let mut after: Vec<Vec<bool>> = secrets.iter().map(|secret| secret.shown.clone()).collect();
        for pieces in pieces(&secrets, length) {
            for text in &texts {
                pieces.look(text, &secrets, &mut after);
            }
        }
        for (secret, after) in secrets.iter().zip(&after) {
            if secret.exceeds(after) {
                return Err(TooMuch {
                    reference: secret.reference,
                });
            }
        }
        for (secret, after) in secrets.iter().zip(after) {
            if after.contains(&true) {
                self.shown.insert(secret.identity, after);
            }
        }
        Ok(())
    }

    /// A secret and what was shown of it before; `None` if it can be guessed, which no mark conceals.
    fn before<'a>(&self, secret: Concealed<'a>) -> Option<Shown<'a>> {
        let value = secret.value.expose_secret();
        let mut hasher = self.keys.build_hasher();
        hasher.write(secret.reference.as_bytes());
        hasher.write_u8(0);
        hasher.write(value.as_bytes());
        let identity = hasher.finish();

        let mut parts = parts::parts(value);
        parts.retain(|part| !short::is_guessable(part));
        let telling: Vec<bool> = parts
            .iter()
            .flat_map(|part| exempt::weights(part))
            .map(|weight| weight > 0)
            .collect();
        let mut spelled = Vec::new();
        let mut first = 0;
        for part in &parts {
            spelled.extend(spellings(part, first));
            first += part.len();
        }
        let known = self.shown.get(&identity).cloned();
        (!telling.is_empty()).then(|| Shown {
            reference: secret.reference,
            identity,
            shown: known.unwrap_or_else(|| vec![false; telling.len()]),
            telling,
            spellings: spelled,
        })
    }
}

/// A secret while texts are compared with it.
struct Shown<'a> {
    reference: &'a str,
    identity: u64,
    /// Which of its bytes were let through before.
    shown: Vec<bool>,
    /// Which of its bytes tell anything.
    telling: Vec<bool>,
    spellings: Vec<Spelling>,
}

impl Shown<'_> {
    /// Tells whether more than the limit is known after a text, and more than before.
    fn exceeds(&self, after: &[bool]) -> bool {
        let count = |bytes: &[bool]| {
            let both = bytes.iter().zip(&self.telling);
            both.filter(|(shown, telling)| **shown && **telling).count()
        };
        let all = self.telling.iter().filter(|telling| **telling).count();
        count(after) > count(&self.shown) && count(after) > (all / 2).min(MOST_BYTES)
    }
}

/// All pieces of one length that count in a text.
struct Pieces {
    length: usize,
    /// A bit for each piece, by its first bytes.
    known: Zeroizing<Vec<u64>>,
    /// By a hash of the piece: secret, spelling, place.
    places: HashMap<u64, Vec<(usize, usize, usize)>>,
}

/// The pieces of secrets that count in texts of so many bytes, by length.
fn pieces(secrets: &[Shown<'_>], text: usize) -> Vec<Pieces> {
    let mut all: Vec<Pieces> = Vec::new();
    for (number, secret) in secrets.iter().enumerate() {
        for (which, spelling) in secret.spellings.iter().enumerate() {
            let chances = (text.max(1) * spelling.bytes.len().max(1)) as f64;
            let needed = CERTAINTY + chances.log2();
            let length = ((needed / spelling.bits).ceil() as usize).max(SHORTEST_PIECE);
            if length > LONGEST_PIECE {
                continue;
            }
            let at = all.iter().position(|pieces| pieces.length == length);
            let at = at.unwrap_or_else(|| {
                all.push(Pieces {
                    length,
                    known: Zeroizing::new(vec![0; KNOWN / 64]),
                    places: HashMap::new(),
                });
                all.len() - 1
            });
            for (place, piece) in spelling.bytes.windows(length).enumerate() {
                let places = &spelling.places[place..place + length];
                let telling = places.iter().filter(|at| secret.telling[**at]).count();
                if telling as f64 * spelling.bits >= needed {
                    all[at].add(piece, (number, which, place));
                }
            }
        }
    }
    all
}

impl Pieces {
    fn add(&mut self, piece: &[u8], place: (usize, usize, usize)) {
        let start = start(piece);
        self.known[start / 64] |= 1 << (start % 64);
        self.places.entry(hash(piece)).or_default().push(place);
    }

    /// Marks the bytes of secrets of which a piece stands in a text.
    fn look(&self, text: &[u8], secrets: &[Shown<'_>], after: &mut [Vec<bool>]) {
        for piece in text.windows(self.length) {
            let start = start(piece);
            if self.known[start / 64] & 1 << (start % 64) == 0 {
                continue;
            }
            for (number, which, place) in self.places.get(&hash(piece)).into_iter().flatten() {
                let spelling = &secrets[*number].spellings[*which];
                let stretch = *place..*place + self.length;
                if spelling.bytes[stretch.clone()] == *piece {
                    for at in &spelling.places[stretch] {
                        after[*number][*at] = true;
                    }
                }
            }
        }
    }
}

/// A place in the bits of known pieces: by their first three bytes.
fn start(piece: &[u8]) -> usize {
    let three = u32::from_le_bytes([piece[0], piece[1], piece[2], 0]);
    (three.wrapping_mul(0x9e37_79b1) >> 16) as usize
}

fn hash(piece: &[u8]) -> u64 {
    let fold = |hash: u64, byte: &u8| (hash ^ u64::from(*byte)).wrapping_mul(0x100_0000_01b3);
    piece.iter().fold(0xcbf2_9ce4_8422_2325, fold)
}

impl std::fmt::Debug for Ledger {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Ledger(..)")
    }
}

#[cfg(test)]
mod tests;
