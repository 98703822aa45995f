//! Undoes encodings of whatever stands in a text.

use crate::redact::gate::{
    dense,
    packed::{Raw, TooMuch, unpacked},
    symbols,
    view::View,
};

/// Fewer digits than this encode no value.
const SHORTEST: usize = 11;

/// Longer words are not read as base64 of a piece.
const LONGEST_PIECE: usize = 12;

/// Stands for no digit.
const NONE: u8 = u8::MAX;

/// An encoding of bytes as digits.
struct Encoding {
    /// How many bits a digit has.
    width: u32,
    /// How many digits may have to be left out before the first whole byte begins.
    beginnings: usize,
    /// Whether somebody packs bytes before encoding them so.
    packs: bool,
    values: [u8; 256],
}

static BASE64: Encoding = Encoding::of(
    6,
    4,
    &[
        b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/",
        b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_",
    ],
);

static BASE32: Encoding = Encoding::of(
    5,
    1,
    &[
        b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567",
        b"abcdefghijklmnopqrstuvwxyz234567",
    ],
);

static HEX: Encoding = Encoding::of(4, 2, &[b"0123456789abcdef", b"0123456789ABCDEF"]);

static BASE32_HEX: Encoding = Encoding::of(
    5,
    1,
    &[
        b"0123456789abcdefghijklmnopqrstuv",
        b"0123456789ABCDEFGHIJKLMNOPQRSTUV",
    ],
);

impl Encoding {
    const fn of(width: u32, beginnings: usize, alphabets: &[&[u8]]) -> Self {
        let mut values = [NONE; 256];
        let mut alphabet = 0;
        while alphabet < alphabets.len() {
            let mut digit = 0;
            while digit < alphabets[alphabet].len() {
                values[alphabets[alphabet][digit] as usize] = digit as u8;
                digit += 1;
            }
            alphabet += 1;
        }
        Self {
            width,
            beginnings,
            packs: width != 5,
            values,
        }
    }

    fn value(&self, byte: u8) -> u8 {
        self.values[usize::from(byte)]
    }

    /// Decodes every run of digits that is long enough, from each digit with which the first byte may begin; a line feed
    /// between them.
    fn decode(&self, text: &[u8], views: &mut Vec<View>, raw: &mut Raw) {
        let first = views.len();
        views.resize_with(first + self.beginnings, View::default);
        for run in text.split(|byte| self.value(*byte) == NONE) {
            for (skipped, view) in views[first..].iter_mut().enumerate() {
                if run.len() >= SHORTEST + skipped {
                    let start = view.len();
                    self.add(&run[skipped..], view);
                    if self.packs && skipped == 0 {
                        raw.add(&view[start..]);
                    }
                    view.push(b'\n');
                }
            }
        }
    }

    fn add(&self, digits: &[u8], view: &mut View) {
        view.reserve(digits.len());
        let (mut bits, mut count) = (0_u32, 0);
        for digit in digits {
            bits = bits << self.width | u32::from(self.value(*digit));
            count += self.width;
            if count >= 8 {
                count -= 8;
                view.push((bits >> count) as u8);
            }
        }
    }
}

/// Returns what a text decodes to, in every way that gives something. `solid` is the text without white space.
///
/// # Errors
/// [`TooMuch`] if what is packed in it is too long.
pub(super) fn readings(text: &[u8], solid: &[u8]) -> Result<Vec<View>, TooMuch> {
    let mut raw = Raw::new();
    let mut views = vec![
        symbols::bits(text, solid),
        dense::uuencoded(text),
        pieces(text),
    ];
    if text.len() != solid.len() {
        BASE64.decode(text, &mut views, &mut raw);
        BASE32.decode(text, &mut views, &mut raw);
    }
    for encoding in [&BASE64, &HEX, &BASE32, &BASE32_HEX] {
        encoding.decode(solid, &mut views, &mut raw);
    }
    views.extend(dense::base85(text));
    views.push(dense::integers(text));
    views.push(symbols::numbers(text));
    views.push(unpacked(text)?);
    views.push(raw.view);
    views.retain(|view| !view.is_empty());
    Ok(views)
}

/// Decodes words that are each base64 of a few characters, and puts them together.
fn pieces(text: &[u8]) -> View {
    let mut view = View::default();
    for word in text.split(|byte| byte.is_ascii_whitespace() || b",;'\"[]()".contains(byte)) {
        let digits = word
            .iter()
            .take_while(|byte| BASE64.value(**byte) != NONE)
            .count();
        let padded = word[digits..].iter().all(|byte| *byte == b'=');
        if (2..=LONGEST_PIECE).contains(&digits) && padded && word.len().is_multiple_of(4) {
            BASE64.add(&word[..digits], &mut view);
        }
    }
    view
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn is_read(text: &[u8], what: &[u8]) {
        let solid: Vec<u8> = text
            .iter()
            .copied()
            .filter(|byte| !byte.is_ascii_whitespace())
            .collect();
        let views = readings(text, &solid).expect("nothing is too long");

        let read = views
            .iter()
            .any(|view| view.windows(what.len()).any(|window| window == what));
        assert!(read, "{}", String::from_utf8_lossy(text));
    }

    #[test]
    fn runs_of_digits_are_decoded() {
        for digits in [
            "x: aGVsbG8gd29ybGQ= y",
            "NBSWY3DPEB3W64TMMQ======",
            "D1IMOR3F41RMUSJCCG======",
            "068656c6c6f20776f726c64",
            "aGVsbG8=\nIHdvcmw=\nZA==\n",
            "aGVs, bG8g, d29y, bGQ=",
        ] {
            is_read(digits.as_bytes(), b"hello world");
        }
    }

    #[test]
    fn streams_without_a_header_are_unpacked() {
        let raw = miniz_oxide::deflate::compress_to_vec(b"hello hello hello", 9);

        is_read(
            data_encoding::BASE64.encode(&raw).as_bytes(),
            b"hello hello hello",
        );
        is_read(
            data_encoding::HEXLOWER.encode(&raw).as_bytes(),
            b"hello hello hello",
        );
    }

    #[test]
    fn short_runs_are_left_alone() {
        assert!(
            readings(b"a short run", b"ashortrun")
                .expect("nothing is too long")
                .iter()
                .all(|view| view.len() < 12)
        );
    }
}
