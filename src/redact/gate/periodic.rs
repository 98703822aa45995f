//! Looks at every so-many-th byte of a text: a value with the same amount of something else after each character.

use zeroize::Zeroizing;

use crate::redact::gate::view::View;

/// With so many bytes from one character to the next, what stands between may be anything…
const ANYTHING: usize = 8;

/// …and with so many, it has to be much the same each time.
const LONGEST: usize = 48;

/// Where it has to be the same, blocks of so many bytes are looked at, each beginning in the middle of the one before.
const BLOCK: usize = 1024;

/// Of a block, so many bytes have to be the same as those one period further.
const SAME: usize = BLOCK / 5;

/// Calls `look` with views of the text by each period.
pub(super) fn views(text: &[u8], mut look: impl FnMut(&[u8])) {
    let mut view = Zeroizing::new(Vec::with_capacity(text.len() + ANYTHING));
    for period in 2..=ANYTHING.min(text.len()) {
        view.clear();
        take_apart(text, period, &mut view);
        look(&view);
    }
    for period in ANYTHING + 1..=LONGEST.min(text.len()) {
        view.clear();
        for start in (0..text.len()).step_by(BLOCK / 2) {
            let block = &text[start..text.len().min(start + BLOCK)];
            if same(block, period) * BLOCK >= SAME * block.len() {
                take_apart(block, period, &mut view);
                view.push(b'\n');
            }
        }
        look(&view);
    }
}

/// Appends each byte that stands a period after the one before, from every beginning.
fn take_apart(text: &[u8], period: usize, view: &mut View) {
    for begin in 0..period.min(text.len()) {
        view.extend(text[begin..].iter().step_by(period));
    }
}

/// How many bytes are the same one period further.
fn same(block: &[u8], period: usize) -> usize {
    let further = block.get(period..).unwrap_or_default();
    // Few enough at a time for their number to fit a byte: that is quicker.
    let pairs = block.chunks(128).zip(further.chunks(128));
    pairs
        .map(|(one, other)| {
            let same = one.iter().zip(other).map(|(a, b)| u8::from(a == b));
            usize::from(same.sum::<u8>())
        })
        .sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn is_seen(text: &str) {
        let mut seen = false;
        views(text.as_bytes(), |view| {
            seen |= view.windows(8).any(|window| window == b"s3cr3t-v");
        });

        assert!(seen, "{text}");
    }

    #[test]
    fn what_has_the_same_amount_of_noise_in_it_is_seen() {
        is_seen("s031c8r43ut1-nv9");
        is_seen("s→3→c→r→3→t→-→v→");
        is_seen("<b>s</b><b>3</b><b>c</b><b>r</b><b>3</b><b>t</b><b>-</b><b>v</b>");
        is_seen(
            &"s3cr3t-v"
                .chars()
                .enumerate()
                .map(|(i, c)| format!("character {i} of the token is {c}.\n"))
                .collect::<String>(),
        );
    }

    #[test]
    fn a_short_text_is_no_trouble() {
        for length in 0..60 {
            views(&vec![b'x'; length], |view| {
                assert!(view.len() <= length + 1)
            });
        }
    }
}
