//! Output that was redacted and is kept within bounds: memory stays flat however much is printed.
//!
//! What is cut is cut after redaction, so that a cut can never split a value and let half of it
//! through.

use super::Keep;

/// One stream, redacted and then cut.
#[derive(Debug, Default)]
pub struct Output {
    /// What was kept. Where the middle was cut out, a line `[… N bytes cut …]` stands for it.
    pub bytes: Vec<u8>,
    /// Whether something was cut.
    pub truncated: bool,
    /// How many bytes there were, after redaction.
    pub total_bytes: u64,
    /// How many lines there were, after redaction; an unfinished last line counts.
    pub total_lines: u64,
}

/// Takes redacted output, and keeps its ends.
pub(super) struct Kept {
    head_room: usize,
    tail_room: usize,
    head: Vec<u8>,
    /// The last bytes after the head; up to twice its room, so that dropping is rare.
    tail: Vec<u8>,
    total_bytes: u64,
    newlines: u64,
    last: u8,
}

impl Kept {
    pub(super) fn new(keep: Keep) -> Self {
        let (head_room, tail_room) = match keep {
            Keep::Ends(bytes) => (bytes / 2, bytes - bytes / 2),
            Keep::Nothing => (0, 0),
            Keep::Tail(bytes) => (0, bytes),
        };
        Self {
            head_room,
            tail_room,
            head: Vec::new(),
            tail: Vec::new(),
            total_bytes: 0,
            newlines: 0,
            last: b'\n',
        }
    }

    /// Takes the next redacted bytes.
    pub(super) fn push(&mut self, bytes: &[u8]) {
        let Some(&last) = bytes.last() else {
            return;
        };
        self.last = last;
        self.total_bytes += bytes.len() as u64;
        self.newlines += bytes.iter().filter(|&&b| b == b'\n').count() as u64;

        let (head, rest) = bytes.split_at(bytes.len().min(self.head_room - self.head.len()));
        self.head.extend_from_slice(head);
        let rest = &rest[rest.len().saturating_sub(self.tail_room)..];
        self.tail.extend_from_slice(rest);
        if self.tail.len() > 2 * self.tail_room {
            self.tail.drain(..self.tail.len() - self.tail_room);
        }
    }

    /// All that is kept, as it stands.
    pub(super) fn output(&self) -> Output {
        let tail = self.tail();
        let truncated = self.total_bytes > (self.head.len() + tail.len()) as u64;
        Output {
            bytes: if truncated {
                self.joined()
            } else {
                [&self.head, tail].concat()
            },
            truncated,
            total_bytes: self.total_bytes,
            total_lines: self.newlines + u64::from(self.last != b'\n'),
        }
    }

    fn tail(&self) -> &[u8] {
        let surplus = self.tail.len().saturating_sub(self.tail_room);
        &self.tail[surplus..]
    }

    fn joined(&self) -> Vec<u8> {
        let head = whole_head(&self.head);
        let tail = whole_tail(self.tail());
        if self.head_room == 0 {
            return tail.to_vec();
        }
        let cut = self.total_bytes - (head.len() + tail.len()) as u64;
        let break_before = if head.ends_with(b"\n") || head.is_empty() {
            ""
        } else {
            "\n"
        };
        let mark = format!("{break_before}[… {cut} bytes cut …]\n");
        [head, mark.as_bytes(), tail].concat()
    }
}

/// Leaves out a character that the cut has split, if there is one at the end.
fn whole_head(bytes: &[u8]) -> &[u8] {
    let lead = bytes
        .iter()
        .rev()
        .take(4)
        .position(|&b| !is_continuation(b));
    match lead.map(|back| bytes.len() - 1 - back) {
        Some(at) if bytes.len() - at < character_len(bytes[at]) => &bytes[..at],
        _ => bytes,
    }
}

/// Leaves out the rest of a character that the cut has split, if there is one at the start.
fn whole_tail(bytes: &[u8]) -> &[u8] {
    let rest = bytes.iter().take(3).take_while(|&&b| is_continuation(b));
    &bytes[rest.count()..]
}

fn is_continuation(byte: u8) -> bool {
    byte & 0b1100_0000 == 0b1000_0000
}

fn character_len(lead: u8) -> usize {
    match lead {
        0xc2..=0xdf => 2,
        0xe0..=0xef => 3,
        0xf0..=0xf4 => 4,
        _ => 1,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn kept(keep: Keep, chunks: &[&[u8]]) -> Output {
        let mut kept = Kept::new(keep);
        for chunk in chunks {
            kept.push(chunk);
        }
        kept.output()
    }

    #[test]
    fn what_fits_is_kept_whole() {
        let output = kept(Keep::Ends(6), &[b"ab\n", b"cd", b"e"]);

        assert_eq!(output.bytes, b"ab\ncde");
        assert!(!output.truncated);
        assert_eq!((output.total_bytes, output.total_lines), (6, 2));
    }

    #[test]
    fn the_middle_is_cut_and_the_cut_is_shown() {
        let output = kept(Keep::Ends(6), &[b"abcd", b"efgh", b"ij"]);

        assert_eq!(
            String::from_utf8(output.bytes).unwrap(),
            "abc\n[… 4 bytes cut …]\nhij"
        );
        assert!(output.truncated);
    }

    #[test]
    fn only_the_tail_or_only_the_counts_can_be_kept() {
        let tail = kept(Keep::Tail(3), &[b"a\nb\n", b"c\n"]);
        let nothing = kept(Keep::Nothing, &[b"a\nb\n", b"c"]);

        assert_eq!(
            (tail.bytes.as_slice(), tail.truncated),
            (&b"\nc\n"[..], true)
        );
        assert_eq!(nothing.bytes, b"");
        assert_eq!((nothing.total_bytes, nothing.total_lines), (5, 3));
        assert!(nothing.truncated);
    }

    #[test]
    fn a_cut_does_not_split_a_character() {
        let output = kept(Keep::Ends(8), &["äöüäöüäöü€".as_bytes()]);
        let tail = kept(Keep::Tail(5), &["äöüäöüäöü€".as_bytes()]);

        assert!(String::from_utf8(output.bytes).is_ok());
        assert_eq!(tail.bytes, "ü€".as_bytes());
    }

    proptest! {
        #[test]
        fn chunks_make_no_difference(
            text in proptest::collection::vec(any::<u8>(), 0..200),
            size in 1_usize..20,
            room in 0_usize..100,
        ) {
            for keep in [Keep::Ends(room), Keep::Tail(room), Keep::Nothing] {
                let whole = kept(keep, &[&text]);
                let chunks: Vec<_> = text.chunks(size).collect();
                let pieces = kept(keep, &chunks);

                prop_assert_eq!(&whole.bytes, &pieces.bytes);
                prop_assert_eq!(whole.total_lines, pieces.total_lines);
                prop_assert_eq!(whole.truncated, pieces.truncated);
            }
        }
    }
}
