//! Other ways to look at a text: without white space, turned, as differences, in columns, in turn.

use zeroize::Zeroizing;

/// Bytes that may show a value.
pub(super) type View = Zeroizing<Vec<u8>>;

/// Which end of each line to look at.
#[derive(Clone, Copy)]
pub(super) enum Column {
    First,
    Last,
    LastWord,
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

/// What leads from a byte to the next: by exclusive or, and by addition. A constant in all bytes leaves these alone.
pub(super) const STEPS: [fn(u8, u8) -> u8; 2] =
    [|one, next| one ^ next, |one, next| next.wrapping_sub(one)];

/// What leads from a byte to the next if all are taken from a constant.
pub(super) const STEPS_DOWN: fn(u8, u8) -> u8 = |one, next| one.wrapping_sub(next);

/// What leads from each byte of the text to the next, in each way.
pub(super) fn steps(text: &[u8]) -> [View; 2] {
    let pairs = || text.iter().zip(text.get(1..).unwrap_or_default());
    [
        pairs()
            .map(|(one, next)| one ^ next)
            .collect::<Vec<_>>()
            .into(),
        pairs()
            .map(|(one, next)| next.wrapping_sub(*one))
            .collect::<Vec<_>>()
            .into(),
    ]
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

/// Of each line what stands in quotes, or else behind a label: `part 1 = …`, `chunk: …`. Lines without either are left out.
pub(super) fn labelled(text: &[u8]) -> View {
    let mut view = View::default();
    for line in text.split(|byte| *byte == b'\n') {
        let quote = line.iter().position(|byte| matches!(byte, b'"' | b'\''));
        if let Some(first) = quote {
            let mut pieces = line.split(|byte| *byte == line[first]);
            pieces.next();
            while let (Some(quoted), Some(_)) = (pieces.next(), pieces.next()) {
                view.extend_from_slice(quoted);
            }
        } else if let Some(at) = line.iter().position(|byte| matches!(byte, b'=' | b':')) {
            let line = line.strip_suffix(b"\r").unwrap_or(line);
            let behind = &line[at + 1..];
            view.extend_from_slice(behind.strip_prefix(b" ").unwrap_or(behind));
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

/// What leads from each letter to the next one, in either case; whatever else stands in the text is left out.
pub(super) fn letter_steps(text: &[u8]) -> View {
    let letters = text
        .iter()
        .filter(|byte| byte.is_ascii_alphabetic())
        .map(|byte| byte.to_ascii_lowercase());
    let mut last = None;
    let mut view = Zeroizing::new(Vec::with_capacity(text.len()));
    for letter in letters {
        view.extend(last.map(|last| letter_step(last, letter)));
        last = Some(letter);
    }
    view
}

/// How many places of the alphabet lead from one small letter to another.
pub(super) fn letter_step(one: u8, next: u8) -> u8 {
    (next + 26).wrapping_sub(one) % 26
}

/// The first letter or digit of each word.
pub(super) fn initials(text: &[u8]) -> View {
    let words = text.split(|byte| byte.is_ascii_whitespace());
    let first = words.filter_map(|word| word.iter().find(|byte| byte.is_ascii_alphanumeric()));
    Zeroizing::new(first.copied().collect())
}

/// The lines in the opposite order.
pub(super) fn lines_backwards(text: &[u8]) -> View {
    let mut view = Zeroizing::new(Vec::with_capacity(text.len() + 1));
    for line in text.rsplit(|byte| *byte == b'\n') {
        view.extend_from_slice(line);
        view.push(b'\n');
    }
    view
}

/// What stands in columns, from top to bottom: the words of lines with the same number of words, and the characters of
/// lines of the same length.
pub(super) fn downwards(text: &[u8]) -> View {
    let mut view = View::default();
    let lines: Vec<&[u8]> = text.split(|byte| *byte == b'\n').collect();
    let words = |line: &[u8]| {
        let words = line.split(|byte| byte.is_ascii_whitespace());
        words.filter(|word| !word.is_empty()).count()
    };
    for rows in lines.chunk_by(|a, b| words(a).abs_diff(words(b)) < 2) {
        let rows: Vec<Vec<&[u8]>> = rows
            .iter()
            .map(|row| {
                row.split(|byte| byte.is_ascii_whitespace())
                    .filter(|word| !word.is_empty())
                    .collect()
            })
            .collect();
        let width = rows.iter().map(Vec::len).max().unwrap_or_default();
        if (2..=NARROW).contains(&width) && rows.len() > 1 {
            for at in 0..width {
                rows.iter()
                    .filter_map(|row| row.get(at))
                    .for_each(|word| view.extend_from_slice(word));
            }
            view.push(b'\n');
        }
    }
    for rows in lines.chunk_by(|a, b| a.len().abs_diff(b.len()) < 2) {
        let width = rows.iter().map(|row| row.len()).max().unwrap_or_default();
        if (2..=NARROW).contains(&width) && rows.len() > 1 {
            for at in 0..width {
                view.extend(rows.iter().filter_map(|row| row.get(at)));
            }
            view.push(b'\n');
        }
    }
    view
}

/// Tables with more columns are not looked at from top to bottom.
const NARROW: usize = 64;

/// Appends whatever is printable in bytes, in stretches that are long enough not to be chance.
pub(super) fn printable(bytes: &[u8], told: &mut View) {
    let hides = |byte: &u8| !matches!(byte, b'\t' | b'\n' | b'\r' | b' '..=b'~');
    let mut start = 0;
    while let Some(shortest) = bytes.get(start..start + PRINTABLE) {
        // From its end, so that most bytes need not be looked at.
        if let Some(at) = shortest.iter().rposition(hides) {
            start += at + 1;
            continue;
        }
        let end = bytes[start..].iter().position(hides);
        let end = end.map_or(bytes.len(), |length| start + length);
        if bytes[start..end].trim_ascii().len() >= PRINTABLE {
            told.extend_from_slice(&bytes[start..end]);
            told.push(b'\n');
        }
        start = end + 1;
    }
}

/// How long such a stretch is at least.
const PRINTABLE: usize = 10;
