//! Other ways to look at a text: without what a terminal hides, without white space, turned, as differences.

use zeroize::Zeroizing;

const BACKSPACE: u8 = 8;
const BELL: u8 = 7;
const ESCAPE: u8 = 0x1b;

/// What follows an escape that introduces a string: OSC, DCS, SOS, PM, APC.
const STRINGS: &[u8] = b"]PX^_";

/// What the redactor's marks begin with.
pub(super) const MARK: &[u8] = b"<concealed:";

/// Bytes that may show a value.
pub(super) type View = Zeroizing<Vec<u8>>;

/// Which end of each line to look at.
#[derive(Clone, Copy)]
pub(super) enum Column {
    First,
    Last,
    LastWord,
}

/// Takes out the redactor's marks, terminal sequences, control characters and what is invisible, and folds wide and
/// mathematical letters. A backspace erases what stands before it.
pub(super) fn clean(text: &[u8]) -> View {
    cleaned(text, true)
}

/// The same, but with what a terminal would not show: what is erased, and window titles.
pub(super) fn uncovered(text: &[u8]) -> View {
    cleaned(text, false)
}

/// Tells whether a terminal would not show all of a text.
pub(super) fn hides(text: &[u8]) -> bool {
    text.contains(&BACKSPACE)
        || text
            .windows(2)
            .any(|two| two[0] == ESCAPE && STRINGS.contains(&two[1]))
}

fn cleaned(text: &[u8], as_shown: bool) -> View {
    let mut clean = Zeroizing::new(Vec::with_capacity(text.len()));
    let mut rest = text;
    while let Some(first) = rest.first() {
        let skipped = match *first {
            b'<' => mark_length(rest),
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

/// How long the redactor's mark is with which the text begins; 0 if there is none.
pub(super) fn mark_length(text: &[u8]) -> usize {
    if !text.starts_with(MARK) {
        return 0;
    }
    text.iter()
        .position(|byte| *byte == b'>')
        .map_or(0, |end| end + 1)
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
        | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{e0000}'..='\u{e0fff}')
}

/// Full-width, circled and mathematical letters and digits, and white space that is not ASCII.
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
        0xff01..=0xff5e => (code - 0xff01) as u8 + b'!',
        0x24b6..=0x24e9 => letter(code - 0x24b6),
        0x2460..=0x2468 => (code - 0x2460) as u8 + b'1',
        0x1d400..=0x1d6a3 => letter(code - 0x1d400),
        0x1d7ce..=0x1d7ff => ((code - 0x1d7ce) % 10) as u8 + b'0',
        _ if c.is_whitespace() && !c.is_ascii() => b' ',
        _ => return c,
    };
    char::from(ascii)
}

/// The text without white space.
pub(super) fn solid(text: &[u8]) -> View {
    kept(text, |byte| !byte.is_ascii_whitespace())
}

/// Letters and digits of the text.
pub(super) fn alphanumeric(text: &[u8]) -> View {
    kept(text, |byte| {
        byte.is_ascii_alphanumeric() || !byte.is_ascii()
    })
}

/// Letters and digits in lower case.
pub(super) fn bare(text: &[u8]) -> View {
    let mut bare = alphanumeric(text);
    bare.make_ascii_lowercase();
    bare
}

fn kept(text: &[u8], keep: impl Fn(u8) -> bool) -> View {
    Zeroizing::new(text.iter().copied().filter(|byte| keep(*byte)).collect())
}

/// The text backwards.
pub(super) fn reversed(text: &[u8]) -> View {
    Zeroizing::new(text.iter().rev().copied().collect())
}

/// All letters so many places further in the alphabet.
pub(super) fn rotated(text: &[u8], places: u8) -> View {
    changed(text, |byte| match byte {
        b'a'..=b'z' => (byte - b'a' + places) % 26 + b'a',
        b'A'..=b'Z' => (byte - b'A' + places) % 26 + b'A',
        _ => byte,
    })
}

/// All printable characters 47 places further.
pub(super) fn rotated_47(text: &[u8]) -> View {
    changed(text, |byte| match byte {
        b'!'..=b'~' => (byte - b'!' + 47) % 94 + b'!',
        _ => byte,
    })
}

fn changed(text: &[u8], change: impl Fn(u8) -> u8) -> View {
    Zeroizing::new(text.iter().map(|byte| change(*byte)).collect())
}

/// What leads from a byte to the next: by exclusive or, and by addition. A constant in all bytes leaves these alone.
pub(super) const STEPS: [fn(u8, u8) -> u8; 2] =
    [|one, next| one ^ next, |one, next| next.wrapping_sub(one)];

/// What leads from each byte of the text to the next.
pub(super) fn steps(text: &[u8], step: fn(u8, u8) -> u8) -> View {
    Zeroizing::new(text.windows(2).map(|pair| step(pair[0], pair[1])).collect())
}

/// Each line without the number, offset or address that it begins with, and without what stands behind a bar; empty if
/// no line begins so.
pub(super) fn without_offsets(text: &[u8]) -> View {
    let mut view = Zeroizing::new(Vec::with_capacity(text.len()));
    let mut any = false;
    for line in text.split(|byte| *byte == b'\n') {
        let line = line.trim_ascii_start();
        let end = line
            .iter()
            .take_while(|byte| byte.is_ascii_hexdigit())
            .count();
        let begins = end > 0 && line.get(end).is_some_and(|byte| b" \t:|.)]".contains(byte));
        any |= begins;
        let line = if begins { &line[end + 1..] } else { line };
        view.extend_from_slice(
            line.split(|byte| *byte == b'|')
                .find(|part| !part.is_empty())
                .unwrap_or(&[]),
        );
        view.push(b'\n');
    }
    if !any {
        view.clear();
    }
    view
}

/// The first or the last character, or the last word, of each line, and of whatever stands between commas.
pub(super) fn column(text: &[u8], column: Column) -> View {
    let mut view = View::default();
    for piece in text
        .split(|byte| b"\n,;".contains(byte))
        .map(<[u8]>::trim_ascii)
    {
        match column {
            Column::First => view.extend(piece.first()),
            Column::Last => view.extend(piece.last()),
            Column::LastWord => {
                let word = piece.rsplit(|byte| b" \t=".contains(byte)).next();
                view.extend_from_slice(word.unwrap_or_default());
            }
        }
    }
    view
}

/// A byte of a line, a byte of the next line, and so on, for each two lines of about the same length.
pub(super) fn neighbours_in_turn(text: &[u8]) -> View {
    let mut view = View::default();
    let lines: Vec<_> = text
        .split(|byte| *byte == b'\n')
        .filter(|line| !line.is_empty())
        .collect();
    for pair in lines
        .windows(2)
        .filter(|pair| pair[0].len().abs_diff(pair[1].len()) < 2)
    {
        view.extend_from_slice(&bytes_in_turn(pair[0], pair[1]));
        view.push(b'\n');
    }
    view
}

/// A line of the one, a line of the other, and so on.
pub(super) fn lines_in_turn(one: &[u8], other: &[u8]) -> View {
    let mut view = Zeroizing::new(Vec::with_capacity(one.len() + other.len()));
    let (mut one, mut other) = (
        one.split(|byte| *byte == b'\n'),
        other.split(|byte| *byte == b'\n'),
    );
    loop {
        let pair = (one.next(), other.next());
        if pair == (None, None) {
            return view;
        }
        for line in [pair.0, pair.1].into_iter().flatten() {
            view.extend_from_slice(line);
            view.push(b'\n');
        }
    }
}

/// A byte of the one, a byte of the other, and so on.
pub(super) fn bytes_in_turn(one: &[u8], other: &[u8]) -> View {
    Zeroizing::new(one.iter().zip(other).flat_map(|(a, b)| [*a, *b]).collect())
}
