//! Undoes encodings of whatever stands in a text.

use crate::redact::gate::{
    dense,
    packed::{TooMuch, unpacked},
    unescape::unescaped,
    view::View,
};

/// Fewer digits than this encode no value.
const SHORTEST: usize = 11;

/// An encoding of bytes as digits.
#[derive(Clone, Copy)]
struct Encoding {
    /// How many bits a digit has.
    width: u32,
    value: fn(u8) -> Option<u8>,
}

const BASE64: Encoding = Encoding {
    width: 6,
    value: |byte| match byte {
        b'A'..=b'Z' => Some(byte - b'A'),
        b'a'..=b'z' => Some(byte - b'a' + 26),
        b'0'..=b'9' => Some(byte - b'0' + 52),
        b'+' | b'-' => Some(62),
        b'/' | b'_' => Some(63),
        _ => None,
    },
};

const BASE32: Encoding = Encoding {
    width: 5,
    value: |byte| match byte.to_ascii_uppercase() {
        upper @ b'A'..=b'Z' => Some(upper - b'A'),
        b'2'..=b'7' => Some(byte - b'2' + 26),
        _ => None,
    },
};

const HEX: Encoding = Encoding {
    width: 4,
    value: |byte| char::from(byte).to_digit(16).map(|digit| digit as u8),
};

const BASE32_HEX: Encoding = Encoding {
    width: 5,
    value: |byte| char::from(byte).to_digit(32).map(|digit| digit as u8),
};

const BINARY: Encoding = Encoding {
    width: 1,
    value: |byte| char::from(byte).to_digit(2).map(|digit| digit as u8),
};

/// Returns what a text decodes to, in every way that gives something. `solid` is the text without white space.
///
/// # Errors
/// [`TooMuch`] if what is packed in it is too long.
pub(super) fn readings(text: &[u8], solid: &[u8]) -> Result<Vec<View>, TooMuch> {
    let binary = decoded(solid, BINARY, 0);
    let mirrored: View = binary
        .iter()
        .map(|byte| byte.reverse_bits())
        .collect::<Vec<_>>()
        .into();
    let mut views = vec![unescaped(text), binary, mirrored, dense::uuencoded(text)];
    if text.len() != solid.len() {
        views.push(decoded(text, BASE64, 0));
        views.push(decoded(text, BASE32, 0));
    }
    for skipped in 0..4 {
        views.push(decoded(solid, BASE64, skipped));
    }
    for skipped in 0..2 {
        views.push(decoded(solid, HEX, skipped));
    }
    views.push(decoded(solid, BASE32, 0));
    views.push(decoded(solid, BASE32_HEX, 0));
    views.extend(dense::base85(text));
    views.push(dense::integers(text));
    views.push(unpacked(text)?);
    for at in 0..views.len() {
        let unpacked = unpacked(&views[at])?;
        views.push(unpacked);
    }
    views.retain(|view| !view.is_empty());
    Ok(views)
}

/// Decodes every run of digits that is long enough, without its first `skipped` digits; a line feed between them.
fn decoded(text: &[u8], encoding: Encoding, skipped: usize) -> View {
    let mut view = View::default();
    for run in text.split(|byte| (encoding.value)(*byte).is_none()) {
        if run.len() < SHORTEST + skipped {
            continue;
        }
        let (mut bits, mut count) = (0_u32, 0);
        for digit in run[skipped..]
            .iter()
            .filter_map(|byte| (encoding.value)(*byte))
        {
            bits = bits << encoding.width | u32::from(digit);
            count += encoding.width;
            if count >= 8 {
                count -= 8;
                view.push((bits >> count) as u8);
            }
        }
        view.push(b'\n');
    }
    view
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_of_digits_are_decoded() {
        for (digits, encoding, skipped) in [
            ("x: aGVsbG8gd29ybGQ= y", BASE64, 0),
            ("NBSWY3DPEB3W64TMMQ======", BASE32, 0),
            ("D1IMOR3F41RMUSJCCG======", BASE32_HEX, 0),
            ("068656c6c6f20776f726c64", HEX, 1),
        ] {
            assert_eq!(
                decoded(digits.as_bytes(), encoding, skipped).as_slice(),
                b"hello world\n"
            );
        }
    }

    #[test]
    fn short_runs_are_left_alone() {
        assert!(decoded(b"a short run", BASE64, 0).is_empty());
    }
}
