//! Ways to write a value of which short pieces are recognized: as it is, backwards, in hexadecimal, in base64.

use data_encoding::{BASE64_NOPAD, BASE64URL_NOPAD, HEXLOWER, HEXUPPER};
use zeroize::Zeroizing;

/// One way to write a part of a value.
pub(super) struct Spelling {
    /// What is written.
    pub(super) bytes: Zeroizing<Vec<u8>>,
    /// For each of these bytes, which byte of the value it tells of.
    pub(super) places: Vec<usize>,
    /// How much each byte tells, in bits.
    pub(super) bits: f64,
}

/// All spellings of a part that begins at `first` in its value.
pub(super) fn spellings(part: &str, first: usize) -> Vec<Spelling> {
    let bytes = part.as_bytes();
    let bits = bits_of(part);
    let mut all = vec![
        Spelling {
            bytes: Zeroizing::new(bytes.to_vec()),
            places: (first..first + bytes.len()).collect(),
            bits,
        },
        Spelling {
            bytes: Zeroizing::new(bytes.iter().rev().copied().collect()),
            places: (first..first + bytes.len()).rev().collect(),
            bits,
        },
    ];
    for alphabet in [HEXLOWER, HEXUPPER] {
        let digits = alphabet.encode(bytes).into_bytes();
        all.push(Spelling {
            places: (0..digits.len()).map(|digit| first + digit / 2).collect(),
            bytes: Zeroizing::new(digits),
            bits: 4.0,
        });
    }
    for alphabet in [BASE64_NOPAD, BASE64URL_NOPAD] {
        for before in 0..3 {
            let shifted = Zeroizing::new([&[0, 0][..before], bytes].concat());
            let digits = alphabet.encode(&shifted).into_bytes();
            // The first digits tell of what stands before.
            let from = (before * 8).div_ceil(6);
            let place = |digit: usize| first + (digit * 6 / 8 - before).min(bytes.len() - 1);
            all.push(Spelling {
                places: (from..digits.len()).map(place).collect(),
                bytes: Zeroizing::new(digits[from..].to_vec()),
                bits: 6.0,
            });
        }
    }
    all
}

/// How much a byte of a value tells, as far as its characters show; of words, little.
fn bits_of(part: &str) -> f64 {
    let has = |kind: fn(char) -> bool| part.chars().any(kind);
    let digits = has(|c| c.is_ascii_digit());
    let (lower, upper) = (
        has(|c| c.is_ascii_lowercase()),
        has(|c| c.is_ascii_uppercase()),
    );
    let other = has(|c| !c.is_ascii_alphanumeric());
    let mixed = lower && upper;
    if !(digits || mixed) {
        return 2.0;
    }
    if part.bytes().all(|byte| byte.is_ascii_hexdigit()) && !mixed {
        return if lower || upper { 4.0 } else { 10_f64.log2() };
    }
    let size = 10.0 * f64::from(digits)
        + 26.0 * f64::from(lower)
        + 26.0 * f64::from(upper)
        + 16.0 * f64::from(other);
    size.log2()
}
