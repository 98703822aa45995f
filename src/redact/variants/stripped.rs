//! Forms that are compared with views of a text, from which something was taken as well.

use zeroize::Zeroizing;

use crate::redact::{
    exempt,
    short::MARKABLE,
    variants::{BYTE, Forms, HUGE, LONG, LONG_FRAGMENT, Source, encode},
};

/// A fragment is longer where white space is left out: words that stand next to each other are often the same.
const STRIPPED_FRAGMENT: usize = 12;

/// A fragment of what leads from letter to letter is longer still: there are only 26 ways.
const LETTERS_FRAGMENT: usize = 14;

/// What leads from byte to byte has to be different in so many places, or it may lead anywhere.
const DIFFERENT: usize = 5;

/// A form of a value's own making has to tell so much, in eighths of a byte.
const TELLING: usize = 7 * BYTE as usize;

impl Forms {
    /// Makes the forms of a part without white space, and of only its letters and digits in lower case.
    pub(in crate::redact) fn stripped(part: &str) -> (Self, Self) {
        let solid = Self::kept(part, |byte| (!byte.is_ascii_whitespace()).then_some(byte));
        let bare = Self::kept(part, |byte| {
            (byte.is_ascii_alphanumeric() || !byte.is_ascii()).then_some(byte.to_ascii_lowercase())
        });
        (solid, bare)
    }

    fn kept(part: &str, keep: impl Fn(u8) -> Option<u8>) -> Self {
        let mut forms = Self::default();
        for (byte, weight) in part.bytes().zip(exempt::weights(part)) {
            if let Some(byte) = keep(byte) {
                forms.put(&[byte], usize::from(weight));
            }
        }
        forms.close();
        forms.fragmented(STRIPPED_FRAGMENT)
    }

    /// Makes the forms that have, for each two neighbours in a part, what leads from one to the next. There are none if
    /// that is too little to tell the part from others.
    pub(in crate::redact) fn steps(part: &str, ways: &[fn(u8, u8) -> u8]) -> Self {
        let mut forms = Self::default();
        let weights = exempt::weights(part);
        for way in ways {
            forms.put_steps(part.as_bytes(), &weights, *way);
            forms.close_if_telling();
        }
        forms
    }

    /// Makes the forms that have what leads from each letter of a part to its next letter, and the same of its base64:
    /// whoever rotates the alphabet leaves that alone.
    pub(in crate::redact) fn letter_steps(part: &str, way: fn(u8, u8) -> u8) -> Self {
        let mut written = Self::encoded(part);
        written.put_all(part.bytes().zip(exempt::weights(part)));
        written.close();
        let mut forms = Self::default();
        for form in written.iter() {
            let is_hexadecimal = form.bytes.iter().all(u8::is_ascii_hexdigit);
            let letters = form.bytes.iter().zip(form.weights);
            let (letters, weights): (Vec<u8>, Vec<u8>) = letters
                .filter(|(byte, _)| byte.is_ascii_alphabetic())
                .map(|(byte, weight)| (byte.to_ascii_lowercase(), weight))
                .unzip();
            if is_hexadecimal && form.bytes.len() != part.len() {
                continue;
            }
            let (mut letters, mut weights) = (Zeroizing::new(letters), weights);
            forms.put_steps(&letters, &weights, way);
            forms.close_if_telling();
            letters.reverse();
            weights.reverse();
            forms.put_steps(&letters, &weights, way);
            forms.close_if_telling();
        }
        forms.fragmented(LETTERS_FRAGMENT)
    }

    /// Makes forms of a part whose bytes stand in another order, or are each exchanged for another one, in ways that need
    /// no key; and of its encodings, backwards.
    pub(in crate::redact) fn changed(part: &str) -> Self {
        let mut forms = Self::default();
        let weights = exempt::weights(part);
        let solid = part.bytes().zip(weights);
        let solid: Vec<(u8, u8)> = solid
            .filter(|(byte, _)| !byte.is_ascii_whitespace())
            .collect();
        if part.len() <= LONG {
            forms.add_orders(&solid);
            forms.add_exchanges(&solid);
        }
        forms = forms.fragmented(STRIPPED_FRAGMENT);
        let shorter = forms.written.len();
        for form in Self::encoded(part).iter() {
            forms.put_all(
                form.bytes
                    .iter()
                    .copied()
                    .zip(form.weights.iter().copied())
                    .rev(),
            );
            forms.close_if_telling();
        }
        if part.len() > LONG {
            forms.written[shorter..]
                .iter_mut()
                .for_each(|written| written.fragment = LONG_FRAGMENT);
        }
        forms
    }

    /// Base64, base32, hexadecimal.
    fn encoded(part: &str) -> Self {
        let mut forms = Self::default();
        let weights = exempt::weights(part);
        let source = Source {
            text: part,
            weights: &weights,
        };
        encode::add(&mut forms, source);
        if part.len() <= HUGE {
            encode::add_rarer(&mut forms, source);
        }
        forms
    }

    /// Backwards in whole and in fours, neighbours exchanged, every second, third and fourth byte.
    fn add_orders(&mut self, solid: &[(u8, u8)]) {
        self.put_all(solid.iter().rev().copied());
        self.close_if_telling();
        self.put_all(solid.chunks(4).flat_map(|four| four.iter().rev()).copied());
        self.close_if_telling();
        for from in 0..2.min(solid.len()) {
            self.put_all(
                solid[from..]
                    .chunks(2)
                    .flat_map(|two| two.iter().rev())
                    .copied(),
            );
            self.close_if_telling();
        }
        for period in 2..=4 {
            for from in 0..period.min(solid.len()) {
                self.put_all(solid[from..].iter().step_by(period).copied());
                self.weigh_again();
                self.close_if_telling();
            }
        }
    }

    /// Rotations of what is printable, of digits, of letters and digits; the alphabet backwards; halves of bytes
    /// exchanged, and their bits backwards.
    fn add_exchanges(&mut self, solid: &[(u8, u8)]) {
        let letters_and_digits = (1..=25).map(|places| (places, places % 10));
        let digits = (1..=9).map(|places| (0, places));
        for (letters, digits) in letters_and_digits.chain(digits).chain([(13, 5)]) {
            self.add_exchange(solid, |byte| rotated(byte, letters, digits));
        }
        self.add_exchange(solid, |byte| match byte {
            b'!'..=b'~' => (byte - b'!' + 47) % 94 + b'!',
            _ => byte,
        });
        self.add_exchange(solid, |byte| match byte {
            b'a'..=b'z' => b'z' - (byte - b'a'),
            b'A'..=b'Z' => b'Z' - (byte - b'A'),
            _ => byte,
        });
        self.add_exchange(solid, ebcdic);
        self.add_exchange(solid, |byte| byte.rotate_left(4));
        self.add_exchange(solid, u8::reverse_bits);
    }

    fn add_exchange(&mut self, solid: &[(u8, u8)], exchange: impl Fn(u8) -> u8) {
        if solid.iter().any(|(byte, _)| exchange(*byte) != *byte) {
            self.put_all(
                solid
                    .iter()
                    .map(|(byte, weight)| (exchange(*byte), *weight)),
            );
            self.close_if_telling();
        }
    }

    fn put_all(&mut self, bytes: impl Iterator<Item = (u8, u8)>) {
        bytes.for_each(|(byte, weight)| self.put(&[byte], usize::from(weight)));
    }

    fn put_steps(&mut self, bytes: &[u8], weights: &[u8], way: fn(u8, u8) -> u8) {
        let pairs = bytes.windows(2).map(|pair| way(pair[0], pair[1]));
        self.put_all(pairs.zip(weights.iter().copied()));
    }

    /// Ends the form that is being written, or drops it if other texts have it too easily.
    fn close_if_telling(&mut self) {
        let start = self.bytes.len() - self.open_length();
        let (form, weights) = (&self.bytes[start..], &self.weights[start..]);
        let total: usize = weights.iter().copied().map(usize::from).sum();
        let mut different = Zeroizing::new(form.to_vec());
        different.sort_unstable();
        different.dedup();
        let telling = form.len() >= MARKABLE - 1
            && total >= TELLING
            && different.len() >= DIFFERENT
            && is_no_chance(form);
        if telling {
            self.close();
        } else {
            self.discard();
        }
    }

    /// Lets what is predictable in the form that is being written weigh nothing.
    fn weigh_again(&mut self) {
        let start = self.bytes.len() - self.open_length();
        if let Ok(text) = std::str::from_utf8(&self.bytes[start..]) {
            for (weight, other) in self.weights[start..].iter_mut().zip(exempt::weights(text)) {
                *weight = (*weight).min(other);
            }
        }
    }

    fn fragmented(mut self, fragment: usize) -> Self {
        self.written
            .iter_mut()
            .for_each(|written| written.fragment = fragment);
        self
    }
}

/// Letters and digits as old machines have them.
fn ebcdic(byte: u8) -> u8 {
    let letter = |at: u8| match at {
        0..=8 => 0x81 + at,
        9..=17 => 0x91 + at - 9,
        _ => 0xa2 + at - 18,
    };
    match byte {
        b'0'..=b'9' => 0xf0 + (byte - b'0'),
        b'a'..=b'z' => letter(byte - b'a'),
        b'A'..=b'Z' => letter(byte - b'A') + 0x40,
        _ => byte,
    }
}

fn rotated(byte: u8, letters: u8, digits: u8) -> u8 {
    match byte {
        b'a'..=b'z' => (byte - b'a' + letters) % 26 + b'a',
        b'A'..=b'Z' => (byte - b'A' + letters) % 26 + b'A',
        b'0'..=b'9' => (byte - b'0' + digits) % 10 + b'0',
        _ => byte,
    }
}

/// Tells whether bytes that agree do so by more than chance, going by what kind of bytes they are: in a text full of
/// digits, most short rows of digits turn up sooner or later.
pub(in crate::redact) fn is_no_chance(bytes: &[u8]) -> bool {
    let all = |kind: fn(&u8) -> bool| bytes.iter().all(kind);
    let half_bits = match () {
        () if all(u8::is_ascii_digit) => 6,
        () if all(u8::is_ascii_hexdigit) => 8,
        () if all(|byte| !byte.is_ascii_uppercase()) || all(|byte| !byte.is_ascii_lowercase()) => {
            10
        }
        () => 12,
    };
    bytes.len() * half_bits >= 2 * CHANCE
}

/// So many bits that agree are no chance.
const CHANCE: usize = 46;
