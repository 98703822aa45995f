//! Takes out of a text what a reader does not see, or sees through.

use zeroize::Zeroizing;

use crate::redact::{gate::view::View, stream::MARK};

const BACKSPACE: u8 = 8;
const BELL: u8 = 7;
const ESCAPE: u8 = 0x1b;

/// What follows an escape that introduces a string: OSC, DCS, SOS, PM, APC.
const STRINGS: &[u8] = b"]PX^_";

/// Takes out the redactor's marks, terminal sequences, control characters and what is invisible, and folds wide and
/// mathematical letters. A backspace erases what stands before it.
pub(super) fn clean(text: &[u8], references: &[String]) -> View {
    cleaned(text, references, true)
}

/// The same, but with what a terminal would not show: what is erased, and window titles.
pub(super) fn uncovered(text: &[u8], references: &[String]) -> View {
    cleaned(text, references, false)
}

/// Tells whether a terminal would not show all of a text.
pub(super) fn hides(text: &[u8]) -> bool {
    text.contains(&BACKSPACE)
        || text
            .windows(2)
            .any(|two| two[0] == ESCAPE && STRINGS.contains(&two[1]))
}

fn cleaned(text: &[u8], references: &[String], as_shown: bool) -> View {
    let mut clean = Zeroizing::new(Vec::with_capacity(text.len()));
    let mut rest = text;
    while let Some(first) = rest.first() {
        let skipped = match *first {
            b'<' => mark_length(rest, references),
            ESCAPE => terminal_sequence(rest, as_shown),
            BACKSPACE if as_shown => {
                clean.pop();
                1
            }
            b'\t' | b'\n' | b'\r' => 0,
            0..=0x1f | 0x7f => 1,
            _ => 0,
        };
        rest = &rest[skipped..];
        if skipped == 0 {
            rest = &rest[push_folded(rest, &mut clean)..];
        }
    }
    clean
}

/// How long the mark is with which a text begins, or what looks like the beginning of one; else 0.
fn mark_length(text: &[u8], references: &[String]) -> usize {
    let looks = if text.starts_with(MARK) {
        MARK.len()
    } else {
        0
    };
    mark_at(text, references).map_or(looks, |mark| mark.length)
}

/// A mark of the redactor.
pub(super) struct Mark {
    /// How many bytes it has.
    pub(super) length: usize,
    /// Whose it is: the first secret of that reference.
    pub(super) owner: u32,
}

/// The mark with which a text begins. A program that prints something of that look does not hide anything by it: the
/// reference has to be one of those that are known.
pub(super) fn mark_at(text: &[u8], references: &[String]) -> Option<Mark> {
    let rest = text.strip_prefix(MARK)?;
    (0_u32..).zip(references).find_map(|(owner, reference)| {
        let after = rest.strip_prefix(reference.as_bytes())?;
        after.starts_with(b">").then_some(Mark {
            length: MARK.len() + reference.len() + 1,
            owner,
        })
    })
}

/// How long the sequence is that begins with an escape: CSI up to its final byte; strings up to their terminator, or
/// only their introduction and number.
fn terminal_sequence(text: &[u8], with_string: bool) -> usize {
    let end = match text.get(1) {
        Some(b'[') => text
            .iter()
            .skip(2)
            .position(|byte| (0x40..0x7f).contains(byte))
            .map(|at| at + 3),
        Some(kind) if STRINGS.contains(kind) && with_string => text[2..]
            .iter()
            .position(|byte| matches!(*byte, BELL | ESCAPE))
            .map(|at| {
                let end = at + 3;
                if text[end - 1] == ESCAPE && text.get(end) == Some(&b'\\') {
                    end + 1
                } else {
                    end
                }
            }),
        Some(kind) if STRINGS.contains(kind) => {
            let number = text[2..]
                .iter()
                .take_while(|byte| byte.is_ascii_digit())
                .count();
            Some(2 + number + usize::from(text.get(2 + number) == Some(&b';')))
        }
        Some(0x20..0x30) => Some(3),
        _ => Some(2),
    };
    end.unwrap_or(2).min(text.len())
}

/// Appends the first character as it should be compared; returns how many bytes it has.
fn push_folded(text: &[u8], clean: &mut Vec<u8>) -> usize {
    let length = match text[0] {
        0xc2..0xe0 => 2,
        0xe0..0xf0 => 3,
        0xf0..0xf5 => 4,
        _ => 1,
    };
    let bytes = text.get(..length).unwrap_or(&text[..1]);
    match std::str::from_utf8(bytes)
        .ok()
        .and_then(|text| text.chars().next())
    {
        Some(c) if is_invisible(c) => {}
        Some(c) => clean.extend_from_slice(folded(c).encode_utf8(&mut [0; 4]).as_bytes()),
        None => {
            clean.push(text[0]);
            return 1;
        }
    }
    bytes.len()
}

fn is_invisible(c: char) -> bool {
    matches!(c,
        '\u{80}'..='\u{9f}' | '\u{ad}' | '\u{300}'..='\u{36f}' | '\u{61c}' | '\u{115f}' | '\u{1160}'
        | '\u{180b}'..='\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
        | '\u{20d0}'..='\u{20ff}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{e0000}'..='\u{e001f}'
        | '\u{e007f}'..='\u{e0fff}')
}

/// Letters of other alphabets that look like Latin ones.
const ALIKE: &[(char, char)] = &[
    ('\u{391}', 'A'),
    ('\u{392}', 'B'),
    ('\u{395}', 'E'),
    ('\u{396}', 'Z'),
    ('\u{397}', 'H'),
    ('\u{399}', 'I'),
    ('\u{39a}', 'K'),
    ('\u{39c}', 'M'),
    ('\u{39d}', 'N'),
    ('\u{39f}', 'O'),
    ('\u{3a1}', 'P'),
    ('\u{3a4}', 'T'),
    ('\u{3a5}', 'Y'),
    ('\u{3a7}', 'X'),
    ('\u{3bf}', 'o'),
    ('\u{405}', 'S'),
    ('\u{406}', 'I'),
    ('\u{408}', 'J'),
    ('\u{410}', 'A'),
    ('\u{412}', 'B'),
    ('\u{415}', 'E'),
    ('\u{41a}', 'K'),
    ('\u{41c}', 'M'),
    ('\u{41d}', 'H'),
    ('\u{41e}', 'O'),
    ('\u{420}', 'P'),
    ('\u{421}', 'C'),
    ('\u{422}', 'T'),
    ('\u{425}', 'X'),
    ('\u{430}', 'a'),
    ('\u{435}', 'e'),
    ('\u{43e}', 'o'),
    ('\u{440}', 'p'),
    ('\u{441}', 'c'),
    ('\u{443}', 'y'),
    ('\u{445}', 'x'),
    ('\u{455}', 's'),
    ('\u{456}', 'i'),
    ('\u{458}', 'j'),
];

/// Full-width, circled, mathematical, raised and lowered letters and digits, those of tags, those that look like Latin
/// ones, and white space that is not ASCII.
fn folded(c: char) -> char {
    let code = u32::from(c);
    let letter = |at: u32| {
        if at % 52 < 26 {
            b'A' + (at % 26) as u8
        } else {
            b'a' + (at % 26) as u8
        }
    };
    let ascii = match code {
        0xff00..=0xff5e => (code - 0xff00) as u8 + b' ',
        0x24b6..=0x24e9 => letter(code - 0x24b6),
        0x2460..=0x2468 => (code - 0x2460) as u8 + b'1',
        0xb9 => b'1',
        0xb2 | 0xb3 => (code - 0xb0) as u8 + b'0',
        0x2070 | 0x2074..=0x2079 => (code - 0x2070) as u8 + b'0',
        0x2080..=0x2089 => (code - 0x2080) as u8 + b'0',
        0x24ea => b'0',
        0xe0020..=0xe007e => (code - 0xe0000) as u8,
        0x370..=0x4ff => match ALIKE.binary_search_by_key(&c, |(other, _)| *other) {
            Ok(at) => return ALIKE[at].1,
            Err(_) => return c,
        },
        0x1d400..=0x1d6a3 => letter(code - 0x1d400),
        0x1d7ce..=0x1d7ff => ((code - 0x1d7ce) % 10) as u8 + b'0',
        _ if c.is_whitespace() && !c.is_ascii() => b' ',
        _ => return c,
    };
    char::from(ascii)
}
