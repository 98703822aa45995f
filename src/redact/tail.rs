//! Tells how much of a text's end could still become part of a match.

use zeroize::Zeroizing;

const BITS: usize = 1 << 16;

/// Which runs of one, two and three bytes stand in some form.
pub(super) struct Tails {
    ones: [bool; 256],
    twos: Zeroizing<Vec<u64>>,
    /// By hash.
    threes: Zeroizing<Vec<u64>>,
}

impl Default for Tails {
    fn default() -> Self {
        Self {
            ones: [false; 256],
            twos: Zeroizing::new(vec![0; BITS / 64]),
            threes: Zeroizing::new(vec![0; BITS / 64]),
        }
    }
}

impl Tails {
    /// Takes a form.
    pub(super) fn add(&mut self, form: &[u8]) {
        for byte in form {
            self.ones[usize::from(*byte)] = true;
        }
        for pair in form.windows(2) {
            set(&mut self.twos, two(pair));
        }
        for three in form.windows(3) {
            set(&mut self.threes, hash(three));
        }
    }

    /// Returns a length of at most `limit` bytes; no longer end of the text than that stands in a form. This is quick
    /// and may be too long.
    pub(super) fn longest(&self, text: &[u8], limit: usize) -> usize {
        let limit = limit.min(text.len());
        let mut length = 0;
        while length < limit {
            let from = &text[text.len() - length - 1..];
            let stands = match length {
                0 => self.ones[usize::from(from[0])],
                1 => has(&self.twos, two(from)),
                _ => has(&self.threes, hash(from)),
            };
            if !stands {
                break;
            }
            length += 1;
        }
        length
    }
}

fn two(pair: &[u8]) -> usize {
    usize::from(u16::from_le_bytes([pair[0], pair[1]]))
}

fn hash(three: &[u8]) -> usize {
    let three = u32::from_le_bytes([three[0], three[1], three[2], 0]);
    (three.wrapping_mul(0x9e37_79b1) >> 16) as usize
}

fn set(bits: &mut [u64], at: usize) {
    bits[at / 64] |= 1 << (at % 64);
}

fn has(bits: &[u64], at: usize) -> bool {
    bits[at / 64] & 1 << (at % 64) != 0
}
