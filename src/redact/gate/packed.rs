//! Unpacks gzip, zlib and zip streams wherever they begin, and raw deflate from a known beginning, up to a limit.

use miniz_oxide::inflate::{
    TINFLStatus,
    core::{
        DecompressorOxide, decompress,
        inflate_flags::{
            TINFL_FLAG_IGNORE_ADLER32, TINFL_FLAG_PARSE_ZLIB_HEADER,
            TINFL_FLAG_USING_NON_WRAPPING_OUTPUT_BUF,
        },
    },
};

use zeroize::Zeroizing;

use crate::redact::gate::view::View;

/// All streams of one text together are unpacked to at most so many bytes.
const LONGEST: usize = 256 * 1024;

/// Most of what looks like a beginning gives less than so many bytes, if any.
const FIRST: usize = 1024;

/// More beginnings of streams than this are not tried.
const ATTEMPTS: usize = 4096;

/// Fewer bytes than this are no stream without a header…
const SHORTEST_RAW: usize = 8;

/// …and of more bytes than this, in or out, none is looked at.
const LONGEST_RAW: usize = 4096;

/// There is more in packed streams than can be looked at.
#[derive(Debug)]
pub(super) struct TooMuch;

/// Returns what all packed streams in a text hold, as far as they are whole; a line feed between them.
///
/// # Errors
/// [`TooMuch`] if that is too long, or if too many streams seem to begin.
pub(super) fn unpacked(bytes: &[u8]) -> Result<View, TooMuch> {
    let mut view = View::default();
    let mut end = 0;
    let mut attempts = 0;
    let mut state = DecompressorOxide::new();
    let mut first = Zeroizing::new([0; FIRST]);
    for at in 0..bytes.len().saturating_sub(2) {
        let Some((stream, flags)) = stream(&bytes[at..]) else {
            continue;
        };
        attempts += 1;
        state.init();
        let flags = flags | TINFL_FLAG_USING_NON_WRAPPING_OUTPUT_BUF | TINFL_FLAG_IGNORE_ADLER32;
        let (status, _, length) = decompress(&mut state, stream, first.as_mut_slice(), 0, flags);
        if status != TINFLStatus::HasMoreOutput && end + length < LONGEST && attempts <= ATTEMPTS {
            view.truncate(end);
            view.extend_from_slice(&first[..length]);
            view.push(b'\n');
            end = view.len();
            continue;
        }
        view.resize(LONGEST, 0);
        state.init();
        let (status, _, length) = decompress(&mut state, stream, &mut view[end..], 0, flags);
        end += length;
        if status == TINFLStatus::HasMoreOutput || end >= LONGEST || attempts > ATTEMPTS {
            return Err(TooMuch);
        }
        view[end] = b'\n';
        end += 1;
    }
    view.truncate(end);
    Ok(view)
}

/// The packed stream with which the bytes begin, if it looks like one, and how it is to be read.
fn stream(bytes: &[u8]) -> Option<(&[u8], u32)> {
    match bytes {
        [0x1f, 0x8b, 8, ..] => Some((after_header(bytes), 0)),
        [b'P', b'K', 3, 4, ..] => Some((after_zip_header(bytes)?, 0)),
        // `x^` stands in texts, too.
        [0x78, 0x5e, rest @ ..]
            if rest
                .iter()
                .take(8)
                .all(|byte| matches!(byte, b'\t' | b'\n' | b' '..=b'~')) =>
        {
            None
        }
        [0x78, 0x01 | 0x5e | 0x9c | 0xda, ..] => Some((bytes, TINFL_FLAG_PARSE_ZLIB_HEADER)),
        _ => None,
    }
}

/// What follows the header of a file in a zip archive
/// ([APPNOTE](https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT), 4.3.7), if it is deflated.
fn after_zip_header(file: &[u8]) -> Option<&[u8]> {
    let two = |at: usize| Some(u16::from_le_bytes(file.get(at..at + 2)?.try_into().ok()?));
    let length = 30 + usize::from(two(26)?) + usize::from(two(28)?);
    file.get(length..).filter(|_| two(8) == Some(8))
}

/// Unpacks streams without a header ([RFC 1951](https://www.rfc-editor.org/rfc/rfc1951)).
pub(super) struct Raw {
    state: Box<DecompressorOxide>,
    room: View,
    /// What was in the streams; a line feed after each.
    pub(super) view: View,
}

impl Raw {
    pub(super) fn new() -> Self {
        Self {
            state: Box::default(),
            room: vec![0; LONGEST_RAW].into(),
            view: View::default(),
        }
    }

    /// Unpacks bytes if all of them are one stream, in one block. What is longer is told only by its beginning.
    pub(super) fn add(&mut self, bytes: &[u8]) {
        if !begins_stream(bytes) || !(SHORTEST_RAW..=LONGEST_RAW).contains(&bytes.len()) {
            return;
        }
        self.state.init();
        let flags = TINFL_FLAG_USING_NON_WRAPPING_OUTPUT_BUF;
        let (status, read, length) = decompress(&mut self.state, bytes, &mut self.room, 0, flags);
        let whole = status == TINFLStatus::Done && read + 1 >= bytes.len();
        if whole || status == TINFLStatus::HasMoreOutput {
            self.view.extend_from_slice(&self.room[..length]);
            self.view.push(b'\n');
        }
    }
}

/// Tells whether bytes may be a stream of one block: one with codes of its own, or one that begins with a printable
/// character in the codes that are always the same.
fn begins_stream(bytes: &[u8]) -> bool {
    let [one, two, ..] = bytes else { return false };
    let code = ((u16::from_le_bytes([*one, *two]) >> 3) as u8).reverse_bits();
    match one & 7 {
        0b101 => true,
        0b011 => matches!(code.wrapping_sub(0x30), b'\t' | b'\n' | b'\r' | b' '..=b'~'),
        _ => false,
    }
}

/// What follows the header of a gzip stream ([RFC 1952](https://www.rfc-editor.org/rfc/rfc1952)).
fn after_header(stream: &[u8]) -> &[u8] {
    let Some((header, mut rest)) = stream.split_at_checked(10) else {
        return &[];
    };
    let flags = header[3];
    if flags & 4 != 0 {
        let length = rest
            .first_chunk()
            .map_or(0, |two| usize::from(u16::from_le_bytes(*two)));
        rest = rest.get(2 + length..).unwrap_or(&[]);
    }
    for text in [8, 16] {
        if flags & text != 0 {
            let end = rest
                .iter()
                .position(|byte| *byte == 0)
                .unwrap_or(rest.len());
            rest = rest.get(end + 1..).unwrap_or(&[]);
        }
    }
    if flags & 2 != 0 {
        rest.get(2..).unwrap_or(&[])
    } else {
        rest
    }
}

#[cfg(test)]
mod tests {
    use miniz_oxide::deflate::compress_to_vec_zlib;

    use super::*;

    #[test]
    fn packed_streams_are_unpacked_wherever_they_begin() {
        let zlib = compress_to_vec_zlib(b"hello world", 6);
        let gzip = [
            b"junk\x1f\x8b\x08\x08\0\0\0\0\0\0name\0",
            &zlib[2..],
            b"junk",
        ]
        .concat();

        for packed in [zlib, gzip] {
            let view = unpacked(&packed).expect("it is short");

            assert_eq!(view.as_slice(), b"hello world\n");
        }
    }

    #[test]
    fn of_a_stream_that_was_cut_the_beginning_is_unpacked() {
        let text: Vec<u8> = (0..2000_u32)
            .flat_map(|i| i.wrapping_mul(i).to_le_bytes())
            .collect();
        let zlib = compress_to_vec_zlib(&text, 6);

        let view = unpacked(&zlib[..zlib.len() / 2]).expect("it is short");

        assert!(text.starts_with(&view[..1000]));
    }

    #[test]
    fn a_stream_that_unpacks_to_too_much_is_an_error() {
        let bomb = compress_to_vec_zlib(&vec![0; 4 * LONGEST], 9);

        assert!(unpacked(&bomb).is_err());
        assert!(unpacked(&b"\x1f\x8b\x08".repeat(ATTEMPTS + 1)).is_err());
    }
}
