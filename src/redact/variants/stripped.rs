//! Forms that are compared with views of a text, from which something was taken as well.

use zeroize::Zeroizing;

use crate::redact::{
    exempt,
    variants::{BYTE, Forms},
};

/// A fragment is longer where white space is left out: words that stand next to each other are often the same.
const STRIPPED_FRAGMENT: usize = 12;

/// What leads from byte to byte has to be different in so many places, or it may lead anywhere.
const DIFFERENT_STEPS: usize = 5;

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
        for written in &mut forms.written {
            written.fragment = STRIPPED_FRAGMENT;
        }
        forms
    }

    /// Makes the forms that have, for each two neighbours in a part, what leads from one to the next. There are none if
    /// that is too little to tell the part from others.
    pub(in crate::redact) fn steps(part: &str, ways: &[fn(u8, u8) -> u8]) -> Self {
        let mut forms = Self::default();
        let weights = exempt::weights(part);
        let total: usize = weights.iter().map(|weight| usize::from(*weight)).sum();
        for way in ways {
            for (pair, weight) in part.as_bytes().windows(2).zip(&weights) {
                forms.put(&[way(pair[0], pair[1])], usize::from(*weight));
            }
            let start = forms.bytes.len() - forms.open_length();
            let mut different = Zeroizing::new(forms.bytes[start..].to_vec());
            different.sort_unstable();
            different.dedup();
            if total >= usize::from(7 * BYTE) && different.len() >= DIFFERENT_STEPS {
                forms.close();
            } else {
                forms.discard();
            }
        }
        forms
    }
}
